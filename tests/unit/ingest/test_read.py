"""The file that ingest writes: readable by anndata, the same bytes each time, read back whole or in parts."""

import dataclasses
import time
import tracemalloc

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from cd20scope.counts import ingested, matrix, store
from cd20scope.ingest import read as ingest

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")

N_CELLS, N_GENES = 40, 25
PROVENANCE = {"sample": "D1_base", "donor": "D1", "visit": "baseline", "age": "41"}


def make_counts(n_cells=N_CELLS):
    dense = np.random.default_rng(0).poisson(0.4, (n_cells, N_GENES)).astype(np.int32)
    dense[3] = 0
    names = np.arange(N_GENES).astype(str)
    genes = {
        "gene": np.char.add("G", names).astype(object),
        "gene_id": np.char.add("ID", names).astype(object),
    }
    barcodes = np.array([f"{'A' * (i % 3)}C{i}-1" for i in range(n_cells)])
    return matrix.Counts(matrix=sparse.csr_matrix(dense), barcodes=barcodes, genes=genes)


def assert_same_genes(found, expected):
    assert list(found) == list(expected)
    for column, values in expected.items():
        assert found[column].tolist() == values.tolist()
        assert found[column].dtype == object


@pytest.fixture(scope="module")
def counts():
    return make_counts()


@pytest.fixture(scope="module")
def written(counts, tmp_path_factory):
    path = tmp_path_factory.mktemp("ingest") / "D1_base.h5ad"
    store.write_counts(counts, path, provenance=PROVENANCE)
    return path


def test_anndata_reads_what_is_written(counts, written):
    import anndata

    adata = anndata.read_h5ad(written)
    assert isinstance(adata.X, sparse.csr_matrix)
    assert adata.X.dtype == np.int32
    np.testing.assert_array_equal(adata.X.toarray(), counts.matrix.toarray())
    assert adata.obs_names.tolist() == counts.barcodes.tolist()
    assert adata.var_names.tolist() == counts.genes["gene"].tolist()
    assert adata.var["gene_id"].tolist() == counts.genes["gene_id"].tolist()
    assert dict(adata.uns["sample"]) == PROVENANCE


def test_strings_are_stored_as_every_anndata_reads_them(written):
    with h5py.File(written) as file:
        kinds = {
            name: file[name].attrs["encoding-type"] for name in ("obs/barcode", "var/gene", "var/gene_id")
        }
    assert set(kinds.values()) == {"string-array"}


def test_read_counts(counts, written):
    found = ingested.read_counts(written)
    assert isinstance(found.matrix, sparse.csr_matrix)
    assert found.matrix.dtype == np.int32
    assert found.matrix.has_sorted_indices
    np.testing.assert_array_equal(found.matrix.toarray(), counts.matrix.toarray())
    assert found.barcodes.dtype.kind == "U"
    np.testing.assert_array_equal(found.barcodes, counts.barcodes)
    assert_same_genes(found.genes, {"gene": counts.genes["gene"]})


def test_a_list_of_genes_is_read_once_and_another_is_not_taken_for_it(counts, written, tmp_path):
    ids = counts.genes | {"gene_id": counts.genes["gene_id"][::-1]}
    for name, genes in (("same", counts.genes), ("other", ids)):
        own = dataclasses.replace(counts, genes=genes)
        store.write_counts(own, tmp_path / name, provenance=PROVENANCE)
    found = ingested.read_genes({"a": written, "b": tmp_path / "same", "c": tmp_path / "other"})
    assert found["b"] is found["a"]
    assert_same_genes(found["a"], counts.genes)
    assert_same_genes(found["c"], ids)
    with h5py.File(tmp_path / "same", "a") as file:  # of a version that wrote no digest
        del file["var"].attrs["digest"]
    assert_same_genes(ingested.read_genes({"b": tmp_path / "same"})["b"], counts.genes)


def test_what_was_written_can_be_ingested_again(counts, written):
    found = ingest.read_sample(written)
    np.testing.assert_array_equal(found.matrix.toarray(), counts.matrix.toarray())
    assert_same_genes(found.genes, counts.genes)


def test_same_input_same_bytes(counts, written, tmp_path):
    time.sleep(1.1)  # HDF5 keeps times to the second, where it is let
    store.write_counts(counts, tmp_path / "other name.h5ad", provenance=PROVENANCE)
    assert (tmp_path / "other name.h5ad").read_bytes() == written.read_bytes()


def make_protein():
    names = ["CD3", "CD20_TotalSeqB", "TCR α_β"]
    dense = np.random.default_rng(1).poisson(30, (N_CELLS, len(names))).astype(np.int32)
    return pd.DataFrame(dense, index=pd.Index(make_counts().barcodes, name="barcode"), columns=names)


@pytest.fixture(scope="module")
def tagged(counts, tmp_path_factory):
    path = tmp_path_factory.mktemp("tagged") / "D1_base.h5ad"
    store.write_counts(
        dataclasses.replace(counts, protein=make_protein()), path, provenance={"sample": "D1_base"}
    )
    return path


def test_anndata_reads_protein_as_a_table(counts, tagged):
    import anndata

    adata = anndata.read_h5ad(tagged)
    found = adata.obsm["protein"]
    pd.testing.assert_frame_equal(found, make_protein(), check_index_type=False, check_column_type=False)
    assert set(found.dtypes) == {np.dtype(np.int32)}
    np.testing.assert_array_equal(adata.X.toarray(), counts.matrix.toarray())
    with h5py.File(tagged) as file:
        assert file["obsm/protein/barcode"].attrs["encoding-type"] == "string-array"


def test_read_protein(counts, written, tagged):
    pd.testing.assert_frame_equal(store.read_protein(tagged), make_protein())
    assert store.read_protein(written) is None
    # genes are read as from a file without
    np.testing.assert_array_equal(ingested.read_counts(tagged).matrix.toarray(), counts.matrix.toarray())
    pd.testing.assert_frame_equal(ingest.read_sample(tagged).protein, make_protein())


def test_an_antibody_may_be_called_barcode(counts, tmp_path):
    import anndata

    protein = make_protein()
    protein = protein.rename(columns={protein.columns[0]: "barcode"})
    path = tmp_path / "D1_base.h5ad"
    store.write_counts(dataclasses.replace(counts, protein=protein), path, provenance={})
    pd.testing.assert_frame_equal(store.read_protein(path), protein)
    np.testing.assert_array_equal(anndata.read_h5ad(path).obsm["protein"].to_numpy(), protein.to_numpy())


def test_without_protein_there_is_no_table_of_it(written):
    with h5py.File(written) as file:
        assert list(file["obsm"]) == []


def test_same_protein_same_bytes(counts, tagged, tmp_path):
    time.sleep(1.1)  # HDF5 keeps times to the second, where it is let
    again = dataclasses.replace(counts, protein=make_protein())
    store.write_counts(again, tmp_path / "again.h5ad", provenance={"sample": "D1_base"})
    assert (tmp_path / "again.h5ad").read_bytes() == tagged.read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.integers(0, N_CELLS - 1), max_size=60))
def test_read_rows(counts, written, rows):
    found = store.read_rows(written, np.array(rows, dtype=np.int64))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found.toarray(), counts.matrix[rows].toarray())


def test_read_rows_does_not_hold_the_others(tmp_path):
    large = make_counts(n_cells=20_480)
    store.write_counts(large, tmp_path / "large.h5ad", provenance=PROVENANCE)
    rows = np.arange(0, 20_480, 512)
    tracemalloc.start()
    found = store.read_rows(tmp_path / "large.h5ad", rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(found.toarray(), large.matrix[rows].toarray())
    stored = large.matrix.data.nbytes + large.matrix.indices.nbytes
    assert peak < 0.3 * stored


@pytest.mark.parametrize("rows", [[-1, 3], [N_CELLS]])
def test_rows_outside_the_file(written, rows):
    with pytest.raises(IndexError, match=f"it holds 0 to {N_CELLS - 1}"):
        store.read_rows(written, np.array(rows))


@pytest.mark.parametrize(
    "read",
    [
        ingested.read_counts,
        lambda path: ingested.read_genes({"a": path}),
        store.read_protein,
        lambda path: store.read_rows(path, [0]),
    ],
)
def test_a_damaged_or_foreign_file_is_named(written, tmp_path, read):
    path = tmp_path / "x.h5ad"
    path.write_bytes(written.read_bytes()[:5000])
    with pytest.raises(
        matrix.IngestError, match=r"x\.h5ad: cannot be read \(OSError.*remove it and run again"
    ):
        read(path)
    with h5py.File(path, "w") as file:
        file["X"] = [[1, 2]]
    with pytest.raises(matrix.IngestError, match=r"x\.h5ad: not written by the ingest step: remove it"):
        read(path)
    with pytest.raises(matrix.IngestError, match=r"no\.h5ad: cannot be read"):
        read(tmp_path / "no.h5ad")


@pytest.mark.parametrize("target", [10_000.0, 50.0])
def test_log_normalise(counts, target):
    before = counts.matrix.copy()
    found = matrix.log_normalise(counts.matrix, target=target)
    expected = np.zeros(counts.matrix.shape)
    for cell, row in enumerate(counts.matrix.toarray().astype(float)):
        if row.sum() > 0:
            expected[cell] = [np.log(1 + target * count / row.sum()) for count in row]
    assert found.dtype == np.float32
    assert isinstance(found, sparse.csr_matrix)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-6)
    assert (before != counts.matrix).nnz == 0
    assert counts.matrix.dtype == np.int32


def test_log_normalise_gives_chosen_genes_by_the_total_of_all(counts):
    columns = np.array([2, 0])
    found = matrix.log_normalise(counts.matrix, columns=columns)
    np.testing.assert_array_equal(found.toarray(), matrix.log_normalise(counts.matrix).toarray()[:, columns])


def test_default_target_is_ten_thousand(counts):
    np.testing.assert_array_equal(
        matrix.log_normalise(counts.matrix).toarray(),
        matrix.log_normalise(counts.matrix, target=1e4).toarray(),
    )
