"""Tables of a sample: doublets enter nothing, and shares are sums of posteriors."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from cd20scope import schema
from cd20scope.pseudobulk.tables import tabulate_sample

GENES = np.array(["CD3E", "MS4A1", "LYZ"])
COUNTS = sp.csr_matrix([[3, 0, 0], [0, 5, 0], [2, 4, 0], [1, 0, 2]])
LABELS = pd.DataFrame(
    {
        "lineage": ["CD4 T", "B", "unassigned", "CD4 T"],
        "population": ["Treg", "B naive", "unassigned", "CD4 naive"],
        "likeliest": ["Treg", "B naive", "unassigned", "CD4 naive"],
        "subset": "unassigned",
        "probability": 0.9,
        "subset_probability": np.nan,
        "cd20_t": False,
        "doublet": ["", "", "B + T+NK", ""],
    }
)
CHANCES = pd.DataFrame(
    {"Treg": [0.7, 0.0, 0.0, 0.2], "CD4 naive": [0.2, 0.0, 0.0, 0.8], "B naive": [0.0, 1.0, 0.0, 0.0]}
)


def tabulate(populations, **more):
    bounds = {"min_probability": 0.5, "min_probability_hard": 0.8}
    return tabulate_sample(COUNTS, GENES, LABELS, populations=populations, **bounds, **more)


def test_doublets_enter_no_table(populations):
    made = tabulate(populations, chances=CHANCES)
    assert {name: list(table) for name, table in made.items()} == {
        "cells": list(schema.CELLS),
        "sums": list(schema.SUMS),
        "arm_cells": list(schema.ARM_CELLS),
        "arm_sums": list(schema.ARM_SUMS),
    }
    assert made["cells"]["n_cells"].sum() == 3
    assert made["sums"]["counts"].sum() == COUNTS[[0, 1, 3]].sum()


def test_posteriors_are_summed_and_the_rest_is_unassigned(populations):
    cells = tabulate(populations, chances=CHANCES, shallow=True)["cells"]
    summed = cells.groupby("population")["posterior"].sum()
    assert summed["Treg"] == pytest.approx(0.9)
    assert summed["CD4 naive"] == pytest.approx(1.0)
    assert summed["B naive"] == pytest.approx(1.0)
    assert summed["unassigned"] == pytest.approx(0.1)
    assert cells["shallow"].all()


def test_a_judge_without_posteriors_gives_called_cells(populations):
    cells = tabulate(populations)["cells"]
    assert cells["posterior"].tolist() == cells["n_cells"].tolist()
    assert not cells["shallow"].any()
