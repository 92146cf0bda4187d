"""A small donor-paired cohort of real, bead-sorted cells with planted depletion, from files to verdicts."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sorted_cohort import CELLS, GENERATOR, draw_cohort

from workflow.running import ran, snakemake

pytestmark = pytest.mark.cohort(GENERATOR, CELLS)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    draw_cohort(folder / "counts", donors=6, cells=400)
    (folder / "study.yaml").write_text("samples: counts/samples.tsv\n")
    ran(snakemake("results/verdict/verdicts.tsv", directory=folder, config=folder / "study.yaml"))
    return folder


def test_depletion_is_supported_and_its_opposite_is_not(cohort):
    said = pd.read_csv(cohort / "results/verdict/verdicts.tsv", sep="\t").set_index("id")
    assert said.loc["B-total-w2", "verdict"] == "supported"
    assert said.loc["B-total-m6", "verdict"] == "supported"
    assert said.loc["B-total-w2", "n_pairs"] == 6
    # nothing was planted in natural killer cells
    assert said.loc["NK-m6", "verdict"] != "supported"


def test_lineages_are_told_and_no_b_cell_is_invented(cohort):
    truth = json.loads((cohort / "counts/truth.json").read_text())["samples"]
    tables = []
    for sample, of_sample in truth.items():
        table = pd.read_parquet(cohort / f"results/annotate/{sample}.parquet")
        keep = pd.read_parquet(cohort / f"results/qc/{sample}.parquet")["keep"]
        tables.append(table[keep].join(pd.Series(of_sample["barcodes"], name="truth")).assign(sample=sample))
    cells = pd.concat(tables)
    called_b = cells["population"].isin(["B naive", "B memory"])
    assert called_b[cells["truth"] == "B"].mean() > 0.95
    assert called_b[cells["truth"] != "B"].mean() <= 0.001
    assert (cells.loc[cells["truth"] == "NK", "population"] == "NK").mean() > 0.95
    t_cells = cells["truth"].isin(["CD4 memory", "Treg"])
    assert (cells.loc[t_cells, "lineage"] == "CD4 T").mean() > 0.85


def test_a_corrected_sheet_reruns_what_reads_it(cohort):
    """A donor renamed in the sheet: no sample is read again, every test of donors is made again."""
    sheet = cohort / "counts/samples.tsv"
    before = sheet.read_text()
    try:
        sheet.write_text(before.replace("\tD01\t", "\tD09\t"))
        arguments = ("results/verdict/verdicts.tsv", "--dry-run", "--quiet", "rules")
        said = ran(snakemake(*arguments, directory=cohort, config=cohort / "study.yaml"))
    finally:
        sheet.write_text(before)
    planned = set(re.findall(r"^(\w+) +\d+$", said.stdout + said.stderr, flags=re.M))
    assert {"compare_shares", "compare_programs", "judge_hypotheses"} <= planned
    assert not {"read_sample", "label_cells"} & planned


def test_all_three_formats_were_read(cohort):
    checked = pd.read_csv(cohort / "results/preflight/samples.tsv", sep="\t")
    assert set(checked["format"]) == {"10x_h5", "10x_mtx", "h5ad"}
    assert np.all(checked["n_cells"] > 0)
