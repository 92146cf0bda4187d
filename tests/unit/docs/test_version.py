"""One version and one description: what names them repeats those of pyproject.toml and of the citation."""

import importlib.util
import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
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
    """Its rules: the words of the README, workflow/Snakefile, a rule file, config/README.md, and this file's keys."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    assert list((ROOT / "workflow/rules").glob("*.smk"))
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
    flags = usage["mandatory-flags"]
    assert isinstance(flags["flags"], str | list)
    assert all(type(value) is bool for value in deployed.values())


def test_the_images_hold_what_the_workflow_reads_and_nothing_else():
    """What the Dockerfile copies, apptainer.def copies too, and .dockerignore lets through."""
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    words = [line.split()[1:-1] for line in docker.splitlines() if line.startswith("COPY ")]
    copied = {name for names in words for name in names}
    definition = (ROOT / "apptainer.def").read_text(encoding="utf-8")
    assert set(re.findall(r"^    (\S+) /opt/cd20scope/", definition, flags=re.M)) == copied
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)
    assert {"workflow", "scripts", "config", "envs", "Snakefile", "requirements.txt"} <= copied
    entry = json.loads(re.search(r"^ENTRYPOINT (\[.*\])$", docker, flags=re.M)[1])
    assert entry[0] == "snakemake"
    for path in (word for word in entry if word.startswith("/opt/cd20scope/")):
        assert (ROOT / path.removeprefix("/opt/cd20scope/")).exists()
        assert path in definition


def test_the_image_has_the_python_of_the_clone():
    wanted = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^FROM python:(\d+\.\d+)", docker, flags=re.M)[1] == ".".join(wanted.split(".")[:2])


BASE_MB = 130
"""Of python:3.12-slim-bookworm, unpacked: 117 to 126 MB in its releases, rounded up."""


def test_the_layers_of_the_image_are_below_their_bound():
    """Packages as they are installed here, with the bytecode that pip makes: 1.31 GB."""
    names = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), flags=re.M)
    paths = {Path(str(file.locate())) for name in names for file in metadata.distribution(name).files or ()}
    compiled = {Path(importlib.util.cache_from_source(str(path))) for path in paths if path.suffix == ".py"}
    packages = sum(path.stat().st_size for path in paths | compiled if path.is_file())
    copied = ("config", "envs", "scripts", "workflow")
    own = sum(path.stat().st_size for name in copied for path in (ROOT / name).rglob("*") if path.is_file())
    megabytes = BASE_MB + (packages + own) / 1e6
    assert 900 < megabytes < 1500


def test_the_check_on_github_runs_what_ci_runs_with_no_rights_to_write():
    path = ROOT / ".github/workflows/ci.yml"
    text = path.read_text(encoding="utf-8")
    check = yaml.safe_load(text)
    assert check["permissions"] == {"contents": "read"}
    for job in check["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 120
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used)
    assert len(re.findall(r"uses: \S+ # v\d+\.\d+\.\d+$", text, flags=re.M)) == len(used)
    assert re.findall(r"run: (.+)", text) == ["bash .ci/run"]
    assert "secrets." not in text
    assert "pull_request_target" not in text


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda p: p.name
)
def test_a_form_of_issues_has_what_github_asks_for(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    kinds = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    labels = [field["attributes"]["label"] for field in form["body"]]
    assert {field["type"] for field in form["body"]} <= kinds
    assert len(set(labels)) == len(labels)
    # no input of patients' data is asked for in public
    assert "(no patient data)" in "".join(labels) or path.name == "question.yml"


def test_the_citation_has_what_the_format_asks_for():
    """Required keys of CFF 1.2.0, and those that GitHub shows."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type", "license", "version", "date-released"} <= citation.keys()
    assert citation["type"] == "software"


def test_security_says_where_a_fault_is_told():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "private security advisory" in text
    assert "no patient data" in text
