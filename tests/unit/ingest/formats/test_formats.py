"""Formats beyond 10x and h5ad, cells of a file that are a sample, and files that lie about their size."""

import gzip
import warnings

import h5py
import numpy as np
import pandas as pd
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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from cd20scope.counts import hdf5
from cd20scope.counts import matrix as counts_matrix
from cd20scope.ingest import look
from cd20scope.ingest import read as ingest
from cd20scope.ingest.formats import detect

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")
DONOR = np.array(["P01", "P02", "P01"] * 10)


def anndata_of(dense, *, form=sparse.csr_matrix, barcodes=BARCODES):
    import anndata

    obs = pd.DataFrame({"donor": pd.Categorical(DONOR), "visit": np.arange(30) % 2}, index=pd.Index(barcodes))
    var = pd.DataFrame({"gene_ids": IDS}, index=UNIQUE)
    with warnings.catch_warnings(action="ignore"):
        return anndata.AnnData(form(dense.astype(np.float32)), obs=obs, var=var)


def write_zarr(path, dense, *, form=sparse.csr_matrix, zarr_format=3):
    import anndata

    with warnings.catch_warnings(action="ignore"), anndata.settings.override(zarr_write_format=zarr_format):
        anndata_of(dense, form=form).write_zarr(path)
    return path


def write_loom(path, dense, *, barcodes=BARCODES, genes=SYMBOLS, ids=IDS):
    with h5py.File(path, "w") as file:
        file.create_dataset("matrix", data=dense.T.astype(np.float32), chunks=True, compression="gzip")
        file["row_attrs/Gene"], file["row_attrs/Accession"] = np.array(genes, "S"), np.array(ids, "S")
        file["col_attrs/CellID"], file["col_attrs/donor"] = np.array(barcodes, "S"), np.array(DONOR, "S")
        file.create_group("layers")
    return path


def write_table(
    path,
    dense,
    *,
    separator=",",
    genes_down=True,
    corner=True,
    zipped=False,
    genes=SYMBOLS,
    barcodes=BARCODES,
):
    across, down, values = (barcodes, genes, dense.T) if genes_down else (genes, barcodes, dense)
    lines = [separator.join([*([""] if corner else []), *across])]
    lines += [separator.join([name, *map(str, row)]) for name, row in zip(down, values, strict=True)]
    text = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(text) if zipped else text)
    return path


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_zarr(tmp_path, form, zarr_format):
    path = write_zarr(tmp_path / "x.zarr", counts(), form=form, zarr_format=zarr_format)
    assert detect.sniff_format(path) == "zarr"
    assert_counts(ingest.read_sample(path), counts())
    assert read_header(path) == look.Header("zarr", "X", N_CELLS, len(SYMBOLS))


def test_loom(tmp_path):
    path = write_loom(tmp_path / "x.loom", counts())
    assert detect.sniff_format(path) == "loom"
    assert_counts(ingest.read_sample(path), counts())
    assert read_header(path).n_cells == N_CELLS


@pytest.mark.parametrize("separator", ["\t", ",", ";", " "])
@pytest.mark.parametrize("genes_down", [True, False])
@pytest.mark.parametrize("corner", [True, False])
def test_dense_tables(tmp_path, separator, genes_down, corner):
    path = write_table(
        tmp_path / "x.txt", counts(), separator=separator, genes_down=genes_down, corner=corner, zipped=corner
    )
    assert detect.sniff_format(path) == "table"
    assert_counts(ingest.read_sample(path), counts(), ids=SYMBOLS)
    assert read_header(path).n_genes == len(SYMBOLS)


@pytest.mark.parametrize("value", ["x", "1.5", "-1", "", "inf"])
def test_a_table_with_something_else_than_counts(tmp_path, value):
    dense = counts().astype(object)
    dense[3, 2] = value
    with pytest.raises(
        counts_matrix.IngestError, match=r"x\.csv.*(no count|no raw count|is missing)"
    ) as error:
        ingest.read_sample(write_table(tmp_path / "x.csv", dense))
    assert "row 4, column 5" in str(error.value) or BARCODES[3] in str(error.value)


def test_files_of_an_archive_share_a_prefix(tmp_path):
    folder = write_mtx(tmp_path / "x", counts())
    for path in list(folder.iterdir()):
        path.rename(path.with_name(f"GSM1_P01_{path.name}"))
    assert_counts(ingest.read_sample(folder / "GSM1_P01_matrix.mtx.gz"), counts())


def big(tmp_path, kind):
    dense = counts()
    match kind:
        case "csr" | "csc" | "dense":
            form = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.asarray}[kind]
            path = tmp_path / "x.h5ad"
            with warnings.catch_warnings(action="ignore"):
                anndata_of(dense, form=form).write_h5ad(path)
            return path
        case "zarr":
            return write_zarr(tmp_path / "x.zarr", dense)
        case _:
            return write_loom(tmp_path / "x.loom", dense)


@pytest.mark.parametrize("kind", ["csr", "csc", "dense", "zarr", "loom"])
@pytest.mark.parametrize("small_blocks", [True, False])
def test_a_sample_may_be_some_cells_of_a_file(tmp_path, kind, small_blocks, monkeypatch):
    if small_blocks:
        monkeypatch.setattr(hdf5, "BLOCK_ROWS", 4)
        monkeypatch.setattr(hdf5, "BLOCK_VALUES", 5)
    path = big(tmp_path, kind)
    chosen = DONOR == "P02"
    found = ingest.read_sample(path, cells="donor=P02")
    assert found.barcodes.tolist() == np.array(BARCODES)[chosen].tolist()
    np.testing.assert_array_equal(found.matrix.toarray(), counts()[chosen])
    assert read_header(path, cells="donor=P02").n_cells == chosen.sum()


def test_cells_by_two_columns_and_by_barcode(tmp_path):
    path = big(tmp_path, "csr")
    chosen = (DONOR == "P01") & (np.arange(30) % 2 == 1)
    found = ingest.read_sample(path, cells="donor=P01; visit=1")
    np.testing.assert_array_equal(found.matrix.toarray(), counts()[chosen])
    aggregated = [name[:-1] + str(1 + i % 3) for i, name in enumerate(BARCODES)]
    tenx = write_10x_h5(tmp_path / "aggr.h5", counts(), barcodes=aggregated)
    found = ingest.read_sample(tenx, cells="barcode=*-2")
    np.testing.assert_array_equal(found.matrix.toarray(), counts()[np.arange(30) % 3 == 1])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("subject=P01", r"no column 'subject' tells its cells apart; found donor, visit"),
        ("donor=P09", r"no cell has 'P09' in column 'donor'; found P01, P02"),
        ("donor=P02; barcode=nothing*", "no cell has 'nothing\\*' in column 'barcode'"),
        ("donor", "does not read like"),
        ("donor=P01; donor=P02", "does not read like"),
    ],
)
def test_cells_that_are_not_there(tmp_path, cells, words):
    with pytest.raises(counts_matrix.IngestError, match=words):
        ingest.read_sample(big(tmp_path, "csr"), cells=cells)


def test_the_layer_may_be_named(tmp_path):
    path = write_h5ad(tmp_path / "x.h5ad", counts(), layers={"spliced": sparse.csr_matrix(counts() + 1)})
    found = ingest.read_sample(path, place="layers['spliced']")
    np.testing.assert_array_equal(found.matrix.toarray(), counts() + 1)
    with pytest.raises(
        counts_matrix.IngestError,
        match=r"no layers\['raw'\], which ingest: place .* it has X, layers\['spliced'\]",
    ):
        ingest.read_sample(path, place="layers['raw']")


def bomb_10x(path):
    write_10x_h5(path, counts())
    with h5py.File(path, "r+") as file:
        for name in ("data", "indices"):
            del file[f"matrix/{name}"]
            file.create_dataset(
                f"matrix/{name}", shape=(3 * 10**9,), dtype="i4", chunks=(1 << 20,), compression="gzip"
            )
    return path


def bomb_barcodes(path):
    write_10x_h5(path, counts())
    with h5py.File(path, "r+") as file:
        del file["matrix/barcodes"]
        file.create_dataset(
            "matrix/barcodes", shape=(10**10,), dtype="S18", chunks=(1 << 20,), compression="gzip"
        )
    return path


def bomb_h5ad(path):
    write_h5ad(path, counts())
    with h5py.File(path, "r+") as file:
        del file["X"]
        file.create_dataset("X", shape=(N_CELLS, 10**9), dtype="f4", chunks=(1, 1 << 20), compression="gzip")
        file["X"].attrs["encoding-type"] = "array"
    return path


def bomb_loom(path):
    write_loom(path, counts())
    with h5py.File(path, "r+") as file:
        del file["matrix"]
        file.create_dataset(
            "matrix", shape=(10**6, 10**7), dtype="f4", chunks=(1024, 1024), compression="gzip"
        )
    return path


def bomb_mtx(path):
    folder = write_mtx(path, counts(), zipped=False)
    text = (folder / "matrix.mtx").read_text().split("\n")
    (folder / "matrix.mtx").write_text("\n".join([*text[:2], "7 30 9999999999", *text[3:]]))
    return path


@pytest.mark.parametrize("make", [bomb_10x, bomb_barcodes, bomb_h5ad, bomb_loom, bomb_mtx])
def test_a_small_file_that_declares_a_huge_matrix_is_refused_by_its_header(tmp_path, make):
    import resource

    path = make(tmp_path / "x")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in (read_header, ingest.read_sample):
        with pytest.raises(
            counts_matrix.IngestError, match=r"declares [\d,]+ .* bytes, which cannot hold them"
        ):
            read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


GENES = ["CD3E", "MS4A1", "LYZ", "NKG7", "GNLY", "B2M"]
matrices = hnp.arrays(
    np.int32, st.tuples(st.integers(1, 12), st.just(len(GENES))), elements=st.integers(0, 2000)
).filter(lambda dense: dense.any())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dense=matrices, first=st.sampled_from(["loom", "table", "wide", "h5", "mtx"]), data=st.data())
def test_what_goes_in_comes_out_of_every_pair_of_formats(tmp_path_factory, dense, first, data):
    second = data.draw(st.sampled_from(["loom", "table", "wide", "h5", "mtx", "zarr", "h5ad"]))
    folder = tmp_path_factory.mktemp("pair")
    names = [f"ACGTACGTACGTACG{'ACGT'[i % 4]}-{i}" for i in range(len(dense))]

    def write(kind, matrix, genes, barcodes):
        path, genes, barcodes = folder / kind, list(genes), list(barcodes)
        match kind:
            case "loom":
                with h5py.File(path, "w") as file:
                    file["matrix"] = matrix.T
                    file["row_attrs/Gene"], file["col_attrs/CellID"] = (
                        np.array(genes, "S"),
                        np.array(barcodes, "S"),
                    )
            case "table" | "wide":
                write_table(path, matrix, genes_down=kind == "table", genes=genes, barcodes=barcodes)
            case "h5":
                write_10x_h5(path, matrix, names=genes, ids=genes, barcodes=barcodes)
            case "mtx":
                write_mtx(path, matrix, names=genes, ids=genes, barcodes=barcodes)
            case _:
                import anndata

                table = anndata.AnnData(
                    sparse.csr_matrix(matrix.astype(np.float32)),
                    obs=pd.DataFrame(index=pd.Index(barcodes, dtype=object)),
                    var=pd.DataFrame(index=pd.Index(genes, dtype=object)),
                )
                table.write_zarr(path) if kind == "zarr" else table.write_h5ad(path)
        return path

    with warnings.catch_warnings(action="ignore"):
        once = ingest.read_sample(write(first, dense, GENES, names))
        twice = ingest.read_sample(write(second, once.matrix.toarray(), once.genes["gene"], once.barcodes))
    np.testing.assert_array_equal(twice.matrix.toarray(), dense)
    assert twice.genes["gene"].tolist() == GENES
    assert twice.barcodes.tolist() == names
