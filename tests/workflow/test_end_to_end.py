"""The built-in cohort, whole: what was planted comes out, and where nothing was planted nothing does."""

import html
import json
import re

import pandas as pd
import pytest
import yaml

from cd20scope import schema
from cd20scope.report import claims
from cd20scope.study import catalogue, themes
from cd20scope.study.questions import claim_rows
from workflow.running import ROOT, jobs_of, plan, ran

REPORT = {"write_report", "draw_figures", "summarise_verdicts"}
"""Rules that read the verdicts."""


@pytest.fixture(scope="module")
def verdicts(built_in):
    return pd.read_csv(built_in / "results/verdict/verdicts.tsv", sep="\t")


def test_verdicts_have_the_promised_columns_and_a_row_for_each_hypothesis(verdicts):
    hypotheses = claim_rows(yaml.safe_load((ROOT / "config/hypotheses.yaml").read_text()))
    assert verdicts.columns[: len(schema.VERDICT_COLUMNS)].tolist() == list(schema.VERDICT_COLUMNS)
    assert verdicts["id"].tolist() == [entry["id"] for entry in hypotheses]
    assert set(verdicts["verdict"]) <= set(schema.VERDICTS)
    assert verdicts.loc[verdicts["verdict"] == "not testable", "reason"].notna().all()


def test_each_planted_effect_is_supported(built_in, verdicts):
    truth = json.loads((built_in / "results/simulate/truth.json").read_text())
    judged = verdicts[verdicts["endpoint"].isin(["abundance", "program"])]
    for effect in truth["planted"]:
        same = judged[
            (judged["population"] == effect["population"])
            & (judged["program"].fillna("") == (effect["program"] or ""))
            & (judged["contrast"] == effect["contrast"])
            & (judged["direction"] == effect["direction"])
        ]
        assert len(same), f"no hypothesis asks for {effect}"
        assert (same["verdict"] == "supported").all(), same[
            ["id", "estimate", "ci_low", "ci_high", "verdict"]
        ]


def test_the_story_as_a_whole_is_supported(verdicts):
    said = verdicts.set_index("id")["verdict"]
    for hypothesis in ("B-total-w2", "B-total-m6", "T-act-biphasic", "Treg-supp-biphasic", "Treg-share-m6"):
        assert said[hypothesis] == "supported", hypothesis
    # the claims of those who found the opposite
    assert said["Th1-up-m6"] == "contradicted"
    assert said["Treg-quiet-m6"] == "contradicted"


def test_programmes_are_drawn_in_the_order_of_the_verdicts(verdicts):
    """The figures of the cohort do not wait for verdicts: they know from the hypotheses what is asked."""
    told = claims.in_story_order(verdicts)
    pairs = told.loc[told["endpoint"] != "abundance", ["population", "program"]].drop_duplicates()
    asked = claim_rows(yaml.safe_load((ROOT / "config/hypotheses.yaml").read_text()))
    assert themes.scored_pairs(asked) == list(pairs.itertuples(index=False, name=None))


def test_labels_keep_the_contract_and_find_the_truth(built_in, populations):
    lineages = catalogue.lineage_of(populations)
    truth = json.loads((built_in / "results/simulate/truth.json").read_text())["labels"]
    right = cells = 0
    for sample, labels in truth.items():
        table = pd.read_parquet(built_in / f"results/annotate/{sample}.parquet")
        quality = pd.read_parquet(built_in / f"results/qc/{sample}.parquet")
        assert table.columns[: len(schema.LABELS)].tolist() == list(schema.LABELS)
        assert all(" / " in column for column in table.columns[len(schema.LABELS) :])
        assert table.index.equals(quality.index)
        assert set(table["population"]) <= {*lineages, schema.UNASSIGNED}
        assert set(table["lineage"]) <= {*lineages.values(), schema.UNASSIGNED}
        kept = table[quality["keep"]].join(pd.Series(labels, name="truth"))
        kept = kept[kept["truth"] != "doublet"]
        right, cells = right + (kept["population"] == kept["truth"]).sum(), cells + len(kept)
    assert right / cells > 0.95


def test_the_early_repopulating_donor_can_be_seen(built_in):
    donors = pd.read_csv(built_in / "results/abundance/donors.tsv", sep="\t")
    b = donors[(donors["population"] == "B cells") & (donors["denominator"] == "PBMC")]
    share = b.pivot_table(index="donor", columns="visit", values="fraction")
    back = share["month6"] / share["baseline"]
    assert back.idxmax() == "D07"
    # the highest of seven others is a handful of cells
    assert back["D07"] > 1.5 * back.drop("D07").median()


def test_the_missing_visit_is_said(verdicts):
    row = verdicts.set_index("id").loc["B-total-m6"]
    assert row["n_pairs"] == 7
    assert "D08" in row["dropped"]


def test_a_second_call_does_nothing(built_in):
    said = ran(plan(directory=built_in, config=ROOT / "config/demo.yaml"))
    assert "Nothing to be done" in said.stdout + said.stderr


def planned(folder, config, *arguments):
    """Rules that a dry run would run, and how many jobs of each."""
    return jobs_of(plan("--quiet", "rules", *arguments, directory=folder, config=config))


def redrawn(folder, config):
    """Parts of the figures that a dry run would draw."""
    said = ran(plan(directory=folder, config=config))
    return set(re.findall(r"wildcards: part=(\w+)", said.stdout + said.stderr))


def test_a_changed_threshold_reruns_all_that_depends_on_it(built_in, tmp_path):
    (tmp_path / "study.yaml").write_text((ROOT / "config/demo.yaml").read_text() + "qc: {min_genes: 210}\n")
    expected = {
        "look_at_files",
        "sum_inputs",
        "write_preflight",
        "pass_preflight",
        "read_sample",
        "fit_annotation",
        "choose_depth",
        "label_cells",
        "summarise_labels",
        "embed_sketch",
        "compare_shares",
        "compare_genes",
    }
    expected |= {
        "compare_programs",
        "measure_technique",
        "judge_hypotheses",
        "flip_visits",
        "compare_arms",
        "relate_outcome",
        "everything",
    } | REPORT
    assert planned(built_in, tmp_path / "study.yaml").keys() == expected


def test_a_changed_margin_reruns_verdict_and_report_only(built_in, tmp_path):
    text = (ROOT / "config/hypotheses.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(text.replace("margin: 5", "margin: 4"))
    (tmp_path / "study.yaml").write_text(
        (ROOT / "config/demo.yaml").read_text() + "catalogues: {hypotheses: mine.yaml}\n"
    )
    assert (
        planned(built_in, tmp_path / "study.yaml").keys()
        == {
            "everything",
            "note_questions",
            "judge_hypotheses",
            "flip_visits",
            "compare_arms",
            "relate_outcome",
        }
        | REPORT
    )
    assert redrawn(built_in, tmp_path / "study.yaml") == set(schema.FAMILIES)


def test_another_programme_asked_for_redraws_the_cohort_too(built_in, tmp_path):
    catalogue = yaml.safe_load((ROOT / "config/hypotheses.yaml").read_text())
    asked = next(entry for entry in catalogue["questions"] if entry["id"] == "Th17-m6")
    asked["program"] = "Th2"
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(catalogue, sort_keys=False, allow_unicode=True))
    (tmp_path / "study.yaml").write_text(
        (ROOT / "config/demo.yaml").read_text() + "catalogues: {hypotheses: mine.yaml}\n"
    )
    assert redrawn(built_in, tmp_path / "study.yaml") == set(schema.FIGURES)


def test_the_sheet_of_the_built_in_cohort_is_one_to_start_from(built_in, tmp_path):
    sheet = built_in / "results/simulate/samples.tsv"
    (tmp_path / "study.yaml").write_text(f"samples: {sheet}\n")
    assert (
        jobs_of(plan("--quiet", "rules", directory=tmp_path, config=tmp_path / "study.yaml"))["read_sample"]
        == 23
    )


def test_another_number_of_flips_judges_and_draws_nothing_anew(built_in, tmp_path):
    (tmp_path / "study.yaml").write_text((ROOT / "config/demo.yaml").read_text() + "verdict: {flips: 500}\n")
    expected = {"everything", "flip_visits"} | REPORT - {"draw_figures"}
    assert planned(built_in, tmp_path / "study.yaml").keys() == expected


def test_each_claim_of_the_report_shows_its_own_verdict_estimate_and_donors(built_in, verdicts):
    page = (built_in / "results/report/report.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 8_000_000
    # a claim is a part of its question, whose estimate and donors it shares
    parts = re.split(r'<article class="[^"]*" id="([^"]+)">', page)[1:]
    text = {
        name: html.unescape(re.sub(r"<[^>]+>", " ", part))
        for name, part in zip(parts[::2], parts[1::2], strict=True)
    }
    assert len(text) == len(verdicts)
    place = {name: "claim-" + re.sub(r"[^A-Za-z0-9]+", "-", name) for name in verdicts["id"]}
    for row in verdicts.itertuples():
        badge, _, rest = text[place[row.id]].partition(row.statement)
        assert rest, row.id
        assert row.verdict in badge
        if row.verdict != "not testable":
            asked = text[place[row.question]]
            assert f"{abs(row.estimate):.2f}" in asked
            assert all(donor in asked for donor in row.donors.split(", "))
