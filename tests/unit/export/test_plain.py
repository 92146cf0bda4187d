"""The plain files for R hold what the exported cells hold."""

import h5py
import numpy as np
import pandas as pd
import pytest
from exported_cells import write_exported_cells

from cd20scope.export import plain

# anndata's views still set an option that pandas 3 has given up
pytestmark = pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option")


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setattr(plain, "VALUES", 7)  # the arrays are copied in several parts
    counts = write_exported_cells(tmp_path / "cells.h5ad")
    assert plain.write_plain(tmp_path / "parts", tmp_path / "cells.h5ad") == (8, 5)
    return tmp_path / "parts", np.vstack([counts["a"], counts["b"]])


def test_the_arrays_are_those_of_the_matrix_by_column(written):
    folder, counts = written
    starts = np.fromfile(folder / "starts.bin", "<i4")
    genes = np.fromfile(folder / "genes.bin", "<i4")
    values = np.fromfile(folder / "values.bin", "<f8")
    rebuilt = np.zeros((5, 8))
    for cell in range(8):
        own = slice(starts[cell], starts[cell + 1])
        rebuilt[genes[own], cell] = values[own]
    np.testing.assert_array_equal(rebuilt, counts.T)


def test_the_table_of_cells_has_one_class_per_column(written):
    folder, _ = written
    lines = (folder / "cells.tsv").read_text().splitlines()
    classes = (folder / "classes.txt").read_text().split()
    header = lines[0].split("\t")
    assert len(lines) == 9
    assert {len(line.split("\t")) for line in lines} == {len(classes)}
    kinds = dict(zip(header, classes, strict=True))
    assert kinds["donor"] == "character"
    assert kinds["probability"] == "numeric"
    assert kinds["cd20_t"] == "logical"
    assert lines[1].split("\t")[header.index("note")] == 'a "b" c'
    assert lines[1].split("\t")[header.index("subset_probability")] == "NA"
    assert lines[1].split("\t")[header.index("cd20_t")] == "FALSE"


def test_tables_and_coordinates_stand_beside(written):
    folder, _ = written
    umap = pd.read_csv(folder / "umap.tsv", sep="\t")
    assert umap.notna().all(axis=1).tolist() == [False, True, *[False] * 6]
    assert (folder / "uns-verdicts.tsv").read_text().splitlines() == ["id\tverdict", "B-total-w2\tsupported"]


def test_more_counts_than_r_can_hold_are_refused(tmp_path, monkeypatch):
    write_exported_cells(tmp_path / "cells.h5ad")
    with h5py.File(tmp_path / "cells.h5ad") as file:
        stored = file["layers/counts/data"].shape[0]
    monkeypatch.setattr(plain, "MOST", stored - 1)
    with pytest.raises(plain.TooLargeError, match=f"a sparse matrix of R holds {stored - 1}"):
        plain.write_plain(tmp_path / "parts", tmp_path / "cells.h5ad")
    assert not list((tmp_path / "parts").iterdir())
