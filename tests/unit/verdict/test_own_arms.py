"""Arms made of a claim's own values: without a donor, by ranks, beside steroids, against random genes."""

import numpy as np
import pandas as pd
import pytest
from arm_cases import KEY, T_ACT, ask
from verdict_cases import CONTRASTS, DONORS, change, hypothesis, score, share

from cd20scope.programs import compare as programs
from cd20scope.stats import changes, pairs
from cd20scope.verdict import cautions, measure, own_arms
from cd20scope.verdict import table as trust
from cd20scope.verdict.technique import COLUMNS as TECHNIQUE

NOTHING = pd.DataFrame(columns=list(TECHNIQUE))


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
