"""The outcome beside each question: planted associations are found, words stay careful, few donors are told."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from verdict_cases import hypothesis

from cd20scope.stats.changes import Change
from cd20scope.stats.pairs import Pairs
from cd20scope.verdict import outcome

KEY = ("abundance", "Treg", "PBMC", "month6-baseline")
NAMES = [f"D{i:02d}" for i in range(12)]


def change(values, names=NAMES):
    return {KEY: Change.unlimited(Pairs(tuple(names[: len(values)])), np.asarray(values, dtype=float))}


def left(ratios, names=NAMES):
    return pd.DataFrame(
        [
            ("B cells", visit, donor, ratio)
            for visit in ("week2", "month6")
            for donor, ratio in zip(names, ratios, strict=True)
        ],
        columns=["population", "visit", "donor", "ratio"],
    )


def related(values, outcomes, ratios=None, claims=None):
    ratios = np.linspace(0.02, 0.4, len(values)) if ratios is None else ratios
    table = outcome.relate_outcome(
        claims or [hypothesis("up")],
        change(values),
        left(ratios, NAMES[: len(ratios)]),
        pd.Series(outcomes, index=NAMES[: len(outcomes)]),
        population="B cells",
    )
    return table.set_index("id")


def test_an_outcome_that_follows_the_change_is_associated():
    rng = np.random.default_rng(1)
    values = rng.normal(size=12)
    table = related(values, values * 3 + rng.normal(0, 0.3, 12))
    row = table.loc["up"]
    assert row["status"] == "tested"
    assert row["association"] == pytest.approx(stats.spearmanr(values, values * 3).statistic, abs=0.2)
    assert row["p_adjusted"] < 0.05
    assert "associated (exploratory; an association is no cause)" in row["statement"]


def test_two_levels_are_compared_by_their_names():
    values = np.r_[np.linspace(0, 1, 6), np.linspace(2, 3, 6)]
    row = related(values, ["no relapse"] * 6 + ["relapse"] * 6).loc["up"]
    assert row["association"] == 1.0
    assert row["outcome"] == "relapse against no relapse"
    assert row["p_value"] == pytest.approx(stats.mannwhitneyu(values[6:], values[:6]).pvalue)


def test_the_b_cells_that_are_left_are_asked_at_every_visit():
    ratios = np.linspace(0.01, 0.6, 12)
    table = related(np.random.default_rng(2).normal(size=12), ratios**2, ratios=ratios)
    for visit in ("week2", "month6"):
        assert table.loc[f"B cells left at {visit}", "association"] == pytest.approx(1)


def test_false_discoveries_are_corrected_over_all_rows():
    rng = np.random.default_rng(3)
    table = related(rng.normal(size=12), rng.normal(size=12), ratios=rng.uniform(0.01, 0.5, 12))
    expected = stats.false_discovery_control(table["p_value"].to_numpy(dtype=float))
    assert table["p_adjusted"].to_numpy(dtype=float) == pytest.approx(expected)
    assert table.loc["up", "statement"].count("no association shown; 12 donors show one from 0.58 on") == 1


def test_one_row_a_question_and_none_without_an_outcome():
    claims = [hypothesis("up"), hypothesis("down", question="up", direction="down")]
    assert related(np.arange(8.0), np.arange(8.0), claims=claims).index.tolist()[0] == "up"
    again = [*claims, hypothesis("twin", question="twin")]
    assert "twin" not in related(np.arange(8.0), np.arange(8.0), claims=again).index
    assert "down" not in related(np.arange(8.0), np.arange(8.0), claims=claims).index
    nothing = outcome.relate_outcome(
        claims, change(np.arange(8.0)), left([0.1], NAMES[:1]), pd.Series(dtype=float), population="B cells"
    )
    assert nothing.empty
    assert tuple(nothing.columns) == outcome.COLUMNS


@pytest.mark.parametrize(
    ("values", "outcomes", "said"),
    [
        ([1.0, 2, 3], [1.0, 2, 3], "3 donors with a change and an outcome, 4 needed"),
        ([1.0, 2, 3, 4], [1.0, 2, 3, 5], "4 donors can show no association at level 0.05"),
        ([1.0, 2, 3, 4, 5], [1.0, 1, 1, 1, 1], "the outcome is the same in all 5 donors"),
        ([1.0, 2, 3, 4, 5], ["a", "a", "a", "a", "b"], "fewer than two donors with a change are a or are b"),
    ],
)
def test_what_cannot_be_asked_says_why(values, outcomes, said):
    row = related(values, outcomes).loc["up"]
    assert row["status"] == "not testable"
    assert said in row["statement"]
    assert np.isnan(row["p_value"])


def test_donors_without_an_outcome_do_not_enter():
    row = related(np.arange(12.0), np.arange(7.0)).loc["up"]
    assert row["n"] == 7
    assert row["donors"] == ", ".join(NAMES[:7])
