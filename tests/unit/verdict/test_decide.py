"""One row per hypothesis, judged from hand-made changes; its test, its family and its words."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from verdict_cases import CONTRASTS, DONORS, change, decided, hypothesis, score, share

from cd20scope import schema
from cd20scope.abundance.log_odds import log_odds
from cd20scope.stats import paired_tests
from cd20scope.study.families import Family
from cd20scope.verdict import measure, table
from cd20scope.verdict.attenuation import attenuated
from cd20scope.verdict.decide import decide_all
from cd20scope.verdict.endpoints.abundance import format_odds


def judge(hypotheses, changes, *, contrasts=CONTRASTS, **options):
    result = decided(hypotheses, changes, contrasts=contrasts, **options)
    assert result["id"].tolist() == [entry["id"] for entry in hypotheses]
    assert result["verdict"].isin(schema.VERDICTS).all()
    return result.set_index("id")


def test_a_supported_share_with_everything_it_rests_on():
    row = judge([hypothesis("up", note="watch out")], share("Treg")).loc["up"]
    assert row["verdict"] == "supported"
    assert row["n_pairs"] == 8
    assert row["estimate"] == pytest.approx(0.3)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(paired_tests.PairedT(8, 0.3, 0.1, 7).interval())
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(3, 7))
    assert row["p_adjusted"] == row["p_value"]
    assert row["level"] == 0.05
    assert row["donors"] == "D0, D1, D2, D3, D4, D5, D6, D7"
    assert row["dropped"] == "D9: no month6"
    assert row["note"] == "watch out"
    assert row["effect"] == "Treg: to 135 % of baseline odds (95 % CI 107 to 171)"
    assert row["test"] == (
        "paired t of the log odds, two-sided against no change; Holm over 1 confirmatory questions, level 0.05"
    )
    columns = judge([hypothesis("up")], share("Treg")).reset_index().columns
    assert tuple(columns) == table.DECISION_COLUMNS
    assert tuple(columns[: len(schema.VERDICT_COLUMNS)]) == schema.VERDICT_COLUMNS


def test_a_programme_in_baseline_sds():
    part = score("Treg", "Th1", component="within")
    result = judge(
        [hypothesis("fall", "program", direction="down"), hypothesis("part", "program", component="within")],
        score("Treg", "Th1", estimate=-1.3, se=0.2) | part,
    )
    assert result.loc["fall", "verdict"] == "supported"
    assert result.loc["fall", "effect"] == "Th1 in Treg: -1.30 baseline SD (95 % CI -1.77 to -0.83)"
    assert result["component"].tolist() == ["total", "within"]
    assert result.loc["part", "effect"].startswith("Th1 (within) in Treg: +0.30")


def test_opposed_claims_share_one_test_and_at_most_one_is_supported():
    pair = [hypothesis("up"), hypothesis("down", direction="down", question="up")]
    result = judge([*pair, hypothesis("other", population="NK")], share("Treg") | share("NK"))
    assert result["verdict"].tolist() == ["supported", "contradicted", "supported"]
    assert result.loc["up", "p_value"] == result.loc["down", "p_value"]
    assert result.loc["up", "level"] == result.loc["down", "level"]
    # Three claims, two questions: the smaller p-value is judged at 0.05 / 2, the other at 0.05.
    assert sorted(result["level"].unique()) == pytest.approx([0.025, 0.05])
    assert result["test"].str.contains("Holm over 2 confirmatory questions").all()


def test_a_claim_of_no_change_shares_the_question_of_the_claim_of_a_change():
    same = hypothesis("same", direction="none", question="up")
    result = judge([hypothesis("up"), same], share("Treg", estimate=0.01, se=0.03))
    assert result["verdict"].tolist() == ["not supported", "supported"]
    assert "two one-sided paired t of the log odds against the margin" in result.loc["same", "test"]
    assert result["test"].str.contains("Holm over 1 confirmatory questions").all()
    assert judge([same], share("Treg"))["verdict"].tolist() == ["contradicted"]
    # alone, a claim of no change gives its question its p-value; beside a claim of a change, that does
    alone = judge([same | {"family": "exploratory"}], share("Treg", estimate=0.01, se=0.03))
    assert alone.loc["same", "p_adjusted"] == alone.loc["same", "p_value"]
    assert (result["p_adjusted"] == result.loc["up", "p_value"]).all()


def crowd(n, **of):
    return {key: made for i in range(n) for key, made in share(f"P{i}", **of).items()}


def test_not_supported_and_no_change_are_judged_over_all_confirmatory_questions():
    """Nine questions: what each alone excludes at .05 is not excluded at .05 / 9, for either claim of the question."""
    near = share("Treg", estimate=0.08, se=0.035)  # p = .012 against the margin of 20 %
    pair = [hypothesis("up"), hypothesis("same", direction="none", question="up")]
    assert judge(pair, near)["verdict"].tolist() == ["not supported", "supported"]
    others = [hypothesis(f"P{i}", population=f"P{i}") for i in range(8)]
    result = judge([*pair, *others], near | crowd(8, estimate=1.0, se=0.05))
    assert result.loc["up", "level"] == 0.05
    assert result.loc[["up", "same"], "level_same"].tolist() == pytest.approx([0.05 / 9] * 2)
    assert result.loc["same", "level"] == pytest.approx(0.05 / 9)
    assert result.loc[["up", "same"], "verdict"].tolist() == ["inconclusive"] * 2
    assert "for this question alone, but not over all questions" in result.loc["up", "reason"]


def test_families_of_a_catalogue_are_those_that_decide():
    made = share("Treg", se=0.12) | share("NK", estimate=1.0, se=0.1)  # p = .04
    claims = [hypothesis("a", stage="one"), hypothesis("b", population="NK", stage="two")]
    levels = {}
    for name, passes in (("alone", {}), ("passed", {"one": 1.0})):
        families = (Family("two", 0.5, passes), Family("one", 0.5))
        levels[name] = [one.level for one in decide_all(claims, made, families=families)]
    assert levels["alone"] == pytest.approx([0.025, 0.025])
    assert levels["passed"] == pytest.approx([0.05, 0.025])


def test_what_the_labels_attenuate_is_not_told_unchanged():
    rulers = pd.DataFrame(
        [("Treg", "FOXP3", "all", 0.62, "told with attenuation"), ("NK", "KLRF1", "all", 0.9, "told")],
        columns=["ruler", "gene", "visit", "sensitivity", "told"],
    )
    visits = pd.DataFrame({"ruler": ["Treg", "NK"], "called": ["Treg", "NK"]})
    why = attenuated(rulers, visits)
    assert set(why) == {"Treg"}
    made = share("Treg", estimate=0.01, se=0.03) | share("NK", estimate=0.01, se=0.03)
    claims = [
        hypothesis(f"{way}-{name}", population=name, direction=way, question=name)
        for name in ("Treg", "NK")
        for way in ("up", "none")
    ]
    told = [one.verdict.verdict for one in decide_all(claims, made, attenuation=why)]
    assert told == ["inconclusive", "inconclusive", "not supported", "supported"]
    said = decide_all(claims, made, attenuation=why)[0].verdict.reason
    assert "62 % of the FOXP3-positive cells (told with attenuation)" in said
    # attenuation hides changes; it makes none, so a change of Treg is still supported
    grown = share("Treg", estimate=0.5, se=0.1) | share("NK")
    assert decide_all(claims, grown, attenuation=why)[0].verdict.verdict == "supported"


def test_a_ruler_speaks_for_all_that_it_is_of():
    rulers = pd.DataFrame(
        [("CD8 T", "CD8B", "all", 0.2, "not told at this depth"), ("CD8 T", "CD8B", "week2", 0.2, "told")],
        columns=["ruler", "gene", "visit", "sensitivity", "told"],
    )
    visits = pd.DataFrame({"ruler": ["CD8 T"], "called": ["CD8 naive,CD8 memory"]})
    assert set(attenuated(rulers, visits)) == {"CD8 T", "CD8 naive", "CD8 memory"}
    assert attenuated(rulers.iloc[:0], visits.iloc[:0]) == {}


def test_correction_can_cost_support():
    changes = {}
    for i in range(6):
        changes |= share(f"P{i}", estimate=0.3, se=0.115)
    claims = [hypothesis(f"P{i}", population=f"P{i}") for i in range(6)]
    assert judge(claims[:1], changes)["verdict"].tolist() == ["supported"]
    result = judge(claims, changes)
    assert set(result["verdict"]) == {"inconclusive"}
    assert result["p_adjusted"].tolist() == pytest.approx([6 * result["p_value"].iloc[0]] * 6)


def test_exploratory_claims_are_judged_at_the_level_of_their_false_discovery_rate():
    changes = share("Treg", se=0.09) | share("NK", se=0.11) | share("DC", estimate=0.0)
    claims = [hypothesis(name, population=name, family="exploratory") for name in ("Treg", "NK", "DC")]
    result = judge([*claims, hypothesis("sure", population="NK")], changes)
    q = stats.false_discovery_control(result["p_value"].iloc[:3])
    assert result["p_adjusted"].iloc[:3].tolist() == pytest.approx(q.tolist())
    assert result["level"].tolist() == pytest.approx([0.1 / 3] * 3 + [0.05])
    assert result["verdict"].tolist()[:2] == ["supported"] * 2
    assert "Benjamini-Hochberg over 3 exploratory questions, level 0.0333" in result.loc["Treg", "test"]
    assert "Holm over 1 confirmatory" in result.loc["sure", "test"]
    # alone each would pass at 0.05, among forty it does not
    many_changes = changes | crowd(40, estimate=0.0)
    many = [hypothesis(f"P{i}", population=f"P{i}", family="exploratory") for i in range(40)]
    assert judge([*claims, *many], many_changes).loc["NK", "verdict"] == "inconclusive"


def depletion(**other):
    return hypothesis("gone", population="B cells", direction="down", margin=5, strength="strong") | other


def test_a_strong_fall_names_its_least_size():
    row = judge([depletion()], share("B cells", estimate=-3.0, se=0.2)).loc["gone"]
    assert row["verdict"] == "supported"
    assert row["p_value"] == pytest.approx(stats.t.sf((3 - np.log(5)) / 0.2, 7))
    assert (
        row["effect"]
        == "B cells: to 5 % of baseline odds (95 % CI 3.1 to 8), fell by at least 92.7 % (one-sided 95 % limit)"
    )
    assert "one-sided against the margin" in row["test"]


def test_a_strong_fall_is_not_claimed_beyond_the_detection_limit():
    row = judge([depletion()], share("B cells", estimate=-3.0, se=0.1, floor=-1.2)).loc["gone"]
    assert (row["verdict"], row["p_value"]) == ("inconclusive", 1)
    assert "detection limit" in row["reason"]
    assert row["effect"] == "B cells: fell by at least 69.8 % (one-sided 95 % limit)"


def test_a_fall_from_few_cells_to_none_does_not_exclude_a_deeper_one():
    """Seven cells before and none after look like a fall by about 93 % in every donor, whatever the truth."""
    rng = np.random.default_rng(5)
    donors = pd.DataFrame([(d, v) for d in DONORS for v in ("baseline", "week2")], columns=["donor", "visit"])
    n = rng.integers(900, 1100, len(donors))
    donors = donors.assign(population="B cells", denominator="PBMC", n_denominator=n)
    donors["unusable"] = ""
    donors["n_cells"] = np.where(donors["visit"] == "baseline", 7, 0)
    donors["logit"] = log_odds(donors["n_cells"], n)
    claims = depletion(contrast="week2-baseline", margin=20), depletion(contrast="baseline-week2", margin=20)
    for claim, contrast in zip(claims, (("week2", "baseline"), ("baseline", "week2")), strict=True):
        made = measure.measure_needed(
            [claim],
            donors=donors,
            scores=pd.DataFrame(columns=["population", "program"]),
            parts=pd.DataFrame(columns=["population", "program"]),
            settings=measure.Settings([contrast], "baseline"),
        )
        up = "up" if contrast[0] == "baseline" else "down"
        row = judge([claim | {"direction": up}], made, contrasts=[contrast]).loc["gone"]
        assert (row["verdict"], row["reason"]) == (
            "inconclusive",
            "too few cells: the detection limit does not reach the margin",
        )


@pytest.mark.parametrize(
    ("estimate", "expected"), [(-1.0, "not supported"), (-1.7, "inconclusive"), (0.8, "contradicted")]
)
def test_other_ends_of_a_strong_claim(estimate, expected):
    assert (
        judge([depletion()], share("B cells", estimate=estimate, se=0.2)).loc["gone", "verdict"] == expected
    )


def test_plain_and_strong_claims_on_one_population_are_two_tests():
    claims = [
        depletion(),
        depletion(id="some", question="some", strength="plain", margin=1.2),
        depletion(id="ten", question="ten", margin=10),
    ]
    result = judge(claims, share("B cells", estimate=-3.0, se=0.1))
    assert result["test"].str.contains("Holm over 3 confirmatory questions").all()
    assert result["p_value"].nunique() == 3


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (change(reason="no cell of Treg"), "no cell of Treg"),
        (change(n=5), "5 complete pairs, 6 needed"),
        (change(se=0.0), "the change is the same in every donor"),
    ],
)
def test_what_cannot_be_tested_says_why(made, reason):
    claims = [hypothesis("x"), hypothesis("sound", population="NK")]
    row = judge(claims, share("NK") | dict.fromkeys(share("Treg"), made))
    assert row.loc["x", "verdict"] == "not testable"
    assert reason in row.loc["x", "reason"]
    assert row.loc["x", ["p_value", "p_adjusted", "level", "ci_low", "ci_high"]].isna().all()
    # It takes nothing from the correction of those that could be tested.
    assert "Holm over 1 confirmatory" in row.loc["sound", "test"]


def test_few_pairs_are_described():
    row = judge([hypothesis("x")], share("Treg", n=5)).loc["x"]
    assert row["estimate"] == pytest.approx(0.3)
    assert row["effect"] == "Treg: to 135 % of baseline odds (described only)"
    assert row["n_pairs"] == 5


@pytest.mark.parametrize(
    ("estimate", "limits", "fell", "text"),
    [
        (
            np.log(0.021),
            (np.log(0.014), np.log(0.033)),
            np.nan,
            "B: to 2.1 % of week2 odds (95 % CI 1.4 to 3.3)",
        ),
        (
            np.log(3.4),
            (np.log(1.5), np.log(12)),
            np.nan,
            "B: to 3.4 times the week2 odds (95 % CI 1.5 to 12)",
        ),
        (-7.0, (np.nan, -3.5), 0.97999, "B: fell by at least 97.9 % (one-sided 95 % limit)"),
        (-7.0, (np.nan, 0.5), np.nan, "B: too few cells to bound the change"),
        (-0.5, None, np.nan, "B: to 61 % of week2 odds (described only)"),
    ],
)
def test_shares_in_words(estimate, limits, fell, text):
    said = format_odds(estimate, limits, population="B", earlier="week2", alpha=0.05, fell_at_least=fell)
    assert said == text
