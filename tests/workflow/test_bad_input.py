"""Mistakes stop a run before any heavy job, in one message that says file, place, what was found and what to do."""

import h5py
import numpy as np
import pytest

from cd20scope.simulate import tenx_files
from workflow.running import snakemake

HEAD = "sample\tdonor\tvisit\tpath\n"
GENES = ["CD3E", "MS4A1", "LYZ", "NKG7"]


def write_counts(path, value=2):
    rng = np.random.default_rng(0)
    tenx_files.write_h5(
        path, rng.poisson(value, size=(30, len(GENES))), genes=GENES, barcodes=[f"C{i}" for i in range(30)]
    )


@pytest.fixture
def study(tmp_path):
    """A study of one donor whose two count files are sound; gives a function that writes sheet and configuration."""
    for name in ("a.h5", "b.h5"):
        write_counts(tmp_path / name)

    def prepare(sheet, config="samples: samples.tsv\n"):
        (tmp_path / "samples.tsv").write_text(sheet)
        (tmp_path / "study.yaml").write_text(config)
        return tmp_path

    return prepare


SOUND = HEAD + "s1\tD1\tbaseline\ta.h5\ns2\tD1\tweek2\tb.h5\n"

CASES = {
    "missing column": (
        HEAD.replace("visit", "visti") + "s1\tD1\tbaseline\ta.h5\n",
        ["samples.tsv", "visit", "visti"],
    ),
    "duplicated sample": (SOUND.replace("s2", "s1"), ["samples.tsv", "row 3", "sample", "s1"]),
    "unknown visit": (SOUND.replace("week2", "weak2"), ["samples.tsv", "row 3", "visit", "weak2", "week2"]),
    "missing path": (SOUND.replace("b.h5", "c.h5"), ["samples.tsv", "row 3", "path", "c.h5"]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_sheet_is_refused_before_anything_runs(case, study):
    sheet, expected = CASES[case]
    folder = study(sheet)
    process = snakemake(directory=folder, config=folder / "study.yaml")
    said = process.stdout + process.stderr
    assert process.returncode != 0
    for part in expected:
        assert part in said, f"{part!r} not in: {said[-1500:]}"
    assert not (folder / "results").exists()


def test_normalised_counts_stop_before_any_sample_is_read(study):
    folder = study(SOUND)
    with h5py.File(folder / "b.h5", "r+") as file:
        data = np.log1p(file["matrix/data"][:].astype("f4") * 3.7)
        del file["matrix/data"]
        file["matrix/data"] = data
    process = snakemake(directory=folder, config=folder / "study.yaml")
    said = process.stdout + process.stderr
    assert process.returncode != 0
    for part in ("sample s2", "b.h5", "raw counts"):
        assert part in said, said[-1500:]
    assert not list((folder / "results/ingest").glob("*.h5ad"))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("smaples: samples.tsv\n", ["smaples", "samples"]),
        ("samples: samples.tsv\nqc: {min_gene: 5}\n", ["min_gene", "min_genes"]),
        ("samples: samples.tsv\nqc: {min_genes: many}\n", ["min_genes", "many"]),
        ("samples: samples.tsv\ncontrasts: [[month9, baseline]]\n", ["month9", "month6"]),
        (
            "samples: samples.tsv\ncontrasts: [[baseline, week2]]\n",
            ["baseline", "later, earlier", "other way round"],
        ),
        (
            "samples: samples.tsv\nvisits: {pre: [baseline], post: [week2]}\ncontrasts: [[post, pre]]\n",
            ["no hypothesis", "post-pre", "month6-baseline", "other spellings"],
        ),
        ("samples: samples.tsv\nvisits: {pre: [baseline], post: [week2]}\n", ["week2", "default contrasts"]),
        ("samples: nowhere.tsv\n", ["nowhere.tsv", "not found"]),
        ("samples: samples.tsv\ncatalogues: {hypotheses: mine.yaml}\n", ["mine.yaml", "not found"]),
    ],
)
def test_a_bad_configuration_names_the_key_and_what_was_meant(config, expected, study):
    folder = study(SOUND, config)
    process = snakemake("--dry-run", directory=folder, config=folder / "study.yaml")
    said = process.stdout + process.stderr
    assert process.returncode != 0
    for part in expected:
        assert part in said, f"{part!r} not in: {said[-1500:]}"


def test_a_sound_study_needs_nothing_but_its_sheet(study):
    folder = study(SOUND)
    process = snakemake("--dry-run", "--quiet", "rules", directory=folder, config=folder / "study.yaml")
    assert process.returncode == 0, process.stderr[-1500:]
