"""Cells of a population and its denominator, counted per donor and visit."""

import numpy as np
import pandas as pd
import pytest
from leaf_tables import POPULATIONS, cohort, random_cohort

from cd20scope.abundance import shares


def table(counts: dict[tuple[str, str], list[int]], *tests: tuple[str, str]) -> pd.DataFrame:
    sheet, leaves = cohort(counts)
    return shares.donor_table(leaves, sheet=sheet, populations=POPULATIONS, tests=tests)


def test_counts_add_up_over_leaves_in_the_named_denominator():
    donors = table({("D1", "baseline"): [10, 2, 3, 15, 7, 1]}, ("Treg", "CD4 T"), ("Treg / effector", "Treg"))
    assert donors["n_cells"].tolist() == [5, 2]
    assert donors["n_denominator"].tolist() == [20, 5]
    assert donors["fraction"].tolist() == [0.25, 0.4]
    assert donors["logit"].tolist() == pytest.approx([np.log(5.5 / 15.5), np.log(2.5 / 3.5)])
    assert list(donors.columns) == [*shares.DONOR_COLUMNS, "control"]


def test_two_samples_of_one_visit_are_added_up():
    sheet, leaves = cohort(
        {("D1", "baseline"): [10, 2, 3, 15, 7, 1], ("D2", "baseline"): [5, 1, 1, 10, 3, 0]}
    )
    sheet["donor"] = "D1"
    donors = shares.donor_table(leaves, sheet=sheet, populations=POPULATIONS, tests=[("B naive", "PBMC")])
    assert donors[["sample", "donor", "n_cells", "n_denominator"]].values.tolist() == [
        ["D1_baseline, D2_baseline", "D1", 15, 58]
    ]


def test_a_denominator_must_hold_its_population_or_none_of_it():
    with pytest.raises(ValueError, match="CD4 T holds only some of its cells"):
        table({("D1", "baseline"): [1] * 6}, ("PBMC", "CD4 T"))


def test_a_reference_is_held_against_the_population():
    donors = table({("D1", "baseline"): [10, 2, 3, 15, 7, 1]}, ("B naive", "CD4 T"))
    assert donors[["n_cells", "n_denominator"]].values.tolist() == [[10, 30]]
    assert donors["logit"].tolist() == pytest.approx([np.log(10.5 / 20.5)])


def test_samples_must_match_the_sheet():
    sheet, leaves = cohort(random_cohort())
    tests = [("B naive", "PBMC")]
    with pytest.raises(ValueError, match=r"no row for sample\(s\) D0_baseline"):
        shares.donor_table(
            leaves[leaves["sample"] != "D0_baseline"], sheet=sheet, populations=POPULATIONS, tests=tests
        )
    with pytest.raises(ValueError, match="D0_baseline are not in the sample sheet"):
        shares.donor_table(leaves, sheet=sheet.iloc[1:], populations=POPULATIONS, tests=tests)


def test_an_empty_denominator_has_no_fraction_and_may_hold_anything():
    donors = table({("D1", "baseline"): [0] * 6}, ("B naive", "PBMC"))
    assert np.isnan(donors["fraction"].item())
    assert donors["fraction_upper"].item() == 1
