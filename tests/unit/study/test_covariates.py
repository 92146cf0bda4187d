"""Covariates by donor and contrast against values written by hand, and aliasing by name."""

import numpy as np
import pytest
from study_sheets import CONTRASTS, plan, read_study

from cd20scope import schema
from cd20scope.study import covariates
from cd20scope.study.strict_yaml import ConfigError

MONTH6 = ("month6", "baseline")
DONORS = [f"D{i}" for i in range(1, 9)]


def of_donor(*cells):
    return lambda donor, _: cells[donor - 1]


AGES = ("30", "41", "28", "55", "60", "39", "47", "33")
SEXES = ("F", "M", "F", "F", "M", "M", "F", "M")


def check(table, names):
    return covariates.check_covariates(table, names, contrasts=CONTRASTS, reserved=["arm"])


def test_values_of_a_donor_enter_centred_and_levels_as_indicators(folder):
    table = read_study(folder, donors=8, age=of_donor(*AGES), sex=of_donor(*SEXES))
    found = covariates.change_columns(table, ["age", "sex"], MONTH6, DONORS)
    ages = np.array(AGES, dtype=float)
    male = np.array([sex == "M" for sex in SEXES], dtype=float)
    assert found.columns.tolist() == ["age", "sex = M"]
    np.testing.assert_allclose(found["age"], ages - ages.mean())
    np.testing.assert_allclose(found["sex = M"], male - male.mean())
    assert check(table, ["age", "sex"]) == []


def test_what_differs_between_visits_enters_by_its_change(folder):
    dose = {"baseline": [0] * 8, "week2": [1, 2, 3, 4, 5, 6, 7, 8], "month6": [8, 1, 6, 2, 7, 3, 5, 4]}
    table = read_study(folder, donors=8, dose=lambda d, visit: str(dose[visit][d - 1]))
    for contrast in (MONTH6, ("month6", "week2")):
        change = np.subtract(dose[contrast[0]], dose[contrast[1]])
        found = covariates.change_columns(table, ["dose"], contrast, DONORS)["dose"]
        np.testing.assert_allclose(found, change - change.mean())


def test_an_age_that_grows_by_the_rounding_is_the_donors(folder):
    grown = lambda d, visit: str(int(AGES[d - 1]) + (visit == "month6" and d % 2))  # noqa: E731
    found = covariates.change_columns(read_study(folder, donors=8, age=grown), ["age"], MONTH6, DONORS)
    ages = np.array(AGES, dtype=float)
    np.testing.assert_allclose(found["age"], ages - ages.mean())


def test_a_donor_with_an_unknown_covariate_has_a_missing_row(folder):
    table = read_study(folder, donors=8, age=of_donor("unknown", *AGES[1:]))
    found = covariates.change_columns(table, ["age"], MONTH6, DONORS)
    assert found["age"].isna().tolist() == [True] + [False] * 7
    assert found["age"].sum() == pytest.approx(0)


def test_an_unknown_covariate_that_is_constant_here_leaves_the_donors_others(folder):
    """All others are women: sex explains nothing, so a donor of unknown sex keeps its age."""
    sex = of_donor("unknown", "F", "F", "F", "F", "F", "F", "F")
    table = read_study(folder, donors=8, age=of_donor(*AGES), sex=sex)
    found = covariates.change_columns(table, ["age", "sex"], MONTH6, DONORS)
    ages = np.array(AGES, dtype=float)
    np.testing.assert_allclose(found["age"], ages - ages.mean())


@pytest.mark.parametrize(
    ("names", "columns", "words"),
    [
        (
            ["sexx"],
            {"sex": of_donor(*SEXES)},
            "covariates: the sheet has no column 'sexx'. Did you mean 'sex'",
        ),
        (["site"], {"site": lambda *_: "Basel"}, "site is 'Basel' in every sample, so it explains nothing"),
        (["site"], {"site": lambda *_: ""}, "site is empty"),
        (["arm"], {"arm": lambda *_: "treated"}, "arm is part of the design already"),
        (
            ["kit"],
            {"kit": lambda _, visit: {"baseline": "a", "week2": "b", "month6": "c"}[visit]},
            "kit changes alike in every donor between baseline and week2: it is the visit by another name",
        ),
        (
            ["site"],
            {"site": of_donor(*["Basel"] * 7, "Kiel")},
            r"site has the level 'Kiel' in one donor \(D8\), from whom it cannot be told",
        ),
        (
            ["kit"],
            {"kit": lambda d, visit: "ab"[(visit == "baseline") == (d == 4)]},
            r"kit differs in one donor \(D4: kit = b\)",
        ),
        (
            ["age", "born"],
            {"age": of_donor(*AGES), "born": of_donor(*(str(2020 - int(age)) for age in AGES))},
            r"born is the same as age in every donor \(collinear\)",
        ),
        (
            ["site"],
            {"site": of_donor("a", "a", "b", "b", "c", "c", "d", "d"), "x": lambda *_: ""},
            None,
        ),
        (
            ["site"],
            {"site": of_donor("a", "b", "c", "d", "e", "f", "g", "h")},
            "site has the level 'a' in one donor",
        ),
    ],
)
def test_a_covariate_that_cannot_be_told_is_refused_by_name(folder, names, columns, words):
    table = read_study(folder, donors=8, **columns)
    if words is None:
        assert check(table, names) == []
        return
    with pytest.raises(ConfigError, match=words):
        check(table, names)


def test_an_unknown_level_is_no_change(folder):
    def site(donor, visit):
        if (donor, visit) == (1, "week2"):
            return "unknown"
        return "b" if donor > 6 and visit == "month6" else "a"

    notes = check(read_study(folder, donors=8, site=site), ["site"])
    assert {contrast: why for contrast, _, why in notes} == {
        "week2-baseline": "does not vary between the donors"
    }


def test_aliasing_in_one_contrast_is_noted_there(folder):
    # the batch changes with month 6 in every donor, and between week 2 and baseline in some
    batch = lambda d, visit: "z" if visit == "month6" else "y" if visit == "week2" and d % 2 else "x"  # noqa: E731
    notes = check(read_study(folder, donors=8, batch=batch), ["batch"])
    assert [note[:2] for note in notes] == [("month6-baseline", "batch")]
    assert "it is the visit by another name" in notes[0][2]


ARMS = of_donor(*["ocrelizumab"] * 4, *["placebo"] * 4)


def of_arms(folder, names, **columns):
    table = plan(read_study(folder, donors=8, arm=ARMS, **columns)).samples
    beside = {schema.contrast_name(pair): names for pair in CONTRASTS}
    found = covariates.check_arms(table, beside, contrasts=CONTRASTS, controls=["placebo"])
    return {(contrast, name): why for contrast, name, why in found}


def test_covariates_that_go_with_the_arm_are_named(folder):
    sites = of_donor(*"AAAABBBB")
    found = of_arms(folder, ["age", "site"], age=of_donor(*AGES), site=sites)
    assert set(found) == {(schema.contrast_name(pair), "site") for pair in CONTRASTS}
    assert found["month6-baseline", "site"] == (
        "goes with the arm in every donor, so it has no part in the comparison with the controls"
    )


def test_covariates_known_in_one_arm_are_named(folder):
    hours = of_donor("3", "9", "24", "5", *["unknown"] * 4)
    found = of_arms(folder, ["hours_since_steroid"], hours_since_steroid=hours)
    assert found["month6-baseline", "hours_since_steroid"].startswith("is known in one arm only")


def test_covariates_that_both_arms_share_are_not_named(folder):
    assert of_arms(folder, ["age", "sex"], age=of_donor(*AGES), sex=of_donor(*SEXES)) == {}
