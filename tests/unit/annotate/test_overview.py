"""What is gathered over samples is what a plain loop over all cells would find."""

import numpy as np
import pandas as pd
import pytest

from cd20scope.annotate import markers, overview
from cd20scope.pseudobulk.sample import count_leaves, sum_leaves
from cd20scope.report import marker_panel
from cd20scope.schema import UNASSIGNED


@pytest.fixture(scope="module")
def gathered(cohort, fitted, populations):
    """The overview of the simulated cohort, taken in sample by sample."""
    seen = overview.Overview(populations, genes=cohort["genes"], baseline="baseline")
    for row in cohort["sheet"].to_dict("records"):
        name, labels = row["sample"], fitted["labels"][row["sample"]]
        matrices = cohort["counts"][name], cohort["lognorm"][name]
        sums = sum_leaves(*matrices, cohort["genes"], labels, populations=populations)
        cells = count_leaves(labels, populations=populations)
        seen.add(row, labels=labels, cells=cells, sums=sums, protein=None)
    return seen.tables()


@pytest.fixture(scope="module")
def everything(cohort, fitted):
    """All cells of the cohort at once: labels, and the counts of a gene."""
    names = list(fitted["labels"])
    labels = pd.concat([fitted["labels"][name] for name in names], ignore_index=True)
    at = {gene: position for position, gene in enumerate(cohort["genes"])}

    def of(gene, kind):
        return np.concatenate([cohort[kind][name][:, [at[gene]]].toarray().ravel() for name in names])

    return labels, of


def test_markers_are_those_of_all_cells_together(gathered, everything):
    labels, of = everything
    table = gathered["markers"].set_index(["population", "gene"])
    assert set(gathered["markers"]["population"]) == set(labels["population"])
    for population in ("Treg", "B naive", "Monocyte"):
        member = (labels["population"] == population).to_numpy()
        for gene in ("FOXP3", "MS4A1", "CD3D", "LYZ"):
            row = table.loc[(population, gene)]
            assert row["n_cells"] == member.sum()
            assert row["share_on"] == pytest.approx((of(gene, "counts")[member] > 0).mean())
            assert row["mean"] == pytest.approx(of(gene, "lognorm")[member].mean(), rel=1e-5, abs=1e-9)


SHARED = {"CD4 memory", "CD8 memory", "B memory"}
"""Populations whose first markers monocytes, gamma-delta T cells or plasma cells hold as well, in sorted cells too."""


def test_each_simulated_population_is_highest_in_its_own_markers(gathered, populations):
    named = gathered["markers"]
    panel = marker_panel.choose_panel(populations, named)
    highest = marker_panel.highest_in(named, panel=panel)
    assert len(highest) > 12
    assert {name for name, found in highest.items() if name != found} <= SHARED


def test_probabilities_count_every_kept_cell_once(gathered, everything):
    labels, _ = everything
    table = gathered["probabilities"]
    assert table["n_cells"].sum() == len(labels)
    for population, rows in table.groupby("population"):
        own = labels.loc[labels["population"] == population, "probability"].to_numpy(dtype=float)
        np.testing.assert_array_equal(
            rows["n_cells"], np.histogram(own, bins=np.linspace(0, 1, overview.N_BINS + 1))[0]
        )


@pytest.mark.parametrize(
    ("chance", "low"), [(0.0, 0.0), (0.95, 0.95), (0.9499, 0.9), (1.0, 0.95), (0.5, 0.5)]
)
def test_a_probability_at_the_edge_of_a_bin_starts_it(chance, low):
    labels = pd.DataFrame({"population": ["NK"], "probability": np.array([chance], dtype=np.float32)})
    counted = overview.bin_probabilities(labels, names=["B naive", "NK"])
    table = overview.tabulate_probabilities(counted, names=["B naive", "NK"])
    assert table["population"].unique().tolist() == ["NK"]
    assert table.loc[table["n_cells"] == 1, "bin_low"].tolist() == [low]


def test_samples_stand_in_the_order_of_the_sheet_with_their_unassigned_cells(gathered, cohort, fitted):
    table = gathered["unassigned"]
    assert table["sample"].tolist() == cohort["sheet"]["sample"].tolist()
    assert table.columns.tolist() == ["sample", "donor", "visit", "n_cells", "n_unassigned", "share"]
    for row in table.itertuples():
        population = fitted["labels"][row.sample]["population"]
        assert (row.n_cells, row.n_unassigned) == (len(population), (population == UNASSIGNED).sum())
        assert row.share == pytest.approx(row.n_unassigned / row.n_cells)


def test_flagged_t_cells_are_counted_among_t_cells_only():
    lineage = ["CD4 T", "CD8 T", "other T", "B", "NK", UNASSIGNED]
    labels = pd.DataFrame({"lineage": lineage, "cd20_t": [True, False, True, True, False, False]})
    found = overview.count_cd20_t(labels, t_lineages=lineage[:3])
    assert found == {
        "n_t_cells": 3,
        "n_flagged": 2,
        "share": 2 / 3,
    }


def test_a_sample_without_a_kept_cell_has_no_share(populations):
    seen = overview.Overview(populations, genes=["FOXP3", "LYZ"], baseline="baseline")
    labels = pd.DataFrame({key: [] for key in overview.READ}).astype({"probability": np.float32})
    cells = count_leaves(labels.assign(subset=[]), populations=populations)
    sums = pd.DataFrame({key: [] for key in ("population", "gene", "n_on", "lognorm")})
    who = {"sample": "S1", "donor": "D1", "visit": "week2"}
    seen.add(who, labels=labels, cells=cells, sums=sums, protein=None)
    tables = seen.tables()
    assert tables["unassigned"]["share"].isna().all()
    assert tables["cd20_t"]["share"].isna().all()
    assert all(tables[name].empty for name in ("markers", "probabilities", "protein"))
    assert tables["protein"].columns.tolist() == list(overview.PROTEIN)
    assert tables["protein_gates"].empty


def test_genes_and_populations_that_are_not_asked_for_are_passed_over():
    sums = pd.DataFrame(
        {
            "population": pd.Categorical(["NK", "NK", "Treg", "other"]),
            "gene": pd.Categorical(["NKG7", "unknown", "NKG7", "NKG7"]),
            "n_on": [3, 9, 1, 7],
            "lognorm": [4.5, 9.0, 0.5, 7.0],
        }
    )
    total = markers.add_up(sums, genes=["FOXP3", "NKG7"], names=["Treg", "NK"])
    assert total.tolist() == [[[0, 0], [1, 0.5]], [[0, 0], [3, 4.5]]]


def test_the_panel_names_each_gene_once_and_only_nodes_with_cells(populations):
    genes = markers.named_genes(populations, genes={"CD3D", "CD3E", "FOXP3", "IKZF2", "LYZ", "XCL1"})
    assert genes == ["CD3D", "CD3E", "FOXP3", "IKZF2", "LYZ"]  # XCL1 marks a subset only
    table = pd.DataFrame([(name, gene) for name in ("Treg", UNASSIGNED) for gene in genes])
    panel = marker_panel.choose_panel(populations, table.set_axis(["population", "gene"], axis=1))
    assert panel == {"T": ["CD3D", "CD3E"], "Treg": ["FOXP3", "IKZF2"]}


def test_the_population_where_markers_are_highest_is_named():
    rows = [("NK", "NKG7", 1.0), ("NK", "GNLY", 0.2), ("CD8", "NKG7", 2.0), ("CD8", "GNLY", 0.15)]
    rows += [
        ("Treg", "NKG7", 0.0),
        ("Treg", "GNLY", 0.0),
        (UNASSIGNED, "NKG7", 9.0),
        (UNASSIGNED, "GNLY", 9.0),
    ]
    table = pd.DataFrame(rows, columns=["population", "gene", "mean"])
    assert marker_panel.highest_in(table, panel={"NK": ["NKG7"], "T": ["GNLY"]}) == {"NK": "CD8"}
    # on their scales NKG7 and GNLY are 0.5 and 1 in NK, 1 and 0.75 in CD8
    assert marker_panel.highest_in(table, panel={"NK": ["GNLY", "NKG7"]}) == {"NK": "CD8"}
    assert marker_panel.highest_in(table, panel={"NK": ["GNLY"]}) == {"NK": "NK"}


@pytest.mark.parametrize(
    ("visit", "shown"), [("baseline", ["CD3", "CD20", "IgG1"]), ("week2", ["CD3", "IgG1"])]
)
def test_protein_is_of_kept_cells_and_without_cd20_under_treatment(visit, shown):
    counts = pd.DataFrame(
        {"CD3": [9, 11, 0, 500], "CD20": [0, 1, 30, 0], "IgG1": [1, 1, 1, 1]}, index=["a", "b", "c", "debris"]
    )
    labels = pd.DataFrame({"population": ["B naive", "Treg", "Treg"]}, index=["c", "b", "a"])
    table = overview.describe_protein(counts, labels, visit=visit, baseline="baseline")
    assert table["protein"].unique().tolist() == shown
    found = table.set_index(["population", "protein"])
    assert found.loc[("Treg", "CD3"), "n_cells"] == 2
    centre = np.exp(np.log1p([9, 11, 0]).mean())
    expected = np.log1p(np.array([9, 11]) / centre).mean()
    assert found.loc[("Treg", "CD3"), "mean"] == pytest.approx(expected, rel=1e-6)
    assert found.loc[("B naive", "CD3"), "mean"] == 0
    assert table.loc[table["control"], "protein"].unique().tolist() == ["IgG1"]


def test_labels_are_held_against_gates_on_protein_over_all_samples(populations):
    """Two of three Treg by protein are called so; the sample without antibodies is passed over."""
    rng = np.random.default_rng(0)
    kinds = {
        "Treg": "CD3 CD4 CD25",
        "CD4 memory": "CD3 CD4 CD127",
        "CD8 memory": "CD3 CD8",
        "B naive": "CD19 IgD",
    }
    lineage = {"Treg": "CD4 T", "CD4 memory": "CD4 T", "CD8 memory": "CD8 T", "B naive": "B"}
    names = ["CD3", "CD4", "CD8", "CD14", "CD19", "CD25", "CD45RA", "CD127", "IgD", "CD27"]
    seen = overview.Overview(populations, genes=["FOXP3", "LYZ"], baseline="baseline")
    for sample, visit in (("S1", "baseline"), ("S2", "week2"), ("S3", "week2")):
        truth = np.repeat([*kinds, "Monocyte"], [150, 300, 300, 200, 200]).astype(object)
        shown = kinds | {"Monocyte": "CD14 CD4"}
        mean = np.array([[400 if name in shown[kind].split() else 20 for name in names] for kind in truth])
        mean = mean * rng.gamma(8, 1 / 8, mean.shape)
        mean[truth == "CD8 memory", names.index("CD45RA")] = 400
        barcodes = [f"c{place}" for place in range(len(truth))]
        protein = pd.DataFrame(rng.poisson(mean), index=barcodes, columns=names)
        called = truth.copy()
        called[:50] = "CD4 memory"
        labels = pd.DataFrame(
            {
                "lineage": [lineage.get(kind, "Myeloid") for kind in called],
                "population": called,
                "cd20_t": False,
            }
        ).assign(probability=np.float32(0.9), subset="")
        seen.add(
            {"sample": sample, "donor": "D1", "visit": visit},
            labels=labels.set_index(pd.Index(barcodes)),
            cells=count_leaves(labels, populations=populations),
            sums=pd.DataFrame({key: [] for key in ("population", "gene", "n_on", "lognorm")}),
            protein=None if sample == "S3" else protein[::-1],
        )
    table = seen.tables()["protein_gates"].set_index(["gate", "visit"])
    treg = table.loc[("Treg", "all")]
    assert treg["n_gated"] == pytest.approx(300, abs=20)
    assert treg["sensitivity"] == pytest.approx(2 / 3, abs=0.03)
    assert treg["low"] < 2 / 3 < treg["high"]
    assert table.loc[("Treg", "week2"), "n_gated"] == pytest.approx(150, abs=10)
    assert table.loc[("B", "all"), "sensitivity"] == 1


def test_soup_of_samples_is_stacked_with_the_markers_in_it_and_may_be_missing():
    estimate = pd.DataFrame({"share": [0.04], "low": 0.03, "high": 0.05, "n_sets": 9})
    told = estimate.assign(profile="mean of the sample")
    genes = pd.DataFrame({"gene": ["MALAT1", "S100A9", "RPL3", "LYZ"], "share": [0.04, 0.02, 0.01, 0.01]})
    table = overview.stack_soup(
        {"S1": told, "S0": (2 * estimate).assign(profile="droplets without a cell")},
        {"S1": genes},
        markers=["LYZ", "S100A9", "FOXP3"],
    )
    assert table.columns.tolist() == list(overview.SOUP)
    assert table.to_dict("list") == {
        "sample": ["S1", "S0"],
        "share": [0.04, 0.08],
        "low": [0.03, 0.06],
        "high": [0.05, 0.1],
        "profile": ["mean of the sample", "droplets without a cell"],
        "genes": ["S100A9,LYZ", ""],
    }
    assert overview.stack_soup({}, {}, markers=[]).columns.tolist() == list(overview.SOUP)
    with pytest.raises(ValueError, match=r"soup of S1: column\(s\) low missing"):
        overview.stack_soup({"S1": told.drop(columns="low")}, {}, markers=[])
