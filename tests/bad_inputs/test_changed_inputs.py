"""Inputs of every form that change are seen, older or younger; results pass for those of no other study."""

import gzip
import os
import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from bad_inputs.spoiling import GENES, HEAD, SETTINGS, barcodes, config, dense
from cd20scope.simulate import tenx_files
from workflow.running import jobs_of, plan, ran, snakemake

SHEET = [
    ("s1", "D1", "baseline", "a.h5", "r.h5"),
    ("s2", "D1", "week2", "b", ""),
    ("s3", "D2", "baseline", "c.zarr", ""),
    ("s4", "D2", "week2", "link.h5", ""),
    ("s5", "D3", "baseline", "p/GSM1_matrix.mtx.gz", ""),
    ("s6", "D3", "week2", "f.h5", ""),
]
TARGETS = [f"results/ingest/{row[0]}.h5ad" for row in SHEET]
TARGETS += ["results/preflight/passed.txt", "results/ingest/inputs.tsv"]
OLD = 1_000_000_000


def write_zarr(path, counts, names):
    frame = pd.DataFrame(index=np.array(names, dtype=object))
    genes = pd.DataFrame(index=np.array(GENES, dtype=object))
    ad.AnnData(sparse.csr_matrix(counts.astype(np.float32)), obs=frame, var=genes).write_zarr(path)


def h5(path, seed, names="A"):
    tenx_files.write_h5(path, dense(seed), genes=GENES, barcodes=barcodes(names))


def write_raw(path, seed):
    """All droplets of the run of a.h5."""
    empty = np.random.default_rng(seed).poisson(1, (1000, len(GENES)))
    names = [*barcodes("A"), *(f"E{number}" for number in range(1000))]
    tenx_files.write_h5(path, np.vstack([dense(0), empty]), genes=GENES, barcodes=names)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """A study with an input of each form whose samples have been read."""
    folder = tmp_path_factory.mktemp("changed") / "study"
    (folder / "elsewhere").mkdir(parents=True)
    h5(folder / "a.h5", 0)
    write_raw(folder / "r.h5", 9)
    tenx_files.write_mtx(folder / "b", dense(1), genes=GENES, barcodes=barcodes("B"))
    write_zarr(folder / "c.zarr", dense(2), barcodes("C"))
    h5(folder / "elsewhere/d.h5", 3, "D")
    (folder / "link.h5").symlink_to("elsewhere/d.h5")
    tenx_files.write_mtx(folder / "p", dense(4), genes=GENES, barcodes=barcodes("P"))
    for path in list((folder / "p").iterdir()):
        path.rename(path.with_name(f"GSM1_{path.name}"))
    h5(folder / "f.h5", 5, "F")
    head = f"{HEAD}\traw"
    (folder / "samples.tsv").write_text("\n".join([head, *map("\t".join, SHEET)]) + "\n")
    (folder / "study.yaml").write_text(SETTINGS)
    ran(snakemake(*TARGETS, directory=folder, config=folder / "study.yaml"))
    return folder


@pytest.fixture
def copied(read, tmp_path):
    return shutil.copytree(read, tmp_path / "copy", symlinks=True)


def age(path):
    """Give a file, or all of a folder, times long before the results."""
    for part in [path, *(path.rglob("*") if path.is_dir() else ())]:
        os.utime(part, (OLD, OLD))


def planned(folder, *more):
    return jobs_of(plan(*TARGETS, *more, "--quiet", "rules", directory=folder, config=folder / "study.yaml"))


def replace_h5(folder):
    h5(folder / "a.h5", 7)
    age(folder / "a.h5")


def replace_raw(folder):
    write_raw(folder / "r.h5", 8)
    age(folder / "r.h5")


def edit_mtx(folder):
    path = folder / "b/matrix.mtx.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress("\n".join([*lines[:-1], lines[-1].rpartition(" ")[0] + " 99\n"]).encode()))
    age(folder / "b")


def edit_zarr(folder):
    other = folder / "other.zarr"
    write_zarr(other, dense(12), barcodes("C"))
    parts = [path for path in (other / "X/data").rglob("*") if path.is_file() and "json" not in path.name]
    for part in parts:
        shutil.copy(part, folder / "c.zarr" / part.relative_to(other))
    shutil.rmtree(other)
    age(folder / "c.zarr")


def replace_behind_link(folder):
    h5(folder / "elsewhere/d.h5", 13, "D")
    age(folder / "elsewhere/d.h5")


def edit_features(folder):
    path = folder / "p/GSM1_features.tsv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"GNLY", b"NCAM1")))
    age(folder / "p")


def rename_donor(folder):
    path = folder / "samples.tsv"
    path.write_text(path.read_text().replace("D3", "D4"))


def make_younger(folder):
    h5(folder / "f.h5", 15, "F")


@pytest.mark.parametrize(
    "edit",
    [replace_h5, replace_raw, edit_mtx, edit_zarr, replace_behind_link, edit_features, make_younger],
    ids=lambda edit: edit.__name__,
)
def test_a_changed_input_plans_the_jobs_that_read_it(copied, edit):
    edit(copied)
    jobs = planned(copied)
    assert jobs["read_sample"] == 1
    assert jobs["look_at_files"] == 1
    assert jobs["sum_inputs"] == 1


def test_copies_plan_nothing_whatever_their_times(copied, read, tmp_path):
    assert planned(copied) == {}
    other = shutil.copytree(read, tmp_path / "other", copy_function=shutil.copyfile, symlinks=True)
    assert planned(other) == {}


def test_without_the_record_of_snakemake_the_same_study_plans_nothing(copied):
    shutil.rmtree(copied / ".snakemake")
    assert planned(copied) == {}


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (config(SETTINGS.replace("min_genes: 1", "min_genes: 5")), "qc > min_genes"),
        (replace_h5, "count files > s1"),
        (rename_donor, "sample sheet"),
    ],
    ids=["settings", "a count file", "the sheet"],
)
def test_without_the_record_of_snakemake_another_study_is_refused(copied, edit, word):
    shutil.rmtree(copied / ".snakemake")
    edit(copied)
    process = plan(*TARGETS, directory=copied, config=copied / "study.yaml")
    said = " ".join((process.stdout + process.stderr).split())
    assert process.returncode != 0
    assert word in said
    assert "--forceall" in said
    assert "Traceback (most recent call last)" not in said
    assert planned(copied, "--forceall")["read_sample"] == len(SHEET)
