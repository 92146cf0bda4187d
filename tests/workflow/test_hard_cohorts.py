"""Cohorts that can answer little run to a report with a typed verdict and a reason for every claim."""

import json
from pathlib import Path

import anndata as ad
import pandas as pd
import pytest
import scanpy as sc

from workflow.running import ran, snakemake

pytestmark = pytest.mark.cohort

VERDICTS = {"supported", "contradicted", "not supported", "inconclusive", "not testable"}


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """Folder with the count files, sheet and truth of seven simulated donors, of whom the last has no month 6."""
    folder = tmp_path_factory.mktemp("counts")
    config = folder / "made.yaml"
    config.write_text("samples: built-in\nsimulate: {plan: treated, donors: 7, cells: 250, seed: 4}\n")
    ran(snakemake("results/simulate/samples.tsv", directory=folder, config=config))
    return folder / "results/simulate"


def read(path: Path) -> ad.AnnData:
    """Counts of a sample in either form of 10x."""
    return sc.read_10x_mtx(path) if path.is_dir() else sc.read_10x_h5(path)


def without_b_cells(sample: str, path: Path, counts: Path) -> ad.AnnData:
    """Leave out of a sample the cells that are of B lineage in truth."""
    truth = json.loads((counts / "truth.json").read_text())["labels"][sample]
    cells = read(path)
    return cells[[not truth[barcode].startswith(("B ", "Plasma")) for barcode in cells.obs_names]].copy()


def judge(folder: Path, sheet: pd.DataFrame) -> pd.DataFrame:
    """Run a study to its report, and return its verdicts by claim."""
    sheet.to_csv(folder / "samples.tsv", sep="\t", index=False)
    (folder / "study.yaml").write_text("samples: samples.tsv\n")
    ran(snakemake("results/report/report.html", directory=folder, config=folder / "study.yaml"))
    found = pd.read_csv(folder / "results/verdict/verdicts.tsv", sep="\t").set_index("id")
    assert set(found["verdict"]) <= VERDICTS
    assert found["reason"].notna().all()
    assert 'id="questions"' in (folder / "results/report/report.html").read_text(encoding="utf-8")
    return found


@pytest.fixture
def sheet(counts):
    """Sample sheet with whole paths."""
    table = pd.read_csv(counts / "samples.tsv", sep="\t", dtype=str)
    return table.assign(path=[str(counts / path) for path in table["path"]])


def test_two_donors_test_nothing(tmp_path, sheet):
    found = judge(tmp_path, sheet[sheet["donor"].isin(["D01", "D02"])])
    assert set(found["verdict"]) == {"not testable"}
    assert found.loc["B-total-w2", "reason"] == "2 complete pairs, 6 needed"


def test_a_visit_that_no_donor_has_leaves_the_other(tmp_path, sheet):
    found = judge(tmp_path, sheet[sheet["visit"] != "month6"])
    assert found.loc["B-total-w2", "verdict"] == "supported"
    assert set(found.loc[found["contrast"] == "month6-baseline", "verdict"]) == {"not testable"}


def test_no_b_cell_after_treatment_is_a_depletion(tmp_path, sheet, counts):
    for row in sheet[sheet["visit"] != "baseline"].itertuples():
        without_b_cells(row.sample, Path(row.path), counts).write_h5ad(tmp_path / f"{row.sample}.h5ad")
    after = sheet["visit"] != "baseline"
    sheet.loc[after, "path"] = [f"{name}.h5ad" for name in sheet.loc[after, "sample"]]
    found = judge(tmp_path, sheet)
    assert set(found.loc[["B-total-w2", "B-total-m6"], "verdict"]) == {"supported"}
    # parts of the B cells cannot be compared where there are none
    assert set(found.loc[["B-switched-of-B-m6", "B-atypical-of-B-m6"], "verdict"]) == {"not testable"}
