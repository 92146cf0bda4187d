"""A file in the place of a step's table that is none is refused by name, with the cure."""

from pathlib import Path

import pandas as pd
import pytest

from cd20scope import schema
from cd20scope.jobs import contracts


@pytest.fixture(autouse=True)
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("qc", "pseudobulk", "annotate/judges/obs"):
        Path("results", folder).mkdir(parents=True)


def write(path, columns):
    pd.DataFrame({column: [1] for column in columns}).to_parquet(path)
    return path


def test_tables_as_written_and_files_of_other_places_pass(tmp_path):
    given = write("counts.parquet", ["anything"])
    paths = [
        write("results/qc/s1.parquet", schema.QC),
        write("results/annotate/s1.parquet", [*schema.LABELS, "T / Treg"]),
        write("results/pseudobulk/s1.cells.parquet", schema.CELLS),
        write("results/pseudobulk/s1.arm_sums.parquet", schema.ARM_SUMS),
        given,
    ]
    contracts.check_results(paths)


@pytest.mark.parametrize("place", ["results/qc/s1.parquet", "blood/results/qc/s1.parquet"])
def test_other_columns_are_named_with_the_file_and_the_cure(place):
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    write(place, ["n_counts", "n_genes", "leiden"])
    with pytest.raises(
        ValueError, match=rf"^{place}: .*percent_mito.*keep.* found n_counts, n_genes, leiden.*Remove"
    ):
        contracts.check_results([place])


def test_sums_are_not_cells_of_leaves():
    with pytest.raises(
        ValueError, match=r"s1\.cells\.parquet: column\(s\) n_cells, posterior, shallow missing"
    ):
        contracts.check_results([write("results/pseudobulk/s1.cells.parquet", schema.SUMS)])


@pytest.mark.parametrize("content", [b"", b"barcode\tkeep\n", b"PAR1 cut"])
def test_what_is_no_parquet_is_said_to_be_none(content):
    path = Path("results/annotate/judges/obs/s1.parquet")
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"s1\.parquet: no Parquet table .*Remove the file and run again"):
        contracts.check_results([str(path)])
