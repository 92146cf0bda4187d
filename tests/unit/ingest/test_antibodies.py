"""Antibody counts in every format: kept when they are counts, left out with a word in the log when they are not."""

import logging
import re

import h5py
import numpy as np
import pandas as pd
import pytest
from count_files import (
    ANTIBODIES,
    ANTIBODIES_READ,
    BARCODES,
    N_CELLS,
    SYMBOLS,
    UNIQUE,
    antibody_counts,
    assert_counts,
    counts,
    read_header,
    with_antibodies,
    write_10x_h5,
    write_h5ad,
    write_mtx,
)
from scipy import sparse

from cd20scope.counts import ingested, store
from cd20scope.counts import matrix as counts_matrix
from cd20scope.ingest import antibodies, look, read

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")

# a DataFrame of anndata cannot hold the same name twice, nor a slash
NAMES = ["CD3", "CD19", "CD20", "HLA", "CD56", "IgG1"]


def frame(values=None):
    return pd.DataFrame(antibody_counts() if values is None else values, index=BARCODES, columns=NAMES)


def in_one_matrix(folder, writer, protein, dtype=np.int32):
    given = with_antibodies(protein)
    dense = given.pop("dense")
    if writer == "h5":
        return write_10x_h5(folder / "x.h5", dense, dtype=dtype, **given)
    if writer == "mtx":
        return write_mtx(folder / "x", dense.astype(dtype), **given)
    form = {"dense": np.asarray, "csr": sparse.csr_matrix, "csc": sparse.csc_matrix}[writer.split()[0]]
    types = pd.Categorical(given["types"])
    # as from Cell Ranger: ids for the index, names beside them, with a slash in one and another one twice
    var = {"gene_symbols": given["names"], "feature_types": types}
    ids = [*given["ids"][: len(SYMBOLS)], *(f"ENSG9{n:010d}" for n in range(len(ANTIBODIES) + 1))]
    return write_h5ad(folder / "x.h5ad", form(dense.astype(dtype)), names=ids, var=var)


def warned(caplog):
    """Warnings alone: the level of other records depends on the tests before."""
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def assert_protein(found, *, names=NAMES):
    assert found.index.tolist() == BARCODES
    assert found.index.name == "barcode"
    assert found.columns.tolist() == list(names)
    assert set(found.dtypes) == {np.dtype(np.int32)}
    np.testing.assert_array_equal(found, antibody_counts())


@pytest.mark.parametrize("writer", ["h5", "mtx", "dense h5ad", "csr h5ad", "csc h5ad"])
def test_features_of_type_antibody_capture(tmp_path, caplog, writer):
    dtype = np.float32 if "h5ad" in writer else np.int32
    path = in_one_matrix(tmp_path, writer, antibody_counts(), dtype)
    found = read.read_sample(path)
    assert_protein(found.protein, names=ANTIBODIES_READ)
    # neither antibody nor hashtag adds a molecule or a gene to any cell
    np.testing.assert_array_equal(found.matrix.toarray(), counts())
    assert found.genes["gene"].tolist() == UNIQUE
    header = read_header(path)
    assert (header.n_genes, header.n_proteins) == (len(SYMBOLS), len(ANTIBODIES))
    assert not warned(caplog)


@pytest.mark.parametrize("writer", [write_10x_h5, write_mtx, write_h5ad])
def test_a_sample_without_antibodies(tmp_path, caplog, writer):
    path = writer(tmp_path / "x", counts())
    assert read.read_sample(path).protein is None
    assert read_header(path).n_proteins == 0
    assert not warned(caplog)


@pytest.mark.parametrize("writer", ["h5", "mtx"])
def test_hashtags_and_guides_alone_are_no_protein(tmp_path, writer):
    types = ["Gene Expression"] * 4 + ["Multiplexing Capture", "Custom", "CRISPR Guide Capture"]
    path = (write_10x_h5 if writer == "h5" else write_mtx)(tmp_path / "x", counts(), types=types)
    assert read.read_sample(path).protein is None
    assert read.read_sample(path).matrix.shape == (N_CELLS, 4)


@pytest.mark.parametrize("key", [*antibodies.OBSM, "ADT", "CITE"])
@pytest.mark.parametrize("form", ["frame", "array", "csr", "csc"])
def test_obsm_of_an_h5ad(tmp_path, caplog, key, form):
    dense = antibody_counts().astype(np.float32)
    kinds = {"frame": frame, "array": np.asarray, "csr": sparse.csr_matrix, "csc": sparse.csc_matrix}
    uns = {} if form == "frame" else {"protein_names" if key != "prot" else "prot_names": np.array(NAMES)}
    path = write_h5ad(tmp_path / "x.h5ad", counts(), obsm={key: kinds[form](dense)}, uns=uns)
    found = read.read_sample(path)
    assert_protein(found.protein)
    assert_counts(found, counts(), ids=UNIQUE)
    assert read_header(path) == look.Header("h5ad", "X", N_CELLS, len(SYMBOLS), len(NAMES))
    assert not warned(caplog)


def test_counts_are_found_beside_a_normalised_table(tmp_path, caplog):
    obsm = {"X_pca": np.ones((N_CELLS, 2)), "protein": frame(np.log1p(antibody_counts())), "adt": frame()}
    path = write_h5ad(tmp_path / "x.h5ad", np.log1p(counts()), layers={"counts": counts()}, obsm=obsm)
    assert_protein(read.read_sample(path).protein)
    assert read_header(path).n_proteins == len(NAMES)
    assert not warned(caplog)


def test_counts_of_the_matrix_go_before_a_table(tmp_path):
    types = ["Gene Expression"] * 5 + ["Antibody Capture"] * 2
    path = write_h5ad(tmp_path / "x.h5ad", counts(), var={"feature_types": types}, obsm={"protein": frame()})
    assert read.read_sample(path).protein.columns.tolist() == UNIQUE[5:]


def test_normalised_antibodies_of_the_matrix_give_way_to_a_table(tmp_path, caplog):
    dense = counts().astype(np.float32)
    dense[:, 5:] = np.log1p(dense[:, 5:]) - 0.5
    types = ["Gene Expression"] * 5 + ["Antibody Capture"] * 2
    path = write_h5ad(tmp_path / "x.h5ad", dense, var={"feature_types": types}, obsm={"protein": frame()})
    assert_protein(read.read_sample(path).protein)
    assert not warned(caplog)


def spoilt(value):
    dense = antibody_counts().astype(np.float64)
    dense[1, 2] = value
    return dense


CLR = np.log1p(antibody_counts() / np.exp(np.log1p(antibody_counts()).mean(axis=0)))
BAD_VALUES = {
    "clr": (CLR, f"fractions up to {CLR.max():.4g}: looks normalised (CLR, dsb)"),
    "dsb": (antibody_counts() - 20.5, "looks normalised (CLR, dsb)"),
    "negative": (spoilt(-1), "values from -1 to"),
    "fraction": (spoilt(0.5), "fractions up to"),
    "nan": (spoilt(np.nan), "missing or infinite values"),
    "infinite": (spoilt(np.inf), "missing or infinite values"),
    "large": (spoilt(2.0**31), "values up to 2.147e+09, more than a count can be"),
}


@pytest.mark.parametrize("case", BAD_VALUES)
@pytest.mark.parametrize("writer", ["h5", "mtx", "csr h5ad", "obsm"])
def test_what_is_no_count_is_left_out_with_a_word(tmp_path, caplog, writer, case):
    dense, words = BAD_VALUES[case]
    if writer == "obsm":
        path = write_h5ad(tmp_path / "x.h5ad", counts(), obsm={"protein": frame(dense)})
    else:
        path = in_one_matrix(tmp_path, writer, dense, np.float64)
    found = read.read_sample(path)
    np.testing.assert_array_equal(found.matrix.toarray(), counts())
    assert found.protein is None
    (record,) = warned(caplog)
    place = {"h5": "matrix", "mtx": "matrix.mtx.gz", "csr h5ad": "X"}.get(writer)
    place = f"{place} (Antibody Capture)" if place else "obsm['protein']"
    assert record.levelname == "WARNING"
    assert record.name.startswith("cd20scope.")  # whose log the rule keeps
    assert record.getMessage().startswith(f"{path}, {place}: ")
    assert words in record.getMessage()
    assert "protein is left out and the sample read without it" in record.getMessage()
    # the first values of a sparse matrix by row hold those of the first cells
    caplog.clear()
    assert read_header(path).n_proteins == 0
    assert words.split(" up to")[0].split(" from")[0] in caplog.text


def test_every_table_that_was_refused_is_told(tmp_path, caplog):
    path = write_h5ad(tmp_path / "x.h5ad", counts(), obsm={"protein": frame(CLR), "prot": frame(CLR)})
    assert read.read_sample(path).protein is None
    found = [re.search(r"obsm\['\w+'\]", record.getMessage())[0] for record in warned(caplog)]
    assert found == ["obsm['protein']", "obsm['prot']"]


def without_names(file):
    del file["obsm/protein"]
    file["obsm/protein"] = antibody_counts()


def other_cells(file):
    table = file["obsm/protein"]
    index = table.attrs["_index"]
    names = np.array(BARCODES[::-1], dtype=object)
    del table[index]
    table.create_dataset(index, data=names, dtype=h5py.string_dtype())


def too_few_names(file):
    without_names(file)
    file["uns/protein_names"] = np.array(NAMES[:3], dtype="S")


def no_columns(file):
    del file["obsm/protein/CD3"]


def too_few_cells(file):
    del file["obsm/protein"]
    file["obsm/protein"] = antibody_counts()[:7]
    file["uns/protein_names"] = np.array(NAMES, dtype="S")


def text(file):
    del file["obsm/protein/CD3"]
    file["obsm/protein"].create_dataset("CD3", data=np.array(["high"] * N_CELLS, dtype="S"))


def bad_index(file):
    del file["obsm/protein"]
    matrix = sparse.csr_matrix(antibody_counts())
    group = file["obsm"].create_group("protein")
    group.attrs["encoding-type"], group.attrs["shape"] = "csr_matrix", matrix.shape
    group["data"], group["indptr"], group["indices"] = matrix.data, matrix.indptr, matrix.indices + 900
    file["uns/protein_names"] = np.array(NAMES, dtype="S")


ODD_TABLES = {
    "no names": (without_names, "its antibodies have no names; give a DataFrame, or uns['protein_names']"),
    "too few names": (too_few_names, "not laid out as a table (ValueError"),
    "column lost": (no_columns, "not laid out as a table (KeyError"),
    "other cells": (other_cells, "its barcodes are not those of the cells"),
    "too few cells": (too_few_cells, "7 cells x 6 antibodies beside 30 cells of genes"),
    "text": (text, "values of type object"),
    "index outside": (bad_index, "not laid out as a table (ValueError"),
}


@pytest.mark.parametrize("case", ODD_TABLES)
def test_an_odd_table_is_left_out_with_a_word(tmp_path, caplog, case):
    edit, words = ODD_TABLES[case]
    path = write_h5ad(tmp_path / "x.h5ad", counts(), obsm={"protein": frame()})
    with h5py.File(path, "r+") as file:
        edit(file)
    assert read.read_sample(path).protein is None
    assert words in caplog.text
    caplog.clear()
    assert read_header(path).n_proteins == 0
    assert words in caplog.text


def test_a_damaged_table_is_damage_of_the_file(tmp_path):
    path = tmp_path / "x.h5ad"
    write_h5ad(path, counts())
    with h5py.File(path, "r+") as file:
        table = file.create_dataset(
            "obsm/protein", data=antibody_counts(), chunks=(10, 6), compression="gzip"
        )
        file["uns/protein_names"] = np.array(NAMES, dtype="S")
        at = table.id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[at : at + 16] = bytes(16)
    path.write_bytes(content)
    with pytest.raises(counts_matrix.IngestError, match=r"x\.h5ad: cannot be read \(OSError"):
        read.read_sample(path)


def test_names_that_no_table_can_hold_are_changed(tmp_path):
    names = ["barcode", "_index", "", "..", " CD3 ", "a/b"]
    path = write_h5ad(
        tmp_path / "x.h5ad", counts(), obsm={"adt": antibody_counts()}, uns={"protein_names": np.array(names)}
    )
    found = read.read_sample(path)
    expected = ["antibody barcode", "antibody _index", "antibody", "antibody ..", "CD3", "a_b"]
    assert found.protein.columns.tolist() == expected
    store.write_counts(found, tmp_path / "y.h5ad", provenance={"sample": "x"})
    assert_protein(store.read_protein(tmp_path / "y.h5ad"), names=expected)


def test_an_antibody_without_name_is_named_by_its_id(tmp_path):
    types = ["Gene Expression"] * 5 + ["Antibody Capture"] * 2
    path = write_10x_h5(tmp_path / "x.h5", counts(), names=[*SYMBOLS[:6], ""], types=types)
    assert read.read_sample(path).protein.columns.tolist() == [SYMBOLS[5], "ENSG00000000006"]


@pytest.mark.parametrize("writer", ["h5", "mtx", "csr h5ad"])
def test_from_a_foreign_file_to_the_steps(tmp_path, writer):
    path = in_one_matrix(tmp_path, writer, antibody_counts())
    store.write_counts(read.read_sample(path), tmp_path / "out.h5ad", provenance={"sample": "x"})
    assert_protein(store.read_protein(tmp_path / "out.h5ad"), names=ANTIBODIES_READ)
    np.testing.assert_array_equal(ingested.read_counts(tmp_path / "out.h5ad").matrix.toarray(), counts())
