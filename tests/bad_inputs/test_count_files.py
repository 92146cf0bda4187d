"""A count file that cannot be used is refused by the preflight, in words that name file, finding and remedy."""

import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from rule_script import run_script

from bad_inputs.refusals import assert_refused, earlier_results
from bad_inputs.spoiling import (
    GENES,
    HEAD,
    N,
    barcodes,
    bomb,
    counts_with,
    cut,
    dense,
    in_h5,
    in_mtx,
    put,
    rewritten,
    row,
    sheet,
    text_table,
    unfiltered,
)
from cd20scope.counts import ingested, store
from cd20scope.ingest import read
from cd20scope.study.sheet import read_sheet
from workflow.running import ROOT

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
VISITS = SCHEMA["properties"]["visits"]["default"]
MOUSE = ["Cd3e", "Ms4a1", "Lyz2", "Nkg7", "Gnly", "B2m", "Cd79a", "Cd19", "Actb", "Cd74", "Cd8a"]
FILES = {
    "truncated HDF5": (cut("a.h5", 0.6), ["a.h5", "cannot be read", "truncated", "copy it again"]),
    "empty file": (cut("a.h5", 0), ["a.h5", "is empty", "Give a 10x HDF5 file"]),
    "gzip cut short": (cut("b/matrix.mtx.gz", 0.5), ["matrix.mtx.gz", "cannot be read", "copy it again"]),
    "barcodes cut short": (
        cut("b/barcodes.tsv.gz", 0.5),
        ["barcodes.tsv.gz", "cannot be read", "copy it again"],
    ),
    "zero cells": (rewritten(counts=dense(0)[:0], barcodes=[]), ["a.h5", "empty", "take the sample"]),
    "zero genes": (
        rewritten(counts=dense(0)[:, :0], genes=[]),
        ["a.h5", "empty", "0 genes", "Give a file with cells and genes"],
    ),
    "negative": (counts_with(-1), ["a.h5", "cell A", "values go down to -1", "Give the raw counts"]),
    "fractional": (counts_with(1.5), ["a.h5", "1.5 in cell A", "no raw count", "Give the raw counts"]),
    "missing": (counts_with(np.nan), ["a.h5", "nan in cell A", "missing or infinite", "Give the raw counts"]),
    "infinite": (
        counts_with(np.inf),
        ["a.h5", "inf in cell A", "missing or infinite", "Give the raw counts"],
    ),
    "beyond any count": (counts_with(2.0**40), ["a.h5", "not below", "Give the raw counts"]),
    "log-normalised": (
        in_h5(lambda group: put(group, "data", np.log1p(group["data"][:] * 3.7))),
        ["sample s1", "a.h5", "looks log-normalised", "Give the raw counts"],
    ),
    "a barcode twice": (
        rewritten(barcodes=["A1", *barcodes("A")[1:]]),
        ["a.h5", "occur more than once", "'A1', 2 times", "unique first"],
    ),
    "an empty barcode": (
        rewritten(barcodes=["", *barcodes("A")[1:]]),
        ["a.h5", "or are empty", "unique first"],
    ),
    "an index outside": (
        in_h5(lambda group: put(group, "indices", np.full(group["indices"].shape, 99))),
        ["a.h5", "cannot be read", "copy it again"],
    ),
    "header disagrees with body": (
        in_mtx("matrix.mtx", lambda text: text.replace(f"{len(GENES)} {N} ", f"{len(GENES)} {N} 9", 1)),
        ["matrix.mtx.gz", "cannot be read", "copy it again"],
    ),
    "no header": (
        in_mtx("matrix.mtx", lambda text: text.split("\n", 1)[1]),
        ["matrix.mtx.gz, row 1", "no header", "write"],
    ),
    "barcodes of another length": (
        in_mtx("barcodes.tsv", lambda text: text.split("\n", 1)[1]),
        ["b: the matrix has", "29 barcodes", "copy them again"],
    ),
    "features of another length": (
        in_mtx("features.tsv", lambda text: text.split("\n", 1)[1]),
        ["b: the matrix has", f"{len(GENES) - 1} gene names", "copy them again"],
    ),
    "ragged features": (
        in_mtx("features.tsv", lambda text: text + "x\n"),
        [f"row {len(GENES) + 1}", "1 columns", "Write every row"],
    ),
    "no features file": (
        lambda folder: (folder / "b/features.tsv.gz").unlink(),
        ["/b", "without features.tsv or genes.tsv", "Give the folder"],
    ),
    "transposed": (
        rewritten(counts=dense(0).T, genes=barcodes("ACGTACGTACGT"), barcodes=GENES),
        ["a.h5", "transposed", "Transpose it"],
    ),
    "mouse": (
        rewritten(counts=np.ones((N, len(MOUSE)), dtype=int), genes=MOUSE),
        ["a.h5", "genes of mouse (Cd3e)", "Give human counts"],
    ),
    "two species": (
        rewritten(genes=[*(f"GRCh38_{gene}" for gene in GENES[:-3]), "mm10_Nkg7", "mm10_Gnly", "mm10_B2m"]),
        ["a.h5", "several species", "human genes alone"],
    ),
    "genes made dates": (
        rewritten(genes=[*GENES[:-2], "1-Mar", "2-Sep"]),
        ["a.h5", "2 genes were turned into dates", "1-Mar", "Take the names"],
    ),
    "antibodies alone": (
        in_h5(lambda group: put(group["features"], "feature_type", np.full(len(GENES), b"Antibody Capture"))),
        ["a.h5", "found Antibody Capture", "Give the file with the gene counts"],
    ),
    "a bomb": (in_h5(bomb), ["a.h5", "declares 3,000,000,000", "cannot hold", "Give the original"]),
    "a bomb of text": (
        in_mtx(
            "matrix.mtx", lambda text: text.replace(f"{len(GENES)} {N} ", f"{len(GENES)} {N} 99999999", 1)
        ),
        ["matrix.mtx.gz", "declares", "Give the original"],
    ),
    "another HDF5": (
        lambda folder: h5py.File(folder / "a.h5", "w").create_group("molecules").file.close(),
        ["a.h5", "it holds molecules", "Give Cell Ranger's"],
    ),
    "a picture": (
        lambda folder: (folder / "a.h5").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ["a.h5", "is no file of counts", "Give a 10x HDF5 file"],
    ),
    "an empty folder": (
        lambda folder: (shutil.rmtree(folder / "b"), (folder / "b").mkdir()),
        ["/b", "without matrix.mtx", "it holds nothing", "Give the folder"],
    ),
    "a word in a table": (
        text_table("gene,X1,X2\nCD3E,1,2\nB2M,many,3\n"),
        ["t.csv, row 3, column 2", "'many'", "Keep"],
    ),
    "a ragged table": (text_table("gene,X1,X2\nCD3E,1\n"), ["t.csv, row 2", "2 columns", "Write names"]),
    "stated format": (
        row("s2\tD1\tweek2\tb\th5ad", head=HEAD + "\tformat"),
        ["sample s2", "said to be h5ad", "10x_mtx", "Correct 'format'"],
    ),
    "the unfiltered matrix of another sample": (
        row("s2\tD1\tweek2\tb\ta.h5", head=HEAD + "\traw"),
        ["sample s2", "a.h5", "0% of the sample's cells", "Correct the column raw"],
    ),
    "an unfiltered matrix": (unfiltered, ["sample s1", "30,000 barcodes", "unfiltered", "in the column raw"]),
    "stated checksum": (
        row(f"s2\tD1\tweek2\tb\t{'0' * 64}", head=HEAD + "\tsha256"),
        ["sample s2", "SHA-256", "Copy the file again"],
    ),
    "cells that are not there": (
        row("s2\tD1\tweek2\tb\tdonor=D1", head=HEAD + "\tcells"),
        ["sample s2", "no column 'donor'", "Correct 'cells'"],
    ),
    "cells of two samples": (
        sheet(
            "s1\tD1\tbaseline\ta.h5\tbarcode=A*",
            "s2\tD1\tweek2\ta.h5\tbarcode=A1*",
            head=HEAD + "\tcells",
        ),
        ["s1, s2", "11 cells are in both", "Correct the column cells"],
    ),
    "the same library twice": (
        lambda folder: (shutil.copy(folder / "a.h5", folder / "c.h5"), row("s2\tD1\tweek2\tc.h5")(folder)),
        ["s1, s2", "the same library twice", "Correct the path"],
    ),
}


def look_at_counts(folder):
    """Run the jobs of the preflight that read count files; the last one fails when a file cannot be used."""
    rows = read_sheet(folder / "samples.tsv", visits=VISITS).set_index("sample", drop=False)
    optional = rows.reindex(columns=["format", "cells", "raw", "sha256"], fill_value="")
    found = {name: f"results/preflight/{name}" for name in ("samples.tsv", "genes.tsv.gz", "problems.tsv")}
    run_script(
        "preflight/look_at_files",
        input={"counts": rows["path"].tolist()},
        output=dict(zip(("samples", "genes", "problems"), found.values(), strict=True)),
        params={
            "table": str(ROOT / "config/genes.tsv"),
            "samples": rows["sample"].tolist(),
            "counted": rows["sample"].tolist(),
            "paths": rows["path"].tolist(),
            "files": rows["path"].tolist(),
            "reading": optional[["format", "cells"]].assign(place="").to_dict("records"),
            "raw": optional["raw"].tolist(),
            "sha256": optional["sha256"].tolist(),
            "thresholds": {"min_counts": 1, "min_genes": 1},
        },
    )
    problems = pd.read_csv(found["problems.tsv"], sep="\t", dtype=str)
    problems.assign(level="error").to_csv("results/preflight/findings.tsv", sep="\t", index=False)
    run_script(
        "preflight/pass_preflight",
        input={"findings": "results/preflight/findings.tsv", "page": "results/preflight/preflight.html"},
        output={"passed": "results/preflight/passed.txt"},
        params={},
    )


@pytest.mark.parametrize("case", FILES)
def test_a_bad_count_file(study, case, monkeypatch, capsys):
    spoil, words = FILES[case]
    spoil(study)
    before = earlier_results(study)
    monkeypatch.chdir(study)
    with pytest.raises(SystemExit, match="1"):
        look_at_counts(study)
    assert_refused(capsys.readouterr().err, words)
    assert not (study / "results/preflight/passed.txt").exists()
    assert earlier_results(study) == before


def test_sound_count_files_pass(study, monkeypatch):
    monkeypatch.chdir(study)
    look_at_counts(study)
    assert (study / "results/preflight/passed.txt").exists()


def test_a_gene_twice_with_different_counts_is_kept_twice(study):
    rewritten(genes=["CD3E", "CD3E", *GENES[2:]])(study)
    store.write_counts(read.read_sample(study / "a.h5"), study / "s1.h5ad", provenance={"sample": "s1"})
    counts = ingested.read_counts(study / "s1.h5ad")
    assert counts.genes["gene"].tolist()[:2] == ["CD3E", "CD3E-1"]
    np.testing.assert_array_equal(counts.matrix.toarray(), dense(0))
