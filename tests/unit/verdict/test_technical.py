"""Verdicts that technique can fake: lost at equal quality they are taken back, held they stay."""

import numpy as np
import pandas as pd
import pytest
from soup_cells import B_GENES, POPULATIONS, PROGRAMS, collect, draw_cells
from verdict_cases import CONTRASTS, hypothesis, score, share

from cd20scope import schema
from cd20scope.programs.scores import score_programs
from cd20scope.programs.without_b_rna import profile_of, score_without_b_rna
from cd20scope.verdict import cautions, decide, measure, quantities, robustness, technical
from cd20scope.verdict import table as verdict_table
from cd20scope.verdict.technique import COLUMNS, compare_technique

CONTRAST = "month6-baseline"
LEVEL = {"alpha": 0.05, "min_pairs": 6}
SCORE = hypothesis("score", "program")
ARM = technical.EQUAL["b_rna_share"]
SAID = "month6 has 2 points less B-cell RNA in other cells than baseline (8 of 8 donors)"


def moved(quantity, contrast=CONTRAST, statement=SAID):
    row = {"contrast": contrast, "quantity": quantity, "moved": "yes", "statement": statement}
    return pd.DataFrame([row]).reindex(columns=list(COLUMNS))


def arms_of(decisions, made, by_arm):
    nothing = {"steroid": {}, "random_sets": {}, "all_visits": {}}
    return robustness.decide_arms(decisions, made, by_arm, **nothing, **LEVEL)


def settled(estimate, *, compared, claim=SCORE, made=None):
    """One claim that is supported as measured, and its change where B-cell RNA is subtracted."""
    made = made or score("Treg", "Th1", estimate=1.0)
    decisions = decide.decide_all([claim], made)
    arms = arms_of(decisions, made, {ARM: score("Treg", "Th1", estimate=estimate)})
    return technical.settle(decisions, arms, compared)[0], arms


def test_what_is_lost_at_equal_quality_is_inconclusive():
    found, arms = settled(0.1, compared=moved("b_rna_share"))
    assert found.technical
    assert found.verdict.verdict == "inconclusive"
    assert found.verdict.verdict in schema.VERDICTS
    assert found.verdict.reason == f"supported as measured, not supported in the analysis “{ARM}”: {SAID}"
    row = verdict_table.complete(
        [found], arms, pd.DataFrame(columns=["role", "p_value", "population", "program", "contrast", "estimate"]),
        moved("b_rna_share"), rulers=pd.DataFrame(columns=["differs"]),
        settings=measure.Settings(CONTRASTS, "baseline"), steroid="none", alpha=0.05,
    ).iloc[0]  # fmt: skip
    assert row[["verdict", "technical", "caution"]].tolist() == ["inconclusive", "yes", ""]


def test_a_contradicted_claim_is_taken_back_too():
    found, _ = settled(
        0.1,
        compared=moved("b_rna_share"),
        claim=SCORE | {"direction": "down"},
        made=score("Treg", "Th1", estimate=1),
    )
    assert found.technical
    assert found.verdict.reason.startswith("contradicted as measured")


@pytest.mark.parametrize(
    ("estimate", "compared"),
    [
        (0.9, moved("b_rna_share")),  # holds
        (0.1, moved("b_rna_share", contrast="week2-baseline")),  # moved elsewhere
        (0.1, moved("unassigned_share")),  # fakes no score
        (0.1, moved("b_rna_share").iloc[:0]),  # nothing moved
    ],
)
def test_what_holds_or_cannot_be_faked_stays(estimate, compared):
    found, _ = settled(estimate, compared=compared)
    assert (found.verdict.verdict, found.technical) == ("supported", False)


def test_a_share_is_not_lost_by_b_cell_rna():
    made = share("Treg")
    decisions = decide.decide_all([hypothesis("up")], made)
    arms = arms_of(decisions, made, {ARM: share("Treg", estimate=0.0)})
    assert not technical.settle(decisions, arms, moved("b_rna_share"))[0].technical


def test_a_verdict_that_holds_at_equal_quality_says_so_in_its_caution():
    found, arms = settled(0.95, compared=moved("b_rna_share"))
    told = cautions.format_cautions(
        [found], arms, pd.DataFrame(columns=["role", "p_value", "population", "program", "contrast", "estimate"]),
        moved("b_rna_share"), rulers=pd.DataFrame(columns=["differs"]), steroid="none", alpha=0.05,
    )  # fmt: skip
    assert told == {"score": f"{SAID}; the verdict is unchanged in the analysis “{ARM}”"}


@pytest.mark.parametrize(("estimate", "verdict"), [(0.05, "inconclusive"), (0.95, "supported")])
def test_a_share_that_few_cells_move_is_asked_at_equal_numbers_of_cells(estimate, verdict):
    said = "month6 has 8.1 times fewer cells than baseline (8 of 8 donors)"
    made = share("Treg")
    decisions = decide.decide_all([hypothesis("up")], made)
    arms = arms_of(decisions, made, {robustness.EQUAL_CELLS: share("Treg", estimate=estimate)})
    found = technical.settle(decisions, arms, moved("cells", statement=said))[0]
    assert (found.verdict.verdict, found.technical) == (verdict, verdict == "inconclusive")


def chemistry(later, earlier=("v2",) * 8):
    return pd.DataFrame(
        [
            (f"D{i}{visit}", f"D{i}", visit, "chemistry", name)
            for visit, names in (("baseline", earlier), ("month6", later))
            for i, name in enumerate(names)
        ],
        columns=list(quantities.TECHNICAL_COLUMNS),
    )


def ask_chemistry(later, values, **claim):
    made = share("Treg")
    key = next(iter(made))
    made[key] = made[key].unlimited(made[key].paired, np.asarray(values, dtype=float))
    samples = chemistry(later)
    compared = compare_technique(samples, contrasts=[("month6", "baseline")])
    decisions = decide.decide_all([hypothesis("up", **claim)], made)
    arms = technical.ask_same_names(decisions, made, samples, compared, **LEVEL)
    return decisions[0], arms, technical.settle(decisions, arms, compared)[0]


def test_donors_with_one_chemistry_decide_where_enough_have_it():
    # two donors changed chemistry and carry the rise; those that did not show little
    was, arms, found = ask_chemistry(["v2"] * 6 + ["v3"] * 2, [0.08, 0.1, 0.12, 0.09, 0.11, 0.3, 0.5, 0.6])
    assert was.verdict.verdict == "supported"
    row = arms.iloc[0]
    assert row[["arm", "holds", "n_pairs"]].tolist() == ["donors with the same chemistry", "no", 6]
    assert row["estimate"] == pytest.approx(np.mean([0.08, 0.1, 0.12, 0.09, 0.11, 0.3]))
    assert found.technical
    assert "differs in chemistry (v3 in 2 of 8 donors against 0 of 8 at baseline)" in found.verdict.reason
    _, arms, found = ask_chemistry(["v2"] * 6 + ["v3"] * 2, [0.3, 0.32, 0.28, 0.31, 0.29, 0.3, 0.31, 0.3])
    assert arms["holds"].tolist() == ["yes"]
    assert found.verdict.verdict == "supported"


RISE = [0.3, 0.32, 0.28, 0.31, 0.29, 0.3, 0.31, 0.3]


def test_too_few_donors_with_one_chemistry_take_a_claim_back():
    was, arms, found = ask_chemistry(["v3"] * 7 + ["v2"], RISE)
    assert arms.iloc[0][["holds", "detail"]].tolist() == ["", "1 complete pair, 6 needed"]
    assert was.verdict.verdict == "supported"
    assert (found.verdict.verdict, found.technical) == ("inconclusive", True)
    assert "not testable in the analysis “donors with the same chemistry”" in found.verdict.reason


def test_no_chemistry_makes_a_fall_beyond_a_large_margin():
    was, arms, found = ask_chemistry(["v3"] * 7 + ["v2"], RISE, strength="strong")
    assert arms["holds"].tolist() == [""]
    assert was.verdict.verdict == found.verdict.verdict == "supported"


def test_a_small_rise_of_what_should_fall_is_taken_back():
    was, _, found = ask_chemistry(["v3"] * 7 + ["v2"], RISE, strength="strong", direction="down")
    assert was.verdict.verdict == "contradicted"
    assert (found.verdict.verdict, found.technical) == ("inconclusive", True)


def test_one_chemistry_for_all_is_no_arm():
    _, arms, _ = ask_chemistry(["v2"] * 8, [0.3, 0.32, 0.28, 0.31, 0.29, 0.3, 0.31, 0.3])
    assert arms.empty


def test_a_donor_without_a_known_name_has_not_one_name():
    samples = chemistry(["v2", None, "v3", "v2"], ["v2", "v2", "v2", None])
    again = samples.iloc[[4]].assign(sample="again", value="v3")
    assert technical.donors_with_one_name(samples, "chemistry", [CONTRAST]) == {"D0"}
    both = pd.concat([samples, again])
    assert technical.donors_with_one_name(both, "chemistry", [CONTRAST]) == set()
    assert technical.donors_with_one_name(samples, "chemistry", ["month6-week2"]) == {"D0", "D2", "D3"}


@pytest.mark.parametrize(("within", "verdict"), [(0.0, "inconclusive"), (-1.2, "supported")])
def test_a_fall_of_mhc_ii_that_soup_makes_is_taken_back_and_one_inside_cells_is_not(within, verdict):
    sums = collect(*draw_cells(soup=0.03, within=within, seed=3))
    options = {
        "populations": POPULATIONS, "programs": PROGRAMS, "seed": 1, "split": ["PBMC"], "not_controls": B_GENES,
        "tests": [("PBMC", "MHC-II")], "n_controls": 20,
    }  # fmt: skip
    scores, parts = score_programs(sums, **options)
    profile = profile_of(sums, populations=POPULATIONS, baseline="baseline")
    other_scores, other_parts = score_without_b_rna(sums, profile, **options)
    claim = hypothesis(
        "within", "program", population="PBMC", program="MHC-II", component="within", direction="down",
        contrast="week2-baseline",
    )  # fmt: skip
    settings = measure.Settings([("week2", "baseline")], "baseline")
    none = pd.DataFrame(columns=["population", "denominator", "arm"])
    made = measure.measure_needed([claim], donors=none, scores=scores, parts=parts, settings=settings)
    by_arm = robustness.measure_arms(
        [claim],
        tables={"donors": none},
        arms={
            "donors": none,
            "scores": other_scores.assign(arm=schema.NO_B_RNA_ARM),
            "parts": other_parts.assign(arm=schema.NO_B_RNA_ARM),
        },
        settings=settings,
    )
    decisions = decide.decide_all([claim], made)
    assert decisions[0].verdict.verdict == "supported"
    arms = arms_of(decisions, made, by_arm)
    found = technical.settle(decisions, arms, moved("b_rna_share", contrast="week2-baseline"))[0]
    assert (found.verdict.verdict, found.technical) == (verdict, verdict == "inconclusive")
