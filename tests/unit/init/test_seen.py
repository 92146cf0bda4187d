"""What init finds in folders of other layouts, and what it says of files that it cannot open."""

import gzip
import os

import numpy as np
import pandas as pd
import pytest
from init_studies import STUDY, file_named, guessed

from cd20scope.counts.matrix import IngestError
from cd20scope.init import files, text
from cd20scope.init.rows import Answers
from cd20scope.init.study import guess_study
from cd20scope.simulate import tenx_files

GENES = [f"G{i}" for i in range(100)]


def barcodes(n, first=0):
    return ["".join("ACGT"[(first + i) >> 2 * k & 3] for k in range(14)) for i in range(n)]


def dense(seed, n=40):
    rng = np.random.default_rng(seed)
    return rng.poisson(np.outer(rng.lognormal(6, 0.4, n), rng.dirichlet(np.full(100, 0.5))))


def found_in(folder):
    return files.find_files(folder, read_seurat=lambda _: None)


def rows_of(folder):
    found, _, joined = found_in(folder)
    study = guess_study(found, study=STUDY, answers=Answers(), joined=joined)
    return [(row.donor, row.visit, row.cells) for row in study.rows]


def write_matrix(folder, matrix, features, cells, *, seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    counts = dense(seed)
    rows, columns = np.nonzero(counts.T)
    entries = "".join(f"{g + 1} {c + 1} {counts[c, g]}\n" for g, c in zip(rows, columns, strict=True))
    head = f"%%MatrixMarket matrix coordinate integer general\n100 40 {len(rows)}\n"
    (folder / matrix).write_text(head + entries)
    (folder / features).write_text("".join(f"{gene}\n" for gene in GENES))
    (folder / cells).write_text("".join(f"{name}-1\n" for name in barcodes(40, 1000 * seed)))


def test_matrices_whose_name_has_the_sample_behind_or_another_word(tmp_path):
    for seed, name in enumerate(("P1_BL", "P1_M6")):
        write_matrix(
            tmp_path / "a", f"matrix_{name}.mtx", f"features_{name}.tsv", f"barcodes_{name}.tsv", seed=seed
        )
        write_matrix(
            tmp_path / "b", f"{name}_counts.mtx", f"{name}_genes.txt", f"{name}_cells.txt", seed=seed
        )
    for folder in ("a", "b"):
        assert rows_of(tmp_path / folder) == [("P1", "BL", ""), ("P1", "M6", "")]


@pytest.mark.parametrize(
    ("name", "start", "said"),
    [
        ("P1_counts.parquet", b"PAR1", "Parquet"),
        ("P1_counts.csv.bz2", b"BZh9", "bunzip2"),
        ("P1_matrix.mtx.xz", b"\xfd7zXZ\x00", "xz -d"),
        ("P1.xlsx", b"PK\x03\x04", "spreadsheet"),
        ("P1.pkl", b"\x80\x04", "pickle"),
        ("quants_mat.gz", b"\x1f\x8b", "alevin-fry"),
        ("cells_x_genes.mature.mtx", b"%%MatrixMarket", r"a part of the counts \(mature\)"),
        ("P1_other.mtx", b"%%MatrixMarket", "a matrix on its own"),
    ],
)
def test_what_cannot_be_opened_is_named(tmp_path, name, start, said):
    (tmp_path / name).write_bytes(start + bytes(60))
    with pytest.raises(IngestError, match=f"{name}.*{said}"):
        found_in(tmp_path)


def test_all_droplets_alone_are_to_be_filtered_first(tmp_path):
    write_matrix(tmp_path / "P1_BL/counts_unfiltered", "matrix.mtx", "genes.tsv", "barcodes.tsv")
    with pytest.raises(IngestError, match=r"no filtered one is there\. Call its cells first"):
        found_in(tmp_path)


def test_samples_of_a_combined_table_are_told_by_the_names_of_its_cells(tmp_path):
    names = [f"P{i % 2 + 1}_{'BL' if i < 20 else 'M6'}_{name}" for i, name in enumerate(barcodes(40))]
    pd.DataFrame(dense(0).T, index=GENES, columns=names).to_csv(tmp_path / "GSE1_counts.csv.gz")
    assert rows_of(tmp_path) == [
        ("P1", "BL", "barcode=P1_BL_*"),
        ("P1", "M6", "barcode=P1_M6_*"),
        ("P2", "BL", "barcode=P2_BL_*"),
        ("P2", "M6", "barcode=P2_M6_*"),
    ]


def test_libraries_of_an_aggregate_of_multi_outputs(tmp_path):
    outs = tmp_path / "outs/count"
    outs.mkdir(parents=True)
    names = [f"{name}-{i % 2 + 1}" for i, name in enumerate(barcodes(40))]
    tenx_files.write_h5(outs / "filtered_feature_bc_matrix.h5", dense(0), genes=GENES, barcodes=names)
    table = "sample_id,sample_outs,donor,origin\ns1,/x/s1,P1,BL\ns2,/x/s2,P1,M6\n"
    (tmp_path / "outs/aggregation.csv").write_text(table)
    assert rows_of(tmp_path) == [("P1", "BL", "barcode=*-1"), ("P1", "M6", "barcode=*-2")]


def test_characters_that_steer_a_terminal_are_written_by_their_code_points(tmp_path):
    study = guessed(file_named("P\x1b]0;x\x07_BL"), file_named("P\u202e2_M6"))
    shown = text.format_summary(
        study,
        study.rows and [row.file for row in study.rows],
        [],
        data=tmp_path,
        sheet=tmp_path / "s",
        config=tmp_path,
    )
    assert not set(shown) & set("\x1b\x07\u202e")
    assert text.visible("a\x1b[31m\nb") == "a\\x1b[31m\nb"


def test_donors_that_look_alike_and_share_a_visit_are_to_be_told_apart():
    study = guessed(*(file_named(name) for name in ("P1_BL", "P1_M6", "p1_BL", "p1_M6")))
    assert any("'P1' and 'p1'" in text for text in study.todo)


def test_a_pipe_or_a_damaged_table_beside_counts_is_passed_over(tmp_path):
    write_matrix(tmp_path / "P1_BL", "matrix.mtx", "genes.tsv", "barcodes.tsv")
    os.mkfifo(tmp_path / "metadata.csv")
    (tmp_path / "clinical.csv.gz").write_bytes(b"\x1f\x8b\x08\x00")
    (tmp_path / "pheno.csv.gz").write_bytes(gzip.compress(b"a,b\n" * 999)[:20] + bytes(30))
    (tmp_path / "samples.csv.gz").write_bytes(gzip.compress(b"sample,age\n" + b"P1_BL,1\n" * (1 << 21)))
    (tmp_path / "annotation.csv").write_text(f"sample,text\nP1_BL,{'x' * 200_000}\n")
    assert rows_of(tmp_path) == [("P1", "BL", "")]
