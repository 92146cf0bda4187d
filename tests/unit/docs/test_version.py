"""One version: that of pyproject.toml, which the workflow reads and the citation repeats."""

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def test_the_citation_names_the_version_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"]
    rules = (ROOT / "workflow/rules/common.smk").read_text(encoding="utf-8")
    assert project["version"] not in rules
