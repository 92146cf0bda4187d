"""Technical differences between visits: what is measured, told, and what it may take back."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from verdict_cases import hypothesis

from benchmark import calibration_technique
from cd20scope.verdict.quantities import ESTIMATES, QUANTITIES
from cd20scope.verdict.technique import compare_technique, moved_for

CONTRAST = ("month6", "baseline")
SHARE = hypothesis("share")
SCORE = hypothesis("score", "program")


def tidy(quantity, baseline, month6):
    rows = [
        (f"D{i}_{visit}", f"D{i}", visit, quantity, value)
        for visit, values in (("baseline", baseline), ("month6", month6))
        for i, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["sample", "donor", "visit", "quantity", "value"]).astype(
        {"value": object}
    )


def cautions_of(claim, compared):
    return moved_for(claim, compared)["statement"].tolist()


def one(table):
    return compare_technique(table, contrasts=[CONTRAST]).iloc[0]


def test_depth_is_compared_as_a_paired_ratio():
    rng = np.random.default_rng(1)
    before = rng.lognormal(8, 0.5, 8)
    after = before * 2.1 * rng.lognormal(0, 0.1, 8)
    row = one(tidy("depth", before, after))
    d = np.log(after / before)
    assert row["change"] == pytest.approx(np.exp(d.mean()))
    assert row["p_value"] == pytest.approx(stats.ttest_rel(np.log(after), np.log(before)).pvalue)
    assert row["moved"] == "yes"
    assert row["statement"] == "month6 is sequenced 2.1 times deeper than baseline (8 of 8 donors)"


def test_what_did_not_move_is_not_told():
    rng = np.random.default_rng(2)
    before = rng.lognormal(8, 0.5, 8)
    table = tidy("depth", before, before * rng.lognormal(0, 0.1, 8))
    compared = compare_technique(table, contrasts=[CONTRAST])
    assert compared["moved"].tolist() == ["no"]
    assert cautions_of(SHARE, compared) == []


def test_a_share_is_told_in_points_and_only_where_it_can_fake_it():
    compared = compare_technique(
        tidy("ambient_share", [0.05, 0.06, 0.07, 0.05, 0.06, 0.07], [0.03, 0.035, 0.045, 0.03, 0.035, 0.05]),
        contrasts=[CONTRAST],
    )
    (said,) = cautions_of(SCORE, compared)
    assert said == "month6 has 2.3 points less ambient RNA than baseline (6 of 6 donors)"
    assert cautions_of(SHARE, compared) == []
    assert cautions_of(SCORE | {"contrast": "week2-baseline"}, compared) == []
    depletion = {"depletion": {"first": "week2-baseline"}}
    assert cautions_of(SCORE | {"endpoint": "biphasic"} | depletion, compared) == [said]


def test_chemistry_that_differs_in_part_is_told():
    compared = compare_technique(
        tidy("chemistry", ["v2"] * 7 + ["v3"], ["v3"] * 7 + ["v2"]), contrasts=[CONTRAST]
    )
    (said,) = compared["statement"]
    assert "differs in chemistry" in said
    assert "in 7 of 8 donors against 1 of 8" in said
    strong, split = SHARE | {"strength": "strong"}, SCORE | {"component": "within"}
    assert all(cautions_of(claim, compared) == [said] for claim in (SHARE, strong, SCORE, split))


def test_chemistry_that_differs_between_donors_only_is_not():
    row = one(tidy("chemistry", ["v2"] * 4 + ["v3"] * 4, ["v2"] * 4 + ["v3"] * 4))
    assert row["change"] == 0
    assert row["moved"] == "no"


def test_a_batch_of_its_own_for_every_sample_is_no_difference_between_visits():
    assert one(tidy("batch", [f"a{i}" for i in range(8)], [f"b{i}" for i in range(8)]))["moved"] == "no"


def test_two_samples_of_a_visit_are_averaged():
    table = tidy("doublet_rate", [0.04, 0.05, 0.06], [0.1, 0.12, 0.11])
    more = table.iloc[[0]].assign(sample="D0_again", value=0.02)
    row = one(pd.concat([table, more]))
    assert row["earlier"] == pytest.approx(np.mean([0.03, 0.05, 0.06]))


def test_donors_without_a_pair_and_unknown_values_are_left_out():
    table = tidy("depth", [1000.0, 2000.0, 3000.0], [1500.0, 2500.0, None])
    assert one(table)["n_pairs"] == 2
    nothing = tidy("depth", [1000.0], [None])
    assert compare_technique(nothing, contrasts=[CONTRAST]).empty


STRONG = SHARE | {"strength": "strong"}
LOADED = np.array([900.0, 1100.0, 1000.0, 800.0, 1200.0, 950.0, 1050.0, 1000.0])


def test_few_cells_at_a_visit_are_named_where_shares_rest_on_them():
    after = LOADED * 0.12 * np.array([0.8, 1.2, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0])
    compared = compare_technique(tidy("cells", LOADED, after), contrasts=[CONTRAST])
    ratio = np.exp(np.log(LOADED / after).mean())
    (said,) = compared["statement"]
    assert said == f"month6 has {ratio:.2g} times fewer cells than baseline (8 of 8 donors)"
    split = SCORE | {"component": "composition"}
    assert all(cautions_of(claim, compared) == [said] for claim in (SHARE, STRONG, split))
    # a mean over few cells is noisy, and its interval says so
    assert cautions_of(SCORE, compared) == []


@pytest.mark.parametrize("spread", [0.12, 0.5, 0.8])
def test_uneven_loads_of_a_clean_study_are_not_named(spread):
    """From loads within a fifth of each other to a log SD of .8, a factor of 2.2 between samples."""
    rng = np.random.default_rng(3)
    named = [
        one(tidy("cells", *(LOADED * rng.lognormal(0, spread, 8) for _ in range(2))))["moved"] == "yes"
        for _ in range(100)
    ]
    assert np.mean(named) <= 0.05


def test_cells_lost_in_half_of_the_donors_are_no_difference_between_the_visits():
    few = np.array([0.01] * 4 + [1.0] * 4) * LOADED
    less = few * np.array([1, 1, 1, 1, 1.01, 1.01, 1.01, 1.01])
    row = one(tidy("cells", LOADED, less))
    assert row["change"] < 1 / 3
    assert row["p_value"] < 0.1
    assert row["moved"] == "no"


def test_cells_of_two_libraries_are_added_up():
    half = LOADED / 2
    both = tidy("cells", LOADED, half)
    second = tidy("cells", LOADED, half).query("visit == 'month6'").assign(sample="again")
    assert one(pd.concat([both, second]))["change"] == pytest.approx(1)


def test_draws_at_another_time_of_the_day_are_named():
    before = np.array([9.0, 9.5, 8.75, 10.0, 9.25, 9.0])
    after = before + np.array([5.0, 5.5, 4.5, 5.0, 6.0, 4.0])
    compared = compare_technique(tidy("drawn_at", before, after), contrasts=[CONTRAST])
    (said,) = compared["statement"]
    assert said == "month6 is drawn 5 hours later in the day than baseline (6 of 6 donors)"
    assert compared["p_value"][0] == pytest.approx(stats.ttest_rel(after, before).pvalue)
    assert all(cautions_of(claim, compared) == [said] for claim in (SHARE, SCORE))
    assert cautions_of(STRONG, compared) == []
    back = one(tidy("drawn_at", after, before))
    assert back["statement"] == "month6 is drawn 5 hours earlier in the day than baseline (6 of 6 donors)"


def test_draws_around_midnight_are_near_each_other():
    row = one(tidy("drawn_at", [23.0, 23.5, 0.5, 22.75], [0.5, 0.25, 23.75, 1.0]))
    assert row["change"] == pytest.approx(np.mean([1.5, 0.75, -0.75, 2.25]))
    assert row["moved"] == "no"
    assert row["later"] == pytest.approx(stats.circmean([0.5, 0.25, 23.75, 1.0], high=24))


def test_mornings_of_a_clean_study_are_alike():
    rng = np.random.default_rng(6)
    rows = [one(tidy("drawn_at", *(rng.uniform(7.5, 12, 6) for _ in range(2)))) for _ in range(100)]
    assert np.mean([row["moved"] == "yes" for row in rows]) <= 0.05


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (tidy("colour", [1.0], [2.0]), "colour is not known; known are depth"),
        (tidy("depth", [1.0], ["deep"]), "depth of sample D0_month6 is 'deep', not a number"),
        (tidy("depth", [1.0], [0.0]), "must be above 0"),
    ],
)
def test_bad_tables_are_refused(table, words):
    with pytest.raises(ValueError, match=words):
        compare_technique(table, contrasts=[CONTRAST])


def test_every_quantity_says_what_it_can_fake():
    for name, quantity in QUANTITIES.items():
        assert set(quantity.fakes) <= set(ESTIMATES), name
        assert quantity.size > (1 if quantity.scale == "ratio" else 0), name
        assert quantity.more.count("{}") == 1, name


@pytest.mark.slow
def test_falls_that_soup_makes_are_not_called_and_falls_in_cells_are():
    table = calibration_technique.tabulate_soup(cohorts=4).set_index(["soup", "within"])
    assert (table.loc[(0.1, 0.0), "as measured"] == 1).all()
    assert (table.loc[(0.1, 0.0), "in the end"] <= 0.25).all()
    assert (table.loc[(0.02, -1.0), "in the end"] >= 0.75).all()


@pytest.mark.slow
def test_planted_differences_are_named():
    table = calibration_technique.tabulate(cohorts=40, donors=(8,))
    assert table["named"].min() >= 0.85
    assert table["named in the twin"].max() <= 0.15
