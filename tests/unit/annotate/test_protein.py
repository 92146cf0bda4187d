"""Protein beside the labels: which antibodies mean something, the centred log ratio, and its sums."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference_data import locate
from scipy import stats

from cd20scope.annotate import protein
from cd20scope.counts import store
from cd20scope.ingest import read

CITESEQ = "pbmc1k_citeseq.h5"


def frame(values, names=None):
    values = np.asarray(values)
    names = names or [f"CD{number}" for number in range(1, values.shape[1] + 1)]
    return pd.DataFrame(values, index=[f"cell{number}" for number in range(len(values))], columns=names)


CD20 = [
    *("CD20", "cd20", "MS4A1", "anti-human CD20", "anti-human_CD20", "CD20_TotalSeqB", "CD20_TotalSeqC"),
    *("CD20.1", "CD20-1", "CD20_2H7", "Hu.CD20", "Hu.CD20_2H7", "adt_CD20", "antiCD20", "hCD20", "CD-20"),
    *("CD20 (MS4A1)", "prot:CD20", "A0100-CD20"),
]
NOT_CD20 = [
    *("CD2", "CD200", "CD200R", "CD201", "CD203c", "CD205", "CD209", "CD19", "CD120b", "MS4A12", "MS4A14"),
    *("CD2_01", "CD21", "CD202b", "anti-human CD207"),
]
CONTROLS = [
    *("IgG1", "IgG1_control_TotalSeqC", "IgG2a_control_TotalSeqB", "Mouse_IgG1_isotype_Ctrl", "mIgG2a"),
    *("Rat_IgG2b_Isotype_Ctrl", "Armenian_Hamster_IgG_Isotype_Ctrl", "Isotype_RTK4530", "MouseIgG2b"),
]
NOT_CONTROLS = ["IgD", "IgM_TotalSeqC", "anti-human_IgG_Fc", "anti-human IgG1", "humanIgG1", "Hu.IgG1", "CD3"]


@pytest.mark.parametrize(("names", "expected"), [(CD20, True), (NOT_CD20, False)])
def test_cd20_by_name(names, expected):
    assert {name: protein.is_cd20(name) for name in names} == dict.fromkeys(names, expected)


@pytest.mark.parametrize(("names", "expected"), [(CONTROLS, True), (NOT_CONTROLS, False)])
def test_isotype_control_by_name(names, expected):
    assert {name: protein.is_control(name) for name in names} == dict.fromkeys(names, expected)


def test_cd20_means_nothing_once_the_drug_covers_it():
    names = ["CD19", "CD20_TotalSeqB", "IgG1", "CD200"]
    before = protein.usable(names, visit="baseline", baseline="baseline")
    assert before["protein"].tolist() == names
    assert before["control"].tolist() == [False, False, True, False]
    for visit in ("week2", "month6"):
        after = protein.usable(names, visit=visit, baseline="baseline")
        assert after["protein"].tolist() == ["CD19", "IgG1", "CD200"]
        assert after["control"].tolist() == [False, True, False]


def test_the_first_visit_is_baseline_whatever_it_is_called():
    assert "CD20" in protein.usable(["CD20"], visit="week2", baseline="week2")["protein"].tolist()


def test_usable_of_no_antibody():
    assert protein.usable(["CD20"], visit="week2", baseline="baseline").shape == (0, 2)


tables = hnp.arrays(
    np.int32,
    st.tuples(st.integers(1, 8), st.integers(1, 5)),
    elements=st.sampled_from([0, 0, 1, 3, 40, 5000, 2**31 - 1]),
)


@settings(max_examples=100, deadline=None)
@given(dense=tables)
def test_clr_against_the_geometric_mean_of_scipy(dense):
    # Seurat and muon state it by logarithms; the exponential of their mean is the geometric mean of 1 + x
    centre = stats.gmean(1.0 + dense, axis=0, keepdims=True)
    found = protein.normalise(frame(dense))
    assert found.dtypes.eq(np.float32).all()
    np.testing.assert_allclose(found, np.log(1 + dense / centre), rtol=1e-5, atol=1e-7)


def test_clr_by_hand():
    # Seurat's clr_function: log1p(x / exp(sum(log1p(x[x > 0])) / length(x))), each column for itself (margin 1)
    dense = np.array([[0, 7], [3, 7], [12, 0], [1, 900]])
    expected = np.zeros(dense.shape)
    for column in range(2):
        x = dense[:, column].tolist()
        centre = math.exp(sum(math.log1p(value) for value in x if value > 0) / len(x))
        expected[:, column] = [math.log1p(value / centre) for value in x]
    np.testing.assert_allclose(protein.normalise(frame(dense)), expected, rtol=1e-6)
    assert expected[0, 0] == 0


def test_clr_leaves_its_input_and_names_alone():
    counts = frame(np.arange(12).reshape(4, 3).astype(np.int32))
    before = counts.copy()
    found = protein.normalise(counts)
    pd.testing.assert_frame_equal(counts, before)
    assert found.index.equals(counts.index)
    assert found.columns.equals(counts.columns)


def test_clr_of_nothing():
    assert protein.normalise(frame(np.zeros((0, 3)))).shape == (0, 3)
    assert protein.normalise(frame(np.zeros((3, 0)))).shape == (3, 0)
    assert (protein.normalise(frame(np.zeros((3, 2)))) == 0).all(axis=None)


@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_clr_of_what_is_no_count(value):
    with pytest.raises(ValueError, match="below zero, or missing: give raw counts"):
        protein.normalise(frame([[1.0, 2.0], [value, 3.0]]))


def test_the_centre_follows_the_other_cells():
    """Why values compare populations within a sample, and not visits."""
    rng = np.random.default_rng(0)
    b_cell = np.repeat([True, False], [100, 300])
    dense = rng.poisson(np.column_stack([np.where(b_cell, 300, 20), np.full(400, 100)]))
    baseline = frame(dense, ["CD19", "CD45"])
    depleted = baseline.iloc[95:]
    left = protein.normalise(depleted)["CD19"].iloc[:5]
    assert (left - protein.normalise(baseline)["CD19"].loc[left.index]).mean() > 0.2


def test_summary_of_populations_against_a_plain_loop():
    rng = np.random.default_rng(2)
    values = frame(rng.gamma(2, 1, (60, 3)).astype(np.float32), ["CD3", "IgG1", "CD19"])
    population = pd.Series(rng.choice(["B", "NK", "unassigned"], 60), index=values.index)
    found = protein.summarise(values, population)
    assert found.columns.tolist() == ["population", "protein", "control", "n_cells", "mean", "median"]
    assert found["population"].tolist() == ["B"] * 3 + ["NK"] * 3 + ["unassigned"] * 3
    assert found["protein"].tolist() == ["CD3", "IgG1", "CD19"] * 3
    assert found["control"].tolist() == [False, True, False] * 3
    for row in found.itertuples():
        cells = [x for x, name in zip(values[row.protein], population, strict=True) if name == row.population]
        assert row.n_cells == len(cells)
        assert row.mean == pytest.approx(sum(map(float, cells)) / len(cells), rel=1e-6)
        assert row.median == pytest.approx(float(np.quantile(np.array(cells, dtype=float), 0.5)), rel=1e-6)


def test_summary_takes_categories_and_shows_no_empty_one():
    values = frame([[1.0], [2.0]])
    population = pd.Series(pd.Categorical(["B", "B"], ["B", "NK"]), index=values.index)
    assert protein.summarise(values, population)["population"].tolist() == ["B"]


def test_summary_of_no_cells():
    found = protein.summarise(frame(np.zeros((0, 2))), pd.Series([], index=[], dtype=str))
    assert found.shape == (0, 6)


def test_cells_must_be_the_same():
    values = frame([[1.0], [2.0]])
    for index in (values.index[::-1], values.index[:1]):
        with pytest.raises(ValueError, match="protein of 2 cells and labels of"):
            protein.summarise(values, pd.Series("B", index=index))


@pytest.mark.cohort(CITESEQ)
def test_real_protein_agrees_with_rna(tmp_path):
    counts = read.read_sample(locate(CITESEQ))
    store.write_counts(counts, tmp_path / "x.h5ad", provenance={"sample": "x"})
    stored = store.read_protein(tmp_path / "x.h5ad")
    pd.testing.assert_frame_equal(stored, counts.protein)
    assert stored.shape == (892, 10)
    at = {gene: column for column, gene in enumerate(counts.genes["gene"])}

    def shows(*genes):
        return (counts.matrix[:, [at[gene] for gene in genes]].toarray() > 0).all(axis=1)

    b, nk = shows("CD79A", "MS4A1"), shows("NKG7", "GNLY") & ~shows("CD3E")
    kinds = {"B": b, "Monocyte": shows("LYZ", "CST3", "CD14"), "T": shows("CD3E", "TRAC"), "NK": nk}
    population = pd.Series(np.select(list(kinds.values()), list(kinds), "unassigned"), index=stored.index)
    means = protein.summarise(protein.normalise(stored), population).set_index(["population", "protein"])[
        "mean"
    ]
    # each antibody is highest in the cells that carry it, well over any other kind
    for name, kind in {
        "CD19": "B",
        "CD14": "Monocyte",
        "CD11c": "Monocyte",
        "CD3": "T",
        "CD56": "NK",
    }.items():
        by_kind = means.xs(name, level="protein").drop("unassigned").sort_values()
        assert by_kind.index[-1] == kind
        assert by_kind.iloc[-1] > by_kind.iloc[-2] + 0.3
    assert means.xs("IgG1_control_TotalSeqC", level="protein").max() < 0.1
    assert protein.usable(stored.columns, visit="week2", baseline="baseline")["control"].sum() == 1
