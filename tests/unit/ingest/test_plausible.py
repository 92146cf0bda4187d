"""Whole numbers that are no counts of molecules: transformed, imputed, cut off, or a part of the counts."""

import h5py
import numpy as np
import pandas as pd
import pytest
from count_files import write_h5ad, write_loom
from reference_data import locate
from scipy import sparse

from cd20scope.counts.matrix import IngestError, NotRawError
from cd20scope.ingest import look, read
from cd20scope.ingest.plausible import check_plausible

N_CELLS, N_GENES = 80, 400
GENES = [f"GENE{i}" for i in range(N_GENES)]
CELLS = [f"cell{i}" for i in range(N_CELLS)]


def molecules(seed=0, *, dispersion=0.3):
    """Cells x genes, negative binomial, of cells of unlike depth."""
    rng = np.random.default_rng(seed)
    means = rng.lognormal(0.3, 1.3, N_GENES) * rng.lognormal(0, 0.4, (N_CELLS, 1))
    return rng.poisson(means * rng.gamma(1 / dispersion, dispersion, means.shape))


def rounded_root(counts):
    return np.round(np.sqrt(counts))


def imputed(counts):
    """Mean of ten cells, weighted by none, as smoothing over neighbours makes it."""
    rng = np.random.default_rng(1)
    return np.stack([np.round(counts[rng.choice(N_CELLS, 10)].mean(axis=0)) for _ in counts])


def ranked(method):
    """Values of each cell by their rank among those above zero."""

    def change(counts):
        ranks = pd.DataFrame(counts).where(counts > 0).rank(axis=1, method=method)
        return ranks.fillna(0).to_numpy()

    return change


def with_tail(counts):
    """Genes in the proportions of real cells: a few with many molecules, most with one."""
    return np.random.default_rng(3).poisson(counts * np.where(np.arange(N_GENES) < 30, 12.0, 0.4))


@pytest.mark.parametrize("method", ["dense", "min", "max", "first"])
def test_ranks_within_cells_are_refused(method):
    counts = with_tail(molecules())
    check_plausible(sparse.csr_matrix(counts), where="x", place="X")
    for values in (ranked(method)(counts), ranked(method)(counts + 1)):
        with pytest.raises(NotRawError, match=r'x: .*looks ranked within each cell.* ingest: {place: "X"}'):
            check_plausible(sparse.csr_matrix(values), where="x", place="X")


@pytest.mark.parametrize("part", [0.5, 0.2, 0.1, 0.05, 0.02])
def test_shallow_counts_are_no_ranks(part):
    thinned = np.random.default_rng(4).binomial(with_tail(molecules()), part)
    check_plausible(sparse.csr_matrix(thinned), where="x", place="X")


REAL = ("pbmc3k_raw.h5ad", "zheng_sorted.h5ad", "kang_ifnb_2000.h5ad")


@pytest.mark.cohort(*REAL)
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("part", [1.0, 0.2, 0.1, 0.05])
def test_real_counts_are_no_ranks(name, part):
    counts = read.read_sample(locate(name)).matrix[:300]
    counts.data = np.random.default_rng(5).binomial(counts.data, part)
    highest = np.argsort(-np.asarray(counts.sum(axis=0)).ravel(), kind="stable")
    for genes in (highest, highest[:300], highest[50:350], highest[50:1050]):
        check_plausible(sparse.csr_matrix(counts[:, genes]), where="x", place="X")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (rounded_root, "transformed"),
        (lambda counts: counts // 8 + 1, "transformed|hardly vary"),
        (imputed, "imputed|hardly vary"),
        (lambda counts: np.minimum(counts, 12), "same largest value, 12"),
    ],
)
def test_transformed_integers_are_refused(change, why):
    changed = sparse.csr_matrix(change(molecules()))
    with pytest.raises(NotRawError, match=rf'x: .*({why}).* ingest: {{place: "X"}}'):
        check_plausible(changed, where="x", place="X")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dispersion", [1e-6, 0.1, 1.0])
def test_counts_vary_as_sampling_makes_them_or_more(seed, dispersion):
    check_plausible(sparse.csr_matrix(molecules(seed, dispersion=dispersion)), where="x", place="X")


def split(counts):
    """Spliced and unspliced molecules."""
    spliced = np.random.default_rng(2).binomial(counts, 0.8)
    return {"spliced": spliced, "unspliced": counts - spliced}


@pytest.mark.parametrize("half", ["spliced", "unspliced"])
def test_a_place_that_repeats_a_part_of_the_counts_is_left_out(tmp_path, half):
    counts = molecules()
    halves = {name: sparse.csr_matrix(part) for name, part in split(counts).items()}
    whole = halves | {"total": sparse.csr_matrix(counts)}
    path = write_h5ad(tmp_path / "x.h5ad", halves[half].copy(), names=GENES, barcodes=CELLS, layers=whole)
    np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), counts)
    path = write_h5ad(tmp_path / "y.h5ad", halves[half].copy(), names=GENES, barcodes=CELLS, layers=halves)
    for reader in (read.read_sample, lambda path: look.look(path, sample="s")):
        with pytest.raises(NotRawError, match=r"y\.h5ad: X repeats a layer of spliced"):
            reader(path)
    assert look.look(path, sample="s", place="X")[0].place == "X"


def test_a_loom_file_that_repeats_its_spliced_counts(tmp_path):
    counts = molecules()
    halves = split(counts)
    for name, dense in (("whole", counts), ("part", halves["spliced"])):
        path = write_loom(tmp_path / f"{name}.loom", dense, names=GENES, barcodes=CELLS)
        with h5py.File(path, "a") as file:
            for layer, part in halves.items():
                file[f"layers/{layer}"] = part.T
    np.testing.assert_array_equal(read.read_sample(tmp_path / "whole.loom").matrix.toarray(), counts)
    with pytest.raises(NotRawError, match=r"part\.loom: matrix repeats a layer"):
        read.read_sample(tmp_path / "part.loom")


def half_precision(path, counts):
    write_h5ad(path, counts.astype(np.float32), names=GENES, barcodes=CELLS)
    with h5py.File(path, "a") as file:
        attributes = dict(file["X"].attrs)
        del file["X"]
        file["X"] = counts.astype(np.float16)
        file["X"].attrs.update(attributes)
    return path


def test_half_precision_is_read_where_it_is_exact(tmp_path):
    counts = molecules()
    path = half_precision(tmp_path / "x.h5ad", counts)
    np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), counts)
    counts[3, 4] = 4001
    path = half_precision(tmp_path / "y.h5ad", counts)
    with pytest.raises(
        IngestError, match=r"y\.h5ad: .*half precision, which rounds whole numbers from 2,048"
    ):
        read.read_sample(path)
