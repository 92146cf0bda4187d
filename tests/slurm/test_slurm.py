"""The workflow on a real SLURM: what it gives, and what it does when jobs fail."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import h5py
import pandas as pd
import pytest
import slurm_cluster
from slurm_cluster import FOLDER

from workflow.running import ROOT, TINY, digests, ran, snakemake

pytestmark = pytest.mark.slurm
HOG = Path(__file__).parent / "hog"


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "study.yaml"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="module")
def local(tmp_path_factory, config):
    """The same cohort, run on this machine alone."""
    folder = tmp_path_factory.mktemp("local")
    ran(snakemake(directory=folder, config=config))
    return folder


def jobs(said):
    """Rules of each job that was sent to the cluster, as Snakemake tells it."""
    return re.findall(r"SLURM jobid (\d+)", said.stdout + said.stderr)


def test_results_are_those_of_a_local_run_to_the_byte(slurm, local, config, tmp_path):
    said = slurm.snakemake(directory=tmp_path, config=config)
    ran(said)
    expected = digests(local)
    assert len(expected) > 60
    assert digests(tmp_path) == expected
    # simulate, preflight, inputs, 6 x read, depth, fit, 6 x label, embed, 3 tests, technique, labels, verdict, flips;
    # arms, outcome, 3 x figures, summary, report
    sent = jobs(said)
    assert 19 < len(sent) <= 32, said.stdout + said.stderr
    states = slurm.states()
    assert {states[number] for number in sent} == {"COMPLETED"}


def made(slurm, folder, config, monkeypatch, *arguments, **hog):
    """Read one sample with a job that needs more than it says; gives what Snakemake said and the states of its jobs."""
    monkeypatch.setenv("PYTHONPATH", str(HOG), prepend=os.pathsep)
    for key, value in hog.items():
        monkeypatch.setenv(key, value)
    said = slurm.snakemake("results/ingest/D01_baseline.h5ad", *arguments, directory=folder, config=config)
    states = slurm.states()
    return said, [states[number] for number in jobs(said)]


def test_a_job_out_of_memory_is_sent_again_with_more(slurm, local, config, tmp_path, monkeypatch):
    said, states = made(slurm, tmp_path, config, monkeypatch, HOG_MB="1000", HOG_SECONDS="8")
    ran(said)
    assert states.count("FAILED") == 1, states
    failed, again = [slurm.memory(number) for number in jobs(said)[-2:]]
    assert again == pytest.approx(2 * failed, abs=2)
    one = "results/ingest/D01_baseline.h5ad"
    assert (tmp_path / one).read_bytes() == (local / one).read_bytes()


def test_a_job_over_its_time_is_sent_again_with_more(slurm, local, config, tmp_path, monkeypatch):
    limit = ("--set-resources", "read_sample:runtime=attempt")
    said, states = made(slurm, tmp_path, config, monkeypatch, *limit, HOG_SECONDS="85")
    ran(said)
    assert states.count("TIMEOUT") == 1, states
    one = "results/ingest/D01_baseline.h5ad"
    assert (tmp_path / one).read_bytes() == (local / one).read_bytes()


@pytest.fixture
def broken(local, tmp_path):
    """A study of which one sample holds a negative count, put there after the preflight has looked."""
    simulated = local / "results/simulate"
    shutil.copytree(simulated, tmp_path / "counts")
    config = tmp_path / "study.yaml"
    config.write_text("samples: counts/samples.tsv\nannotate: {sketch_cells: 2000}\n")
    ran(snakemake("results/preflight/passed.txt", directory=tmp_path, config=config))
    sheet = pd.read_csv(simulated / "samples.tsv", sep="\t")
    name = next(path for path in sheet["path"] if path.endswith(".h5"))
    seen = (tmp_path / "counts" / name).stat()
    with h5py.File(tmp_path / "counts" / name, "r+") as file:
        file["matrix/data"][-1] = -1
    # as a bad sector would: nothing says that the file is another
    os.utime(tmp_path / "counts" / name, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    sample = sheet.loc[sheet["path"] == name, "sample"].item()
    return tmp_path, sample, set(sheet["sample"]) - {sample}


def test_one_failing_sample_leaves_the_others_finished_and_is_named(slurm, broken):
    folder, sample, others = broken
    said = slurm.snakemake("--retries", "0", directory=folder, config=folder / "study.yaml")
    assert said.returncode != 0
    assert f"results/ingest/{sample}.h5ad" in said.stdout + said.stderr
    assert {path.stem for path in (folder / "results/qc").glob("*.parquet")} == others
    assert sample not in {path.stem for path in (folder / "results/ingest").glob("*.h5ad")}


def test_no_rule_names_a_partition_or_an_account():
    for path in [*(ROOT / "workflow").rglob("*.smk"), *(ROOT / "workflow/profiles").rglob("*.yaml")]:
        set_here = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
        assert not re.search(r"partition|account|qos", "\n".join(set_here)), path.name


def test_the_cluster_is_that_of_the_tests(slurm):
    said = subprocess.run(
        ["sinfo", "-h", "-N", "-p", "main", "-o", "%N"], capture_output=True, text=True, check=True
    )
    assert set(said.stdout.split()) == {"n1", "n2"}


@pytest.mark.parametrize(("folder", "ours"), [(FOLDER, True), ("site", False)])
def test_only_what_tests_left_behind_is_taken_down(tmp_path, monkeypatch, folder, ours):
    link, down = tmp_path / "slurm.conf", []
    link.symlink_to(tmp_path / folder / "slurm.conf")
    monkeypatch.setattr(slurm_cluster, "take_down", down.append)
    slurm_cluster.take_down_left(link)
    assert down == ([tmp_path / folder] if ours else [])
    assert link.is_symlink() == (not ours)
