"""Pseudobulk counts are the sums over leaves, and what has no cell has no row."""

import numpy as np
import pandas as pd
import pytest

from cd20scope.export.pseudobulk import DESIGN, tabulate_sums

# anndata's views still set an option that pandas 3 has given up
pytestmark = pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option")

SHEET = pd.DataFrame(
    {"sample": ["a", "b"], "donor": ["01", "01"], "visit": ["baseline", "month6"], "batch": ["x", ""]}
)
GENES = pd.DataFrame({"gene": ["CD3D", "FOXP3", "IL7R"], "n_samples": [2, 2, 1]})
CELLS = pd.DataFrame(
    {
        "sample": ["a", "a", "a", "b", "b"],
        "population": ["Treg", "Treg", "NK", "Treg", "NK"],
        "subset": ["naive", "effector", "unassigned", "naive", "unassigned"],
        "n_cells": [3, 2, 0, 4, 1],
        "shallow": [False, False, False, True, True],
    }
)


def sums(rows):
    return pd.DataFrame(rows, columns=["population", "gene", "counts"]).astype({"population": "category"})


def test_rows_are_sums_over_leaves_of_one_sample_and_population():
    a = sums([("Treg", "CD3D", 5), ("Treg", "CD3D", 2), ("Treg", "FOXP3", 1), ("NK", "CD3D", 9)])
    b = sums([("Treg", "IL7R", 4), ("NK", "CD3D", 1)])
    table = tabulate_sums([("a", a), ("b", b)], CELLS, sheet=SHEET, genes=GENES, order={})
    expected = pd.DataFrame(
        [[7, 1, 0], [0, 0, 4], [1, 0, 0]],
        index=["a / Treg", "b / Treg", "b / NK"],
        columns=["CD3D", "FOXP3", "IL7R"],
    )
    np.testing.assert_array_equal(table[expected.index, expected.columns].X.toarray(), expected)
    assert table.n_obs == 3
    assert table.obs.loc["a / Treg", ["n_cells", "donor", "visit", "batch"]].tolist() == [
        5,
        "01",
        "baseline",
        "x",
    ]
    assert table.obs["shallow"].to_dict() == {"a / Treg": False, "b / Treg": True, "b / NK": True}
    assert table.uns["design"] == DESIGN


def test_a_column_of_the_sheet_with_a_taken_name_stands_beside():
    sheet = SHEET.assign(n_cells=["8000", "9000"], population="all")
    table = tabulate_sums([("a", sums([("Treg", "CD3D", 5)]))], CELLS, sheet=sheet, genes=GENES, order={})
    row = table.obs.loc["a / Treg"]
    assert row[["n_cells", "n_cells_in_sheet", "population", "population_in_sheet"]].tolist() == [
        5,
        "8000",
        "Treg",
        "all",
    ]
