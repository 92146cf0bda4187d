"""Foreign count files: every format, against scanpy and anndata and on real files."""

import io
import itertools
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import zarr
from count_files import (
    IDS,
    N_CELLS,
    SYMBOLS,
    UNIQUE,
    assert_counts,
    counts,
    read_header,
    write_10x_h5,
    write_h5ad,
    write_mtx,
    write_old_anndata,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference_data import locate
from scipy import sparse

from cd20scope.counts import hdf5, matrix
from cd20scope.ingest import look, places, read
from cd20scope.ingest.formats import detect, h5ad, tenx_mtx

ROOT = Path(__file__).parents[4]
REAL = {
    "odd/features_without_ids.h5": (300, 266),
    "odd/eccite_prefixed_genes.h5ad": (500, 19_521),
    "zheng_sorted.h5ad": (2140, 8863),
    "pbmc3k_raw.h5ad": (2700, 32_738),
    "kang_ifnb_2000.h5ad": (2000, 9015),
}
"""Real count files, and how many cells and genes each holds."""
# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")


@pytest.mark.parametrize("n", [0, 1, 9_999, 10_000, 10_001])
@pytest.mark.parametrize("block", [1, 7, 4096, 2**20])
def test_first_lines_are_those_that_the_stream_would_give_one_by_one(n, block, monkeypatch):
    monkeypatch.setattr(tenx_mtx, "BLOCK", block)
    text = b"\n".join(b"%d 1 1" % row for row in range(10_000))  # the last line has no end
    assert tenx_mtx._first_lines(io.BytesIO(text), n) == b"".join(itertools.islice(io.BytesIO(text), n))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.int64, np.float64])
def test_10x_h5(tmp_path, version, dtype):
    path = write_10x_h5(tmp_path / "sample", counts(), version=version, dtype=dtype)
    assert detect.sniff_format(path) == "10x_h5"
    assert_counts(read.read_sample(path), counts())
    header = read_header(path)
    assert header == look.Header("10x_h5", "matrix" if version == 3 else "GRCh38", N_CELLS, len(SYMBOLS))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("zipped", [True, False])
def test_mtx(tmp_path, version, zipped):
    folder = write_mtx(tmp_path / "sample", counts(), version=version, zipped=zipped)
    assert detect.sniff_format(folder) == "10x_mtx"
    assert_counts(read.read_sample(str(folder)), counts())
    assert read_header(folder).n_genes == len(SYMBOLS)


def test_gzip_is_told_by_content_not_by_name(tmp_path):
    folder = write_mtx(tmp_path / "sample", counts())
    for path in list(folder.iterdir()):
        path.rename(path.with_suffix(""))
    assert_counts(read.read_sample(folder), counts())


def test_scanpy_reads_the_same(tmp_path):
    import scanpy

    types = ["Gene Expression"] * 6 + ["Antibody Capture"]
    for version in (2, 3):
        path = write_10x_h5(tmp_path / f"v{version}.h5", counts(), version=version, types=types)
        folder = write_mtx(
            tmp_path / f"v{version}", counts(), version=version, types=types, zipped=version == 3
        )
        with warnings.catch_warnings(action="ignore"):
            oracles = scanpy.read_10x_h5(path), scanpy.read_10x_mtx(folder)
        for oracle, found in zip(oracles, (read.read_sample(path), read.read_sample(folder)), strict=True):
            oracle.var_names_make_unique()
            assert_counts(found, oracle.X.toarray(), genes=oracle.var_names, ids=oracle.var["gene_ids"])


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_h5ad(tmp_path, form, dtype):
    path = write_h5ad(tmp_path / "x", form(counts().astype(dtype)), var={"gene_ids": IDS})
    assert detect.sniff_format(path) == "h5ad"
    assert_counts(read.read_sample(path), counts())
    assert read_header(path) == look.Header("h5ad", "X", N_CELLS, len(SYMBOLS))


def test_dense_h5ad_is_read_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "BLOCK_ROWS", 7)
    assert_counts(read.read_sample(write_h5ad(tmp_path / "x.h5ad", counts())), counts(), ids=UNIQUE)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("place", ["layers['counts']", "raw.X"])
def test_h5ad_counts_beside_a_normalised_matrix(tmp_path, place, form):
    logged = form(np.log1p(counts()))
    where = {"layers": {"counts": form(counts())}} if place != "raw.X" else {"raw": form(counts())}
    path = write_h5ad(tmp_path / "x.h5ad", logged, **where)
    assert read_header(path).place == place
    assert_counts(read.read_sample(path), counts(), ids=UNIQUE)


def test_h5ad_counts_elsewhere_are_found_though_the_first_values_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(h5ad, "N_HEAD", 5)
    monkeypatch.setattr(places, "FIRST_CELLS", 5)
    X = sparse.csr_matrix(counts(), dtype=np.float32)
    X.data[-1] = 0.5
    path = write_h5ad(tmp_path / "x.h5ad", X, layers={"counts": sparse.csr_matrix(counts())})
    assert read_header(path, n_cells=5).place == "X"
    assert_counts(read.read_sample(path), counts(), ids=UNIQUE)


@pytest.mark.parametrize("column", ["gene_ids", "Ensembl", "ensembl_id"])
def test_h5ad_ids_from_a_column(tmp_path, column):
    path = write_h5ad(tmp_path / "x.h5ad", counts(), var={column: pd.Categorical(IDS)})
    assert_counts(read.read_sample(path), counts())


def test_h5ad_named_by_id_with_symbols_beside(tmp_path):
    path = write_h5ad(tmp_path / "x.h5ad", counts(), names=IDS, var={"feature_name": pd.Categorical(SYMBOLS)})
    assert_counts(read.read_sample(path), counts())


@pytest.mark.parametrize("writer", ["h5", "mtx", "h5ad"])
def test_only_genes_are_taken_for_genes(tmp_path, writer):
    types = ["Gene Expression"] * 5 + ["Antibody Capture"] * 2
    if writer == "h5ad":
        path = write_h5ad(
            tmp_path / "x", counts(), var={"gene_ids": IDS, "feature_types": pd.Categorical(types)}
        )
    else:
        path = (write_10x_h5 if writer == "h5" else write_mtx)(tmp_path / "x", counts(), types=types)
    found = read.read_sample(path)
    assert_counts(found, counts()[:, :5], genes=UNIQUE[:5], ids=IDS[:5])
    assert found.protein.columns.tolist() == UNIQUE[5:]
    np.testing.assert_array_equal(found.protein, counts()[:, 5:])
    assert read_header(path).n_genes == 5


def test_odd_values_of_antibodies_do_not_matter(tmp_path):
    dense = counts().astype(np.float32)
    dense[:, 6] = 0.25
    types = ["Gene Expression"] * 6 + ["Antibody Capture"]
    path = write_10x_h5(tmp_path / "x.h5", dense, types=types, dtype=np.float32)
    found = read.read_sample(path)
    assert found.matrix.sum() == dense[:, :6].sum()
    assert found.protein is None
    assert read_header(path).n_genes == 6


@pytest.mark.parametrize("writer", [write_10x_h5, write_mtx])
def test_without_ids_the_name_is_the_id(tmp_path, writer):
    assert_counts(read.read_sample(writer(tmp_path / "x", counts(), ids=None)), counts(), ids=SYMBOLS)


@pytest.mark.parametrize("prefix", ["hg19_", "GRCh38_", "GRCh38___"])
def test_genome_prefix_is_taken_off(tmp_path, prefix):
    names, ids = ([prefix + name for name in part] for part in (SYMBOLS, IDS))
    assert_counts(read.read_sample(write_10x_h5(tmp_path / "x.h5", counts(), names=names, ids=ids)), counts())


def test_explicit_zeros_and_unsorted_rows_are_tidied(tmp_path):
    path = write_10x_h5(tmp_path / "x.h5", counts())
    with h5py.File(path, "r+") as file:
        group = file["matrix"]
        start, stop = group["indptr"][:2]
        for name in ("data", "indices"):
            group[name][start:stop] = group[name][start:stop][::-1]
        zeroed = int(group["indices"][start])
        group["data"][start] = 0
    dense = counts()
    dense[0, zeroed] = 0
    assert_counts(read.read_sample(path), dense)


matrices = hnp.arrays(
    np.int32,
    st.tuples(st.integers(1, 6), st.integers(1, 5)),
    elements=st.sampled_from([0, 0, 1, 2, 70_000, 2**31 - 1]),
).filter(lambda dense: dense.any())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dense=matrices, version=st.sampled_from([2, 3]), writer=st.sampled_from([write_10x_h5, write_mtx]))
def test_what_goes_in_comes_out(tmp_path, dense, version, writer):
    barcodes, names = (
        [f"{letter}{i}" for i in range(n)] for letter, n in zip("cg", dense.shape, strict=True)
    )
    path = tmp_path / f"{writer.__name__}{version}"
    writer(path, dense, version=version, names=names, ids=[name + "_id" for name in names], barcodes=barcodes)
    found = read.read_sample(path)
    np.testing.assert_array_equal(found.matrix.toarray(), dense)
    assert found.barcodes.tolist() == barcodes
    assert found.genes["gene"].tolist() == names
    assert read_header(path).n_cells == len(barcodes)


def test_mtx_against_scipy(tmp_path):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False)
    oracle = scipy.io.mmread(folder / "matrix.mtx", spmatrix=False)
    np.testing.assert_array_equal(read.read_sample(folder).matrix.toarray(), oracle.toarray().T)


@pytest.mark.cohort("pbmc1k_citeseq.h5")
def test_real_citeseq_keeps_its_antibodies_apart():
    path = locate("pbmc1k_citeseq.h5")
    found = read.read_sample(path)
    assert found.matrix.shape == (892, 36_601)
    assert found.protein.shape == (892, 10)
    assert read_header(path).n_proteins == 10
    assert found.genes["gene_id"][found.genes["gene"] == "MS4A1"].tolist() == ["ENSG00000156738"]
    assert not any("TotalSeq" in gene for gene in found.genes["gene"])


@pytest.mark.cohort(*REAL)
@pytest.mark.parametrize(("name", "shape"), REAL.items())
def test_real_files(name, shape):
    found = read.read_sample(locate(name))
    assert found.matrix.shape == shape
    assert {"ISG15", "CD79B", "B2M"} & set(found.genes["gene"])
    header = read_header(locate(name))
    assert (header.n_cells, header.n_genes) == shape


@pytest.mark.cohort("pbmc_seurat.rds")
def test_real_seurat_object_is_known_for_what_it_is():
    assert detect.sniff_format(locate("pbmc_seurat.rds")) == "seurat"
    with pytest.raises(matrix.IngestError, match=r"a file of R\. The workflow reads Seurat objects"):
        read.read_sample(locate("pbmc_seurat.rds"))


@pytest.mark.parametrize("kind", ["h5ad", "zarr 2", "zarr 3"])
def test_categories_of_anndata_0_7_are_read_as_text_and_not_as_codes(tmp_path, kind):
    days = np.array(["180", "0", "28"])[np.arange(N_CELLS) % 3].tolist()
    days[5] = None
    obs = {"day": days, "donor": ["P2", "P1"] * (N_CELLS // 2)}
    path = tmp_path / kind
    if kind == "h5ad":
        with h5py.File(path, "w") as file:
            write_old_anndata(file, counts(), obs=obs)
    else:
        store = zarr.open_group(str(path), mode="w", zarr_format=int(kind[-1]))
        write_old_anndata(store, counts(), obs=obs)
    assert_counts(read.read_sample(path), counts(), ids=UNIQUE)
    found = read.read_sample(path, cells="day=28; donor=P2")
    chosen = (np.array(days) == "28") & (np.array(obs["donor"]) == "P2")
    assert 0 < chosen.sum() < N_CELLS
    np.testing.assert_array_equal(found.matrix.toarray(), counts()[chosen])
    with detect.open_sources(path, format=detect.sniff_format(path)) as sources:
        columns = {name: values().tolist() for name, values in sources[0].columns.items()}
    assert columns == {"day": ["" if day is None else day for day in days], "donor": obs["donor"]}
