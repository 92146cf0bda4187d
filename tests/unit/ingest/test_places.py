"""Which place of a file is taken for the raw counts, and which integers are no counts."""

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from cd20scope.counts.matrix import IngestError, NotRawError
from cd20scope.ingest import look, read
from cd20scope.ingest.plausible import check_plausible

N_CELLS, N_GENES = 40, 200
GENES = [f"G{i}" for i in range(N_GENES - 4)] + ["ACTB", "CD3D", "LYZ", "MS4A1"]
BARCODES = ["".join("ACGT"[i >> 2 * k & 3] for k in range(10)) + "-1" for i in range(N_CELLS)]


def raw_counts(seed=0):
    """Cells of depths that vary as those of libraries do (lognormal, standard deviation 0.4)."""
    rng = np.random.default_rng(seed)
    depth = rng.lognormal(6, 0.4, N_CELLS)
    profile = rng.dirichlet(np.full(N_GENES, 0.5))
    return rng.poisson(np.outer(depth, profile)).astype(np.float32)


def scaled(counts, total=1e6):
    return np.round(counts / counts.sum(axis=1, keepdims=True) * total).astype(np.float32)


def log_normalised(counts):
    return np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4).astype(np.float32)


def write(path, X, *, genes=GENES, layers=None, raw=None, var=None, index=None):
    table = ad.AnnData(
        sparse.csr_matrix(X),
        obs=pd.DataFrame(index=pd.Index(BARCODES)),
        var=pd.DataFrame(var or {}, index=pd.Index(index or genes)),
        layers={name: sparse.csr_matrix(layer) for name, layer in (layers or {}).items()},
    )
    if raw is not None:
        table.raw = ad.AnnData(sparse.csr_matrix(raw), obs=table.obs, var=pd.DataFrame(index=pd.Index(GENES)))
    table.write_h5ad(path)
    return path


def place_of(path):
    return look.look(path, sample="S1")[0].place


@pytest.mark.parametrize("name", ["counts", "raw_counts", "umi", "my layer"])
def test_every_layer_is_looked_at(tmp_path, name):
    counts = raw_counts()
    path = write(tmp_path / "x.h5ad", log_normalised(counts), layers={name: counts})
    assert place_of(path) == f"layers['{name}']"
    np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), counts)


def test_of_places_with_counts_that_with_most_genes_is_taken(tmp_path):
    counts = raw_counts()
    path = write(tmp_path / "x.h5ad", counts[:, 100:], genes=GENES[100:], raw=counts)
    header, _ = look.look(path, sample="S1")
    assert (header.place, header.n_genes) == ("raw.X", N_GENES)
    assert "X holds counts of 100 genes" in header.others
    np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), counts)


def test_a_layer_named_counts_goes_before_other_integers_in_x(tmp_path):
    counts = raw_counts()
    path = write(tmp_path / "x.h5ad", np.maximum(counts - 1, 0), layers={"counts": counts})
    assert place_of(path) == "layers['counts']"


def test_where_no_name_tells_the_setting_is_asked_for(tmp_path):
    path = write(tmp_path / "x.h5ad", raw_counts(0), layers={"alpha": raw_counts(1)})
    with pytest.raises(IngestError, match=r"X, layers\['alpha'\].* ingest: {place: \"X\"}"):
        look.look(path, sample="S1")
    assert look.look(path, sample="S1", place="layers['alpha']")[0].place == "layers['alpha']"


def test_rounded_values_beside_counts_are_passed_over(tmp_path):
    counts = raw_counts()
    path = write(tmp_path / "x.h5ad", scaled(counts), layers={"alpha": counts})
    assert place_of(path) == "layers['alpha']"


def test_parts_of_the_counts_are_no_counts(tmp_path):
    counts = raw_counts()
    path = write(tmp_path / "x.h5ad", log_normalised(counts), layers={"spliced": counts})
    with pytest.raises(NotRawError, match=r"X: .* no raw count"):
        look.look(path, sample="S1")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (scaled, "scaled to a total"),
        (lambda counts: scaled(counts, counts.sum(axis=1).mean()), "hardly vary"),
        (lambda counts: np.minimum(counts, 1), "no value is above 1"),
    ],
)
def test_integers_that_are_no_counts_are_refused_with_the_reason(tmp_path, change, why):
    path = write(tmp_path / "x.h5ad", change(raw_counts()))
    for reader in (
        lambda **options: look.look(path, sample="S1", **options),
        lambda **options: read.read_sample(path, **options),
    ):
        with pytest.raises(NotRawError, match=f'{why}.* ingest: {{place: "X"}}'):
            reader()
        reader(place="X")


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_plausible(seed):
    check_plausible(sparse.csr_matrix(raw_counts(seed)), where="x", place="X")


def test_few_cells_prove_nothing():
    check_plausible(sparse.csr_matrix(np.minimum(raw_counts()[:10], 1)), where="x", place="X")


def test_genes_are_taken_from_the_column_that_holds_them(tmp_path):
    counts = raw_counts()
    numbers = [str(i) for i in range(N_GENES)]
    for column in ("feature_name", "what I call genes"):
        path = write(tmp_path / "x.h5ad", counts, index=numbers, var={column: GENES})
        assert read.read_sample(path).genes["gene"].tolist() == GENES


def test_a_slash_in_a_name_of_a_column_is_no_column(tmp_path):
    path = write(tmp_path / "x.h5ad", raw_counts())
    with h5py.File(path, "a") as file:
        file["obs"].create_group("CD4")["CD8 ratio"] = np.ones(N_CELLS)
    np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), raw_counts())
