"""Mistakes of sheet, configuration and catalogue, in words that name file, place, finding and remedy."""

import gzip
import os

import pytest

from bad_inputs.refusals import assert_refused
from bad_inputs.spoiling import HEAD, ROWS, catalogue, config, loop, row, setting, sheet
from workflow.running import digests, plan, ran

DAYS = "days_since_first_infusion"
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
        ["samples.tsv", "row 1", "visit", "Did you mean 'visti'?", "Name every"],
    ),
    "a column twice": (sheet(*ROWS, head=HEAD + "\tdonor"), ["row 1", "named twice", "Rename it"]),
    "a cell too many": (row("s2\tD1\tweek2\tb\tmore"), ["row 3", "5 cells under 4", "Remove the tabs"]),
    "a donor missing": (row("s2\t\tweek2\tb"), ["row 3", "column donor", "empty", "Every sample needs one"]),
    "a donor with a comma": (row("s2\tD1,D2\tweek2\tb"), ["row 3", "column donor", "Leave out commas"]),
    "a sample twice": (
        row("s1\tD1\tweek2\tb"),
        ["samples.tsv", "row 3", "column sample", "'s1' is also the sample of row 2", "a name of its own"],
    ),
    "two baselines": (
        row("s2\tD1\tbaseline\tb"),
        ["row 3", "already has visit 'baseline'", "column library"],
    ),
    "an unknown visit": (
        row("s2\tD1\tweek9\tb"),
        [
            "samples.tsv",
            "row 3",
            "column visit",
            "'week9' is no visit",
            "Did you mean 'week2'?",
            "Correct it",
        ],
    ),
    "no pair": (row("s2\tD2\tweek2\tb"), ["no donor has both visits", "D1: baseline", "snakemake annotate"]),
    "a path that is not there": (
        row("s2\tD1\tweek2\tc"),
        ["samples.tsv", "row 3", "column path", "is not there", "Correct it"],
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
        ["baseline", "later, earlier", "other way round"],
    ),
    "visits of other names without contrasts": (
        setting("visits: {pre: [baseline], post: [week2]}"),
        ["week2", "default contrasts"],
    ),
    "a contrast of no hypothesis": (
        setting("visits: {pre: [baseline], post: [week2]}\ncontrasts: [[post, pre]]"),
        ["no hypothesis", "post-pre", "month6-baseline", "other spellings"],
    ),
    "a sheet elsewhere": (config("samples: nowhere.tsv\n"), ["nowhere.tsv", "not found"]),
    "a pattern that is none": (
        setting("ingest: {sample_pattern: '('}"),
        ["sample_pattern", "no regular expression"],
    ),
    "a pattern that may never end": (
        setting("ingest: {sample_pattern: '(?P<donor>(a+)+)_(?P<visit>.+)'}"),
        ["sample_pattern", "may take for ever", "without a repeat"],
    ),
    "a donor that is a word for missing": (
        row("s2\tNA\tweek2\tb"),
        ["row 3", "column donor", "word for a missing value"],
    ),
    "a cohort in place of the sheet": (
        setting("simulate: {plan: treated}"),
        ["simulate", "samples.tsv", "samples: built-in"],
    ),
    "a bound that is no number": (
        setting("qc: {max_percent_mito: .nan}"),
        ["max_percent_mito", "NaN", "a number"],
    ),
    "a decimal for a whole number": (setting("qc: {min_genes: 2.0}"), ["min_genes", "2.0", "a whole number"]),
    "a seed past any": (setting("seed: 100000000000000000000"), ["seed", "at most"]),
    "a number for a visit": (
        setting("visits: {0: [pre], 2: [post]}"),
        ["study.yaml", "the key 0 is no text", "quotes"],
    ),
    "gene sets that are gzipped": (
        lambda folder: (
            (folder / "mine.gmt").write_bytes(gzip.compress(b"a\tb\tCD3E\n")),
            setting("expression: {gene_sets: [mine.gmt]}")(folder),
        ),
        ["mine.gmt", "gzipped", "Unpack"],
    ),
    "gene sets in Latin-1": (
        lambda folder: (
            (folder / "mine.gmt").write_bytes("ü\tb\tCD3E\n".encode("latin-1")),
            setting("expression: {gene_sets: [mine.gmt]}")(folder),
        ),
        ["mine.gmt", "not UTF-8", "Save it"],
    ),
    "a folder of gene sets": (
        lambda folder: ((folder / "sets").mkdir(), setting("expression: {gene_sets: [sets]}")(folder)),
        ["sets", "a folder", "text file"],
    ),
    "a pipe for counts": (
        lambda folder: (os.mkfifo(folder / "pipe"), row("s2\tD1\tweek2\tpipe")(folder)),
        ["row 3", "pipe is not there", "Correct it"],
    ),
    "the folder of the study for counts": (
        row("s2\tD1\tweek2\t."),
        ["the results would lie in this input", "--directory"],
    ),
    "a device for a sheet": (
        lambda folder: (
            (folder / "samples.tsv").unlink(),
            (folder / "samples.tsv").symlink_to("/dev/zero"),
        ),
        ["samples.tsv", "a pipe, socket or device"],
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
    "days against the visits": (
        sheet(
            *(f"{line}\t{day}" for line, day in zip(ROWS, ("14", "0"), strict=True)), head=f"{HEAD}\t{DAYS}"
        ),
        ["samples.tsv", "row 3", f"column {DAYS}", "0 at week2, and 14 at baseline (row 2)", "Correct them"],
    ),
    "an arm that changes": (
        sheet(
            *(f"{line}\t{arm}" for line, arm in zip(ROWS, ("placebo", "treated"), strict=True)),
            head=f"{HEAD}\tarm",
        ),
        ["samples.tsv", "row 3", "column arm", "'placebo' in row 2", "correct it"],
    ),
    "lymphocytes in 10^9 per litre": (
        sheet(*(f"{line}\t1.5" for line in ROWS), head=f"{HEAD}\tlymphocytes_per_ul"),
        ["row 2", "row 3", "lymphocytes_per_ul", "10^9 per litre", "multiply by 1,000"],
    ),
    "no treated level": (
        sheet(*(f"{line}\tplacebo" for line in ROWS), head=f"{HEAD}\tarm"),
        ["arm > treated", "placebo", "no usual word tells which one is treated", "Name it"],
    ),
    "a tissue that no sample has": (
        config("samples: samples.tsv\ntissue: CSF\n"),
        ["tissue", "'CSF'", "the sheet names no tissue", "Remove it"],
    ),
    "a choice of donors by no column": (
        config("samples: samples.tsv\ndonors: {include: {course: RRMS}}\n"),
        ["donors > include > course", "the sheet has no column 'course'"],
    ),
    "a covariate that is not there": (
        setting("covariates: [age]"),
        ["covariates", "the sheet has no column 'age'"],
    ),
    "a choice of donors that is no value": (
        setting("donors: {include: {course: {a: b}}}"),
        ["study.yaml", "line 2", "donors > include > course", '{"a": "b"}', "a value of a column"],
    ),
    "a catalogue that is not there": (
        setting("catalogues: {hypotheses: mine.yaml}"),
        ["mine.yaml", "was not found", "Correct the path"],
    ),
    "an unknown population": (
        catalogue("hypotheses", lambda content: content["questions"][0].update(population="B cels")),
        ["mine.yaml", "B cels", "B cells"],
    ),
    "an unknown programme": (
        catalogue(
            "hypotheses",
            lambda content: next(e for e in content["questions"] if "program" in e).update(program="Th71"),
        ),
        ["mine.yaml", "Th71"],
    ),
    "markers that are no gene": (
        catalogue("populations", lambda content: content["nodes"][0]["markers"].append("not a gene")),
        ["mine.yaml", "not a gene"],
    ),
}


@pytest.mark.parametrize("case", PARSED)
def test_a_bad_sheet_configuration_or_catalogue(study, case):
    spoil, words = PARSED[case]
    spoil(study)
    before = digests(study)
    process = plan(directory=study, config=study / "study.yaml")
    assert process.returncode != 0
    assert_refused(process.stdout + process.stderr, words)
    assert digests(study) == before


def test_a_sound_study_needs_nothing_but_its_sheet(study):
    assert plan(directory=study, config=study / "study.yaml").returncode == 0


def test_a_sheet_may_be_named_on_the_command_line_alone(study):
    ran(plan("--quiet", "rules", "--config", "samples=samples.tsv", directory=study))


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
    ran(plan("--quiet", "rules", directory=study, config=study / "study.yaml"))
