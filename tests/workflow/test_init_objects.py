"""Init on Seurat objects and on real count files."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from initiated_studies import GENES, PAIRS, cd20scope, dry_run, initiated
from reference_data import locate
from seurat_objects import write_seurat

from workflow.running import ROOT, ran

REAL = (
    ("kang_ifnb_2000.h5ad", 16),
    ("pbmc3k_raw.h5ad", 1),
    ("zheng_sorted.h5ad", 1),
    ("pbmc1k_citeseq.h5", 1),
    ("odd/eccite_prefixed_genes.h5ad", 1),
    ("odd/features_without_ids.h5", 1),
)
"""Real count files, and how many samples each holds."""


@pytest.fixture
def seurat(tmp_path, cells):
    """A folder with the same cells as a Seurat object."""
    dense, obs = cells
    visits = obs.assign(visit=np.where(obs["timepoint"] == "0M", "baseline", "later"))
    write_seurat(tmp_path, pd.DataFrame(dense, index=obs.index, columns=GENES), visits)
    return tmp_path


@pytest.mark.r
@pytest.mark.parametrize("name", ["assay.rds", "assay5.rds"])
def test_a_seurat_object(seurat, name):
    sha256 = hashlib.sha256((seurat / name).read_bytes()).hexdigest()
    trust = ("--visit-column", "timepoint", "--sha256", sha256.upper())
    _, sheet = initiated(seurat / name, seurat, *trust)
    assert set(sheet["sha256"]) == {sha256}
    assert list(zip(sheet["donor"], sheet["visit"], strict=True)) == PAIRS
    assert sheet["cells"][0] == "subject=P01; timepoint=0M"
    ran(dry_run(seurat))


@pytest.mark.r
def test_another_r_object_is_refused(seurat):
    sha256 = hashlib.sha256((seurat / "list.rds").read_bytes()).hexdigest()
    process = cd20scope("init", "list.rds", "--sha256", sha256, folder=seurat)
    assert process.returncode == 2
    assert (
        "list.rds: holds an object of class list. Give a Seurat object, a SingleCellExperiment"
        in process.stderr
    )


def test_without_r_a_seurat_object_is_refused_and_explained(tmp_path):
    import gzip

    (tmp_path / "all.rds").write_bytes(gzip.compress(b"X\n\x00\x00\x00\x03"))
    command = [sys.executable, str(ROOT / "cd20scope"), "init", "all.rds"]
    process = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    assert "needs R with SeuratObject, and Rscript was not found" in process.stderr


@pytest.mark.cohort(*dict(REAL))
@pytest.mark.parametrize(("name", "n_samples"), REAL)
def test_real_data(tmp_path, name, n_samples):
    told, sheet = initiated(locate(name), tmp_path)
    assert len(sheet) == n_samples
    # none of them says at which visits its cells were drawn
    assert "To fill in" in told


@pytest.mark.cohort("kang_ifnb_2000.h5ad")
def test_the_paired_real_data_can_be_planned_once_the_visits_are_said(tmp_path):
    told, sheet = initiated(locate("kang_ifnb_2000.h5ad"), tmp_path, "--visit", "stim=week2")
    assert sheet["donor"].nunique() == 8
    assert "week2: 8 donors, 8 of them also baseline" in told
    ran(dry_run(tmp_path))
