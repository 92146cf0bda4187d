"""The command ``./cd20scope status`` on studies that are done, failed, killed and running."""

import os
import subprocess
import sys
import time

import pytest
from half_done_study import TRACEBACK, age, end_job, make_study, write

import places
from cd20scope.schema import FIGURES
from cd20scope.status.progress import STEPS
from workflow.running import ROOT, plan, ran


def status(*arguments):
    command = [sys.executable, str(ROOT / "cd20scope"), "status", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_finished_study_names_its_report(tmp_path):
    make_study(tmp_path)
    said = status(tmp_path)
    assert said.returncode == 0, said.stderr
    assert f"Report: {tmp_path}/results/report/report.html" in said.stdout
    assert "2 of 2" in said.stdout


def test_a_failed_study_says_why_and_what_to_do(tmp_path):
    make_study(tmp_path, steps=1)
    (tmp_path / "study.yaml").write_text("samples: samples.tsv\n")
    end_job(tmp_path, "ingest/read_sample/P02", TRACEBACK, ended=False)
    said = status(tmp_path / "study.yaml")
    assert said.returncode == 1
    assert "Failed: read_sample (P02), log results/logs/ingest/read_sample/P02.log" in said.stdout
    assert "Give the file of the raw counts in the column path." in said.stdout
    assert (
        f"run again; what is finished stays: {places.run_command(tmp_path / 'study.yaml', tmp_path)}"
        in said.stdout
    )


@pytest.mark.parametrize(
    ("ago", "told"), [(5, "A run seems to be active"), (7200, "remove its lock with {snakemake} --unlock")]
)
def test_a_killed_study_is_told_from_a_running_one_by_its_last_change(tmp_path, ago, told):
    make_study(tmp_path, steps=1)
    end_job(tmp_path, "ingest/read_sample/P02", "read\n", ended=False)
    age(tmp_path, ago)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    said = status(tmp_path)
    assert said.returncode == 3
    assert told.format(snakemake=places.snakemake()) in said.stdout
    assert "Begun and not ended: results/logs/ingest/read_sample/P02.log" in said.stdout
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_a_running_study_says_how_long_its_samples_take(tmp_path):
    names = [f"P{number:02}" for number in range(8)]
    make_study(tmp_path, samples=names, steps=1)
    for number, name in enumerate(names[:4]):
        for kind, ending in (("ingest", "h5ad"), ("qc", "parquet")):
            write(tmp_path / f"results/{kind}/{name}.{ending}", "")
        end_job(tmp_path, f"ingest/read_sample/{name}", "read\n")
        seen = time.time() - 60 + 20 * number
        os.utime(tmp_path / f"results/benchmarks/ingest/read_sample/{name}.tsv", (seen, seen))
    said = status(tmp_path)
    # four samples to read and eight to label, 20 s each
    assert "Time left: about 4 min for the samples at this pace, then the joint steps." in said.stdout
    assert "4 of 8" in said.stdout


def test_the_live_view_ends_with_the_study(tmp_path):
    """In a terminal; elsewhere the state is printed once."""
    make_study(tmp_path)
    assert status(tmp_path, "--follow").stdout == status(tmp_path).stdout
    command = f"{sys.executable} {ROOT / 'cd20scope'} status {tmp_path} --follow"
    said = subprocess.run(
        ["script", "-qec", command, "/dev/null"], capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 0
    assert "\x1b[" in said.stdout
    assert "All results are there." in said.stdout


def test_a_study_that_is_not_there_is_refused(tmp_path):
    said = status(tmp_path / "study.yaml")
    assert said.returncode == 2
    assert "Give the configuration file of the study" in said.stderr


def test_the_results_of_the_steps_are_those_of_the_workflow(tmp_path):
    """Every result that the command counts is an output of a rule."""
    summary = ran(plan("--summary", directory=tmp_path, config=ROOT / "config/demo.yaml")).stdout
    outputs = {line.split("\t")[0] for line in summary.splitlines() if line.startswith("results/")}
    counted = {
        f"results/{pattern.format(sample='D01_week2', part=part)}"
        for patterns in STEPS.values()
        for pattern in patterns
        for part in FIGURES
    }
    assert counted <= outputs, counted - outputs
