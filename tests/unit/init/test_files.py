"""Count files found in a folder, and what they are called."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from init_studies import STUDY

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest.formats.detect import sniff_format
from cd20scope.init import copies, files, paths, tables
from cd20scope.init.rows import Answers
from cd20scope.init.study import guess_study
from cd20scope.simulate import tenx_files


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("lab/P01_BL/outs/filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/P01_BL/outs/filtered_gene_bc_matrices/GRCh38", "P01_BL"),
        ("lab/run/outs/per_sample_outs/P01_BL/count/sample_filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/P01_BL_filtered_feature_bc_matrix.h5", "P01_BL"),
        ("lab/GSM1_P01_BL_matrix.mtx.gz", "GSM1_P01_BL"),
        ("lab/pt1.M6.h5ad", "pt1.M6"),
        ("lab/filtered_feature_bc_matrix.h5", "lab"),
    ],
)
def test_names_of_count_files(tmp_path, path, name):
    assert paths.name_of(tmp_path / path, tmp_path / "lab") == name


def test_one_form_of_counts_per_place_and_the_unfiltered_beside_it(tmp_path):
    given = [
        "a/outs/filtered_feature_bc_matrix.h5",
        "a/outs/filtered_feature_bc_matrix/matrix.mtx.gz",
        "a/outs/raw_feature_bc_matrix.h5",
        "a/outs/raw_feature_bc_matrix/matrix.mtx.gz",
        "a/outs/molecule_info.h5",
        "b/filtered_gene_bc_matrices/GRCh38/matrix.mtx",
        "b/raw_gene_bc_matrices/GRCh38/matrix.mtx",
        "c/raw_feature_bc_matrix.h5",
        "c/metadata.csv",
        "results/ingest/a.h5ad",
        "results/preflight/preflight.html",
    ]
    touch(tmp_path, *given)
    (tmp_path / "loop").symlink_to(tmp_path)
    seen = list(files._candidates(tmp_path, [], []))
    raw = [path for path in seen if files._is_unfiltered(path)]
    kept = files._best_of_each([path for path in seen if path not in raw])
    assert [str(path.relative_to(tmp_path)) for path in kept] == [given[0], str(Path(given[5]).parent)]
    beside = [files._raw_beside(path, raw) for path in kept]
    assert beside == [tmp_path / given[2], tmp_path / Path(given[6]).parent]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["D1_bl/output_filtered.h5", "D1_m6/output_filtered.h5"], ["D1_bl", "D1_m6"]),
        (
            ["D1_bl/D1_bl.Solo.out/Gene/filtered.h5", "D1_m6/D1_m6.Solo.out/Gene/filtered.h5"],
            ["D1_bl", "D1_m6"],
        ),
        (["P1/Pre/x.h5", "P1/6mo/x.h5", "P2/Pre/x.h5"], ["P1_Pre", "P1_6mo", "P2_Pre"]),
        (["baseline/P1.h5", "month6/P1.h5"], ["baseline_P1", "month6_P1"]),
        (["GSM11/P1/Pre/x.h5", "GSM12/P1/W2/x.h5"], ["P1_Pre", "P1_W2"]),
        (["run1/P01_BL.h5", "run2/P01_BL.h5"], ["P01_BL", "P01_BL"]),
        (
            ["D1_bl/af_quant/alevin/quants_mat.mtx", "D1_m6/af_quant/alevin/quants_mat.mtx"],
            ["D1_bl", "D1_m6"],
        ),
    ],
)
def test_files_are_named_by_what_differs_in_their_paths(tmp_path, given, names):
    assert paths.names_of([tmp_path / path for path in given], tmp_path) == names


@pytest.mark.parametrize(
    ("name", "unfiltered"),
    [
        ("raw_feature_bc_matrix.h5", True),
        ("counts_unfiltered", True),
        ("D1_raw_counts.csv.gz", False),
        ("D1_raw_counts.h5ad", False),
        ("filtered_feature_bc_matrix.h5", False),
    ],
)
def test_raw_means_unfiltered_of_a_matrix_alone(name, unfiltered):
    assert files._is_unfiltered(Path(name)) is unfiltered


def barcodes(n, first=0):
    return ["".join("ACGT"[(first + i) >> 2 * k & 3] for k in range(14)) for i in range(n)]


def write_h5(path, *, seed=0, first=0, n=40, fewer=0.0, suffix="-1"):
    """Write a library; the same seed and barcodes are the same cells, ``fewer`` takes molecules away."""
    rng = np.random.default_rng(seed)
    depth, profile = rng.lognormal(6, 0.4, n), rng.dirichlet(np.full(100, 0.5))
    dense = rng.poisson(np.outer(depth, profile))
    dense = rng.binomial(dense, 1 - fewer)
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"{name}{suffix}" for name in barcodes(n, first)]
    tenx_files.write_h5(path, dense, genes=[f"G{i}" for i in range(100)], barcodes=names)


def found_in(folder):
    return files.find_files(folder, read_seurat=lambda _: None)


def test_a_corrected_copy_and_all_droplets_are_set_apart(tmp_path):
    for name, first in (("P1_BL", 0), ("P1_M6", 1000)):
        write_h5(tmp_path / name / "filtered_feature_bc_matrix.h5", first=first, seed=first)
        write_h5(tmp_path / name / f"{name}_cellbender_filtered.h5", first=first, seed=first, fewer=0.1)
    found, left_out, _ = found_in(tmp_path)
    taken = [file.path.name for file in found if file.copy_of is None]
    assert taken == ["filtered_feature_bc_matrix.h5"] * 2
    copies_of = {file.path.name: file.copy_of for file in found if file.copy_of}
    assert copies_of["P1_BL_cellbender_filtered.h5"] == tmp_path / "P1_BL/filtered_feature_bc_matrix.h5"
    assert sum("the same cells as" in why for _, why in left_out) == 2
    study = guess_study(found, study=STUDY, answers=Answers())
    assert [row.donor for row in study.rows] == ["P1", "P1"]
    assert {row.donor for row in study.apart} == {"P1"}


def test_levels_of_pipseeker_are_copies_and_its_droplets_are_unfiltered(tmp_path):
    given = {"raw_matrix": 200} | {
        f"filtered_matrix/sensitivity_{level}": 20 + 10 * level for level in (1, 2, 3)
    }
    for name, n in given.items():
        folder = tmp_path / "P1_BL" / name
        folder.mkdir(parents=True)
        dense = np.random.default_rng(1).poisson(3, (200, 100))[:n]
        rows, columns = np.nonzero(dense)
        entries = "".join(f"{g + 1} {c + 1} {dense[c, g]}\n" for c, g in zip(rows, columns, strict=True))
        head = f"%%MatrixMarket matrix coordinate integer general\n100 {n} {len(rows)}\n"
        (folder / "matrix.mtx").write_text(head + entries)
        (folder / "features.tsv").write_text(
            "".join(f"ENSG{g:011d}\tG{g}\tGene Expression\n" for g in range(100))
        )
        (folder / "barcodes.tsv").write_text("".join(f"{name}-1\n" for name in barcodes(n)))
    found, _, _ = found_in(tmp_path)
    taken = [file for file in found if file.copy_of is None]
    assert [(file.path.name, file.raw) for file in taken] == [
        ("sensitivity_1", tmp_path / "P1_BL/raw_matrix")
    ]
    assert len(found) == 3


def test_other_cells_of_the_same_barcodes_are_no_copy(tmp_path):
    write_h5(tmp_path / "P1_BL.h5", seed=1)
    write_h5(tmp_path / "P1_M6.h5", seed=2)
    found, _, _ = found_in(tmp_path)
    assert [file.copy_of for file in found] == [None, None]


def test_a_variant_of_a_table_is_set_apart(tmp_path):
    given = [
        files.Found(tmp_path / f"P1_BL_{kind}_MolsPerCell.csv", "table", "P1_BL") for kind in ("DBEC", "RSEC")
    ]
    assert [file.copy_of is None for file in copies.set_copies_apart(given)] == [False, True]


def table_file(folder, name, *rows):
    (folder / name).write_text("\n".join(",".join(row) for row in rows) + "\n")


def guessed_of(folder):
    found, _, joined = found_in(folder)
    study = guess_study(found, study=STUDY, answers=Answers(), joined=joined)
    return [(row.donor, row.visit, row.cells, dict(row.extras)) for row in study.rows], study


def test_a_table_beside_the_files_is_joined_by_their_names(tmp_path):
    for i in range(2):
        write_h5(tmp_path / f"GSM70{i}_filtered_feature_bc_matrix.h5", first=1000 * i, seed=i)
    rows = [
        ("gsm", "patient", "timepoint", "sex"),
        ("GSM700", "P1", "baseline", "F"),
        ("GSM701", "P1", "M6", "F"),
    ]
    table_file(tmp_path, "pheno.csv", *rows)
    rows, study = guessed_of(tmp_path)
    assert rows == [("P1", "baseline", "", {"sex": "F"}), ("P1", "M6", "", {"sex": "F"})]
    assert any("pheno.csv: joined to the files by its column 'gsm'" in note for note in study.notes)


def test_a_table_of_donors_is_joined_to_all_their_files(tmp_path):
    for i, name in enumerate(("P1_BL", "P1_M6", "P2_BL")):
        write_h5(tmp_path / f"{name}.h5", first=1000 * i, seed=i)
    table_file(tmp_path, "clinical.csv", ("subject", "age"), ("P1", "31"), ("P2", "45"))
    rows, _ = guessed_of(tmp_path)
    assert [(donor, extras["age"]) for donor, _, _, extras in rows] == [
        ("P1", "31"),
        ("P1", "31"),
        ("P2", "45"),
    ]


def test_libraries_of_an_aggregate_are_named_by_its_table(tmp_path):
    outs = tmp_path / "outs/count"
    outs.mkdir(parents=True)
    rng = np.random.default_rng(0)
    names = [f"{name}-{i % 2 + 1}" for i, name in enumerate(barcodes(40))]
    dense = rng.poisson(3, (40, 20))
    tenx_files.write_h5(
        outs / "filtered_feature_bc_matrix.h5", dense, genes=[f"G{i}" for i in range(20)], barcodes=names
    )
    head = ("sample_id", "molecule_h5", "donor", "timepoint")
    table_file(
        tmp_path / "outs", "aggregation.csv", head, ("a", "/x/a.h5", "P1", "BL"), ("b", "/x/b.h5", "P1", "M6")
    )
    rows, _ = guessed_of(tmp_path)
    assert [row[:3] for row in rows] == [("P1", "BL", "barcode=*-1"), ("P1", "M6", "barcode=*-2")]


def test_a_table_of_cells_that_a_sheet_cannot_name_is_told(tmp_path):
    write_h5(tmp_path / "all.h5")
    rows = [(f"{name}-1", f"P{i % 2}", "BL" if i % 4 < 2 else "M6") for i, name in enumerate(barcodes(40))]
    table_file(tmp_path, "cells.csv", ("cell", "donor", "visit"), *rows)
    _, study = guessed_of(tmp_path)
    assert any("the sheet cannot refer to it" in note for note in study.notes)
    assert len(study.rows) == 1


def test_tables_that_describe_no_file_are_passed_over(tmp_path):
    write_h5(tmp_path / "P1_BL.h5")
    write_h5(tmp_path / "P1_M6.h5", first=1000, seed=1)
    table_file(tmp_path, "genes_of_interest.csv", ("gene", "weight"), ("CD3D", "1"), ("MS4A1", "2"))
    (tmp_path / "notes.txt").write_text("not a table\n")
    found, _, joined = found_in(tmp_path)
    assert joined == []
    assert all(not any(column.joined for column in file.columns) for file in found)
    assert tables.read_table(tmp_path / "notes.txt") is None


def test_packed_files_are_told_how_to_unpack(tmp_path):
    write_h5(tmp_path / "x.h5")
    (tmp_path / "GSE1_all.h5ad.gz").write_bytes(gzip.compress((tmp_path / "x.h5").read_bytes()))
    (tmp_path / "x.h5").unlink()
    with pytest.raises(IngestError, match=r"GSE1_all\.h5ad\.gz: .*gunzip"):
        found_in(tmp_path)


def test_where_nothing_is_filtered_raw_says_not_normalised(tmp_path):
    write_h5(tmp_path / "P1_BL_raw_counts.h5")
    write_h5(tmp_path / "P1_M6_raw_counts.h5", first=1000, seed=1)
    found, _, _ = found_in(tmp_path)
    assert [file.path.name for file in found] == ["P1_BL_raw_counts.h5", "P1_M6_raw_counts.h5"]
    assert [row.donor for row in guess_study(found, study=STUDY, answers=Answers()).rows] == ["P1", "P1"]


@pytest.mark.parametrize("form", ["{}-1", "P{lane}_{}-1", "{}_P{lane}", "batch.P{lane}:{}x"])
def test_one_table_of_the_cells_of_several_files_is_joined_to_each(tmp_path, form):
    visits = ("baseline", "month6", "baseline")
    rows = []
    for lane, visit in enumerate(visits):
        write_h5(tmp_path / f"GSM{lane}.h5", first=lane * 1000, seed=lane)
        names = (form.format(name, lane=lane) for name in barcodes(40, lane * 1000))
        rows += [(name, f"D{lane // 2 + 1}", visit) for name in names]
    table_file(tmp_path, "cells.csv", ("cell", "donor", "visit"), *rows)
    guessed, study = guessed_of(tmp_path)
    assert [row[:2] for row in guessed] == [("D1", "baseline"), ("D1", "month6"), ("D2", "baseline")]
    assert any("cells.csv: joined to the cells by its column 'cell'" in note for note in study.notes)


def test_two_samples_of_one_table_that_have_the_barcodes_of_a_file_are_not_guessed(tmp_path):
    write_h5(tmp_path / "GSM1.h5")
    rows = [(f"{lane}_{name}-1", lane) for lane in ("P1", "P2") for name in barcodes(40)]
    table_file(tmp_path, "cells.csv", ("cell", "donor"), *rows)
    found, _, joined = found_in(tmp_path)
    assert joined == []
    assert not any(column.joined for column in found[0].columns)


@pytest.mark.parametrize("name", ["GSE1_P1_count_matrix.csv", "P1_expression_matrix.txt", "matrix.tsv"])
def test_a_table_that_is_called_a_matrix_is_found(tmp_path, name):
    separator = "," if name.endswith("csv") else "\t"
    rows = [["", *barcodes(30)], *([f"G{i}", *["1"] * 30] for i in range(30))]
    (tmp_path / name).write_text("".join(separator.join(row) + "\n" for row in rows))
    found, _, _ = found_in(tmp_path)
    assert [file.path.name for file in found] == [name]


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (["idxptr", "version", "row_names", "col_names", "val_data"], r"BPCells::open_matrix_dir\('x'\)"),
        (["__group", "__meta"], r"tiledbsoma\.open\('x'\)"),
        (["X.csv", "obs.csv", "var.csv"], r"write_csvs.*to_csv\('counts\.csv'\)"),
        (["assays.h5", "se.rds"], r"HDF5Array::loadHDF5SummarizedExperiment\('x'\)"),
    ],
)
def test_folders_of_other_tools_are_told_with_the_command_that_converts_them(tmp_path, held, told):
    (tmp_path / "x").mkdir()
    for name in held:
        (tmp_path / "x" / name).write_text("1,2\n3,4\n")
    for reader in (found_in, lambda path: sniff_format(path / "x")):
        with pytest.raises(IngestError, match=told):
            reader(tmp_path)
