import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from cd20scope.annotate import soup

MARKERS = {
    "B": ["CD79A", "MS4A1", "IGKC", "IGHM"],
    "CD4 T": ["CD3D", "CD3E", "TRAC", "IL7R"],
    "Myeloid": ["LYZ", "S100A8", "S100A9", "CST3"],
    "NK": ["GNLY", "NKG7", "GZMB", "PRF1"],
}
GENES = np.array([gene for names in MARKERS.values() for gene in names] + [f"G{n}" for n in range(84)])


def draw(share, *, n=300, depth=3000, seed=0, kinds=tuple(MARKERS)):
    """Cells that make the markers of their own lineage alone, with a known share of soup; counts and lineage."""
    rng = np.random.default_rng(seed)
    profile = np.ones((len(kinds), len(GENES)))
    for row, kind in enumerate(kinds):
        profile[row, :16] = np.where(np.isin(GENES[:16], MARKERS[kind]), 5.0, 0.0)
    profile /= profile.sum(axis=1, keepdims=True)
    kind = np.repeat(np.arange(len(kinds)), n)
    total = depth * rng.lognormal(0, 0.3, len(kind))
    everywhere = (total[:, None] * profile[kind]).sum(axis=0)
    mean = (1 - share) * profile[kind] + share * everywhere / everywhere.sum()
    return sp.csr_matrix(rng.poisson(total[:, None] * mean)), np.array(kinds)[kind]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_a_planted_share_is_found_within_its_interval(share):
    found = [soup.estimate_soup(*_with_genes(draw(share, seed=seed))) for seed in range(20)]
    assert np.mean([estimate.share for estimate in found]) == pytest.approx(share, rel=0.05)
    assert np.mean([estimate.low <= share <= estimate.high for estimate in found]) >= 0.85


def _with_genes(drawn):
    counts, lineage = drawn
    return counts, GENES, lineage


def test_doublets_are_left_out():
    counts, lineage = draw(0.05)
    clean = soup.estimate_soup(counts, GENES, lineage)
    doublets = counts.copy().tolil()
    doublets[:15] = (counts[:15] + counts[600:615]).tolil()  # 5 % of the B cells with a monocyte
    found = soup.estimate_soup(doublets.tocsr(), GENES, lineage)
    assert found.share == pytest.approx(clean.share, rel=0.15)


def test_nothing_can_be_read_off_one_lineage():
    counts, lineage = draw(0.05, kinds=("NK",))
    found = soup.estimate_soup(counts, GENES, lineage)
    assert np.isnan(found.share)
    assert found.n_sets == 0
    assert found.bound == soup.UNKNOWN


def test_no_foreign_molecule_still_has_an_upper_limit():
    counts, lineage = draw(0.0)
    found = soup.estimate_soup(counts, GENES, lineage)
    assert found.share == found.low == 0
    assert 0 < found.high < 0.01


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.0, 0.3))
def test_the_interval_holds_the_estimate(seed, share):
    found = soup.estimate_soup(*_with_genes(draw(share, n=60, seed=seed)))
    assert 0 <= found.low <= found.share <= found.high <= 1
    assert found.profile.sum() == pytest.approx(1)


def test_the_table_names_the_genes_that_make_most_of_it():
    profile = np.array([0.1, 0.7, 0.2])
    estimate, genes = soup.tabulate(
        soup.Soup(0.1, 0.05, 0.2, 4, profile), np.array(["A", "B", "C"]), n_genes=2
    )
    bounds = {"share": 0.1, "low": 0.05, "high": 0.2, "n_sets": 4}
    assert estimate.to_dict("records") == [bounds | {"profile": "mean of the sample"}]
    pd.testing.assert_frame_equal(genes, pd.DataFrame({"gene": ["B", "C"], "share": [0.7, 0.2]}))


def draw_foreign(share, ambient, *, n=300, depth=3000, seed=0):
    """Cells as :func:`draw` makes them, in a soup of another make than their mean."""
    rng = np.random.default_rng(seed)
    clean, lineage = draw(0.0, n=n, depth=depth, seed=seed)
    total = np.asarray(clean.sum(axis=1)).ravel()
    soaked = rng.binomial(clean.toarray(), 1 - share) + rng.poisson(share * total[:, None] * ambient)
    return sp.csr_matrix(soaked), lineage


def test_empty_droplets_tell_the_share_where_the_mean_of_the_cells_does_not():
    # monocytes burst: the soup holds three times their part of the cells
    ambient = np.ones(len(GENES))
    ambient[np.isin(GENES, MARKERS["Myeloid"])] = 15.0
    ambient /= ambient.sum()
    counts, lineage = draw_foreign(0.08, ambient)
    empty = np.random.default_rng(1).poisson(200_000 * ambient)
    found = soup.estimate_soup(counts, GENES, lineage, empty=empty)
    assert found.measured
    np.testing.assert_allclose(found.profile, empty / empty.sum())
    assert found.share == pytest.approx(0.08, rel=0.1)
    guessed = soup.estimate_soup(counts, GENES, lineage)
    assert not guessed.measured
    assert abs(guessed.share - 0.08) > 2 * abs(found.share - 0.08)
    assert soup.tabulate(found, GENES)[0]["profile"].tolist() == ["droplets without a cell"]
