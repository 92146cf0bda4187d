"""The workflow loaded by another one, straight from a git repository."""

import shutil
import subprocess

import pandas as pd

from workflow.running import ROOT, ran, snakemake

MODULE = """
module cd20scope:
    snakefile:
        gitfile({repository!r}, path="Snakefile", commit={commit!r})
    config:
        {{"samples": "built-in", "simulate": {{"plan": "treated", "donors": 2, "cells": 200}}}}

use rule * from cd20scope

rule everything:
    default_target: True
    input:
        rules.judge_hypotheses.output
"""


def test_the_workflow_runs_as_a_module_of_a_git_clone(tmp_path):
    clone, run = tmp_path / "clone", tmp_path / "run"
    run.mkdir()
    # the working tree as it stands, committed or not, so that the test speaks of this code
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.strip("\0").split("\0"):
        if (ROOT / name).exists():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "state"]):
        subprocess.run([*git, *command], cwd=clone, check=True)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout.strip()
    (run / "Snakefile").write_text(MODULE.format(repository=str(clone), commit=commit))
    ran(snakemake(directory=run, snakefile=run / "Snakefile"))
    verdicts = pd.read_csv(run / "results/verdict/verdicts.tsv", sep="\t")
    # two donors can settle nothing, and the workflow says so
    assert set(verdicts["verdict"]) == {"not testable"}
    assert verdicts["reason"].str.len().gt(0).all()
