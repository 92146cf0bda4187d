"""Thinning to equal depth: binomial, the same in every run and in any order; and the choice of the depth."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, kstest

from cd20scope import schema
from cd20scope.annotate.likelihood import depth

RNG = np.random.default_rng(5)
COUNTS = sp.csr_matrix(RNG.poisson(3, (40, 300)))
CELLS = [f"cell{n}" for n in range(40)]
GENES = [f"G{n}" for n in range(300)]


def thin(counts=COUNTS, cells=CELLS, genes=GENES, keep=0.4, sample="s1"):
    return depth.thin_counts(counts, barcodes=cells, genes=genes, keep=keep, sample=sample)


def test_order_of_cells_and_genes_does_not_matter():
    rows, columns = RNG.permutation(40), RNG.permutation(300)
    turned = thin(COUNTS[rows][:, columns].tocsr(), [CELLS[i] for i in rows], [GENES[j] for j in columns])
    assert (turned.toarray() == thin().toarray()[rows][:, columns]).all()


def test_same_twice_and_other_in_another_sample():
    assert (thin() != thin()).nnz == 0
    assert (thin() != thin(sample="s2")).nnz > 0


@settings(max_examples=25, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_smaller_share_is_part_of_larger(low, high):
    low, high = sorted((low, high))
    less, more = thin(keep=low).toarray(), thin(keep=high).toarray()
    assert (less <= more).all()
    assert (more <= COUNTS.toarray()).all()


@pytest.mark.parametrize("at_once", [1, 700, 5000])
def test_blocks_do_not_matter(monkeypatch, at_once):
    whole = thin()
    monkeypatch.setattr(depth, "AT_ONCE", at_once)
    assert (thin() != whole).nnz == 0
    assert thin(COUNTS[:0], []).shape == (0, 300)


def test_bounds_of_the_share():
    assert thin(keep=0).nnz == 0
    assert (thin(keep=1) != COUNTS).nnz == 0
    with pytest.raises(ValueError, match="probability"):
        thin(keep=1.2)


def test_kept_molecules_are_binomial():
    counts = sp.csr_matrix(np.full((400, 200), 7))
    kept = thin(counts, [f"c{n}" for n in range(400)], GENES[:200], keep=0.3).toarray().ravel()
    seen = np.bincount(kept, minlength=8) / kept.size
    assert seen == pytest.approx(binom.pmf(np.arange(8), 7, 0.3), abs=0.006)


def test_hashed_numbers_are_uniform():
    values = depth.mix_bits(np.arange(20000, dtype=np.uint64)) / 2.0**64
    assert kstest(values, "uniform").pvalue > 1e-3


def test_in_parts_as_at_once(monkeypatch):
    whole = thin()
    monkeypatch.setattr(depth, "AT_ONCE", 50)
    assert (whole != thin()).nnz == 0


def test_fractions_are_refused():
    with pytest.raises(ValueError, match="raw counts"):
        thin(sp.csr_matrix(np.full((40, 300), 0.5)))


SAMPLES = pd.DataFrame(
    {
        "donor": ["A", "A", "A", "B", "B"],
        "molecules": [2000.0, 1000.0, 200.0, 3000.0, 1500.0],
        "t_cells": [300, 300, 300, 300, 5],
    },
    index=["A0", "A1", "A2", "B0", "B1"],
)


def test_a_shallow_visit_pulls_no_other_down():
    chosen = depth.choose_depth(SAMPLES)
    assert chosen["reason"].tolist() == ["", "", schema.TOO_SHALLOW, "", depth.FEW]
    assert chosen["keep"].tolist() == [0.5, 1, 1, 1, 1]
    assert chosen.loc["A0", "target"] == 1000
    assert np.isnan(chosen.loc["A2", "target"])


def test_depth_of_the_cohort():
    chosen = depth.choose_depth(SAMPLES, scope="cohort")
    assert chosen.loc["B0", "keep"] == pytest.approx(1 / 3)


def test_unknown_scope():
    with pytest.raises(ValueError, match="donor or cohort"):
        depth.choose_depth(SAMPLES, scope="visit")


def test_depth_of_a_sample_is_that_of_its_kept_t_cells(populations, tmp_path):
    cells = pd.DataFrame(
        {
            "n_counts": [1000, 3000, 500, 9000, 2000],
            "stratum": ["T", "T", "NK", "B", "T"],
            "keep": [True, True, True, True, False],
        }
    )
    assert depth.measure_depth(cells, populations=populations) == {"molecules": 2000.0, "t_cells": 2}
    nothing = depth.measure_depth(cells[cells["stratum"] == "B"], populations=populations)
    assert np.isnan(nothing["molecules"])
    assert nothing["t_cells"] == 0
    table = pd.DataFrame({"sample": ["1", "2"], "keep": [0.5, 1.0], "reason": ["", schema.TOO_SHALLOW]})
    table.to_csv(tmp_path / "depth.tsv", sep="\t", index=False)
    one, two = (depth.read_depth(tmp_path / "depth.tsv", name) for name in "12")
    assert (one.keep, one.shallow, two.keep, two.shallow) == (0.5, False, 1.0, True)
