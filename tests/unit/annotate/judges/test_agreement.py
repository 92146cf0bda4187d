"""Agreement from tables that add up over samples is that of scikit-learn from the labels of all cells."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, cohen_kappa_score

from cd20scope.annotate.judges import agreement
from cd20scope.schema import UNASSIGNED

NAMES = np.array(["CD4 naive", "CD4 memory", "Treg", "NK", UNASSIGNED])


@pytest.fixture(scope="module")
def cells():
    """Three judges of two samples, who share some of their mistakes."""
    rng = np.random.default_rng(1)
    samples = []
    for n in (700, 300):
        truth = rng.integers(0, 4, n)
        said = {
            judge: NAMES[np.where(rng.random(n) < wrong, rng.integers(0, 5, n), truth)]
            for judge, wrong in (("markers", 0.2), ("celltypist", 0.5), ("obs", 0.05))
        }
        samples.append(pd.DataFrame(said))
    return samples


@pytest.fixture(scope="module")
def table(cells):
    return agreement.add_up(
        agreement.tabulate({judge: sample[judge] for judge in sample}) for sample in cells
    )


def test_every_cell_is_counted_once_for_each_pair(cells, table):
    assert table.columns.tolist() == agreement.CELLS
    pairs = table.groupby(agreement.PAIR, sort=False)["n_cells"].sum()
    assert pairs.index.tolist() == [("markers", "celltypist"), ("markers", "obs"), ("celltypist", "obs")]
    assert pairs.tolist() == [1000] * 3
    every = pd.concat(cells)
    row = table[(table["judge_b"] == "obs") & (table["judge_a"] == "markers")].set_index(
        ["population_a", "population_b"]
    )
    expected = ((every["markers"] == "Treg") & (every["obs"] == "NK")).sum()
    assert row.loc[("Treg", "NK"), "n_cells"] == expected


def test_the_coefficients_are_those_of_scikit_learn(cells, table):
    every = pd.concat(cells)
    summary = agreement.summarise(table).set_index(agreement.PAIR)
    for (a, b), row in summary.iterrows():
        both = every[(every[a] != UNASSIGNED) & (every[b] != UNASSIGNED)]
        assert row["n_cells"] == 1000
        assert row["n_assigned"] == len(both)
        assert row["agree"] == pytest.approx((both[a] == both[b]).mean())
        assert row["kappa"] == pytest.approx(cohen_kappa_score(both[a], both[b]))
        assert row["ari"] == pytest.approx(adjusted_rand_score(both[a], both[b]))


def test_millions_of_cells_do_not_overflow():
    whole = pd.DataFrame(
        {
            "judge_a": "markers",
            "judge_b": "obs",
            "population_a": ["NK", "NK", "Treg", "Treg"],
            "population_b": ["NK", "Treg", "NK", "Treg"],
            "n_cells": np.array([9, 1, 1, 9]) * 10**9,
        }
    )
    small = whole.assign(n_cells=whole["n_cells"] // 10**6)
    large, few = agreement.summarise(whole).loc[0], agreement.summarise(small).loc[0]
    assert large["kappa"] == pytest.approx(few["kappa"]) == pytest.approx(0.8)
    assert large["ari"] == pytest.approx(few["ari"], rel=1e-3)


@pytest.mark.parametrize(
    ("a", "b", "kappa", "ari"),
    [
        ([UNASSIGNED] * 3, ["NK"] * 3, np.nan, np.nan),
        (["NK"] * 3, ["NK"] * 3, np.nan, 1.0),
        (["NK", "Treg"], ["NK", "Treg"], 1.0, 1.0),
    ],
)
def test_what_is_not_defined_is_not_a_number(a, b, kappa, ari):
    said = agreement.add_up([agreement.tabulate({"markers": pd.Series(a), "obs": pd.Series(b)})])
    row = agreement.summarise(said).loc[0]
    assert row["kappa"] == pytest.approx(kappa, nan_ok=True)
    assert row["ari"] == pytest.approx(ari, nan_ok=True)
