"""The claim "B cells first, T cells later": its three parts on the donors with all visits."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from verdict_cases import CONTRASTS, DONORS, decided, hypothesis

from cd20scope.abundance import compare
from cd20scope.abundance.log_odds import log_odds
from cd20scope.programs import scores
from cd20scope.stats import paired_tests
from cd20scope.verdict import measure, rules

BIPHASIC = hypothesis(
    "waves",
    "biphasic",
    population="CD4 memory",
    contrast="month6-week2",
    direction="down",
    depletion={
        "population": "B cells",
        "denominator": "PBMC",
        "first": "week2-baseline",
        "fall": 5,
        "then": "month6-week2",
        "slack": 2,
    },
)


def waves(*, b_first=-3.0, b_then=0.0, late=-1.5, noise=0.2, depth=20_000, seed=0, absent=()):
    """Tables of a cohort in which B cells and a CD4 memory programme move as told."""
    rng = np.random.default_rng(seed)
    visits = ("baseline", "week2", "month6")
    steps = np.cumsum([np.zeros(8), np.full(8, b_first), np.full(8, b_then)], axis=0).T
    y = -2 + steps + rng.normal(0, noise, (8, 3))
    x = np.rint(depth / (1 + np.exp(-y))).astype(int)
    level = np.array([0, 0, late]) + rng.normal(0, 1, (8, 1)) + rng.normal(0, noise, (8, 3))
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
        ({}, "supported", "all three parts hold"),
        ({"late": 1.5}, "contradicted", "the programme moved the other way"),
        ({"b_first": 1.0}, "contradicted", "the population grew"),
        ({"late": 0.0}, "not supported", "excluded at level 0.05: the later programme change"),
        ({"b_first": -0.7}, "not supported", "the fall by the first visit"),
        ({"b_then": -2.0}, "not supported", "excluded at level 0.05: no further fall"),
        (
            {"b_first": -1.65, "noise": 0.3},
            "inconclusive",
            "not shown at level 0.05: the fall by the first visit",
        ),
        ({"late": -0.3}, "inconclusive", "the later change does not reach the margin"),
        (
            {"depth": 110, "noise": 0.5},
            "inconclusive",
            "not shown at level 0.05: the fall by the first visit",
        ),
    ],
)
def test_biphasic_verdicts(change, expected, reason):
    row = judge([BIPHASIC], **waves(**change)).loc["waves"]
    assert row["verdict"] == expected
    assert reason in row["reason"]


def test_deeper_samples_of_vanished_cells_are_no_further_fall():
    made = waves()
    donors = made["donors"]
    gone = donors["visit"] != "baseline"
    donors.loc[gone, "n_cells"] = 0
    donors.loc[donors["visit"] == "month6", "n_denominator"] *= 4
    donors.loc[gone, "n_denominator"] += np.arange(gone.sum())
    donors["logit"] = log_odds(donors["n_cells"], donors["n_denominator"])
    row = judge([BIPHASIC], **made).loc["waves"]
    assert (row["verdict"], row["reason"]) == ("inconclusive", "not shown at level 0.05: no further fall")


def test_the_biphasic_p_value_is_the_largest_of_three():
    made = waves(noise=0.6)
    row = judge([BIPHASIC], **made).loc["waves"]
    b = made["donors"].set_index(["visit", "donor"])["logit"]
    score = made["scores"].set_index(["visit", "donor"])["score"]
    sd = score["baseline"].std(ddof=1)
    p = [
        stats.ttest_1samp(b["week2"] - b["baseline"], -np.log(5), alternative="less").pvalue,
        stats.ttest_1samp(b["month6"] - b["week2"], -np.log(2), alternative="greater").pvalue,
        stats.ttest_1samp(score["month6"] - score["week2"], 0, alternative="less").pvalue,
    ]
    assert row["p_value"] == pytest.approx(max(p))
    assert row["estimate"] == pytest.approx((score["month6"] - score["week2"]).mean() / sd)
    assert row["test"].startswith(f"intersection-union of three one-sided paired t (p = {p[0]:.3g}, ")
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
        ({"contrast": "year1-week2"}, "no contrast year1-week2"),
        ({"depletion": BIPHASIC["depletion"] | {"then": "year1-week2"}}, "no contrast year1-week2"),
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


@pytest.mark.parametrize(
    "change",
    [{"late": 0.0}, {"b_first": -np.log(5)}, {"b_then": -np.log(2)}],
    ids=["no T change", "B fall", "B plateau"],
)
def test_a_biphasic_claim_is_rarely_made_when_one_part_is_false(change):
    """2,000 cohorts of 10 donors at the boundary of one part, the others clearly true; bound 0.05 + 3 SE of 0.0049."""
    rng = np.random.default_rng(11)
    truth = {"b_first": -3.0, "b_then": 0.0, "late": 1.5} | change
    d = {part: rng.normal(mean, 0.35, (2000, 10)) for part, mean in truth.items()}
    claims = [
        rules.Biphasic(
            first=paired_tests.paired_t(d["b_first"][i]),
            first_floor=-9.0,
            then=paired_tests.paired_t(d["b_then"][i]),
            then_floor=-9.0,
            late=paired_tests.paired_t(d["late"][i]),
            fall=5.0,
            slack=2.0,
            delta=0.1,
        )
        for i in range(2000)
    ]
    rate = np.mean([claim.decide(0.05).verdict == "supported" for claim in claims])
    assert rate < 0.065


@pytest.mark.parametrize("first", [False, True], ids=["deeper last", "deeper first"])
def test_claims_of_another_depth_or_plateau_are_other_tests(first):
    deeper = BIPHASIC | {"id": "deeper", "depletion": BIPHASIC["depletion"] | {"fall": 40}}
    flatter = BIPHASIC | {"id": "flatter", "depletion": BIPHASIC["depletion"] | {"slack": 1.01}}
    claims = [BIPHASIC, deeper, flatter]
    result = judge(claims[::-1] if first else claims, **waves())
    assert result["test"].str.contains("Holm over 3 confirmatory tests").all()
    assert result["p_value"].nunique() == 3
    assert (result["p_adjusted"] >= result["p_value"]).all()
    assert result.loc["deeper", "verdict"] != "supported"
    for name in result.index[result["verdict"] == "supported"]:
        assert result.loc[name, "p_value"] <= result.loc[name, "level"]
