"""What a release promises: an archive that runs, and old configurations that are told what to change."""

import subprocess
import tarfile
import tomllib

import pytest
import yaml

from cd20scope.study import strict_yaml
from workflow.running import ROOT, commit_tree, jobs_of, ran, snakemake

OLD = """\
samples: samples.tsv
qc: {min_counts: 400, doublets: true, doublet_rate_per_1000: 8}
embed: {cells: 20000, neighbors: 15, min_distance: 0.4, integrate_over: batch}
"""
"""A configuration of 0.1.0 with every key that is gone."""


def test_the_archive_of_the_sources_plans_the_demo(tmp_path):
    commit_tree(tmp_path / "clone")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    archive = tmp_path / f"cd20scope-{version}.tar.gz"
    made = subprocess.run(
        ["make", "--silent", "archive", f"DIST={tmp_path}"],
        cwd=tmp_path / "clone",
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    summed = subprocess.run(
        ["sha256sum", "--check", f"{archive.name}.sha256"], cwd=tmp_path, capture_output=True
    )
    assert summed.returncode == 0
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    unpacked = tmp_path / f"cd20scope-{version}"
    said = snakemake(
        "--dry-run",
        "--quiet",
        "rules",
        directory=unpacked,
        snakefile=unpacked / "Snakefile",
        config=unpacked / "config/demo.yaml",
    )
    assert jobs_of(ran(said))["label_cells"] == 23


def test_a_configuration_of_the_version_before_is_told_every_key_to_change():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    with pytest.raises(strict_yaml.ConfigError) as raised:
        strict_yaml.read(OLD, schema=schema, name="study.yaml")
    told = dict(problem.split(": ", 1) for problem in raised.value.problems)
    assert set(told) == {
        "line 2, qc > doublets",
        "line 2, qc > doublet_rate_per_1000",
        "line 3, embed > cells",
        "line 3, embed > neighbors",
        "line 3, embed > min_distance",
    }
    assert all(message.startswith("a key of version 0.1. ") for message in told.values())
    assert "n_neighbors" in told["line 3, embed > neighbors"]
    assert "min_dist " in told["line 3, embed > min_distance"]
