"""Technical quantities of a sample: cells, doublets, and what B cells and red cells spilled."""

import numpy as np
import pandas as pd
import pytest
from soup_cells import GENES, POPULATIONS, draw_cells

from cd20scope.verdict.quantities import (
    QUANTITIES,
    Spilled,
    count_spilled,
    measure_sample,
    share_spilled,
    tabulate_sample,
)

CELLS = pd.DataFrame(
    {
        "n_counts": [100, 3000, 5000, 4000, 9000],
        "n_genes": [50, 1000, 1500, 1200, 2500],
        "percent_mito": [40.0, 2.0, 4.0, 3.0, 3.0],
        "keep": [False, True, True, True, True],
        "reason": ["few genes", "", "", "", ""],
    }
)
LABELS = pd.DataFrame(
    {
        "population": ["unassigned", "Treg", "unassigned", "NK", "unassigned"],
        "doublet": ["", "", "", "", "B + CD4 T"],
    }
)


def test_a_sample_is_measured_on_its_kept_single_cells():
    found = measure_sample(CELLS, LABELS)
    assert found == pytest.approx(
        {
            "depth": 4000,
            "genes_per_cell": 1200,
            "mitochondrial_share": 0.03,
            "doublet_rate": 1 / 4,
            "cells": 3,
            "kept_share": 4 / 5,
            "unassigned_share": 1 / 3,
        }
    )
    row = {"sample": "S", "donor": "D", "visit": "baseline", "chemistry": "v3", "batch": ""}
    found |= {"b_rna_share": 0.01, "hemoglobin_share": 0.0}
    table = tabulate_sample(row, found, ambient_share=0.1).set_index("quantity")["value"]
    assert set(table.index) == set(QUANTITIES)
    assert (table["chemistry"], table["ambient_share"]) == ("v3", 0.1)
    assert table.isna()[["batch", "drawn_at"]].all()
    drawn = tabulate_sample(row | {"drawn_at": "14:15"}, found, ambient_share=None)
    assert drawn.set_index("quantity").loc["drawn_at", "value"] == 14.25


def test_a_sample_without_single_cells_has_no_technique():
    assert measure_sample(CELLS.assign(keep=False), LABELS) == {}
    assert measure_sample(CELLS, LABELS.assign(doublet="B + CD4 T")) == {}


def test_doublets_are_those_of_the_labels():
    cells = pd.DataFrame(
        {"n_counts": 3000, "n_genes": 1000, "percent_mito": 2.0, "keep": True, "reason": ""}, index=range(100)
    )
    labels = pd.DataFrame({"population": "NK", "doublet": [""] * 93 + ["B + NK"] * 7})
    labels.loc[93:, "population"] = "unassigned"
    found = measure_sample(cells, labels)
    assert found["doublet_rate"] == pytest.approx(0.07)
    assert found["unassigned_share"] == 0


def sums_of(counts, told):
    summed = pd.DataFrame(counts, columns=GENES).groupby(told["population"].to_numpy()).sum()
    return summed.rename_axis("population").reset_index().melt("population", GENES, "gene", "counts")


@pytest.mark.parametrize("soup", [0.0, 0.02, 0.1])
def test_b_cell_rna_in_other_cells_is_measured(soup):
    counts, told = draw_cells(soup=soup)
    spilled = {
        sample: count_spilled(sums_of(counts[rows], told.iloc[rows]), POPULATIONS)
        for sample, rows in told.groupby("sample").indices.items()
    }
    baseline = [sample for sample in spilled if sample.endswith("baseline")]
    found = share_spilled(spilled, baseline=baseline)
    assert np.mean([found[sample]["b_rna_share"] for sample in baseline]) == pytest.approx(soup, rel=0.1)
    assert all(found[sample]["b_rna_share"] == 0 for sample in spilled if sample not in baseline)


def test_hemoglobin_is_read_in_white_cells_only():
    sums = pd.DataFrame(
        [
            ("CD4 memory", "HBB", 5),
            ("CD4 memory", "ACTB", 45),
            ("B naive", "HBA1", 10),
            ("B naive", "ACTB", 40),
        ],
        columns=["population", "gene", "counts"],
    )
    red = pd.DataFrame([("unassigned", "HBB", 900)], columns=["population", "gene", "counts"])
    found = share_spilled({"S": count_spilled(pd.concat([sums, red]), POPULATIONS)}, baseline=["S"])
    assert found["S"]["hemoglobin_share"] == pytest.approx(0.15)


def test_without_b_cells_at_baseline_nothing_is_said_of_their_rna():
    one = Spilled(b_alone=20, b_total=2000, other_alone=10, other_total=9000, hemoglobin=0)
    two = {"A": one, "B": Spilled(1, 100, 10, 9000, 0), "C": one}
    assert np.isnan(share_spilled(two, baseline=["A", "B"])["A"]["b_rna_share"])
    assert share_spilled(two, baseline=["A", "C"])["A"]["b_rna_share"] == pytest.approx(10 / 9000 / 0.01)
    nothing = share_spilled({"A": Spilled(0, 0, 0, 0, 0)}, baseline=["A"])["A"]
    assert np.isnan(list(nothing.values())).all()
