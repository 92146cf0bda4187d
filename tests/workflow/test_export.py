"""The finished built-in cohort, exported: what the files hold is what the workflow counted."""

import shutil
import subprocess
import sys

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from workflow.running import CLOCK, ROOT, ran, snakemake

# anndata's views still set an option that pandas 3 has given up
pytestmark = pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option")


@pytest.fixture(scope="module")
def exported(treated, tmp_path_factory):
    """A copy of the finished study with its export; nothing else is run again."""
    folder = tmp_path_factory.mktemp("export") / "study"
    shutil.copytree(treated, folder)
    process = ran(snakemake("export", directory=folder, config=ROOT / "config/demo.yaml", variables=CLOCK))
    assert "2 of 2 steps" in process.stderr or "3 of 3 steps" in process.stderr
    return folder / "results"


def test_cells_are_those_that_quality_control_kept(exported):
    table = ad.read_h5ad(exported / "export/cells.h5ad")
    kept = {
        path.stem: int(pd.read_parquet(path)["keep"].sum())
        for path in sorted((exported / "qc").glob("*.parquet"))
    }
    assert table.obs["sample"].value_counts().to_dict() == kept
    assert table.layers["counts"].dtype.kind == "i"
    np.testing.assert_array_equal(
        np.asarray(table.layers["counts"].sum(axis=1)).ravel(), table.obs["n_counts"].to_numpy()
    )
    verdicts = pd.read_csv(exported / "verdict/verdicts.tsv", sep="\t")
    assert table.uns["verdicts"]["verdict"].tolist() == verdicts["verdict"].tolist()


def test_labels_as_text_are_those_of_the_workflow(exported):
    paths = sorted((exported / "export/labels").glob("*.tsv.gz"))
    assert len(paths) == 23
    table = pd.read_csv(paths[0], sep="\t", index_col="barcode", keep_default_na=False)
    labels = pd.read_parquet(exported / f"annotate/{paths[0].name.removesuffix('.tsv.gz')}.parquet")
    assert table["population"].tolist() == labels["population"].tolist()


def test_pseudobulk_counts_are_the_sums_that_are_tested(exported):
    table = ad.read_h5ad(exported / "export/pseudobulk.h5ad")
    sums = pd.read_parquet(exported / "pseudobulk/D01_month6.sums.parquet")
    expected = sums.groupby("population", observed=True)["counts"].sum()
    row = table.obs_names.get_loc("D01_month6 / CD4 memory")
    assert table.X[row].sum() == expected["CD4 memory"]
    cells = pd.read_parquet(exported / "pseudobulk/D01_month6.cells.parquet")
    own = cells[cells["population"] == "CD4 memory"]["n_cells"].sum()
    assert table.obs["n_cells"].iloc[row] == own


def test_a_study_that_is_not_finished_is_refused(tmp_path):
    (tmp_path / "study.yaml").write_text("samples: samples.tsv\n")
    command = [sys.executable, str(ROOT / "cd20scope"), "export", "study.yaml"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 2
    assert "the study is not finished" in process.stderr
    assert "snakemake --cores" in process.stderr
    assert not (tmp_path / "results").exists()
