"""Gates on surface protein against cells whose populations are known."""

import numpy as np
import pandas as pd
import pytest
from reference_data import locate
from scipy import stats

from cd20scope.annotate import protein_gates
from cd20scope.ingest import read

CITESEQ = "pbmc1k_citeseq.h5"
SHOWN = {
    "B naive": "CD19 IgD CD45RA",
    "B memory": "CD19 CD27 CD45RA",
    "CD4 naive": "CD3 CD4 CD45RA CD127 CD27",
    "CD4 memory": "CD3 CD4 CD127 CD27",
    "Treg": "CD3 CD4 CD25 CD27",
    "CD8 naive": "CD3 CD8 CD45RA CD27 CD127",
    "CD8 memory": "CD3 CD8 CD45RA",
    "NK": "CD16 CD56 CD45RA",
    "Monocyte": "CD14 CD4 CD11c",
}
"""Proteins of each population."""
WRITTEN = {
    "CD3": "Hu.CD3_UCHT1",
    "CD4": "CD4_TotalSeqC",
    "CD8": "anti-human CD8a",
    "CD127": "CD127 (IL-7Ra)",
    "CD56": "hCD56",
    "CD19": "CD-19",
}
"""Other names of some antibodies, as files have them."""
LINEAGE = {"B naive": "B", "B memory": "B", "CD4 naive": "CD4 T", "CD4 memory": "CD4 T", "Treg": "CD4 T"}
LINEAGE |= {"CD8 naive": "CD8 T", "CD8 memory": "CD8 T", "NK": "NK", "Monocyte": "Myeloid"}


NAMES = {gate.name for gate in protein_gates.GATES}


def stained(n, *, seed, off=30, on=400, depth=1.0):
    """Antibody counts of so many cells of each population, overdispersed and of unequal depth; and the populations."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(list(n), list(n.values()))
    names = [name for name in protein_gates.USUAL if name != "CD20"]
    mean = np.array([[on if name in SHOWN[kind].split() else off for name in names] for kind in truth])
    mean = mean * depth * rng.lognormal(0, 0.3, (len(truth), 1)) * rng.gamma(8, 1 / 8, mean.shape)
    counts = pd.DataFrame(rng.poisson(mean), columns=[WRITTEN.get(name, name) for name in names])
    counts.insert(0, "IgG1_control", rng.poisson(3, len(truth)))
    return counts, truth


def gate(*samples):
    ratios = [protein_gates.log_ratios(counts, visit="b", baseline="b") for counts, _ in samples]
    return protein_gates.gate_cells(ratios)


EACH = dict.fromkeys(SHOWN, 250)


def test_antibodies_are_found_by_their_usual_names():
    others = "CD45 CD30 CD163 CD274 CD200 IgG1_control_CD3".split()
    named = "Hu.CD3_UCHT1 CD45RA CD8b IL7R IL-2RA NCAM1 FCGR3A CD4-1 anti-IgD CD27_O323 MS4A1 CD11c".split()
    found = protein_gates.find_targets([*others, *named, "CD 14"])
    assert found == {
        "CD3": "Hu.CD3_UCHT1",
        "CD4": "CD4-1",
        "CD8": "CD8b",
        "CD11c": "CD11c",
        "CD14": "CD 14",
        "CD16": "FCGR3A",
        "CD20": "MS4A1",
        "CD25": "IL-2RA",
        "CD27": "CD27_O323",
        "CD45RA": "CD45RA",
        "CD56": "NCAM1",
        "CD127": "IL7R",
        "IgD": "anti-IgD",
    }


def test_gates_name_the_shipped_tree(populations):
    lineages = {entry["name"] for entry in populations["lineages"]}
    names = {node["name"] for node in populations["nodes"] if node["level"] == "population"}
    for one in protein_gates.GATES:
        known = names if one.within else lineages
        assert {one.name, *one.also} <= known


def test_cells_are_gated_where_they_belong():
    (gated,) = gate(stained(EACH, seed=1))
    truth = stained(EACH, seed=1)[1]
    for column, expected in (("population", truth), ("lineage", [LINEAGE[kind] for kind in truth])):
        of, expected = gated[column].to_numpy(), np.array(expected, dtype=object)
        within = of != ""
        assert (of == expected)[within].mean() > 0.99
        # NK cells and monocytes have no gate below the lineage
        asked = np.ones(len(of), dtype=bool) if column == "lineage" else ~np.isin(truth, ["NK", "Monocyte"])
        assert within[asked].mean() > 0.75


def test_a_depleted_sample_takes_the_cuts_of_the_others():
    left = EACH | {"B naive": 0, "B memory": 1}
    before, after = gate(stained(EACH, seed=1), stained(left, seed=2, depth=0.7))
    assert (before["lineage"] == "B").sum() > 400
    assert (after["lineage"] == "B").sum() <= 3
    assert (after["lineage"] == "CD4 T").sum() > 0.75 * 750


def test_cells_of_one_kind_have_no_cut():
    """Two normals fitted to one are no two kinds; the bound is above what chance makes."""
    rng = np.random.default_rng(0)
    found = [protein_gates.fit_cut(rng.normal(size=n)) for n in (200, 500, 2000) for _ in range(40)]
    assert np.isnan(found).all()
    two = np.concatenate([rng.normal(0, 1, 900), rng.normal(6, 1, 60)])
    low, high = protein_gates.fit_cut(two)
    assert 1.5 < low < high < 4.5


def test_missing_antibodies_leave_their_gates_empty():
    counts, truth = stained(EACH, seed=3)
    (gated,) = gate((counts.drop(columns=["CD25", "hCD56", "CD16"]), truth))
    assert not gated["population"].isin(["Treg", "CD4 naive"]).any()
    assert not (gated["lineage"] == "NK").any()
    assert (gated["population"] == "B naive").sum() > 150
    (nothing,) = gate((counts[["IgG1_control", "CD14", "CD16"]], truth))
    assert (nothing == "").all(axis=None)


def test_sensitivity_and_agreement_are_those_of_planted_labels():
    """30 % of Treg called memory; the interval is that of scipy's exact test."""
    gated = pd.DataFrame(
        {
            "lineage": "CD4 T",
            "population": np.repeat(["Treg", "CD4 memory", ""], [100, 200, 50]),
            "visit": "b",
        }
    )
    said = np.repeat(["Treg", "CD4 memory", "MAIT", "CD4 memory", "Treg", "Treg"], [70, 30, 10, 180, 10, 50])
    labels = pd.DataFrame({"lineage": "CD4 T", "population": said})
    table = protein_gates.compare(gated, labels, known=NAMES, visits=["b", "c"])
    assert tuple(table) == protein_gates.TABLE
    assert set(table["visit"]) == {"all", "b"}
    row = table[table["visit"] == "all"].set_index("gate").loc["Treg"]
    assert (row["n_gated"], row["n_right"], row["n_called"]) == (100, 70, 80)
    assert row["sensitivity"] == 0.7
    assert row["agreement"] == 70 / 80
    expected = stats.binomtest(70, 100).proportion_ci(method="exact")
    np.testing.assert_allclose([row["low"], row["high"]], expected)
    memory = table[table["visit"] == "b"].set_index("gate").loc["CD4 memory"]
    assert memory["n_right"] == 190, "MAIT cells carry CD4 or CD8, and count as right"
    renamed = protein_gates.compare(gated, labels, known=["CD4 T", "Tregs"])
    assert set(renamed["gate"]) == {"CD4 T"}, "a tree without the population has no row of it"


@pytest.mark.parametrize(("k", "n"), [(0, 50), (50, 50), (1, 80), (37, 90)])
def test_the_interval_is_exact(k, n):
    expected = stats.binomtest(k, n).proportion_ci(method="exact")
    np.testing.assert_allclose(protein_gates.exact_interval(k, n), expected, atol=1e-12)


def test_few_gated_cells_have_counts_and_no_sensitivity():
    gated = pd.DataFrame({"lineage": ["NK"] * 49, "population": "", "visit": "b"})
    (row,) = protein_gates.compare(gated, gated.assign(lineage="NK"), known=NAMES).to_dict("records")
    assert row["n_gated"] == row["n_right"] == 49
    assert np.isnan([row["sensitivity"], row["low"], row["high"]]).all()


@pytest.mark.cohort(CITESEQ)
def test_gates_of_real_cells_agree_with_labels_by_expression():
    from cd20scope.annotate.likelihood.fit import fit_likelihood
    from cd20scope.annotate.likelihood.label import label_cells
    from fixtures import likelihood_study as study

    sample = read.read_sample(locate(CITESEQ))
    counts, genes = sample.matrix.tocsr().astype(float), np.asarray(sample.genes["gene"])
    model = fit_likelihood(counts, genes, study.table(), study.decisions())
    options = {"lineages": study.lineages(), "lineage_names": study.lineage_names()}
    labels = label_cells(counts, genes, model, min_probability=0.5, **options).cells
    (gated,) = gate((sample.protein, None))
    table = protein_gates.compare(gated.assign(visit="b"), labels, known=NAMES).set_index("gate")
    for name, least in (("B", 0.97), ("CD4 T", 0.93), ("CD8 T", 0.88), ("Myeloid", 0.93)):
        assert table.loc[name, "sensitivity"] > least, name
        assert table.loc[name, "agreement"] > 0.9, name
    assert np.isnan(table.loc["NK", "sensitivity"]), "29 gated cells"
