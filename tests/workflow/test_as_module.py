"""The workflow loaded by another one, from a git clone."""

import shutil
import subprocess

import pandas as pd

from workflow.running import ROOT, ran, snakemake

MODULE = """
module cd20scope:
    snakefile:
        {snakefile!r}
    config:
        {{"samples": "built-in", "simulate": {{"plan": "treated", "donors": 2, "cells": 200}}}}

use rule * from cd20scope

rule everything:
    default_target: True
    input:
        rules.judge_hypotheses.output
"""


def test_the_workflow_runs_as_a_module_of_a_git_clone(tmp_path):
    state, clone, run = tmp_path / "state", tmp_path / "clone", tmp_path / "run"
    run.mkdir()
    # the working tree as it stands, committed or not, so that the test speaks of this code
    list_files = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(list_files, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (state / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, state / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "state"]):
        subprocess.run([*git, *command], cwd=state, check=True)
    subprocess.run([*git, "clone", "--quiet", str(state), str(clone)], check=True)
    (run / "Snakefile").write_text(MODULE.format(snakefile=str(clone / "Snakefile")))
    ran(snakemake(directory=run, snakefile=run / "Snakefile"))
    verdicts = pd.read_csv(run / "results/verdict/verdicts.tsv", sep="\t")
    # two donors can settle nothing, and the workflow says so
    assert set(verdicts["verdict"]) == {"not testable"}
    assert verdicts["reason"].str.len().gt(0).all()
