"""Files of mudata, written as mudata 0.3 does: a text in front of the HDF5 file, one anndata group per modality."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from anndata.io import write_elem
from count_files import BARCODES, N_CELLS, SYMBOLS, UNIQUE, antibody_counts, counts, read_header
from scipy import sparse

from cd20scope.counts.matrix import IngestError, NotRawError
from cd20scope.ingest import read
from cd20scope.ingest.formats import detect
from cd20scope.init.files import find_files

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")
PROTEINS = ["CD3", "CD19", "CD20", "HLA", "CD56", "IgG1"]


def genes(X=None, **layers):
    obs = pd.DataFrame({"donor": ["D1", "D2"] * (N_CELLS // 2)}, index=BARCODES)
    X = sparse.csr_matrix(counts().astype(np.float32)) if X is None else X
    return anndata.AnnData(X, obs=obs, var=pd.DataFrame(index=UNIQUE), layers=layers)


def proteins(barcodes=BARCODES, **layers):
    order = [BARCODES.index(name) for name in barcodes]
    X = antibody_counts()[order].astype(np.float32)
    layers = {name: values[order] for name, values in layers.items()}
    var = pd.DataFrame(index=PROTEINS)
    return anndata.AnnData(X, obs=pd.DataFrame(index=list(barcodes)), var=var, layers=layers)


def fill(file, modalities):
    file.attrs["encoding-type"] = "MuData"
    # the table of all cells has another order than that of the genes
    obs = pd.DataFrame({"visit": [f"v{i}" for i in range(N_CELLS)]}, index=BARCODES).iloc[::-1]
    write_elem(file, "obs", obs)
    mod = file.create_group("mod")
    for name, modality in modalities.items():
        write_elem(mod, name, modality)


def write(path, modalities):
    if path.suffix == ".zarr":
        fill(zarr.open_group(str(path), mode="w"), modalities)
        return path
    with h5py.File(path, "w", userblock_size=512) as file:
        fill(file, modalities)
    with path.open("r+b") as handle:
        handle.write(b"MuData (format-version=0.1.0;creator=muon;creator-version=0.3.10)")
    return path


@pytest.mark.parametrize("name", ["x.h5mu", "x.zarr"])
def test_genes_and_antibodies_of_two_modalities(tmp_path, name):
    path = write(tmp_path / name, {"prot": proteins(BARCODES[::-1]), "rna": genes()})
    assert detect.sniff_format(path) == name[2:]
    found = read.read_sample(path, cells="donor=D1; visit=v2")
    np.testing.assert_array_equal(found.matrix.toarray(), counts()[[2]])
    assert found.genes["gene"].tolist() == UNIQUE
    whole = read.read_sample(path)
    np.testing.assert_array_equal(whole.matrix.toarray(), counts())
    np.testing.assert_array_equal(whole.protein.to_numpy(), antibody_counts())
    assert whole.protein.columns.tolist() == PROTEINS
    header = read_header(path)
    assert (header.place, header.n_proteins) == ("mod['rna'].X", len(PROTEINS))


def test_counts_in_layers_of_both_modalities(tmp_path):
    logged = np.log1p(counts()).astype(np.float32)
    protein = proteins(counts=antibody_counts())
    protein.X = np.log1p(protein.X)
    path = write(tmp_path / "x.h5mu", {"gex": genes(logged, raw_counts=counts()), "adt": protein})
    found = read.read_sample(path)
    np.testing.assert_array_equal(found.matrix.toarray(), counts())
    np.testing.assert_array_equal(found.protein.to_numpy(), antibody_counts())
    assert read_header(path).place == "mod['gex'].layers['raw_counts']"
    for place in ("layers['raw_counts']", "mod['gex'].layers['raw_counts']"):
        np.testing.assert_array_equal(read.read_sample(path, place=place).matrix.toarray(), counts())
    with pytest.raises(NotRawError, match=r"x\.h5mu, mod\['gex'\]\.X: .*log-normalised"):
        read.read_sample(path, place="mod['gex'].X")


def test_antibodies_of_part_of_the_cells_are_left_out_with_a_word(tmp_path, caplog):
    path = write(tmp_path / "x.h5mu", {"rna": genes(), "prot": proteins(BARCODES[3:])})
    assert read.read_sample(path).protein is None
    assert (
        "mod['prot'].X: not laid out as a table (ValueError: 3 cells of the genes are not in it"
        in caplog.text
    )


def test_a_modality_that_no_name_tells_is_asked_for(tmp_path):
    path = write(tmp_path / "x.h5mu", {"lane1": genes(), "lane2": genes()})
    with pytest.raises(
        IngestError, match=r"x\.h5mu: .*lane1, lane2, and 0 .* ingest: {place: \"mod\['lane1'\]\"}"
    ):
        read.read_sample(path)
    np.testing.assert_array_equal(read.read_sample(path, place="mod['lane2']").matrix.toarray(), counts())
    with pytest.raises(IngestError, match=r"no modality 'rna', .*; it has lane1, lane2"):
        read.read_sample(path, place="mod['rna']")


def test_the_only_modality_holds_the_genes(tmp_path):
    path = write(tmp_path / "x.h5mu", {"cells": genes()})
    assert read_header(path).n_genes == len(SYMBOLS)


def test_init_finds_the_columns_of_both_tables(tmp_path):
    write(tmp_path / "x.h5mu", {"rna": genes(), "prot": proteins()})
    found, left_out, _ = find_files(tmp_path, read_seurat=lambda _: pd.DataFrame())
    assert [(file.format, file.n_cells) for file in found] == [("h5mu", N_CELLS)]
    assert {column.name for column in found[0].columns} >= {"donor"}
    assert left_out == []
