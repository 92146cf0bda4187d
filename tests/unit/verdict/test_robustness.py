"""Robustness arms: what changes a verdict is named, what cannot be asked is not counted."""

import numpy as np
import pandas as pd
import pytest
from leaf_tables import POPULATIONS, cohort, random_cohort
from verdict_cases import CONTRASTS, DONORS, change, hypothesis, score, share

from cd20scope import schema
from cd20scope.abundance import compare, shares
from cd20scope.programs import compare as programs
from cd20scope.stats import changes, pairs
from cd20scope.stats.low_counts import equal_log_odds
from cd20scope.verdict import cautions, decide, ledger, measure, own_arms, robustness
from cd20scope.verdict import table as trust
from cd20scope.verdict.technique import COLUMNS as TECHNIQUE

NOTHING = pd.DataFrame(columns=list(TECHNIQUE))
T_ACT = hypothesis("act", "program", population="Treg", direction="down")
KEY = ("program", "Treg", "Th1", "total", "month6-baseline")


def ask(claims, made, by_arm=(), *, steroid=(), random_sets=(), all_visits=(), min_pairs=6):
    decisions = decide.decide_all(claims, made, min_pairs=min_pairs)
    table = robustness.decide_arms(
        decisions,
        made,
        dict(by_arm),
        steroid=dict(steroid),
        random_sets=dict(random_sets),
        all_visits=dict(all_visits),
        alpha=0.05,
        min_pairs=min_pairs,
    )
    assert tuple(table.columns) == robustness.COLUMNS
    return decisions, table.set_index(["id", "arm"])


def test_leave_one_out_names_the_donor_that_a_verdict_hangs_on():
    values = np.array([0.30, 0.32, 0.28, 0.31, 0.29, 0.30, 0.31, -0.02])
    key = next(iter(share("Treg")))
    base = change()
    made = {key: changes.Change(base.paired, values, base.floor, base.ceiling)}
    _, table = ask([hypothesis("up", margin=1.29)], made)
    row = table.loc[("up", own_arms.LEAVE_ONE_OUT)]
    assert row["holds"] == "no"
    assert row["detail"].startswith(
        "close to the level: 3 of 8 donors change the verdict when left out; D7 moves "
    )
    # seven donors agree on less than the margin, and one lifts the mean beyond it
    lifted = changes.Change(
        base.paired, np.array([0.26, 0.28, 0.24, 0.25, 0.27, 0.26, 0.25, 0.7]), base.floor, base.ceiling
    )
    decisions, table = ask([hypothesis("up", margin=1.34)], {key: lifted})
    assert decisions[0].verdict.verdict == "supported"
    row = table.loc[("up", own_arms.LEAVE_ONE_OUT)]
    assert row["detail"].startswith("rests on D7: without this donor alone the verdict is ")
    _, table = ask([hypothesis("up")], share("Treg"))
    assert table.loc[("up", own_arms.LEAVE_ONE_OUT), "holds"] == "yes"


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


def test_ranks_that_cannot_reach_the_level_are_not_counted():
    claims = [hypothesis(f"P{i}", population=f"P{i}") for i in range(20)]
    made = {}
    for i in range(20):
        made |= share(f"P{i}", estimate=0.6)
    _, table = ask(claims, made)
    row = table.loc[("P0", own_arms.RANKS)]  # 8 pairs reach 2 / 2^8 = 0.0078, twenty tests ask for 0.0025
    assert row["holds"] == ""
    assert "ranks of 8 pairs reach p = 0.0078 at best" in row["detail"]
    _, table = ask([hypothesis("up")], share("Treg"))
    assert table.loc[("up", own_arms.RANKS), "holds"] == "yes"


def steroids(values):
    paired = pairs.Pairs(DONORS)
    return {("Treg", "month6-baseline"): changes.Change.unlimited(paired, np.asarray(values))}


def confounder(estimate, p):
    row = dict.fromkeys(programs.PROGRAM_COLUMNS, np.nan) | {
        "population": "Treg",
        "program": "Glucocorticoid",
        "contrast": "month6-baseline",
        "role": "confounder",
        "estimate": estimate,
        "ci_low": estimate - 1,
        "ci_high": estimate + 1,
        "p_value": p,
    }
    return pd.DataFrame([row])


def complete(claims, made, *, steroid, programs_table):
    decisions, table = ask(claims, made, steroid=steroid)
    result = trust.complete(
        decisions,
        table.reset_index(),
        programs_table,
        NOTHING,
        rulers=pd.DataFrame(columns=["differs"]),
        settings=measure.Settings(CONTRASTS, "baseline"),
        steroid="Glucocorticoid",
        alpha=0.05,
    )
    assert tuple(result.columns) == trust.COLUMNS
    return result.set_index("id")


def test_a_change_that_steroids_explain_is_marked():
    rng = np.random.default_rng(5)
    g = 6 + rng.normal(0, 4, 8)
    driven = changes.Change.unlimited(pairs.Pairs(DONORS), -0.3 * g + rng.normal(0, 0.1, 8))
    row = complete([T_ACT], {KEY: driven}, steroid=steroids(g), programs_table=confounder(6.0, 1e-3)).loc[
        "act"
    ]
    assert row["verdict"] == "supported"
    assert row["caution"].startswith(
        "possible steroid effect: the steroid score of the same cells changed by +6.00"
    )
    assert own_arms.ADJUSTED in row["arms_against"]
    assert row["beside"] == "Glucocorticoid +6.00 SD (+5.00 to +7.00)"
    assert row["smallest_effect_high"] > row["smallest_effect_low"] > 0


def test_a_steroid_score_that_moved_alike_in_all_donors_can_tell_nothing():
    g = 6 + np.random.default_rng(5).normal(0, 0.5, 8)
    made = score("Treg", "Th1", estimate=-2.0, se=0.2)
    row = complete([T_ACT], made, steroid=steroids(g), programs_table=confounder(6.0, 1e-6)).loc["act"]
    assert row["verdict"] == "supported"
    assert row["caution"].startswith(
        f"possible steroid effect: the steroid score of the same cells changed by {g.mean():+.2f}"
    )
    assert own_arms.ADJUSTED not in row["arms_against"]
    assert row["arms_asked"] == 2  # without a donor, and ranks


def test_a_change_beside_steroids_that_did_not_move_is_not_marked():
    rng = np.random.default_rng(6)
    g = rng.normal(0, 0.5, 8)
    made = score("Treg", "Th1", estimate=-2.0, se=0.2)
    row = complete([T_ACT], made, steroid=steroids(g - g.mean()), programs_table=confounder(0.0, 0.9)).loc[
        "act"
    ]
    assert (row["verdict"], row["caution"]) == ("supported", "")
    assert own_arms.ADJUSTED not in row["arms_against"]


def test_a_subset_goes_by_the_steroid_score_of_its_population():
    claim = T_ACT | {"population": "Treg / naive"}
    made = {("program", "Treg / naive", "Th1", "total", "month6-baseline"): change(-2.0, 0.2)}
    _, table = ask([claim], made, steroid=steroids(np.linspace(-1, 1, 8)))
    assert table.loc[("act", own_arms.ADJUSTED), "holds"] == "yes"
    few = changes.Change.unlimited(pairs.Pairs(DONORS[:2]), np.ones(2))
    _, table = ask([claim], made, steroid={("Treg", "month6-baseline"): few})
    assert table.loc[("act", own_arms.ADJUSTED), ["holds", "detail"]].tolist() == [
        "",
        "2 of the pairs have a steroid score, 6 needed",
    ]


def test_random_gene_sets_that_change_as_clearly_are_said():
    made = score("Treg", "Th1", estimate=-2.0, se=0.2)
    for p, holds in ((0.4, "no"), (0.002, "yes")):
        decisions, table = ask([T_ACT], made, random_sets={("Treg", "Th1", "month6-baseline"): p})
        assert table.loc[("act", own_arms.RANDOM_SETS), "holds"] == holds
        empty = pd.DataFrame(columns=list(programs.PROGRAM_COLUMNS))
        told = cautions.format_cautions(
            decisions,
            table.reset_index(),
            empty,
            NOTHING,
            rulers=pd.DataFrame(columns=["differs"]),
            steroid="Glucocorticoid",
            alpha=0.05,
        )
        assert ("random gene sets" in told["act"]) == (holds == "no")


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


def test_random_gene_sets_say_nothing_against_no_change():
    claim = T_ACT | {"direction": "none", "id": "same"}
    p_random = {("Treg", "Th1", "month6-baseline"): 0.6}
    decisions, table = ask([claim], score("Treg", "Th1", estimate=0.0, se=0.05), random_sets=p_random)
    assert decisions[0].verdict.verdict == "supported"
    assert ("same", own_arms.RANDOM_SETS) not in table.index
    decisions, table = ask([claim], score("Treg", "Th1", estimate=2.0, se=0.2), random_sets=p_random)
    assert decisions[0].verdict.verdict == "contradicted"
    assert table.loc[("same", own_arms.RANDOM_SETS), "holds"] == "no"


def test_two_pairs_are_too_few_to_adjust():
    _, table = ask(
        [hypothesis("up")], share("Treg", n=2), steroid=steroids(np.linspace(-1, 1, 8)), min_pairs=2
    )
    assert table.loc[("up", own_arms.ADJUSTED), ["holds", "detail"]].tolist() == [
        "",
        "2 of the pairs have a steroid score, 3 needed",
    ]


def test_ranks_need_two_sides_to_contradict():
    # eight pairs reach 1 / 256 on one side and 1 / 128 on two; twelve tests ask for 0.05 / 12 first
    kind = {"strength": "strong", "margin": 1.2}
    claims = [hypothesis(f"P{i}", population=f"P{i}", **kind) for i in range(12)]
    made = {}
    for i in range(12):
        made |= share(f"P{i}", estimate=0.8 if i else -0.8, se=0.5 if i else 0.05)
    decisions, table = ask(claims, made)
    assert decisions[0].verdict.verdict == "contradicted"
    assert 1 / 256 < decisions[0].level < 1 / 128
    assert table.loc[("P0", own_arms.RANKS), "holds"] == ""
    assert "reach p = 0.0078 at best" in table.loc[("P0", own_arms.RANKS), "detail"]


def test_ranks_cannot_exclude_a_change_at_the_level_of_all_questions():
    # eight pairs reach 1 / 256 on one side; "not supported" over twenty questions asks for 0.05 / 20 first
    claims = [hypothesis(f"P{i}", population=f"P{i}") for i in range(20)]
    made = {}
    for i in range(20):
        made |= share(f"P{i}", estimate=0.8 if i else -0.01, se=0.05 if i else 0.02)
    decisions, table = ask(claims, made)
    assert decisions[0].verdict.verdict == "not supported"
    assert decisions[0].level == pytest.approx(0.05)
    assert decisions[0].decided_at == pytest.approx(0.0025)
    assert table.loc[("P0", own_arms.RANKS), "holds"] == ""


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
