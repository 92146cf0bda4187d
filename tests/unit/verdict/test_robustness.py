"""Robustness arms: what changes a verdict is named, what cannot be asked is not counted."""

import numpy as np
import pandas as pd
import pytest
from arm_cases import KEY, T_ACT, ask
from leaf_tables import POPULATIONS, cohort, random_cohort
from verdict_cases import CONTRASTS, hypothesis, score, share

from cd20scope import schema
from cd20scope.abundance import compare, shares
from cd20scope.stats.low_counts import equal_log_odds
from cd20scope.verdict import decide, ledger, measure, own_arms, robustness


def test_an_arm_with_another_answer_does_not_hold_and_is_named():
    other = {"stricter labels": share("Treg", estimate=0.0), "likeliest label": share("Treg", estimate=0.31)}
    decisions, table = ask([hypothesis("up")], share("Treg"), other)
    assert table.loc[("up", "stricter labels"), ["holds", "verdict"]].tolist() == ["no", "inconclusive"]
    assert table.loc[("up", "likeliest label"), "holds"] == "yes"
    counted = robustness.count_arms(table.reset_index()).loc["up"]
    assert counted["arms_against"] == "stricter labels"
    assert (counted["arms_held"], counted["arms_asked"]) == (3, 4)
    assert decisions[0].verdict.verdict == "supported"


def test_an_arm_asks_at_the_level_that_decided():
    claims = [hypothesis(f"P{i}", population=f"P{i}") for i in range(6)]
    made = {}
    for i in range(6):
        made |= share(f"P{i}", estimate=0.6)
    weaker = {"stricter labels": share("P0", estimate=0.3, se=0.115)}  # supported at 0.05, not at 0.05 / 6
    _, table = ask(claims, made, weaker)
    assert table.loc[("P0", "stricter labels"), "holds"] == "no"


def test_an_arm_that_cannot_be_asked_is_not_counted():
    few = {"stricter labels": share("Treg", n=4)}
    _, table = ask([hypothesis("up")], share("Treg"), few)
    row = table.loc[("up", "stricter labels")]
    assert (row["holds"], row["detail"]) == ("", "4 complete pairs, 6 needed")
    counted = robustness.count_arms(table.reset_index()).loc["up"]
    assert counted["arms_asked"] == 2
    untested, table = ask([hypothesis("up")], share("Treg", n=4))
    assert table.empty
    assert untested[0].verdict.verdict == "not testable"


def test_arms_are_measured_from_their_own_tables():
    sheet, leaves = cohort(random_cohort(8, seed=2))
    claim = hypothesis("b", population="B naive", contrast="week2-baseline", other_denominators=["CD4 T"])
    shared = {"sheet": sheet, "populations": POPULATIONS}
    fewer = leaves[leaves["population"] == "NK"].assign(arm="strict", n_cells=-50)
    table = shares.arm_table(
        leaves, fewer, **shared, tests=[("B naive", "PBMC")], others=[("B naive", "CD4 T")]
    )
    assert set(table["arm"]) == {"strict", "calls", "denominator"}
    settings = measure.Settings([("week2", "baseline")], "baseline")
    scores = pd.DataFrame(columns=["arm", "population", "program"])
    key = ("abundance", "B naive", "PBMC", "week2-baseline")
    donors = shares.donor_table(leaves, **shared, tests=[("B naive", "PBMC"), ("B naive", "CD4 T")])
    found = robustness.measure_arms(
        [claim],
        tables={"donors": donors},
        arms={"donors": table, "scores": scores, "parts": scores},
        settings=settings,
    )
    counts = donors[donors["denominator"] == "PBMC"].set_index(["visit", "donor"])
    x, n = (
        np.column_stack([counts.loc[visit, name] for visit in ("baseline", "week2")])
        for name in ("n_cells", "n_denominator")
    )
    equal = found[robustness.EQUAL_CELLS][key].values
    assert equal == pytest.approx(np.diff(equal_log_odds(x, n), axis=1)[:, 0])
    plain = (counts.loc["week2", "logit"] - counts.loc["baseline", "logit"]).to_numpy()
    assert np.abs(equal - plain).max() > 1e-4
    reference = donors[donors["denominator"] == "CD4 T"]
    assert found["denominator CD4 T"][key].values == pytest.approx(
        compare.measure_change(reference, contrast=("week2", "baseline")).values
    )
    strict = table[table["arm"] == "strict"]
    assert (
        strict["n_denominator"].to_numpy() == donors["n_denominator"].to_numpy()[: len(strict)] - 50
    ).all()
    assert found["stricter labels"][key].values != pytest.approx(
        found["called cells, not sums of probabilities"][key].values
    )
    # nothing was tabulated for this arm, so there is nothing other there
    assert found["without CD20+ T cells"] == {}


def test_the_ledger_has_every_donor_and_why_it_does_not_enter():
    claims = [hypothesis("up"), hypothesis("few", population="NK")]
    made = share("Treg") | share("NK", n=3)
    decisions = decide.decide_all(claims, made)
    table = ledger.tabulate_ledger(decisions, made)
    assert tuple(table.columns) == ledger.COLUMNS
    up = table[table["id"] == "up"].set_index("donor")
    assert len(up) == 9
    assert up.loc["D9", ["enters", "reason"]].tolist() == ["no", "no month6"]
    assert up.loc["D0", ["enters", "reason", "unit"]].tolist() == ["yes", "", "log odds"]
    assert up["change"].mean() == pytest.approx(0.3)
    few = table[table["id"] == "few"].set_index("donor")
    assert few["enters"].unique().tolist() == ["no"]
    assert few.loc["D0", "reason"] == "3 complete pairs, 6 needed"


def test_an_arm_of_one_part_leaves_the_other_parts_of_a_biphasic_claim():
    first, last = "week2-baseline", "month6-baseline"
    depletion = {
        "population": "B cells",
        "denominator": "PBMC",
        "first": first,
        "fall": 5,
    }
    claim = T_ACT | {"id": "waves", "endpoint": "biphasic", "contrast": last, "depletion": depletion}
    made = share("B cells", first, estimate=-3.0) | share("B cells", last, estimate=-3.0)
    made |= score("Treg", "Th1", first, estimate=0.0, se=0.03) | score(
        "Treg", "Th1", last, estimate=-1.5, se=0.2
    )
    other = {
        "soup": score("Treg", "Th1", last, estimate=0.0, se=0.1),
        "deep": share("B cells", last, estimate=-0.5),
    }
    decisions, table = ask([claim], made, other)
    assert decisions[0].verdict.verdict == "supported"
    assert table.loc["waves"].loc[["soup", "deep"], "verdict"].tolist() == ["not supported"] * 2
    assert "the programme did not change by the margin" in table.loc[("waves", "soup"), "detail"]
    assert (
        "at the last visit the cells are no longer below by the margin"
        in table.loc[("waves", "deep"), "detail"]
    )


def test_all_visits_count_donors_who_left():
    sheet, leaves = cohort(random_cohort(8, seed=2))
    table = shares.donor_table(leaves, sheet=sheet, populations=POPULATIONS, tests=[("B naive", "PBMC")])
    table = table[~((table["donor"] == "D7") & (table["visit"] == "week2"))]
    claim = hypothesis("b", population="B naive", contrast="week2-baseline", direction="down")
    settings = measure.Settings([("week2", "baseline")], "baseline")
    none = pd.DataFrame(columns=["population", "program"])
    made = measure.measure_needed([claim], donors=table, scores=none, parts=none, settings=settings)
    fits = measure.measure_all_visits([claim], donors=table, scores=none, settings=settings, min_pairs=6)
    (fit,) = fits.values()
    assert (fit.t.n, fit.n_complete, fit.dropout) == (8, 7, "D7: no week2")
    decisions, asked = ask([claim], made, all_visits=fits)
    row = asked.loc[("b", own_arms.ALL_VISITS)]
    assert row["estimate"] == pytest.approx(fit.t.estimate)
    assert row["p_value"] == pytest.approx(fit.t.p_value)
    assert row["detail"] == "8 donors, 7 with both visits; without one visit: D7: no week2"
    assert (row["holds"], decisions[0].verdict.verdict) == ("yes", "supported")
    few = measure.measure_all_visits([claim], donors=table, scores=none, settings=settings, min_pairs=8)
    shallow = table.assign(
        unusable=np.where((table["donor"] == "D3") & (table["visit"] == "week2"), schema.TOO_SHALLOW, "")
    )
    without = measure.measure_all_visits([claim], donors=shallow, scores=none, settings=settings, min_pairs=6)
    assert [fit.n_complete for fit in without.values()] == [6]
    _, asked = ask([claim], made, all_visits=few)
    assert asked.loc[("b", own_arms.ALL_VISITS), ["holds", "detail"]].tolist() == [
        "",
        "7 donors with week2 and baseline, 8 needed",
    ]


def test_a_score_by_all_visits_is_in_baseline_sds():
    rng = np.random.default_rng(3)
    visits = ("baseline", "week2", "month6")
    scores = pd.DataFrame(
        [(f"D{i}", visit) for i in range(8) for visit in visits], columns=["donor", "visit"]
    )
    scores = scores.assign(
        population="Treg", program="Th1", n_cells=100, coverage=1.0, n_genes=5, unusable=""
    )
    scores["score"] = 0.2 * rng.normal(size=24) + np.where(scores["visit"] == "month6", -1.0, 0.0)
    none = pd.DataFrame(columns=["population", "program", "denominator"])
    settings = measure.Settings(CONTRASTS, "baseline")
    fits = measure.measure_all_visits([T_ACT], donors=none, scores=scores, settings=settings, min_pairs=6)
    made = measure.measure_needed([T_ACT], donors=none, scores=scores, parts=none, settings=settings)
    # with all visits of all donors the estimate is that of the pairs
    assert fits[KEY].t.estimate == pytest.approx(made[KEY].values.mean())
    split = T_ACT | {"component": "within"}
    assert (
        measure.measure_all_visits([split], donors=none, scores=scores, settings=settings, min_pairs=6) == {}
    )
