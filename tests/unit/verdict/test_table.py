"""The complete table of verdicts, and what a reader is told beside each."""

import numpy as np
import pandas as pd
import pytest
from verdict_cases import CONTRASTS, hypothesis, score, share

from cd20scope.annotate.likelihood import ruler
from cd20scope.programs import compare
from cd20scope.stats.sign_flips import flip_signs
from cd20scope.verdict import cautions, decide, measure, own_arms, robustness
from cd20scope.verdict import table as trust
from cd20scope.verdict.power import smallest_effect_range
from cd20scope.verdict.technique import COLUMNS as TECHNIQUE

NOTHING = pd.DataFrame(columns=list(TECHNIQUE))
STEROID = "Glucocorticoid"
CONTRAST = "month6-baseline"
FALL = hypothesis("fall", "program", direction="down")
FELL = score("Treg", "Th1", estimate=-2.0, se=0.2)


def confounders(*rows):
    """(population, programme, estimate, p) as the table of programmes has them."""
    columns = ["population", "program", "estimate", "p_value"]
    table = pd.DataFrame(rows, columns=columns).reindex(columns=list(compare.PROGRAM_COLUMNS))
    limits = {"ci_low": table["estimate"] - 0.5, "ci_high": table["estimate"] + 0.5}
    return table.assign(role="confounder", contrast=CONTRAST, **limits)


def against(*names, name="fall"):
    """Arms in which a hypothesis does not hold."""
    said = [f"{arm} is against it; more" for arm in names]
    table = pd.DataFrame({"id": name, "arm": names, "holds": "no", "detail": said})
    return table.reindex(columns=list(robustness.COLUMNS))


NO_RULERS = pd.DataFrame(columns=list(ruler.VISITS))


def caution(decisions, asked, table, technique=NOTHING, rulers=NO_RULERS):
    return cautions.format_cautions(
        decisions, asked, table, technique, rulers=rulers, steroid=STEROID, alpha=0.05
    )


def test_labels_that_differ_between_visits_are_a_caution_for_their_population_only():
    decisions = decide.decide_all([FALL], FELL)
    row = {"ruler": "Treg", "gene": "FOXP3", "called": "Treg", "contrast": CONTRAST, "difference": -0.21}
    for changed, said in (({}, True), ({"differs": False}, False), ({"ruler": "NK", "called": "NK"}, False)):
        rulers = pd.DataFrame([row | {"differs": True} | changed])
        text = caution(decisions, against(), confounders(), rulers=rulers)["fall"]
        assert ("FOXP3-positive cells that are labelled Treg changed by -21 points" in text) == said


def test_steroids_explain_only_where_the_score_moved_and_the_arm_does_not_hold():
    decisions = decide.decide_all([FALL], FELL)
    moved, still = confounders(("Treg", STEROID, 2.0, 0.01)), confounders(("Treg", STEROID, 0.1, 0.4))
    elsewhere = confounders(("NK", STEROID, 2.0, 0.01))
    explained = caution(decisions, against(own_arms.ADJUSTED), moved)["fall"]
    assert explained.startswith(
        "possible steroid effect: the steroid score of the same cells changed by +2.00"
    )
    assert caution(decisions, against(), moved)["fall"] == ""
    assert caution(decisions, against(own_arms.ADJUSTED), still)["fall"] == ""
    assert caution(decisions, against(own_arms.ADJUSTED), elsewhere)["fall"] == ""
    other = moved.assign(contrast="week2-baseline")
    assert caution(decisions, against(own_arms.ADJUSTED), other)["fall"] == ""


def test_what_was_not_decided_has_no_caution():
    decisions = decide.decide_all([FALL], score("Treg", "Th1", estimate=-0.4, se=0.4))
    assert decisions[0].verdict.verdict == "inconclusive"
    told = caution(
        decisions,
        against(own_arms.ADJUSTED, own_arms.LEAVE_ONE_OUT),
        confounders(("Treg", STEROID, 2.0, 0.01)),
    )
    assert told == {"fall": ""}


def test_what_a_verdict_hangs_on_is_told():
    decisions = decide.decide_all([FALL], FELL)
    table = confounders(("Treg", "Handling stress", -0.6, 0.02), ("Treg", "Naive T", 0.3, 0.3))
    told = caution(decisions, against(own_arms.RANDOM_SETS, own_arms.LEAVE_ONE_OUT), table)["fall"]
    assert told.split("; ") == [
        "Handling stress changed by -0.60 SD in the same cells",
        "random gene sets, matched for size and expression, change as much",
        "leave one donor out is against it",
    ]
    shares = decide.decide_all([hypothesis("fall")], share("Treg"))
    assert caution(shares, against(), table)["fall"] == ""


def test_confounders_of_the_same_cells_stand_beside_in_their_order():
    table = confounders(
        ("Treg", "Cell cycle", 0.4, 0.5),
        ("Treg", "Handling stress", 0.2, 0.5),
        ("Treg", STEROID, -0.1, 0.5),
        ("NK", STEROID, 9.0, 0.5),
    )
    table.loc[0, ["ci_low", "ci_high"]] = np.nan  # described only
    claims = [
        FALL,
        FALL | {"id": "naive", "population": "Treg / naive"},
        FALL | {"id": "DC", "population": "DC"},
    ]
    made = {
        (kind, entry["population"], *rest): FELL[kind, of, *rest]
        for kind, of, *rest in FELL
        for entry in claims
    }
    told = cautions.format_confounders(decide.decide_all(claims, made), table)
    assert told["fall"] == (
        "Glucocorticoid -0.10 SD (-0.60 to +0.40); Handling stress +0.20 SD (-0.30 to +0.70); Cell cycle +0.40 SD"
    )
    assert told["naive"] == told["fall"]
    assert told["DC"] == ""


def complete(claims, made, *, table):
    decisions = decide.decide_all(claims, made)
    asked = robustness.decide_arms(
        decisions, made, {}, steroid={}, random_sets={}, all_visits={}, alpha=0.05, min_pairs=6
    )
    settings = measure.Settings(CONTRASTS, "baseline")
    result = trust.complete(
        decisions, asked, table, NOTHING, rulers=NO_RULERS, settings=settings, steroid=STEROID, alpha=0.05
    )
    assert tuple(result.columns) == trust.COLUMNS
    assert result["id"].tolist() == [claim["id"] for claim in claims]
    return decisions, result.set_index("id")


def test_the_complete_table_is_the_table_of_verdicts_and_more():
    claims = [FALL, hypothesis("few", population="NK"), hypothesis("up")]
    made = FELL | share("NK", n=3) | share("Treg")
    decisions, table = complete(claims, made, table=confounders(("Treg", STEROID, 0.1, 0.5)))
    plain = trust.tabulate(decisions, contrasts=CONTRASTS, alpha=0.05).set_index("id")
    pd.testing.assert_frame_equal(table[plain.columns], plain)
    assert table["arms_asked"].tolist() == [2, pd.NA, 2]
    assert (table["arms_held"].dropna() <= table["arms_asked"].dropna()).all()
    ends = ["smallest_effect_low", "smallest_effect_high"]
    assert table.loc["few", [*ends, "p_exact"]].isna().all()
    assert table.loc["few", ["arms_against", "caution"]].tolist() == ["", ""]
    for one in (decisions[0], decisions[2]):
        expected = smallest_effect_range(one.evidence.claim, level=one.level)
        assert table.loc[one.hypothesis["id"], ends].tolist() == pytest.approx(expected)
        # every donor fell, or rose, alike but for a little: no pattern of signs but the two whole ones is as extreme
        values = made[one.endpoint.needs(one.hypothesis)["main"]].values
        flipped = np.abs(flip_signs(8, limit=256, rng=np.random.default_rng(0)) @ values)
        p = np.mean(flipped >= abs(values.sum()) - 1e-9)
        assert table.loc[one.hypothesis["id"], "p_exact"] == pytest.approx(p)
    assert table.loc["few", "reach"] == ""


def test_a_run_in_which_nothing_can_be_tested_still_has_its_table():
    _, table = complete([hypothesis("few")], share("Treg", n=2), table=confounders())
    assert table.loc["few", "verdict"] == "not testable"
    assert table[["arms_held", "arms_asked", "smallest_effect_low"]].isna().all(axis=None)


PLACES = {"up": "Treg", "open": "NK", "few": "DC"}
"""Population of each claim on shares."""


def test_technique_that_can_fake_a_tested_claim_is_named_beside_it():
    claims = [FALL, *(hypothesis(name, population=where) for name, where in PLACES.items())]
    made = FELL | share("Treg") | share("NK", estimate=0.1, se=0.3) | share("DC", n=2)
    decisions = decide.decide_all(claims, made)
    verdicts = {one.hypothesis["id"]: one.verdict.verdict for one in decisions}
    assert (verdicts["up"], verdicts["open"], verdicts["few"]) == (
        "supported",
        "inconclusive",
        "not testable",
    )
    said = "month6 has 3 points more ambient RNA than baseline (8 of 8 donors)"
    row = {"contrast": CONTRAST, "quantity": "ambient_share", "moved": "yes", "statement": said}
    technique = pd.DataFrame([row]).reindex(columns=list(TECHNIQUE))
    told = caution(decisions, against(), confounders(), technique)
    assert told == {"fall": said, "up": "", "open": "", "few": ""}  # ambient RNA moves no share
    deeper = technique.assign(quantity="depth")
    told = caution(decisions, against(), confounders(), deeper)
    assert told == {"fall": said, "up": said, "open": said, "few": ""}
