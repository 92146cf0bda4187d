"""Every mistake stops a run before anything heavy, in words that name file, place, finding and remedy.

Each case spoils one thing of a sound study. Results of an earlier run must be as they were.
"""

import gzip
import hashlib
import shutil
import subprocess
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
import yaml
from scipy import sparse

from cd20scope.counts import store
from cd20scope.simulate import tenx_files
from workflow.running import ROOT, ran, snakemake

GENES = ["CD3E", "MS4A1", "LYZ", "NKG7", "GNLY", "B2M"]
N = 30
HEAD = "sample\tdonor\tvisit\tpath"
ROWS = ("s1\tD1\tbaseline\ta.h5", "s2\tD1\tweek2\tb")
CATALOGUES = {
    name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("hypotheses", "populations")
}


def dense(seed):
    return np.random.default_rng(seed).poisson(2, (N, len(GENES)))


def barcodes(prefix):
    return [f"{prefix}{i}" for i in range(N)]


@pytest.fixture
def study(tmp_path):
    """A sound study of one donor, a 10x HDF5 file and an MTX folder, with results of an earlier run."""
    tenx_files.write_h5(tmp_path / "a.h5", dense(0), genes=GENES, barcodes=barcodes("A"))
    tenx_files.write_mtx(tmp_path / "b", dense(1), genes=GENES, barcodes=barcodes("B"))
    (tmp_path / "samples.tsv").write_text("\n".join([HEAD, *ROWS]) + "\n")
    (tmp_path / "study.yaml").write_text("samples: samples.tsv\n")
    for path, text in (
        ("results/verdict/verdicts.tsv", "old\n"),
        ("results/report/report.html", "<p>old</p>"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def sheet(*rows, head=HEAD, end="\n", encoding="utf-8"):
    return lambda folder: (folder / "samples.tsv").write_bytes(
        (end.join([head, *rows]) + end).encode(encoding)
    )


def config(text):
    return lambda folder: (folder / "study.yaml").write_text(text)


def setting(text):
    return config("samples: samples.tsv\n" + text + "\n")


def catalogue(kind, edit):
    def spoil(folder):
        content = yaml.safe_load(yaml.safe_dump(CATALOGUES[kind]))
        edit(content)
        (folder / "mine.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        setting(f"catalogues: {{{kind}: mine.yaml}}")(folder)

    return spoil


def in_h5(edit):
    def spoil(folder):
        with h5py.File(folder / "a.h5", "r+") as file:
            edit(file["matrix"])

    return spoil


def put(group, name, values):
    del group[name]
    group[name] = values


def counts_with(value):
    def edit(group):
        data = group["data"][:].astype("f8")
        data[3] = value
        put(group, "data", data)

    return in_h5(edit)


def rewritten(**changes):
    keywords = {"genes": GENES, "barcodes": barcodes("A")} | changes
    counts = keywords.pop("counts", dense(0))
    return lambda folder: tenx_files.write_h5(folder / "a.h5", counts, **keywords)


def in_mtx(name, edit):
    def spoil(folder):
        path = folder / "b" / f"{name}.gz"
        path.write_bytes(gzip.compress(edit(gzip.decompress(path.read_bytes()).decode()).encode()))

    return spoil


def cut(name, part):
    def spoil(folder):
        path = folder / name
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])

    return spoil


def bomb(group):
    for name in ("data", "indices"):
        del group[name]
        group.create_dataset(name, shape=(3 * 10**9,), dtype="i4", chunks=(1 << 20,), compression="gzip")


def loop(folder):
    (folder / "loop").symlink_to("loop")
    sheet("s1\tD1\tbaseline\ta.h5", "s2\tD1\tweek2\tloop")(folder)


def text_table(text):
    def spoil(folder):
        (folder / "t.csv").write_text(text)
        sheet(ROWS[0], "s2\tD1\tweek2\tt.csv")(folder)

    return spoil


def row(second, **keywords):
    return sheet(ROWS[0], second, **keywords)


def unfiltered(folder):
    names = [f"A{number}" for number in range(30_000)]
    counts = np.zeros((len(names), len(GENES)), dtype=int)
    counts[:, 0] = 1
    tenx_files.write_h5(folder / "a.h5", counts, genes=GENES, barcodes=names)


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
        ["a.h5", "looks log-normalised", "Give the raw counts"],
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
        ["b: the matrix has", "5 gene names", "copy them again"],
    ),
    "ragged features": (
        in_mtx("features.tsv", lambda text: text + "x\n"),
        ["row 7", "1 columns", "Write every row"],
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
        rewritten(genes=["GRCh38_CD3E", "GRCh38_MS4A1", "GRCh38_LYZ", "mm10_Nkg7", "mm10_Gnly", "mm10_B2m"]),
        ["a.h5", "several species", "human genes alone"],
    ),
    "genes made dates": (
        rewritten(genes=[*GENES[:4], "1-Mar", "2-Sep"]),
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
    "the same library twice": (
        lambda folder: (shutil.copy(folder / "a.h5", folder / "c.h5"), row("s2\tD1\tweek2\tc.h5")(folder)),
        ["s1, s2", "the same library twice", "Correct the path"],
    ),
}

NAMES = ["a/b", "..", "a b", "a'b", 'a"b', "ä", "<script>", "-a", ""]
PARSED = {
    **{
        f"sample named {name!r}": (
            row(f"{name}\tD1\tweek2\tb"),
            ["samples.tsv", "row 3", "column sample", "Use letters" if name not in ("", 'a"b') else "sample"],
        )
        for name in NAMES
        if name != 'a"b'
    },
    "no sheet": (
        lambda folder: (folder / "samples.tsv").unlink(),
        ["samples.tsv", "was not found", "Correct the path"],
    ),
    "an empty sheet": (
        lambda folder: (folder / "samples.tsv").write_text(""),
        ["samples.tsv", "empty", "Write a header"],
    ),
    "a spreadsheet": (
        lambda folder: (folder / "samples.tsv").write_bytes(b"PK\x03\x04\xff\xfe\x00"),
        ["samples.tsv", "not UTF-8", "Save it as"],
    ),
    "commas": (
        sheet("s1,D1,baseline,a.h5", head=HEAD.replace("\t", ",")),
        ["row 1", "separated by commas", "Save the sheet"],
    ),
    "a column misspelt": (
        sheet(*ROWS, head="sample\tdonor\tvisti\tpath"),
        ["row 1", "Did you mean 'visti'?", "Name every"],
    ),
    "a column twice": (sheet(*ROWS, head=HEAD + "\tdonor"), ["row 1", "named twice", "Rename it"]),
    "a cell too many": (row("s2\tD1\tweek2\tb\tmore"), ["row 3", "5 cells under 4", "Remove the tabs"]),
    "a donor missing": (row("s2\t\tweek2\tb"), ["row 3", "column donor", "empty", "Every sample needs one"]),
    "a donor with a comma": (row("s2\tD1,D2\tweek2\tb"), ["row 3", "column donor", "Leave out commas"]),
    "a sample twice": (
        row("s1\tD1\tweek2\tb"),
        ["row 3", "'s1' is also the sample of row 2", "a name of its own"],
    ),
    "two baselines": (
        row("s2\tD1\tbaseline\tb"),
        ["row 3", "already has visit 'baseline'", "column library"],
    ),
    "an unknown visit": (
        row("s2\tD1\tweek9\tb"),
        ["row 3", "'week9' is no visit", "Did you mean 'week2'?", "Correct it"],
    ),
    "no pair": (row("s2\tD2\tweek2\tb"), ["no donor has both visits", "D1: baseline", "snakemake annotate"]),
    "a path that is not there": (
        row("s2\tD1\tweek2\tc"),
        ["row 3", "column path", "is not there", "Correct it"],
    ),
    "a path twice": (row("s2\tD1\tweek2\ta.h5"), ["row 3", "a.h5 is also in row 2", "correct one"]),
    "an address without a checksum": (
        row("s2\tD1\tweek2\thttps://127.0.0.1/b.h5"),
        ["row 3", "column sha256", "must be compared with a checksum", "Write its SHA-256"],
    ),
    "an address of another kind": (
        row(f"s2\tD1\tweek2\tftp://127.0.0.1/b.h5\t{'0' * 64}", head=HEAD + "\tsha256"),
        ["row 3", "column path", "no address that files are fetched from", "Write https://"],
    ),
    "an unfiltered matrix that is not there": (
        row("s2\tD1\tweek2\tb\tr.h5", head=HEAD + "\traw"),
        ["row 3", "column raw", "r.h5 is not there", "Give the unfiltered"],
    ),
    "a link in a loop": (loop, ["row 3", "loop is not there", "Correct it"]),
    "an unknown format": (
        row("s2\tD1\tweek2\tb\t10xmtx", head=HEAD + "\tformat"),
        ["row 3", "column format", "Did you mean '10x_mtx'?", "Use one of"],
    ),
    "an age in words": (
        row("s2\tD1\tweek2\tb\told", head=HEAD + "\tage"),
        ["row 3", "column age", "'old' is no number", "Write it"],
    ),
    "cells misspelt": (
        row("s2\tD1\tweek2\tb\tP01", head=HEAD + "\tcells"),
        ["row 3", "column cells", "does not read like"],
    ),
    "no checksum": (
        row("s2\tD1\tweek2\tb\tabc", head=HEAD + "\tsha256"),
        ["row 3", "'abc' is no SHA-256", "Correct it"],
    ),
    "a key misspelt": (config("smaples: samples.tsv\n"), ["study.yaml", "smaples", "samples"]),
    "a key misspelt within": (setting("qc: {min_gene: 5}"), ["study.yaml", "qc", "min_gene", "min_genes"]),
    "a key misspelt deep": (
        setting("annotate: {celltypist: {modell: x}}"),
        ["study.yaml", "modell", "model"],
    ),
    "a word for a number": (setting("qc: {min_genes: many}"), ["study.yaml", "min_genes", "many"]),
    "a number out of bounds": (setting("verdict: {alpha: 3}"), ["study.yaml", "alpha", "3"]),
    "nothing for a section": (setting("qc:"), ["study.yaml", "qc"]),
    "a key twice": (setting("seed: 1\nseed: 2"), ["study.yaml", "seed"]),
    # Snakemake reads it before the workflow has a word, and does not name the file
    "no YAML": (config("samples: [a\n"), ["not valid JSON or YAML"]),
    "a key under the wrong section": (
        config("samples: samples.tsv\nvisits:\n  baseline: [0M]\n  week2: [2W]\n  gene_sets: [mine.gmt]\n"),
        ["visits > gene_sets", "a key of expression", "Write the line of its section"],
    ),
    "a contrast of no visit": (setting("contrasts: [[month9, baseline]]"), ["month9", "month6"]),
    "a contrast backwards": (
        setting("contrasts: [[baseline, week2]]"),
        ["later, earlier", "other way round"],
    ),
    "a pattern that is none": (
        setting("ingest: {sample_pattern: '('}"),
        ["sample_pattern", "no regular expression"],
    ),
    "a pattern of other groups": (
        setting("ingest: {sample_pattern: '(?P<who>.+)'}"),
        ["sample_pattern", "found who"],
    ),
    "a table of genes that is not there": (
        setting("ingest: {genes: g.tsv}"),
        ["ingest: genes", "g.tsv", "Correct the path"],
    ),
    "a donor's name for two": (
        setting("donors: {D1: [x], D2: [X]}"),
        ["'donors' in the config", "Remove one"],
    ),
    "a catalogue that is not there": (
        setting("catalogues: {hypotheses: mine.yaml}"),
        ["mine.yaml", "was not found", "Correct the path"],
    ),
    "an unknown population": (
        catalogue("hypotheses", lambda content: content["hypotheses"][0].update(population="B cels")),
        ["mine.yaml", "B cels", "B cells"],
    ),
    "an unknown programme": (
        catalogue(
            "hypotheses",
            lambda content: next(e for e in content["hypotheses"] if "program" in e).update(program="Th71"),
        ),
        ["mine.yaml", "Th71"],
    ),
    "markers that are no gene": (
        catalogue("populations", lambda content: content["nodes"][0]["markers"].append("not a gene")),
        ["mine.yaml", "not a gene"],
    ),
}


def kept(folder):
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for step in ("verdict", "report")
        for path in sorted((folder / "results" / step).rglob("*"))
        if path.is_file()
    }


def refused(folder, spoil, words, *arguments):
    before = kept(folder)
    spoil(folder)
    process = snakemake(*arguments, directory=folder, config=folder / "study.yaml")
    said = process.stdout + process.stderr
    assert process.returncode != 0
    flat = " ".join(said.split())
    for part in words:
        assert part in said or part in flat, f"{part!r} not in: {said[-2500:]}"
    assert "Traceback (most recent call last)" not in said or "IngestError" in said
    assert not list((folder / "results").glob("ingest/*.h5ad")), "a sample was read whole"
    assert kept(folder) == before


def test_the_study_itself_is_sound(study):
    ran(
        snakemake(
            "results/ingest/s1.h5ad", "results/ingest/s2.h5ad", directory=study, config=study / "study.yaml"
        )
    )
    ran(snakemake("--dry-run", "--quiet", "rules", directory=study, config=study / "study.yaml"))


@pytest.mark.parametrize("case", FILES)
def test_a_bad_count_file(study, case):
    refused(
        study,
        *FILES[case],
        "results/preflight/passed.txt",
        "results/ingest/s1.h5ad",
        "results/ingest/s2.h5ad",
    )


@pytest.mark.parametrize("case", PARSED)
def test_a_bad_sheet_configuration_or_catalogue(study, case):
    refused(study, *PARSED[case], "--dry-run")


def test_results_that_are_a_file(study):
    shutil.rmtree(study / "results")
    (study / "results").write_text("mine")
    process = snakemake("--dry-run", directory=study, config=study / "study.yaml")
    said = process.stdout + process.stderr
    assert process.returncode != 0
    for words in (f"{study}/results", "a file has it", "--directory"):
        assert words in said
    assert (study / "results").read_text() == "mine"


@contextmanager
def mounted(place, *options):
    """A small file system of its own at a folder."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs root, to mount a small disk: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("size=1m",), ["MB are free on its disk", "the counts of 2 samples need about 100 MB"]),
        (("ro",), ["results cannot be written there", "read-only"]),
    ],
    ids=["a full disk", "a read-only folder"],
)
def test_a_place_that_takes_no_results(study, options, words):
    shutil.rmtree(study / "results")
    with mounted(study / "results", *options):
        process = snakemake("results/ingest/s1.h5ad", directory=study, config=study / "study.yaml")
        assert not list((study / "results").iterdir())
    said = process.stdout + process.stderr
    assert process.returncode != 0
    for part in (*words, f"{study}/results", "run in another folder (--directory)"):
        assert part in said


@pytest.mark.parametrize(
    "spoil",
    [
        sheet(*ROWS, end="\r\n"),
        sheet(*ROWS, encoding="utf-8-sig"),
        sheet(*(f"{line}\t\t" for line in ROWS), head=HEAD + "\t\t"),
    ],
    ids=["Windows line ends", "byte-order mark", "trailing tabs"],
)
def test_what_spreadsheets_leave_behind_is_taken(study, spoil):
    spoil(study)
    ran(snakemake("--dry-run", "--quiet", "rules", directory=study, config=study / "study.yaml"))


def test_a_gene_twice_with_different_counts_is_kept_twice(study):

    rewritten(genes=["CD3E", "CD3E", *GENES[2:]])(study)
    ran(snakemake("results/ingest/s1.h5ad", directory=study, config=study / "study.yaml"))
    counts = store.read_counts(study / "results/ingest/s1.h5ad")
    assert counts.genes["gene"].tolist()[:2] == ["CD3E", "CD3E-1"]
    np.testing.assert_array_equal(counts.matrix.toarray(), sparse.csr_matrix(dense(0)).toarray())


def test_an_input_that_changes_between_runs_is_read_again(study):
    from cd20scope.counts import store

    run = {"directory": study, "config": study / "study.yaml"}
    ran(snakemake("results/ingest/s1.h5ad", **run))
    other = dense(5)
    rewritten(counts=other)(study)
    ran(snakemake("results/ingest/s1.h5ad", **run))
    np.testing.assert_array_equal(store.read_counts(study / "results/ingest/s1.h5ad").matrix.toarray(), other)
