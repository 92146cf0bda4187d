"""Subsets by absolute evidence: told where shown, and never for want of another."""

import numpy as np
import pytest
import scipy.sparse as sp

from cd20scope.annotate.likelihood import subsets

CLASSICAL = subsets.Subset("Monocyte", "classical", ("S100A12", "VCAN", "CD14"), ("FCGR3A", "CDKN1C"))
OTHER = subsets.Subset("Monocyte", "non-classical", ("FCGR3A", "CDKN1C", "HES4"), ("S100A12", "VCAN"))
GENES = np.array(["S100A12", "VCAN", "CD14", "FCGR3A", "CDKN1C", "HES4", *(f"G{n}" for n in range(94))])


def cells(*first):
    """Cells of 2,000 molecules whose first six genes are given."""
    rows = [[*given, *([20] * 93), 2000 - 93 * 20 - sum(given)] for given in first]
    return sp.csr_matrix(np.array(rows))


def tell(counts, population=None):
    names = np.array(population or ["Monocyte"] * counts.shape[0], dtype=object)
    return subsets.tell_subsets(counts, GENES, names, (CLASSICAL, OTHER), share=0.02)


def test_shown_subsets_are_told():
    told = tell(cells([3, 2, 2, 0, 0, 0], [0, 0, 0, 4, 2, 1], *[[0] * 6] * 8))
    assert told["subset"].tolist() == ["classical", "non-classical", *["unassigned"] * 8]


def test_one_marker_is_not_enough():
    assert tell(cells([9, 0, 0, 0, 0, 0], *[[0] * 6] * 8))["subset"][0] == "unassigned"


def test_both_at_once_stay_at_the_parent():
    assert tell(cells([2, 2, 0, 2, 2, 0], *[[0] * 6] * 8))["subset"][0] == "unassigned"


def test_cells_of_one_subset_are_not_split():
    told = tell(cells(*[[3, 2, 2, 0, 0, 0]] * 50))
    assert set(told["subset"]) == {"classical"}


def test_other_populations_have_no_subset():
    told = tell(cells([3, 2, 2, 0, 0, 0], [0] * 6), ["NK", "Monocyte"])
    assert told["subset"][0] == "unassigned"
    assert np.isnan(told["subset_evidence"][0])


def test_evidence_by_hand():
    counts = cells([3, 2, 0, 1, 0, 0])
    evidence, seen = subsets.subset_evidence(counts, GENES, (CLASSICAL,), ambient=np.zeros(100), share=0.0)
    own = np.log1p(1e4 * np.array([3, 2, 0]) / 2000).mean() - np.log1p(1e4 * np.array([1, 0]) / 2000).mean()
    assert evidence[0, 0] == pytest.approx(own)
    assert seen[0, 0] == 2
