"""Matrices in MTX format whose lists of names have other names, empty lines, headers, or lie the other way."""

import gzip

import numpy as np
import pytest
from count_files import BARCODES, IDS, SYMBOLS, assert_counts, counts, write_mtx

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest import look, read
from cd20scope.ingest.formats import layouts


def edit(path, change):
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize("name", ["features.tsv", "barcodes.tsv"])
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("blank", ["\n", "\n\n\r\n"])
def test_empty_lines_at_the_end_of_a_list_are_no_names(tmp_path, name, columns, blank):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False, ids=None if columns == 1 else IDS)
    edit(folder / name, lambda text: text + blank)
    found = read.read_sample(folder)
    assert found.barcodes.tolist() == BARCODES
    assert found.genes["gene"].tolist()[:4] == SYMBOLS[:4]
    np.testing.assert_array_equal(found.matrix.toarray(), counts())


@pytest.mark.parametrize("header", ["x", "V1", "gene_symbol", "0", "index"])
def test_a_header_of_a_list_of_symbols(tmp_path, header):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False, ids=None)
    edit(folder / "features.tsv", lambda text: f"{header}\n{text}")
    assert read.read_sample(folder).genes["gene"].tolist()[:3] == SYMBOLS[:3]


@pytest.mark.parametrize(
    ("name", "line", "ids"),
    [
        ("features.tsv", "XIST", None),
        ("features.tsv", "ENSG00000229807\tXIST\tGene Expression", IDS),
        ("barcodes.tsv", "ACGTACGTACGTACGT-1", IDS),
    ],
)
def test_a_list_with_a_name_too_many_is_no_list_with_a_header(tmp_path, name, line, ids):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False, ids=ids)
    edit(folder / name, lambda text: f"{line}\n{text}")
    with pytest.raises(IngestError, match="do not belong together"):
        look.look(folder, sample="s")


def test_cells_in_rows_under_the_names_of_cell_ranger(tmp_path):
    folder = write_mtx(tmp_path / "x", counts().T)
    assert_counts(read.read_sample(folder), counts())
    assert look.look(folder, sample="s")[0].n_cells == len(BARCODES)


@pytest.mark.parametrize(
    ("matrix", "features", "barcodes"),
    [
        ("matrix_P01.mtx", "features_P01.tsv", "barcodes_P01.tsv"),
        ("GSM1_P01_counts.mtx", "GSM1_P01_genes.csv", "GSM1_P01_cells.csv"),
        ("P01.mtx", "P01_gene_names.txt", "P01_barcodes.txt"),
        ("P01-raw-counts.mtx", "P01-rownames.txt", "P01-colnames.txt"),
    ],
)
def test_lists_are_found_by_what_their_names_share_with_the_matrix(tmp_path, matrix, features, barcodes):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False, ids=None)
    for old, new in (("matrix.mtx", matrix), ("features.tsv", features), ("barcodes.tsv", barcodes)):
        (folder / old).rename(folder / new)
    for path in (folder / matrix, folder):
        np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), counts())
    (folder / features.replace("P01", "P02")).touch()
    assert layouts.find_bundle(folder / matrix).features == folder / features
    (folder / barcodes).unlink()
    with pytest.raises(IngestError, match="a matrix on its own"):
        read.read_sample(folder / matrix)


@pytest.mark.parametrize("name", ["spliced.mtx", "cells_x_genes.mature.mtx"])
def test_a_part_of_the_counts_is_told(tmp_path, name):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False)
    (folder / "matrix.mtx").rename(folder / name)
    with pytest.raises(IngestError, match=rf"{name}: a part of the counts"):
        read.read_sample(folder / name)


@pytest.mark.parametrize("name", ["matrix.mtx", "features.tsv", "barcodes.tsv"])
@pytest.mark.parametrize("zipped", [True, False])
def test_line_ends_of_old_macs_are_told_with_the_cure(tmp_path, name, zipped):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False)
    text = (folder / name).read_bytes().replace(b"\n", b"\r")
    (folder / name).unlink()
    (folder / f"{name}{'.gz' * zipped}").write_bytes(gzip.compress(text) if zipped else text)
    for reader in (read.read_sample, lambda path: look.look(path, sample="s")):
        with pytest.raises(
            IngestError, match=rf"{name}.*: a carriage return within a row\. .*tr '\\r' '\\n'"
        ):
            reader(folder)
