import numpy as np
import pandas as pd
import pytest

from cd20scope import schema
from cd20scope.pseudobulk.sample import count_leaves, sum_leaves
from cd20scope.study import catalogue


def test_counts_per_leaf_add_up_and_hold_every_leaf(fitted, populations):
    for table in fitted["labels"].values():
        counted = count_leaves(table, populations=populations)
        assert counted.columns.tolist() == list(schema.CELLS)
        assert counted["n_cells"].sum() == len(table)
        assert len(counted) == len(catalogue.leaves(populations))
        assert (counted["n_cells"] == 0).any()


def test_sums_equal_a_plain_loop_over_cells(fitted, cohort, populations):
    name = next(iter(cohort["counts"]))
    labels = fitted["labels"][name]
    sums = sum_leaves(
        cohort["counts"][name], cohort["lognorm"][name], cohort["genes"], labels, populations=populations
    )
    assert sums.columns.tolist() == list(schema.SUMS)
    assert (sums["counts"] > 0).all()
    assert sums["counts"].sum() == cohort["counts"][name].sum()
    raw, log = cohort["counts"][name].toarray(), cohort["lognorm"][name].toarray()
    found = sums.astype({"population": str, "subset": str, "gene": str}).set_index(
        ["population", "subset", "gene"]
    )
    for (population, subset), rows in labels.groupby(["population", "subset"]).indices.items():
        for gene in ("CD74", "IL7R", "LYZ", "ACTB"):
            column = np.flatnonzero(cohort["genes"] == gene)[0]
            counts = sum(int(raw[row, column]) for row in rows)
            if counts:
                assert found.loc[(population, subset, gene), "counts"] == counts
                assert found.loc[(population, subset, gene), "n_on"] == (raw[rows, column] > 0).sum()
                expected = sum(float(log[row, column]) for row in rows)
                np.testing.assert_allclose(
                    found.loc[(population, subset, gene), "lognorm"], expected, rtol=1e-5
                )
            else:
                assert (population, subset, gene) not in found.index


def test_rows_lie_leaf_by_leaf(fitted, cohort, populations):
    name = next(iter(cohort["counts"]))
    sums = sum_leaves(
        cohort["counts"][name],
        cohort["lognorm"][name],
        cohort["genes"],
        fitted["labels"][name],
        populations=populations,
    )
    leaf = pd.Series(sums["population"].astype(str) + "/" + sums["subset"].astype(str))
    assert (leaf != leaf.shift()).sum() == leaf.nunique()


def test_a_label_that_the_tree_lacks_is_told(fitted, cohort, populations):
    name = next(iter(cohort["counts"]))
    labels = fitted["labels"][name].astype({"population": object})
    labels.loc[3, "population"] = "Basophil"
    with pytest.raises(ValueError, match="labelled 'Basophil', subset"):
        sum_leaves(
            cohort["counts"][name], cohort["lognorm"][name], cohort["genes"], labels, populations=populations
        )
