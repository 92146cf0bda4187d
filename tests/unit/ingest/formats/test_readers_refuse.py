"""Count files that cannot be used: the message about each, by a full read and by a first look."""

import re

import h5py
import numpy as np
import pytest
from count_files import (
    BARCODES,
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
)
from scipy import sparse

from cd20scope.counts import matrix as counts_matrix
from cd20scope.ingest import look
from cd20scope.ingest import read as ingest

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")


def h5_with(**keywords):
    return lambda folder: write_10x_h5(folder / "x", counts(), **keywords)


def mtx_with(**keywords):
    return lambda folder: write_mtx(folder / "x", counts(), **keywords)


def edited_h5(edit, version=3):
    def make(folder):
        path = write_10x_h5(folder / "x", counts(), version=version)
        with h5py.File(path, "r+") as file:
            edit(file)
        return path

    return make


def edited_mtx(name, edit):
    def make(folder):
        path = write_mtx(folder / "x", counts(), zipped=False)
        (path / name).write_text(edit((path / name).read_text()))
        return path

    return make


def put(name, content=b""):
    def make(folder):
        (folder / name).write_bytes(content)
        return folder / name

    return make


def replace(group, name, value):
    del group[name]
    group[name] = value


def without_shape(folder):
    path = write_h5ad(folder / "x", sparse.csr_matrix(counts()))
    with h5py.File(path, "r+") as file:
        del file["X"].attrs["shape"]
    return path


def empty_h5ad(folder):
    path = write_h5ad(folder / "x", counts())
    with h5py.File(path, "r+") as file:
        del file["X"]
    return path


def legacy_h5ad(folder):
    with h5py.File(folder / "x", "w") as file:
        file["X"] = counts()
        file["obs"] = np.zeros(N_CELLS, dtype=[("index", "S3")])
        file["var"] = np.zeros(7, dtype=[("index", "S3")])
    return folder / "x"


def other_hdf5(folder):
    with h5py.File(folder / "x", "w") as file:
        file["molecules"] = [1]
    return folder / "x"


PREFIXED = [f"hg19_{name}" if i % 2 else f"mm10_{name}" for i, name in enumerate(SYMBOLS)]
TWICE = [*BARCODES[:-1], BARCODES[0]]
BAD_FILES = {
    "absent": (lambda folder: folder / "no", "not there"),
    "empty file": (put("x.h5"), "is empty. Give a 10x HDF5 file"),
    "text": (put("x.csv", b"gene,cell,cell\nB2M,1\n"), "row 2: 2 columns where"),
    "the matrix of a folder": (
        lambda folder: (write_mtx(folder / "x", counts()) / "matrix.mtx.gz").rename(folder / "counts.gz"),
        "a matrix on its own",
    ),
    "another HDF5": (other_hdf5, "neither 10x counts nor h5ad nor loom; it holds molecules"),
    "old h5ad": (legacy_h5ad, "anndata before 0.7"),
    "h5ad without X": (empty_h5ad, "without X, a layer or raw that may hold counts"),
    "h5ad without shape": (without_shape, "cannot be read (KeyError"),
    "empty folder": (lambda folder: folder, "a folder without matrix.mtx (plain or .gz); it holds nothing"),
    "two genomes": (
        edited_h5(lambda f: f.copy("GRCh38", "mm10"), version=2),
        "several genomes (GRCh38, mm10)",
    ),
    "no genes": (h5_with(types=["Antibody Capture"] * 7), "'Gene Expression'; found Antibody Capture."),
    "no genes, mtx": (mtx_with(types=["Peaks"] * 7), "'Gene Expression'; found Peaks."),
    "barcode twice": (
        h5_with(barcodes=TWICE),
        f"1 barcodes occur more than once or are empty (such as '{TWICE[0]}', 2",
    ),
    "barcode twice, mtx": (mtx_with(barcodes=TWICE), "barcodes occur more than once"),
    "barcode lost": (
        h5_with(barcodes=BARCODES[1:]),
        "30 cells x 7 genes, but there are 29 barcodes and 7 gene names",
    ),
    "barcode lost, mtx": (mtx_with(barcodes=BARCODES[1:]), "30 cells x 7 genes, but there are 29 barcodes"),
    "gene lost": (edited_mtx("features.tsv", lambda t: t.split("\n", 1)[1]), "30 barcodes and 6 gene names"),
    "ids for symbols": (h5_with(names=IDS), "genes are named by Ensembl id (ENSG00000000000), and none"),
    "ids for symbols, mtx": (mtx_with(names=IDS), "genes are named by Ensembl id"),
    "mixed species": (
        h5_with(names=PREFIXED),
        "3 of 7 genes carry a human genome prefix (hg19_CD3D), others do not",
    ),
    "no cells": (
        lambda f: write_10x_h5(f / "x", counts()[:0], barcodes=[]),
        "empty: a matrix of 0 cells x 7 genes",
    ),
    "all zero": (lambda f: write_10x_h5(f / "x", counts() * 0), "empty: every count of 30 cells is zero"),
    "all zero, mtx": (lambda f: write_mtx(f / "x", counts() * 0), "empty: every count of 30 cells is zero"),
    "index too large": (
        edited_h5(lambda f: f["matrix/indices"].write_direct(np.full(1, 99), dest_sel=np.s_[:1])),
        "cannot",
    ),
    "pointers": (
        edited_h5(lambda f: replace(f["matrix"], "indptr", np.arange(31)[::-1])),
        "cannot be read (ValueError",
    ),
    "values lost": (
        edited_h5(lambda f: replace(f["matrix"], "data", np.ones(3))),
        "cannot be read (ValueError",
    ),
    "no names": (edited_h5(lambda f: f["matrix/features"].pop("name")), "cannot be read (KeyError"),
    "text for values": (
        edited_h5(lambda f: replace(f["matrix"], "shape", [b"a", b"b"])),
        "cannot be read (ValueError",
    ),
    "no header": (
        edited_mtx("matrix.mtx", lambda t: t.split("\n", 1)[1]),
        "row 1: '%' is no header of a count matrix",
    ),
    "pattern": (
        edited_mtx("matrix.mtx", lambda t: t.replace("integer", "pattern")),
        "row 1: '%%matrixmarket matrix coo",
    ),
    "symmetric": (
        edited_mtx("matrix.mtx", lambda t: t.replace("general", "symmetric")),
        "is no header of a count",
    ),
    "no size": (
        edited_mtx("matrix.mtx", lambda t: "\n".join(t.split("\n")[:2])),
        "is no size of a matrix",
    ),
    "entries lost": (edited_mtx("matrix.mtx", lambda t: t[: len(t) // 2]), "cannot be read (ValueError"),
    "entries too many": (edited_mtx("matrix.mtx", lambda t: t + "1 1 1\n"), "cannot be read (ValueError"),
    "entry outside": (
        edited_mtx("matrix.mtx", lambda t: t[: t.rindex("\n", 0, -1)] + "\n99 1 1\n"),
        "an entry outside 7 rows and 30 columns",
    ),
    "word for count": (
        edited_mtx("matrix.mtx", lambda t: t[: t.rindex("\n", 0, -1)] + "\n1 1 x\n"),
        "cannot be read",
    ),
    "ragged features": (
        edited_mtx("features.tsv", lambda t: t + "x\n"),
        "row 8: 1 columns where row 1 has 3",
    ),
    "no features": (edited_mtx("features.tsv", lambda _: ""), "30 barcodes and 0 gene names"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_is_named_and_explained(tmp_path, case):
    make, words = BAD_FILES[case]
    path = make(tmp_path)
    with pytest.raises(counts_matrix.IngestError, match=re.escape(words)) as error:
        ingest.read_sample(path)
    assert str(error.value).startswith(str(path))


def test_bad_files_are_refused_by_a_first_look_too(tmp_path):
    found_by_reading = set()
    for case, (make, _) in BAD_FILES.items():
        (tmp_path / case).mkdir()
        path = make(tmp_path / case)
        try:
            read_header(path)
            found_by_reading.add(case)
        except counts_matrix.IngestError:
            pass
    assert found_by_reading == {"all zero", "all zero, mtx"}


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("named", ["symbols", "ids", "other cells"])
def test_transposed_h5ad(tmp_path, form, named):
    barcodes = BARCODES if named != "other cells" else [f"cell {i}" for i in range(N_CELLS)]
    genes = IDS if named == "ids" else UNIQUE
    path = write_h5ad(tmp_path / "x.h5ad", form(counts().T), names=barcodes, barcodes=genes)
    for read in (ingest.read_sample, read_header):
        with pytest.raises(
            counts_matrix.IngestError, match=rf"transposed: .*first cell '{genes[0]}'.*Transpose it"
        ):
            read(path)


@pytest.mark.parametrize("keep", [4, 100, 0.5, 0.98])
def test_truncated_hdf5(tmp_path, keep):
    for path in (write_10x_h5(tmp_path / "x.h5", counts()), write_h5ad(tmp_path / "x.h5ad", counts())):
        whole = path.read_bytes()
        path.write_bytes(whole[: keep if keep > 1 else int(keep * len(whole))])
        for read in (ingest.read_sample, read_header):
            with pytest.raises(counts_matrix.IngestError, match=re.escape(str(path))):
                read(path)


def test_damaged_chunk(tmp_path):
    path = write_10x_h5(tmp_path / "x.h5", counts())
    with h5py.File(path) as file:
        at = file["matrix/data"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[at : at + 16] = bytes(16)
    path.write_bytes(content)
    with pytest.raises(
        counts_matrix.IngestError,
        match=r"cannot be read \(OSError.*may be truncated or damaged: compare its size",
    ):
        ingest.read_sample(path)


@pytest.mark.parametrize("name", ["matrix.mtx.gz", "features.tsv.gz", "barcodes.tsv.gz"])
@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:-12], lambda whole: whole[:30] + bytes(8) + whole[38:]]
)
def test_damaged_gzip(tmp_path, name, damage):
    folder = write_mtx(tmp_path / "x", counts())
    path = folder / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(counts_matrix.IngestError, match=rf"^{re.escape(str(path))}: cannot be read"):
        ingest.read_sample(folder)


def test_format_that_is_not_the_content(tmp_path):
    path = write_10x_h5(tmp_path / "x.h5ad", counts())
    assert_counts(ingest.read_sample(path, format="10x_h5"), counts())
    for read in (ingest.read_sample, read_header):
        with pytest.raises(counts_matrix.IngestError, match="said to be h5ad, but its content is 10x_h5"):
            read(path, format="h5ad")
        with pytest.raises(
            counts_matrix.IngestError, match=r"unknown format 'h5'\. Use one of 10x_h5, 10x_mtx, h5ad"
        ):
            read(path, format="h5")


@pytest.mark.parametrize("end", ["", "\a", "x", " 9", "\r"])
def test_a_last_line_without_an_end_and_with_something_behind_its_number(tmp_path, end):
    # scipy alone ends the whole process on some of these
    path = write_mtx(tmp_path / "x", counts(), zipped=False)
    matrix = path / "matrix.mtx"
    matrix.write_text(matrix.read_text().rstrip("\n") + end)
    assert_counts(ingest.read_sample(path), counts())


@pytest.mark.parametrize("place", ["1 1 1\0", "1 1 1.\x005", "1 1\x00 1", "\x001 1 1", "1 1 1\n\0"])
@pytest.mark.parametrize("after", ["\n", "", "\n2 1 1\n"])
def test_a_byte_of_zero_among_the_entries(tmp_path, place, after):
    # scipy alone ends the whole process on these
    path = write_mtx(tmp_path / "x", counts(), zipped=False)
    n = len(after.split("\n")) - 1 or 1
    head = f"%%MatrixMarket matrix coordinate real general\n{len(SYMBOLS)} {len(BARCODES)} {n}\n"
    (path / "matrix.mtx").write_text(f"{head}{place}{after}")
    for reader in (ingest.read_sample, lambda path: look.look(path, sample="s")):
        with pytest.raises(counts_matrix.IngestError, match=r"matrix\.mtx: cannot be read \(ValueError: "):
            reader(path)


def test_a_carriage_return_within_a_row_of_a_table(tmp_path):
    path = put("x.csv", b"\tCD3E\t\r51\nACGTACGTAC\t1\t0\n")(tmp_path)
    with pytest.raises(
        counts_matrix.IngestError, match=r"x\.csv: a carriage return within a row.*copy it again"
    ):
        look.look(path, sample="s")
