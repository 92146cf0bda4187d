"""The workflow loaded by another one: from a clone, by github(), with a prefix, with a section of its configuration."""

import subprocess

import pandas as pd
import pytest

from workflow.running import commit_tree, copy_tree, jobs_of, ran, snakemake

PLAN = '{"samples": "built-in", "simulate": {"plan": "treated", "donors": 2, "cells": 150, "seed": 1}}'

PARENT = """
{before}
module cd20scope:
    snakefile:
        {snakefile}
    config:
        {config}
    {prefix}

use rule * from cd20scope as {names}

rule mine:
    default_target: True
    input:
        rules.{target}.output
"""


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """A repository of the code as it stands, and its commit."""
    folder = tmp_path_factory.mktemp("state")
    return folder, commit_tree(folder)


@pytest.fixture(scope="session")
def clone(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clone") / "cd20scope"
    subprocess.run(["git", "clone", "--quiet", str(repository[0]), str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def github(repository, tmp_path_factory):
    """What a parent workflow writes to load the repository, and the cache in which Snakemake finds its clone."""
    cache = tmp_path_factory.mktemp("cache")
    bare = cache / "snakemake/snakemake/source-cache/snakemake-git-cache/github.com/lab/flow"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repository[0]), str(bare)], check=True)
    source = f'github("lab/flow", path="workflow/Snakefile", commit="{repository[1]}")'
    return source, {"XDG_CACHE_HOME": str(cache)}


def load(folder, snakefile, *, config=PLAN, prefix="", before="", names="*", target="judge_hypotheses"):
    """Write a parent workflow."""
    folder.mkdir(exist_ok=True)
    text = PARENT.format(
        snakefile=snakefile,
        config=config,
        prefix=f"prefix:\n        {prefix!r}" if prefix else "",
        before=before,
        names=names,
        target=names.replace("*", target),
    )
    (folder / "Snakefile").write_text(text)


def run(folder, *arguments, variables=None):
    return snakemake(*arguments, directory=folder, snakefile=folder / "Snakefile", variables=variables)


def check_verdicts(path):
    """Two donors can settle nothing, and the workflow says so."""
    verdicts = pd.read_csv(path, sep="\t")
    assert set(verdicts["verdict"]) == {"not testable"}
    assert verdicts["reason"].str.len().gt(0).all()


@pytest.mark.parametrize("snakefile", ["workflow/Snakefile", "Snakefile"])
def test_a_clone_is_planned_whole(clone, tmp_path, snakefile):
    load(tmp_path, repr(str(clone / snakefile)), target="write_report")
    jobs = jobs_of(run(tmp_path, "--dry-run", "--quiet", "rules"))
    assert jobs["read_sample"] == jobs["label_cells"] == 6
    assert jobs["write_report"] == 1


@pytest.mark.slow
def test_a_clone_runs_to_the_verdicts_and_again_does_nothing(clone, tmp_path):
    load(tmp_path, repr(str(clone / "workflow/Snakefile")))
    ran(run(tmp_path))
    check_verdicts(tmp_path / "results/verdict/verdicts.tsv")
    assert not jobs_of(run(tmp_path, "--dry-run", "--quiet", "rules"))


@pytest.mark.slow
def test_github_runs_to_the_report_and_again_does_nothing(github, tmp_path):
    source, variables = github
    load(tmp_path, source, target="write_report")
    jobs = jobs_of(run(tmp_path, "--dry-run", "--quiet", "rules", variables=variables))
    assert jobs["read_sample"] == 6
    assert not (tmp_path / "results").exists()
    ran(run(tmp_path, variables=variables))
    check_verdicts(tmp_path / "results/verdict/verdicts.tsv")
    assert "<html" in (tmp_path / "results/report/report.html").read_text()[:2000]
    # the package lies in its tree in the folder of the study
    assert len(list(tmp_path.glob(".snakemake/cd20scope/*/scripts/cd20scope/schema.py"))) == 1
    assert not jobs_of(run(tmp_path, "--dry-run", "--quiet", "rules", variables=variables))


@pytest.mark.slow
def test_with_a_prefix_and_other_names_of_rules_everything_lies_below_the_prefix(clone, tmp_path):
    load(
        tmp_path,
        repr(str(clone / "workflow/Snakefile")),
        prefix="blood",
        names="cd20_*",
        target="read_sample",
    )
    text = (tmp_path / "Snakefile").read_text()
    (tmp_path / "Snakefile").write_text(text.replace("rules.cd20_read_sample.output", "rules.cd20_all.input"))
    jobs = jobs_of(run(tmp_path, "--dry-run", "--quiet", "rules"))
    assert jobs["cd20_read_sample"] == 6
    ran(run(tmp_path, "--until", "cd20_read_sample", "cd20_sum_inputs"))
    assert len(list((tmp_path / "blood/results/ingest").glob("*.h5ad"))) == 6
    assert not (tmp_path / "results").exists()
    left = jobs_of(run(tmp_path, "--dry-run", "--quiet", "rules"))
    assert "cd20_read_sample" not in left


@pytest.mark.slow
def test_count_files_of_a_sheet_stay_outside_the_prefix(clone, tmp_path):
    made = tmp_path / "made"
    load(made, repr(str(clone / "workflow/Snakefile")), target="simulate_cohort")
    ran(run(made))
    study = tmp_path / "study"
    study.mkdir()
    (made / "results/simulate").rename(study / "counts")
    config = '{"samples": "counts/samples.tsv"}'
    load(study, repr(str(clone / "workflow/Snakefile")), config=config, prefix="blood", target="sum_inputs")
    ran(run(study))
    assert len(pd.read_csv(study / "blood/results/ingest/inputs.tsv", sep="\t")) == 6


def test_a_parent_with_a_configuration_of_its_own_hands_over_a_section(clone, tmp_path):
    (tmp_path / "lab.yaml").write_text(f"aligner: star\ncd20: {PLAN}\n")
    load(
        tmp_path,
        repr(str(clone / "workflow/Snakefile")),
        config='config["cd20"]',
        before='configfile: "lab.yaml"',
    )
    assert jobs_of(run(tmp_path, "--dry-run", "--quiet", "rules"))["read_sample"] == 6
    ran(run(tmp_path, "--until", "look_at_files"))
    assert (tmp_path / "results/preflight/samples.tsv").exists()


def test_unknown_keys_of_the_section_are_one_message(clone, tmp_path):
    (tmp_path / "lab.yaml").write_text(f"aligner: star\ngenome: GRCh38\ncd20: {PLAN}\n")
    load(tmp_path, repr(str(clone / "workflow/Snakefile")), config="config", before='configfile: "lab.yaml"')
    process = run(tmp_path, "--dry-run")
    said = process.stdout + process.stderr
    assert process.returncode != 0
    for part in ("aligner", "genome", "module cd20scope", 'config: config["cd20scope"]'):
        assert part in said, f"{part!r} not in: {said[-1500:]}"
    assert said.count("no key") + said.count("unknown key") <= 3
    assert "Traceback" not in said


@pytest.mark.slow
def test_an_edit_of_a_copied_clone_is_seen_as_of_any_other(clone, tmp_path):
    tree = copy_tree(tmp_path / "tree")
    study = tmp_path / "study"
    load(study, repr(str(tree / "workflow/Snakefile")), target="look_at_files")
    ran(run(study))
    load(study, repr(str(clone / "workflow/Snakefile")), target="look_at_files")
    assert not jobs_of(run(study, "--dry-run", "--quiet", "rules"))
    edited = tree / "scripts/cd20scope/ingest/look.py"
    edited.write_text(edited.read_text() + "\n# edited\n")
    load(study, repr(str(tree / "workflow/Snakefile")), target="look_at_files")
    assert jobs_of(run(study, "--dry-run", "--quiet", "rules")) == {"look_at_files": 1, "mine": 1}
