"""Files of other kinds, and counts that cannot be opened: told for what they are, with what to do."""

import gzip

import h5py
import numpy as np
import pytest
import zarr
from count_files import (
    BARCODES,
    SYMBOLS,
    assert_counts,
    counts,
    read_header,
    write_10x_h5,
    write_h5ad,
    write_mtx,
)

from cd20scope.counts.foreign import explained
from cd20scope.counts.matrix import IngestError, NotRawError
from cd20scope.ingest import look, read
from cd20scope.ingest.formats import detect

TEXTS = {
    "reads.fastq": (b"@A00123:8:HX:1:1101:1000:2000 2:N:0:ACGT\nACGTNACGT\n+\nFFFFFFFFF\n", "FASTQ"),
    "x.bam": (b"BAM\x01\x00\x00\x00\x00@HD\tVN:1.4\n", "BAM"),
    "x.sam": (b"@SQ\tSN:chr1\tLN:248956422\n", "BAM"),
    "x.vcf": (b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\n1\t5\t.\n", "VCF"),
    "x.fa": (b">ENST00000456328.2 cdna\nACGTACGTNN\nACGT\n", "FASTA"),
    "x.gtf": (b'#!genome-build GRCh38\n1\thavana\tgene\t11869\t14409\t.\t+\t.\tgene_id "E";\n', "GTF"),
    "fragments.tsv": (
        b"# id=x\nchr1\t10\t19\tACGTACGTACGT-1\t2\nchr1\t10\t20\tACGTACGTACGT-1\t1\n",
        "ATAC",
    ),
    "output.bus": (b"BUS\x00\x01\x00\x00\x00", "BUS"),
    "x.json": (b'{"cells": ["a, b"]}\n', "JSON"),
    "x.sqlite": (b"SQLite format 3\x00" + bytes(84), "SQLite"),
    "x.mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + bytes(90), "MATLAB"),
    "x.cloupe": (b"\x00\x01\x02\x03", r"Loupe Browser\. Give filtered_feature_bc_matrix\.h5"),
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("name", "content", "what"), [(name, *rest) for name, rest in TEXTS.items()])
def test_files_of_other_kinds_are_told_for_what_they_are(tmp_path, name, content, what, zipped):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if zipped and not name.endswith((".mat", ".cloupe")) else content)
    with pytest.raises(IngestError, match=rf"{name}: .*{what}"):
        detect.sniff_format(path)


def test_a_compression_that_is_not_installed_is_told_with_the_command_that_undoes_it(tmp_path):
    path = write_10x_h5(tmp_path / "x.h5", counts())
    with h5py.File(path, "a") as file:
        data = file["matrix/data"][:].astype(np.int32)
        del file["matrix/data"]
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((len(data),))
        # blosc, which h5py does not bring
        made.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (0,))
        space = h5py.h5s.create_simple((len(data),))
        h5py.h5d.create(file["matrix"].id, b"data", h5py.h5t.NATIVE_INT32, space, made)
        file["matrix/data"].id.write_direct_chunk((0,), data.tobytes(), 0)
    for reader in (read.read_sample, read_header):
        with pytest.raises(
            IngestError, match=r"x\.h5: .*filter of HDF5 that is not installed.*h5repack -f GZIP=4"
        ):
            reader(path)


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path):
    with (
        pytest.raises(
            IngestError, match=r"x\.h5: may not be read .*\(Permission denied\)\. .*chmod"
        ) as error,
        explained(tmp_path / "x.h5"),
    ):
        raise PermissionError(13, "Permission denied")
    assert "truncated" not in str(error.value)


@pytest.mark.parametrize("kind", [">i4", ">f8", ">u2"])
def test_numbers_of_another_byte_order_are_read(tmp_path, kind):
    path = write_h5ad(tmp_path / "x.h5ad", counts().astype(np.float32))
    with h5py.File(path, "a") as file:
        marks = dict(file["X"].attrs)
        del file["X"]
        file["X"] = counts().astype(kind)
        file["X"].attrs.update(marks)
    np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), counts())
    assert_counts(read.read_sample(write_10x_h5(tmp_path / "x.h5", counts(), dtype=kind)), counts())


def test_counts_with_an_error_of_rounding_are_shown_with_it(tmp_path):
    path = write_h5ad(tmp_path / "x.h5ad", counts() + np.where(counts() == 3, 1e-7, 0))
    with pytest.raises(NotRawError, match=r"X: 3\.0000001 in cell"):
        read.read_sample(path)


def test_a_store_of_spatialdata_is_told_with_the_command_that_converts_it(tmp_path):
    store = zarr.open_group(str(tmp_path / "x.zarr"), mode="w")
    store.create_group("tables").create_group("cells")
    with pytest.raises(
        IngestError, match=r"x\.zarr: a store of SpatialData with the tables cells\. .*read_zarr"
    ):
        look.look(tmp_path / "x.zarr", sample="s")
    zarr.open_group(str(tmp_path / "y.zarr"), mode="w").create_group("RNA")
    with pytest.raises(IngestError, match=r"y\.zarr: holds no tables obs and var .*, but RNA"):
        look.look(tmp_path / "y.zarr", sample="s")


def test_a_folder_of_counts_is_told_the_file_in_it(tmp_path):
    write_10x_h5(tmp_path / "raw_feature_bc_matrix.h5", counts())
    write_10x_h5(tmp_path / "filtered_feature_bc_matrix.h5", counts())
    write_mtx(tmp_path / "filtered_feature_bc_matrix", counts())
    wanted = r"holds filtered_feature_bc_matrix\.h5, filtered_feature_bc_matrix\. Give the path of one"
    with pytest.raises(IngestError, match=wanted):
        detect.sniff_format(tmp_path)


def test_fractions_of_reads_of_several_genes_are_told(tmp_path):
    folder = write_mtx(tmp_path / "raw", counts(), zipped=False)
    (folder / "matrix.mtx").rename(folder / "UniqueAndMult-EM.mtx")
    with pytest.raises(IngestError, match=r"UniqueAndMult-EM\.mtx: fractions of reads .*Gene/filtered"):
        look.look(folder / "UniqueAndMult-EM.mtx", sample="s")


def test_a_folder_of_parts_of_the_counts_is_told(tmp_path):
    folder = write_mtx(tmp_path / "filtered", counts(), zipped=False)
    (folder / "matrix.mtx").rename(folder / "spliced.mtx")
    with pytest.raises(IngestError, match=r"filtered: a folder of parts of the counts \(spliced\.mtx\)"):
        detect.sniff_format(folder)


@pytest.mark.parametrize("entry", ["0 1 5", "1 0 5", "8 1 5", "1 31 5"])
def test_entries_outside_the_matrix_are_told_as_such(tmp_path, entry):
    folder = write_mtx(tmp_path / "x", counts(), zipped=False)
    (folder / "matrix.mtx").write_text(f"%%MatrixMarket matrix coordinate integer general\n7 30 1\n{entry}\n")
    for reader in (read.read_sample, read_header):
        with pytest.raises(
            IngestError, match=r"matrix\.mtx: an entry outside 7 rows and 30 columns.* from 1"
        ):
            reader(folder)


def table(*, header=True, column=None, end="\n"):
    rows = [["", *BARCODES], *([name, *map(str, row)] for name, row in zip(SYMBOLS, counts().T, strict=True))]
    if column:
        rows = [
            [column[0], "index", *rows[0][1:]],
            *([str(i + column[1]), *row] for i, row in enumerate(rows[1:])),
        ]
    return end.join(",".join(row[0 if header else 1 :]) for row in rows[0 if header else 1 :]) + end


@pytest.mark.parametrize("word", ["", "Unnamed: 0", "X"])
@pytest.mark.parametrize("start", [0, 1])
def test_row_numbers_before_the_names_of_a_table_are_passed_over(tmp_path, word, start):
    (tmp_path / "x.csv").write_text(table(column=(word, start)))
    found = read.read_sample(tmp_path / "x.csv")
    np.testing.assert_array_equal(found.matrix.toarray(), counts())
    assert found.genes["gene"].tolist()[:3] == SYMBOLS[:3]
    assert found.barcodes.tolist() == BARCODES


def test_row_numbers_before_the_cells_of_a_table(tmp_path):
    rows = [",".join(["", "cell", *SYMBOLS])]
    rows += [",".join([str(i), name, *map(str, counts()[i])]) for i, name in enumerate(BARCODES)]
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    assert_counts(read.read_sample(tmp_path / "x.csv"), counts(), ids=SYMBOLS)


@pytest.mark.parametrize("missing", ["NA", "", "nan"])
def test_missing_values_of_a_table_are_told_from_words(tmp_path, missing):
    rows = table().splitlines()
    rows[2] = rows[2].rpartition(",")[0] + f",{missing}"
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(IngestError, match=rf"x\.csv, row 3, column 31: '{missing}' is missing\. Write 0"):
        read.read_sample(tmp_path / "x.csv")


def test_a_table_without_names_is_told(tmp_path):
    (tmp_path / "x.csv").write_text(table(header=False))
    with pytest.raises(IngestError, match=r"x\.csv: row 1 holds numbers .* and no names"):
        read.read_sample(tmp_path / "x.csv")
