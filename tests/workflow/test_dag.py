"""The workflow's graph and promises, without running a job."""

import re
import subprocess

import pytest
import yaml

from workflow.running import ROOT, TINY, ran, snakemake

STEPS = [
    "write_preflight",
    "ingest",
    "qc",
    "annotate",
    "embed",
    "abundance",
    "expression",
    "programs",
    "verdict",
    "report",
]
RULE_FILES = sorted((ROOT / "workflow/rules").glob("*.smk"))


def test_the_snakefile_names_the_steps_in_the_order_of_the_flow():
    included = re.findall(r"rules/(\w+)\.smk", (ROOT / "Snakefile").read_text())
    assert [name for name in included if name in STEPS] == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_a_step_has_its_noun_everywhere(step):
    assert (ROOT / f"workflow/rules/{step}.smk").exists()
    assert (ROOT / f"scripts/{step}.py").exists()
    assert (ROOT / f"scripts/cd20scope/{step}.py").exists()
    assert list((ROOT / "tests/unit").glob(f"test_{step}*.py"))
    assert f"results/{step}/" in (ROOT / f"workflow/rules/{step}.smk").read_text()


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_every_rule_says_what_a_cluster_needs(path):
    for body in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]:
        for part in ("log:", "benchmark:", "conda:", "threads:", "mem_mb=", "runtime=", "code=CODE"):
            assert part in body, f"{path.name}, rule {body.split(':')[0]}: no {part}"


def test_every_library_module_is_cached_for_remote_use():
    text = (ROOT / "workflow/rules/common.smk").read_text()
    listed = re.findall(r'^    "(\w+)",$', text.split("LIBRARY = (")[1].split(")")[0], flags=re.M)
    assert listed == sorted(path.stem for path in (ROOT / "scripts/cd20scope").glob("*.py"))


def test_adapters_stay_thin():
    for path in (ROOT / "scripts").glob("*.py"):
        lines = path.read_text().splitlines()
        # what users call themselves also reads a command line
        command = not any("snakemake.iocontainers" in line for line in lines)
        assert len(lines) <= (100 if command else 80), path.name


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
    assert counts["total"] == "89"


@pytest.mark.parametrize(("limit", "kept"), [("100/1s", False), ("99/1s", True)])
def test_waiting_jobs_are_looked_through_once_for_each_that_ends_unless_a_limit_is_given(
    tmp_path, limit, kept
):
    config = tmp_path / "tiny.yaml"
    config.write_text(TINY)
    arguments = ("--verbose", "--max-jobs-per-timespan", limit, "--until", "read_sample")
    run = ran(snakemake(*arguments, directory=tmp_path, config=config))
    done = len(list((tmp_path / "results/logs").rglob("*.log")))
    assert done >= 13
    assert (run.stderr.count("Ready jobs:") > done + 5) == kept


def test_no_data_are_committed():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    assert files
    data = {".npz", ".npy", ".h5", ".h5ad", ".rds", ".parquet", ".gz", ".zip", ".mtx"}
    assert [path.name for path in files if path.suffix in data] == []
    assert [path.name for path in files if path.exists() and path.stat().st_size > 1_000_000] == []
