"""The claim "B cells first, T cells later": its four parts on the donors with all visits."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from verdict_cases import CONTRASTS, DONORS, decided, hypothesis

from cd20scope.abundance import compare
from cd20scope.abundance.log_odds import log_odds
from cd20scope.programs import scores
from cd20scope.verdict import decide, measure, parts

BIPHASIC = hypothesis(
    "waves",
    "biphasic",
    population="CD4 memory",
    contrast="month6-baseline",
    direction="down",
    depletion={
        "population": "B cells",
        "denominator": "PBMC",
        "first": "week2-baseline",
        "fall": 5,
    },
)


def waves(*, b_first=-3.0, b_last=-3.0, early=0.0, late=-1.5, noise=0.2, depth=20_000, seed=0, absent=()):
    """Tables of a cohort in which B cells and a CD4 memory programme move as told."""
    rng = np.random.default_rng(seed)
    visits = ("baseline", "week2", "month6")
    y = -2 + np.array([0, b_first, b_last]) + rng.normal(0, noise, (8, 3))
    x = np.rint(depth / (1 + np.exp(-y))).astype(int)
    level = np.array([0, early, late]) + rng.normal(0, 1, (8, 1)) + rng.normal(0, noise, (8, 3))
    keys = [(i, j) for i in range(8) for j in range(3) if (i, j) not in absent]
    common = {
        "sample": "",
        "donor": [DONORS[i] for i, _ in keys],
        "visit": [visits[j] for _, j in keys],
    }
    cells = np.array([x[key] for key in keys])
    donors = pd.DataFrame(
        common
        | {"population": "B cells", "denominator": "PBMC", "n_cells": cells, "n_denominator": depth}
        | {"fraction": cells / depth, "fraction_upper": 1.0, "logit": log_odds(cells, depth)}
        | {"unusable": ""}
    )
    scored = pd.DataFrame(
        common
        | {
            "population": "CD4 memory",
            "program": "Th1",
            "score": [level[key] for key in keys],
            "n_cells": 100,
            "unusable": "",
        }
        | {"n_genes": 5, "coverage": 1.0, "role": "endpoint"}
    )
    parts = pd.DataFrame(columns=list(scores.PART_COLUMNS))
    return {"donors": donors, "scores": scored, "parts": parts}


def judge(claims, **tables):
    settings = measure.Settings(CONTRASTS, "baseline")
    made = measure.measure_needed(claims, **tables, settings=settings)
    return decided(claims, made).set_index("id")


@pytest.mark.parametrize(
    ("change", "expected", "reason"),
    [
        ({}, "supported", "all four parts hold"),
        ({"late": 1.5}, "contradicted", "the programme moved the other way"),
        ({"b_first": 1.0}, "contradicted", "the cells grew"),
        ({"late": 0.0}, "not supported", "the programme did not change by the margin"),
        ({"b_first": -0.7}, "not supported", "by the first visit the cells had not fallen by the margin"),
        ({"early": -1.4}, "not supported", "most of the change came by the first visit"),
        ({"b_last": 0.0}, "not supported", "at the last visit the cells are no longer below by the margin"),
        (
            {"b_first": -1.65, "noise": 0.3},
            "inconclusive",
            "not shown at level 0.05: by the first visit the cells have fallen by at least 80 %",
        ),
        ({"late": -0.3}, "inconclusive", "more of the change came after the first visit than by it"),
        (
            {"depth": 110, "noise": 0.5},
            "inconclusive",
            "not shown at level 0.05: by the first visit the cells have fallen by at least 80 %",
        ),
    ],
)
def test_biphasic_verdicts(change, expected, reason):
    row = judge([BIPHASIC], **waves(**change)).loc["waves"]
    assert row["verdict"] == expected
    assert reason in row["reason"]


def test_deeper_samples_of_vanished_cells_fall_no_further_than_they_can_show():
    made = waves()
    donors = made["donors"]
    gone = donors["visit"] != "baseline"
    donors.loc[gone, "n_cells"] = 0
    donors.loc[donors["visit"] == "month6", "n_denominator"] *= 4
    donors.loc[gone, "n_denominator"] += np.arange(gone.sum())
    donors["logit"] = log_odds(donors["n_cells"], donors["n_denominator"])
    assert judge([BIPHASIC], **made).loc["waves", "verdict"] == "supported"


def test_the_biphasic_p_value_is_the_largest_of_four():
    made = waves(noise=0.6)
    row = judge([BIPHASIC], **made).loc["waves"]
    b = made["donors"].set_index(["visit", "donor"])["logit"]
    score = made["scores"].set_index(["visit", "donor"])["score"]
    sd = score["baseline"].std(ddof=1)
    p = [
        stats.ttest_1samp(b["week2"] - b["baseline"], -np.log(5), alternative="less").pvalue,
        stats.ttest_1samp(b["month6"] - b["baseline"], -np.log(5), alternative="less").pvalue,
        stats.ttest_rel(score["month6"], score["baseline"], alternative="less").pvalue,
        stats.ttest_1samp(
            score["month6"] - 2 * score["week2"] + score["baseline"], 0, alternative="less"
        ).pvalue,
    ]
    assert row["p_value"] == pytest.approx(max(p))
    assert row["estimate"] == pytest.approx((score["month6"] - score["baseline"]).mean() / sd)
    assert row["test"].startswith(f"intersection-union of four one-sided paired t (p = {p[0]:.3g}, ")
    assert "B cells: to " in row["effect"]


def test_biphasic_claims_use_donors_with_all_visits():
    row = judge([BIPHASIC], **waves(absent={(0, 0), (1, 1)})).loc["waves"]
    assert row["donors"] == "D2, D3, D4, D5, D6, D7"
    assert row["dropped"] == "D0: no baseline; D1: no week2"
    assert row["verdict"] == "supported"
    few = judge([BIPHASIC], **waves(absent={(0, 0), (1, 1), (2, 2)})).loc["waves"]
    assert few["verdict"] == "not testable"
    assert few["reason"] == "on donors with all visits: 5 complete pairs, 6 needed"


def test_complete_depletion_does_not_make_a_biphasic_claim_untestable():
    made = waves()
    gone = made["donors"]["visit"] != "baseline"
    made["donors"].loc[gone, "n_cells"] = 0
    made["donors"].loc[gone, "n_denominator"] += np.arange(gone.sum())
    made["donors"]["logit"] = log_odds(made["donors"]["n_cells"], made["donors"]["n_denominator"])
    status = compare.compare(made["donors"], contrasts=CONTRASTS).set_index("contrast")["status"]
    assert status["month6-week2"] == "not testable"
    assert judge([BIPHASIC], **made).loc["waves", "verdict"] == "supported"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"contrast": "year1-baseline"}, "no contrast year1-baseline"),
        ({"depletion": BIPHASIC["depletion"] | {"first": "week1-baseline"}}, "no contrast week1-baseline"),
        ({"program": "Th2"}, "the programs step has no row"),
        (
            {"depletion": BIPHASIC["depletion"] | {"denominator": "B lineage"}},
            "the abundance step has no row",
        ),
    ],
)
def test_biphasic_claims_without_their_tables(change, reason):
    row = judge([BIPHASIC | change], **waves()).loc["waves"]
    assert row["verdict"] == "not testable"
    assert reason in row["reason"]


def test_a_biphasic_claim_on_a_programme_that_is_not_estimable():
    made = waves()
    made["scores"]["coverage"] = 0.2
    row = judge([BIPHASIC], **made).loc["waves"]
    assert row["verdict"] == "not testable"
    assert row["reason"].startswith("not estimable: 5 genes of the programme are in every sample (20%")


def test_each_part_has_its_line_in_natural_sign():
    made = waves(early=-1.4, seed=3)
    settings = measure.Settings(CONTRASTS, "baseline")
    decisions = decide.decide_all([BIPHASIC], measure.measure_needed([BIPHASIC], **made, settings=settings))
    table = parts.tabulate_parts(decisions).set_index("part")
    assert list(table["holds"]) == ["yes", "yes", "yes", "no"]
    score = made["scores"].set_index(["visit", "donor"])["score"]
    sd = score["baseline"].std(ddof=1)
    whole = (score["month6"] - score["baseline"]).mean() / sd
    assert table.loc["change", "estimate"] == pytest.approx(whole)
    assert table.loc["later", "estimate"] == pytest.approx(
        (score["month6"] - 2 * score["week2"] + score["baseline"]).mean() / sd
    )
    assert (table.loc[["first", "last"], "limit"] < -np.log(5)).all()
    assert table.loc["change", "limit"] < 0
