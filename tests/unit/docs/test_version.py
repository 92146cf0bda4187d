"""One version and one description: what names them repeats those of pyproject.toml and of the citation."""

import json
import re
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


def test_zenodo_is_told_what_the_citation_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    zenodo = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    assert zenodo["title"] == citation["title"]
    assert zenodo["description"] == citation["abstract"]
    assert [creator["name"] for creator in zenodo["creators"]] == [a["name"] for a in citation["authors"]]
    assert zenodo["license"] == citation["license"]
    assert zenodo["keywords"] == citation["keywords"]
    assert "version" not in zenodo  # that of the release


def test_the_changelog_begins_with_the_version_and_its_day():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    heading = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)
    assert heading[1] == f"{project['version']} ({citation['date-released']})"


def test_both_images_begin_with_one_base_and_hold_hashed_packages():
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("Dockerfile", "apptainer.def")]
    digests = [re.findall(r"@sha256:([0-9a-f]{64})$", text, flags=re.M) for text in texts]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 1
    for text in texts:
        assert "--require-hashes" in text
    assert re.search(r"^USER (?!0|root)", texts[0], flags=re.M)


def test_the_catalogue_of_workflows_is_told_how_to_deploy():
    """Its rules: workflow/Snakefile, config/README.md, and this file with its keys."""
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))["usage"]
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    deployed = usage["software-stack-deployment"]
    assert set(deployed) == {"conda", "apptainer", "apptainer+conda", "report"}
    assert deployed["apptainer+conda"] == bool(
        re.search(
            r'^container: "docker://', (ROOT / "workflow/Snakefile").read_text(encoding="utf-8"), flags=re.M
        )
    )
    assert (ROOT / "config/README.md").exists()
