"""Places that take no results, and count files that change between runs."""

import shutil
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest

from bad_inputs.spoiling import dense, rewritten
from cd20scope.counts import ingested
from workflow.running import ran, snakemake


def test_results_that_are_a_file(study):
    shutil.rmtree(study / "results")
    (study / "results").write_text("mine")
    process = snakemake(directory=study, config=study / "study.yaml")
    said = process.stdout + process.stderr
    assert process.returncode != 0
    for words in (f"{study}/results", "a file has it", "--directory"):
        assert words in said
    assert (study / "results").read_text() == "mine"


@contextmanager
def mounted(place, *options):
    """A small file system of its own at a folder."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs root, to mount a small disk: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("size=1m",), ["MB are free on its disk", "the counts of 2 samples need about 100 MB"]),
        (("ro",), ["results cannot be written there", "read-only"]),
    ],
    ids=["a full disk", "a read-only folder"],
)
def test_a_place_that_takes_no_results(study, options, words):
    shutil.rmtree(study / "results")
    with mounted(study / "results", *options):
        process = snakemake("results/ingest/s1.h5ad", directory=study, config=study / "study.yaml")
        assert not list((study / "results").iterdir())
    said = process.stdout + process.stderr
    assert process.returncode != 0
    for part in (*words, f"{study}/results", "run in another folder (--directory)"):
        assert part in said


@pytest.mark.faults
def test_an_input_that_changes_between_runs_is_read_again(study):
    run = {"directory": study, "config": study / "study.yaml"}
    ran(snakemake("results/ingest/s1.h5ad", **run))
    other = dense(5)
    rewritten(counts=other)(study)
    ran(snakemake("results/ingest/s1.h5ad", **run))
    np.testing.assert_array_equal(
        ingested.read_counts(study / "results/ingest/s1.h5ad").matrix.toarray(), other
    )
