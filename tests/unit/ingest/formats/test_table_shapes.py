"""Dense tables with more than names and counts in them, and tables of another shape."""

import numpy as np
import pandas as pd
import pytest
from count_files import BARCODES, N_CELLS, counts, write_table

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest import look, read
from cd20scope.ingest.formats import detect

GENES = ["MS4A1", "CD3D", "LYZ", "GNLY", "B2M", "MIR1302-2HG", "NKG7"]


def by_gene():
    return pd.DataFrame(counts().T, index=GENES, columns=BARCODES)


def write(path, table, **options):
    table.to_csv(path, **options)
    return path


@pytest.mark.parametrize(
    "name", ["HGNC", "Description", "what it is", "mean", "n_cells", "Variance", "max_counts"]
)
def test_columns_about_genes_are_no_cells(tmp_path, name):
    table = by_gene()
    values = np.arange(len(GENES)) + 0.5 if name in ("mean", "n_cells", "Variance", "max_counts") else GENES
    table.insert(0 if name in ("HGNC", "Description", "what it is") else N_CELLS, name, values)
    path = write(tmp_path / "x.csv", table)
    found = read.read_sample(path)
    assert found.barcodes.tolist() == BARCODES
    np.testing.assert_array_equal(found.matrix.toarray(), counts())
    assert name in look.look(path, sample="s")[0].left_out


def test_text_about_cells_is_passed_over_and_can_choose_them(tmp_path):
    table = by_gene().T
    table.insert(0, "visit", np.where(np.arange(N_CELLS) % 2, "M6", "pre"))
    table.insert(0, "donor", "P01")
    path = write(tmp_path / "x.csv", table)
    np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), counts())
    later = read.read_sample(path, cells="donor=P01; visit=M6")
    assert later.barcodes.tolist() == BARCODES[1::2]
    np.testing.assert_array_equal(later.matrix.toarray(), counts()[1::2])


@pytest.mark.parametrize(
    "names", [("gene", "cell", "count"), ("Cell_Index", "Gene", "RSEC_Reads", "Molecules")]
)
def test_a_table_with_a_row_for_each_count_is_told(tmp_path, names):
    rows = [["1", "CD3D", "2", "1"][: len(names)] for _ in range(9)]
    path = write(tmp_path / "x.tsv", pd.DataFrame(rows, columns=list(names)), sep="\t", index=False)
    with pytest.raises(IngestError, match=r"x\.tsv: a long table, .*pivot_table"):
        look.look(path, sample="s")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: "Table S3" + "," * N_CELLS + "\n" + text, "row 1 holds a title .'Table S3'"),
        (lambda text: text.replace("\n", "\r"), "carriage return"),
    ],
)
def test_other_shapes_are_told(tmp_path, change, why):
    path = write_table(tmp_path / "x.csv", counts())
    path.write_text(change(path.read_text()))
    with pytest.raises(IngestError, match=why):
        look.look(path, sample="s")


@pytest.mark.parametrize(("value", "separator"), [("1,140", "\t"), ("2,0", ";")])
def test_commas_in_numbers_are_named(tmp_path, value, separator):
    table = by_gene().astype(object)
    table.iloc[2, 3] = value
    path = write(tmp_path / "x.txt", table, sep=separator)
    with pytest.raises(IngestError, match=rf"row 4, column 5: '{value}' has a comma"):
        read.read_sample(path)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PAR1", "Parquet"), (b"\x93NUMPY\x01\x00", "numpy"), (b"\x80\x04\x95\x01", "pickle"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"\x0b\x0e\x0a\x0c", "qs"), (b"\xd0\xcf\x11\xe0", "spreadsheet"), (b"ARROW1\x00\x00", "Arrow"),
    ],
)  # fmt: skip
def test_files_of_other_programs_are_told(tmp_path, start, what):
    (tmp_path / "x").write_bytes(start + bytes(40))
    with pytest.raises(IngestError, match=f"x: .*{what}"):
        detect.sniff_format(tmp_path / "x")


@pytest.mark.parametrize("row", ["LYZ,1,140{}", "LYZ{}"])
def test_a_row_with_more_or_fewer_columns_is_refused(tmp_path, row):
    path = write(tmp_path / "x.csv", by_gene())
    lines = path.read_text().splitlines()
    lines[3] = row.format(",1" * (N_CELLS - 1))
    path.write_text("\n".join(lines) + "\n")
    for reader in (read.read_sample, lambda path: look.look(path, sample="s")):
        with pytest.raises(IngestError, match=r"x\.csv, row of 'LYZ': \d+ columns where the header has 31"):
            reader(path)
