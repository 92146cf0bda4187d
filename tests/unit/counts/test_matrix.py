"""The proof that values are raw counts, in every format, and names made unique."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from count_files import (
    BARCODES,
    N_CELLS,
    counts,
    read_header,
    write_10x_h5,
    write_h5ad,
    write_mtx,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from cd20scope.counts import matrix as proofs
from cd20scope.ingest import gene_names
from cd20scope.ingest import read as ingest
from cd20scope.ingest.formats import h5ad, source, tenx_h5

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")


def spoil(dense, value, at=(3, 2)):
    spoilt = dense.astype(np.float64)
    spoilt[at] = value
    return spoilt


LOGGED = np.log1p(10 * counts())
BAD_VALUES = [
    (
        spoil(counts(), -1),
        f"-1 in cell {BARCODES[3]}, gene LYZ is no raw count: values go down to -1: looks scaled",
    ),
    (
        spoil(counts(), np.nan),
        f"nan in cell {BARCODES[3]}, gene LYZ is no raw count: it is missing or infinite",
    ),
    (
        spoil(counts(), np.inf),
        f"inf in cell {BARCODES[3]}, gene LYZ is no raw count: it is missing or infinite",
    ),
    (
        spoil(counts(), 2**31),
        f"2147483648 in cell {BARCODES[3]}, gene LYZ is no raw count: it is not below 2,147,483,648",
    ),
    (LOGGED, f"looks log-normalised: max {LOGGED.max():.3g}. Give the raw counts"),
    (counts() * 123.4, "looks normalised to a total, or corrected for ambient RNA"),
]


@pytest.mark.parametrize(("dense", "words"), BAD_VALUES)
@pytest.mark.parametrize("writer", ["h5", "mtx", "dense h5ad", "csr h5ad", "csc h5ad"])
def test_anything_but_raw_counts_is_refused_by_reading_and_a_first_look(tmp_path, writer, dense, words):
    path = tmp_path / "x"
    if writer == "h5":
        write_10x_h5(path, dense, dtype=np.float64)
    elif writer == "mtx":
        write_mtx(path, dense)
    else:
        form = {"dense": np.asarray, "csr": sparse.csr_matrix, "csc": sparse.csc_matrix}[writer.split()[0]]
        write_h5ad(path, form(dense))
    for read in (ingest.read_sample, read_header):
        with pytest.raises(proofs.NotRawError, match=re.escape(words)) as error:
            read(path)
        assert str(error.value).startswith(f"{path}, ")


def test_fractions_under_an_integer_header_are_not_cut_off(tmp_path):
    folder = write_mtx(tmp_path / "x", counts() + 0.5, zipped=False)
    matrix = folder / "matrix.mtx"
    matrix.write_text(matrix.read_text().replace(" real ", " integer "))
    with pytest.raises(proofs.NotRawError, match="is no raw count"):
        ingest.read_sample(folder)


def test_a_first_look_reads_only_the_beginning(tmp_path, monkeypatch):
    dense = spoil(counts(), 0.5, at=(N_CELLS - 1, 0))
    for module in (h5ad, tenx_h5, source):
        monkeypatch.setattr(module, "N_HEAD", 20)
    path = write_10x_h5(tmp_path / "x.h5", dense, dtype=np.float64)
    assert read_header(path, n_cells=20).n_cells == N_CELLS
    with pytest.raises(proofs.NotRawError, match=f"0.5 in cell {BARCODES[-1]}, gene MS4A1"):
        ingest.read_sample(path)


def test_every_place_of_an_h5ad_is_told(tmp_path):
    path = write_h5ad(tmp_path / "x.h5ad", LOGGED, layers={"counts": counts() - 1.0}, raw=LOGGED)
    with pytest.raises(proofs.NotRawError) as error:
        ingest.read_sample(path)
    places = [line.split(": ")[0] for line in str(error.value).split("\n")]
    assert places == [f"{path}, X", f"{path}, layers['counts']", f"{path}, raw.X"]


@settings(max_examples=200, deadline=None)
@given(names=st.lists(st.sampled_from(["A", "B", "A-1", "A-2", "A-1-1", "B-1"]), min_size=1, max_size=9))
def test_names_are_made_unique_as_by_anndata(names):
    import anndata

    with warnings.catch_warnings(action="ignore"):
        oracle = anndata.utils.make_index_unique(pd.Index(names))
    genes = gene_names.tidy_genes(np.array(names), np.array([]), where="x")
    assert genes["gene"].tolist() == oracle.tolist()
    assert genes["gene_id"].tolist() == names


def test_a_gene_without_name_is_named_by_its_id():
    genes = gene_names.tidy_genes(np.array(["CD3D", ""]), np.array(["", "ENSG1"]), where="x")
    assert genes["gene"].tolist() == ["CD3D", "ENSG1"]
    assert genes["gene_id"].tolist() == ["CD3D", "ENSG1"]


@pytest.mark.parametrize(("n_plain", "taken_off"), [(2, True), (3, False)])
def test_a_few_genes_may_lack_the_genome_prefix(n_plain, taken_off):
    names = np.array([f"hg19_G{i}" for i in range(50 - n_plain)] + [f"ERCC{i}" for i in range(n_plain)])
    if taken_off:
        assert gene_names.tidy_genes(names, names, where="x")["gene"].tolist()[0] == "G0"
    else:
        with pytest.raises(proofs.IngestError, match=r"x: 47 of 50 genes carry a human genome prefix"):
            gene_names.tidy_genes(names, names, where="x")


def test_the_proof_looks_beyond_the_first_block(monkeypatch):
    monkeypatch.setattr(proofs, "BLOCK", 4)
    matrix = sparse.csr_matrix(np.arange(1.0, 13.0).reshape(3, 4))
    proofs.check_raw(matrix, barcodes=np.array(["a", "b", "c"]), names=np.array(list("wxyz")), where="f")
    matrix[2, 1] = 10.5
    with pytest.raises(
        proofs.NotRawError, match=r"f: 10.5 in cell c, gene x is no raw count: looks log-norm"
    ):
        proofs.check_raw(matrix, barcodes=np.array(["a", "b", "c"]), names=np.array(list("wxyz")), where="f")


@pytest.mark.parametrize("values", [np.array([1 + 2j]), np.array(["1"], dtype=object)])
def test_values_of_another_kind(values):
    matrix = sparse.csr_matrix((1, 1))
    matrix.data, matrix.indices, matrix.indptr = values, np.array([0]), np.array([0, 1])
    with pytest.raises(proofs.NotRawError, match="are no counts"):
        proofs.check_raw(matrix, barcodes=np.array(["a"]), names=np.array(["G"]), where="f")
