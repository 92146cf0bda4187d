"""`./cd20scope init` from data to a dry run of the workflow, as a lab would."""

import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
import yaml
from initiated_studies import EACH, GENES, PAIRS, barcodes, cd20scope, dry_run, initiated, make_anndata

from cd20scope.simulate import tenx_files
from workflow.running import ran

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")


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
