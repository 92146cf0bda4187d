"""`./cd20scope init` from data to a dry run of the workflow, as a lab would."""

import hashlib
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import yaml
from measured_genes import few_genes
from reference_data import locate
from scipy import sparse

from cd20scope.simulate import tenx_files
from workflow.running import ROOT, plan, ran

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")

REAL = (
    ("kang_ifnb_2000.h5ad", 16),
    ("pbmc3k_raw.h5ad", 1),
    ("zheng_sorted.h5ad", 1),
    ("pbmc1k_citeseq.h5", 1),
    ("odd/eccite_prefixed_genes.h5ad", 1),
    ("odd/features_without_ids.h5", 1),
)
"""Real count files, and how many samples each holds."""
GENES = few_genes("CD3E", "MS4A1", "LYZ", "NKG7", "GNLY", "B2M")
PAIRS = [(donor, visit) for donor in ("P01", "P02") for visit in ("0M", "2W", "6M")]
EACH = 6


def cd20scope(*arguments, folder):
    command = [sys.executable, str(ROOT / "cd20scope"), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def initiated(data, folder, *more):
    """Run init in a folder of its own; gives what it says, and the sheet."""
    process = cd20scope("init", data, "--out", "study", *more, folder=folder)
    assert process.returncode == 0, process.stderr
    return process.stdout, pd.read_csv(
        folder / "study/samples.tsv", sep="\t", dtype=str, keep_default_na=False
    )


def dry_run(folder):
    """Plan the run, in the folder of the study as the page says."""
    study = folder / "study"
    return plan(directory=study, config=study / "study.yaml")


def barcodes(rng, n):
    return ["".join(row) + "-1" for row in rng.choice(list("ACGT"), size=(n, 16))]


@pytest.fixture
def cells():
    """Counts of six samples in one matrix, and whose the cells are."""
    rng = np.random.default_rng(0)
    n = EACH * len(PAIRS)
    donors, visits = (np.repeat(own, EACH) for own in zip(*PAIRS, strict=True))
    obs = pd.DataFrame(
        {
            "subject": donors,
            "timepoint": visits,
            "Gender": np.where(donors == "P01", "female", "male"),
            "cell_type": np.tile(["B", "T"], n // 2),
            "n_counts": rng.random(n),
        },
        index=pd.Index(barcodes(rng, n), dtype=object),
    )
    return rng.poisson(1.5, (n, len(GENES))).astype(np.float32), obs


def make_anndata(cells):
    import anndata as ad

    dense, obs = cells
    with warnings.catch_warnings(action="ignore"):
        return ad.AnnData(
            sparse.csr_matrix(dense), obs=obs, var=pd.DataFrame(index=pd.Index(GENES, dtype=object))
        )


@pytest.mark.parametrize("format", ["h5ad", "zarr"])
def test_one_file_with_columns_of_donors_and_visits(tmp_path, cells, format):
    path = tmp_path / f"all.{format}"
    with warnings.catch_warnings(action="ignore"):
        getattr(make_anndata(cells), f"write_{format}")(path)
    told, sheet = initiated(path, tmp_path)
    assert list(zip(sheet["donor"], sheet["visit"], strict=True)) == PAIRS
    assert set(sheet["path"]) == {f"../all.{format}"}
    assert sheet["cells"][0] == "subject=P01; timepoint=0M"
    assert sheet["sex"].tolist() == ["F"] * 3 + ["M"] * 3
    assert "sure    donor     column 'subject'" in told
    assert "To fill in" not in told
    ran(dry_run(tmp_path))


def test_the_guessed_study_is_read_by_the_workflow(tmp_path, cells):
    make_anndata(cells).write_h5ad(tmp_path / "all.h5ad")
    initiated(tmp_path / "all.h5ad", tmp_path)
    study = tmp_path / "study"
    looked = cd20scope("preflight", "study/study.yaml", "--cores", "1", folder=tmp_path)
    assert looked.returncode == 0, looked.stdout + looked.stderr
    checked = pd.read_csv(study / "results/preflight/samples.tsv", sep="\t")
    assert checked["n_cells"].tolist() == [EACH] * len(PAIRS)


def test_an_aggregate_whose_samples_are_named_by_one_column(tmp_path, cells):
    dense, obs = cells
    names = (obs["subject"] + "_" + obs["timepoint"]).to_numpy()
    make_anndata((dense, pd.DataFrame({"sample": names}, index=obs.index))).write_h5ad(tmp_path / "all.h5ad")
    _, sheet = initiated(tmp_path / "all.h5ad", tmp_path)
    assert list(zip(sheet["donor"], sheet["visit"], strict=True)) == PAIRS
    assert sheet["cells"][1] == "sample=P01_2W"
    ran(dry_run(tmp_path))


def cell_ranger(folder, *, words):
    """Outputs of Cell Ranger, filtered and not, as HDF5 for the first donor and as MTX for the second."""
    rng = np.random.default_rng(1)
    for donor, visit in PAIRS:
        outs = folder / f"{donor}_{words[visit]}" / "outs"
        for kind in ("filtered", "raw"):
            dense, names = rng.poisson(1.5, (EACH, len(GENES))), barcodes(rng, EACH)
            if donor == "P01":
                tenx_files.write_h5(outs / f"{kind}_feature_bc_matrix.h5", dense, genes=GENES, barcodes=names)
            else:
                tenx_files.write_mtx(outs / f"{kind}_feature_bc_matrix", dense, genes=GENES, barcodes=names)
        (outs / "metrics_summary.csv").write_text("Estimated Number of Cells,x\n6,1\n")
        (outs / "molecule_info.h5").write_bytes(b"not counts")


def test_a_folder_of_cell_ranger_outputs(tmp_path):
    cell_ranger(tmp_path / "runs", words={visit: visit for _, visit in PAIRS})
    (tmp_path / "runs/cell_counts.csv").write_text("sample,cells\nP01_0M,6\n")
    (tmp_path / "runs/broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n of nothing")
    told, sheet = initiated(tmp_path / "runs", tmp_path)
    assert sheet["sample"].tolist() == [f"{donor}_{visit}" for donor, visit in PAIRS]
    assert list(zip(sheet["donor"], sheet["visit"], strict=True)) == PAIRS
    assert sheet["path"][0] == "../runs/P01_0M/outs/filtered_feature_bc_matrix.h5"
    assert sheet["raw"][0] == "../runs/P01_0M/outs/raw_feature_bc_matrix.h5"
    assert sheet["path"][3] == "../runs/P02_0M/outs/filtered_feature_bc_matrix"
    assert sheet["raw"][3] == "../runs/P02_0M/outs/raw_feature_bc_matrix"
    assert "6 unfiltered matrices stand in the column raw" in " ".join(told.split())
    assert "left out" in told
    assert "broken.h5" in told
    assert "cell_counts.csv" in told
    ran(dry_run(tmp_path))


def test_triples_of_an_archive(tmp_path):
    rng = np.random.default_rng(2)
    for number, (donor, visit) in enumerate(PAIRS):
        tenx_files.write_mtx(
            tmp_path / "one", rng.poisson(1.5, (EACH, len(GENES))), genes=GENES, barcodes=barcodes(rng, EACH)
        )
        (tmp_path / "geo").mkdir(exist_ok=True)
        for part in (tmp_path / "one").iterdir():
            part.rename(tmp_path / f"geo/GSM700{number}_{donor}.{visit}_{part.name}")
    _, sheet = initiated(tmp_path / "geo", tmp_path)
    assert list(zip(sheet["donor"], sheet["visit"], strict=True)) == PAIRS
    assert sheet["path"][0] == "../geo/GSM7000_P01.0M_matrix.mtx.gz"
    ran(dry_run(tmp_path))


def test_a_visit_that_cannot_be_told_stops_the_run_until_it_is_said(tmp_path):
    words = {"0M": "pre", "2W": "post", "6M": "relapse"}
    cell_ranger(tmp_path / "runs", words=words)
    shutil.rmtree(tmp_path / "runs/P01_relapse")
    shutil.rmtree(tmp_path / "runs/P02_relapse")
    told, _ = initiated(tmp_path / "runs", tmp_path)
    assert "To fill in, or the run will stop\n  - the visit that 'post' is." in told
    assert "TO FILL IN: which visit is 'post'?" in (tmp_path / "study/study.yaml").read_text()
    process = dry_run(tmp_path)
    assert process.returncode != 0
    assert "'post' is no visit of this study" in process.stdout + process.stderr
    told, _ = initiated(tmp_path / "runs", tmp_path, "--force", "--visit", "post=month6")
    assert "To fill in" not in told
    written = yaml.safe_load((tmp_path / "study/study.yaml").read_text())
    assert written["visits"] == {"baseline": ["pre"], "week2": [], "month6": ["post"]}
    ran(dry_run(tmp_path))


def test_refusals_write_nothing_and_say_what_to_do(tmp_path, cells):
    process = cd20scope("init", "nowhere", folder=tmp_path)
    assert process.returncode == 2
    assert "nowhere: not there. Give a count file, or the folder" in process.stderr
    (tmp_path / "empty").mkdir()
    process = cd20scope("init", "empty", folder=tmp_path)
    assert process.returncode == 2
    assert "empty: no count file found" in process.stderr
    assert not (tmp_path / "my_study").exists()
    make_anndata(cells).write_h5ad(tmp_path / "all.h5ad")
    process = cd20scope("init", "all.h5ad", "--donor-column", "who", folder=tmp_path)
    assert process.returncode == 2
    assert "no column 'who'" in process.stderr
    assert not (tmp_path / "my_study").exists()
    process = cd20scope("init", "all.h5ad", "--visit", "post", folder=tmp_path)
    assert process.returncode == 2
    assert "'post' is not of the form WORD=VISIT" in process.stderr


def test_files_are_written_over_only_when_asked(tmp_path, cells):
    make_anndata(cells).write_h5ad(tmp_path / "all.h5ad")
    (tmp_path / "study").mkdir()
    (tmp_path / "study/samples.tsv").write_text("mine\n")
    process = cd20scope("init", "all.h5ad", "--out", "study", folder=tmp_path)
    assert process.returncode == 2
    assert "samples.tsv: already there" in process.stderr
    assert (tmp_path / "study/samples.tsv").read_text() == "mine\n"
    assert not (tmp_path / "study/study.yaml").exists()
    _, sheet = initiated("all.h5ad", tmp_path, "--force")
    assert len(sheet) == len(PAIRS)


@pytest.fixture
def seurat(tmp_path, cells):
    """A folder with the same cells as a Seurat object."""
    if not shutil.which("Rscript"):
        pytest.skip("needs R: Rscript is not on the path")
    probe = ["Rscript", "-e", "library(SeuratObject)"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("needs R with SeuratObject (Debian: r-cran-seuratobject)")
    dense, obs = cells
    pd.DataFrame(dense.T, index=GENES, columns=obs.index).to_csv(tmp_path / "counts.tsv", sep="\t")
    # make_seurat.R parts the cells by this column
    obs.assign(visit=np.where(obs["timepoint"] == "0M", "baseline", "later")).to_csv(
        tmp_path / "meta.tsv", sep="\t"
    )
    script = ROOT / "tests/workflow/make_seurat.R"
    made = subprocess.run(
        ["Rscript", str(script), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
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


def test_a_visit_misspelt_is_no_new_visit(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    refused = cd20scope("init", data, "--out", "study", "--visit", "post=months6", folder=tmp_path)
    assert refused.returncode == 2
    assert "'months6' is none of baseline, week2, month6. Did you mean 'month6'?" in refused.stderr
    gone = cd20scope("init", tmp_path / "nowhere", "--out", "data", folder=tmp_path)
    assert gone.returncode == 2
    assert "nowhere: not there" in gone.stderr
    assert not (tmp_path / "study").exists()


def test_a_configuration_that_is_no_yaml_is_told_by_file_and_line(tmp_path):
    (tmp_path / "study.yaml").write_text("samples: samples.tsv\nvisits: [a\n")
    refused = cd20scope("preflight", "study.yaml", folder=tmp_path)
    assert refused.returncode == 2
    assert "study.yaml: not valid YAML" in refused.stderr
    assert "line 3" in refused.stderr
    assert "cannot be read" in cd20scope("preflight", "none.yaml", folder=tmp_path).stderr
    assert not (tmp_path / "results").exists()
