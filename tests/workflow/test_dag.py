"""The workflow's graph and promises, without running a job."""

import re

import pytest
import yaml

from workflow.make_manifest import MANIFEST, READ
from workflow.running import ROOT, listed, ran, snakemake

STEPS = [
    "preflight",
    "ingest",
    "annotate",
    "embed",
    "abundance",
    "expression",
    "programs",
    "verdict",
    "report",
]
RULE_FILES = sorted((ROOT / "workflow/rules").glob("*.smk"))
RULES = {
    body.split(":")[0]: body
    for path in RULE_FILES
    for body in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]
}
"""Text of every rule by its name."""


def test_the_snakefile_names_the_steps_in_the_order_of_the_flow():
    included = re.findall(r"rules/(\w+)\.smk", (ROOT / "workflow/Snakefile").read_text())
    assert [name for name in included if name in STEPS] == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_a_step_has_its_noun_everywhere(step):
    assert list((ROOT / "scripts" / step).glob("*.py"))
    assert (ROOT / "scripts/cd20scope" / step / "__init__.py").exists()
    assert list((ROOT / "tests/unit" / step).rglob("test_*.py"))
    assert f"results/{step}/" in (ROOT / f"workflow/rules/{step}.smk").read_text()


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_its_script_and_its_log_share_one_name(rule):
    body = RULES[rule]
    room, name, suffix = re.search(r"\"\.\./\.\./scripts/(\w+)/(\w+)\.(py|R)\"", body).groups()
    assert name == rule
    assert (ROOT / f"scripts/{room}/{rule}.{suffix}").exists()
    for place in ("logs", "benchmarks"):
        assert re.search(rf"\"results/{place}/{room}/{rule}[./]", body), f"no {place} of {room}/{rule}"
    assert re.search(rf"code=code_of\(\s*\"{room}/{rule}\.{suffix}\"", body)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_says_what_a_cluster_needs(rule):
    for part in ("log:", "benchmark:", "conda:", "threads:", "mem_mb=", "runtime=", "code=code_of("):
        assert part in RULES[rule], f"no {part}"


def test_every_script_is_that_of_a_rule_or_a_command():
    scripts = {path.stem for path in (ROOT / "scripts").glob("*/*") if path.suffix in {".py", ".R"}}
    package = {path.stem for path in (ROOT / "scripts/cd20scope").glob("*.py")}
    # called by init, and by two other scripts of R
    assert scripts - package - {"seurat_columns", "objects"} == RULES.keys()


def test_the_manifest_names_every_file_that_the_workflow_reads():
    named = MANIFEST.read_text().split()
    assert named == listed(*READ), "write it anew: PYTHONPATH=tests python tests/workflow/make_manifest.py"
    for name in named:  # Snakemake brings only text from elsewhere
        (ROOT / name).read_text(encoding="utf-8")


def test_adapters_stay_thin():
    for path in (ROOT / "scripts").rglob("*.py"):
        if "cd20scope" not in path.parts:
            # what users call themselves also reads a command line
            most = 100 if path.parent == ROOT / "scripts" else 80
            assert len(path.read_text().splitlines()) <= most, path.name


def defaults(schema):
    """What validation fills in: the defaults of a schema, level by level."""
    return {
        key: defaults(part) if part.get("properties") and key != "simulate" else part["default"]
        for key, part in schema["properties"].items()
        if "default" in part
    }


def test_the_shipped_configuration_shows_every_default():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    lines = (ROOT / "config/config.yaml").read_text().splitlines()
    # a key that is commented out is shown with its default: "# key: value"
    shown = yaml.safe_load(
        "\n".join(re.sub(r"^#(?= *\S+:| *- )", "", line) for line in lines if not line.startswith("##"))
    )
    assert shown == defaults(schema)


def test_the_reference_of_keys_is_that_of_the_schema():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    text = (ROOT / "config/README.md").read_text()

    def keys(part, above=""):
        for key, below in part["properties"].items():
            yield f"`{above}{key}`", below
            if below.get("properties"):
                yield from keys(below, f"{above}{key}.")

    for key, part in keys(schema):
        assert key in text, f"config/README.md lacks {key}"
        assert part.get("description"), f"{key} has no description"
    shown = re.findall(r"^\| (`[\w.]+`) ", text.split("## Catalogues")[0], flags=re.M)
    assert shown == [key for key, _ in keys(schema)]


def test_no_index_address_is_committed():
    for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml", "Makefile"):
        assert not re.search(
            r"--(extra-)?index-url|--find-links|https?://[^ ]*/simple",
            (ROOT / name).read_text().replace("--no-emit-index-url", ""),
        ), name


def test_the_demo_needs_each_sample_once_a_step(tmp_path):
    said = ran(
        snakemake("--dry-run", "--quiet", "rules", directory=tmp_path, config=ROOT / "config/demo.yaml")
    )
    counts = dict(re.findall(r"^(\w+)\s+(\d+)$", said.stdout + said.stderr, flags=re.M))
    assert counts["read_sample"] == counts["label_cells"] == "23"
    assert counts["total"] == "70"


def test_no_data_are_committed():
    files = [ROOT / name for name in listed()]
    assert files
    data = {".npz", ".npy", ".h5", ".h5ad", ".rds", ".parquet", ".gz", ".zip", ".mtx"}
    assert [path for path in files if path.suffix in data] == []
    assert [path.name for path in files if path.exists() and path.stat().st_size > 1_000_000] == []
