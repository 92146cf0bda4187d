"""What a rerun plans after an edit: code, gene table and catalogues count by content, for the rules that read them."""

import os
import shutil
import statistics

import pandas as pd
import pytest

from workflow.make_planned_jobs import SAMPLED, TABLE, make_table, plan_jobs
from workflow.running import ROOT, copy_tree, jobs_of, plan


def planned_after(directory, *, config=ROOT / "config/demo.yaml", tree=ROOT):
    """Jobs that a rerun would start, the target left out."""
    process = plan("--quiet", "rules", directory=directory, config=config, snakefile=tree / "Snakefile")
    return {rule: n for rule, n in jobs_of(process).items() if rule != "everything"}


@pytest.fixture(scope="session")
def finished(built_in, tmp_path_factory):
    """The finished demo in another folder, its times kept."""
    return shutil.copytree(built_in, tmp_path_factory.mktemp("finished") / "study", copy_function=os.link)


@pytest.fixture(scope="session")
def planned(tmp_path_factory):
    return plan_jobs(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def tree(tmp_path):
    """The code in another folder, to be edited."""
    return copy_tree(tmp_path / "tree")


def test_a_study_in_another_folder_plans_nothing(finished):
    assert planned_after(finished) == {}


def test_a_run_that_is_taken_on_elsewhere_plans_only_what_is_left(finished, tree, tmp_path):
    """Another folder, another clone, as on another node: what the first one finished stays."""
    taken = shutil.copytree(finished, tmp_path / "node2/study", copy_function=shutil.copy2)
    for path in ("results/pseudobulk/D01_week2.sums.parquet", "results/annotate/D01_week2.parquet"):
        (taken / path).unlink()
    shutil.rmtree(taken / "results/verdict")
    shutil.rmtree(taken / "results/report")
    planned = planned_after(taken, tree=tree)
    assert planned["label_cells"] == 1
    assert not planned.keys() & {
        *("simulate_cohort", "look_at_files", "read_sample", "sum_inputs", "fit_annotation", "choose_depth")
    }
    assert {"judge_hypotheses", "write_report"} <= planned.keys()


def test_each_sampled_module_plans_the_jobs_of_the_table(planned):
    expected = pd.read_csv(TABLE, sep="\t")
    pd.testing.assert_frame_equal(make_table(planned), expected)


def test_a_module_of_the_report_plans_at_most_eight_jobs_and_half_of_all_modules_at_most_ten(planned):
    jobs = {
        module: sum(n for rule, n in rules.items() if rule != "everything")
        for module, rules in planned.items()
    }
    assert {module: n for module, n in jobs.items() if module.startswith("report/") and n > 8} == {}
    assert statistics.median(jobs.values()) <= 10
    assert statistics.median(n for module, n in jobs.items() if not module.endswith("__init__.py")) <= 10


@pytest.mark.parametrize(
    "module",
    [
        "init/study.py",
        "report/wording.py",
        "verdict/rules.py",
        "expression/fit.py",
        "qc/metrics.py",
        "stats/pairs.py",
    ],
)
def test_an_edit_of_a_copied_tree_plans_what_the_imports_say(finished, tree, module):
    assert module in SAMPLED
    edited = tree / "scripts/cd20scope" / module
    edited.write_text(edited.read_text() + "\n# edited\n")
    table = pd.read_csv(TABLE, sep="\t")
    expected = table[table["module"] == module]
    assert planned_after(finished, tree=tree) == dict(zip(expected["rule"], expected["jobs"], strict=True))


def test_other_times_and_another_place_of_the_code_plan_nothing(finished, tree):
    for path in (tree / "scripts/cd20scope").rglob("*.py"):
        os.utime(path)
    for name in (
        "config/genes.tsv",
        "workflow/report/report.css",
        "workflow/report/vendor/dataTables.min.js",
    ):
        os.utime(tree / name)
    assert planned_after(finished, tree=tree) == {}


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("workflow/report/report.css", {"write_report"}),
        ("workflow/report/vendor/dataTables.min.js", {"write_report"}),
        ("workflow/schemas/verdicts.schema.json", {"summarise_verdicts"}),
    ],
)
def test_a_file_of_the_report_counts_for_the_rules_that_read_it(finished, tree, name, rules):
    text = (tree / name).read_text()
    # JSON is compared as data, so a blank would be no edit
    edited = text.replace('"title": "', '"title": "Edited: ', 1) if name.endswith(".json") else text + "\n"
    assert edited != text
    (tree / name).write_text(edited)
    assert planned_after(finished, tree=tree).keys() == rules


def configure(folder, section):
    """Write the configuration of the demo with one more section."""
    config = folder / "study.yaml"
    config.write_text((ROOT / "config/demo.yaml").read_text() + section)
    return config


def test_a_gene_table_counts_by_content_wherever_it_lies(finished, tmp_path):
    (tmp_path / "mine.tsv").write_bytes((ROOT / "config/genes.tsv").read_bytes())
    config = configure(tmp_path, "ingest: {genes: mine.tsv}\n")
    assert planned_after(finished, config=config) == {}
    with (tmp_path / "mine.tsv").open("a") as file:
        file.write("# another line\n")
    jobs = planned_after(finished, config=config)
    assert jobs["read_sample"] == 23
    assert jobs["look_at_files"] == 1
    assert "simulate_cohort" not in jobs


def test_catalogues_count_by_content_wherever_they_lie(finished, tmp_path):
    text = (ROOT / "config/hypotheses.yaml").read_text()
    (tmp_path / "mine.yaml").write_text("# the same\n" + text)
    config = configure(tmp_path, "catalogues: {hypotheses: mine.yaml}\n")
    assert planned_after(finished, config=config) == {}
