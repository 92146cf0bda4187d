"""Labels of a study drawn from the profiles: found, none invented, in any order, to disk and back."""

import io

import numpy as np
import pytest
import scipy.sparse as sp
from likelihood_study import BLOOD, decisions, draw, lineage_names, lineages, profiles_of, table

from cd20scope.annotate.likelihood import depth, fit, label, lineage, state

POPULATION = {leaf: name for name, leaves in profiles_of().items() for leaf in leaves}


def fit_and_label(counts, genes, **more):
    model = fit.fit_likelihood(counts, genes, table(), decisions())
    return model, tell(counts, genes, model, **more)


def tell(counts, genes, model, **more):
    return label.label_cells(
        counts,
        genes,
        model,
        lineages=lineages(),
        lineage_names=lineage_names(),
        min_probability=0.5,
        **more,
    )


@pytest.fixture(scope="module")
def blood():
    counts, genes, leaf = draw(BLOOD)
    model, labels = fit_and_label(counts, genes)
    return counts, genes, np.array([POPULATION[name] for name in leaf]), model, labels


def test_populations_are_found(blood):
    *_, truth, _, labels = blood
    assert (labels.cells["likeliest"] == truth).mean() > 0.93
    assert (labels.cells["lineage"] == [lineage_names()[name] for name in truth]).mean() > 0.95


def test_chances_are_probabilities(blood):
    counts, genes, _, model, _ = blood
    told = fit.tell_cells(counts, genes, model, lineages=lineages())
    for table_ in (told.populations, told.calibrated, told.lineages):
        assert table_.sum(axis=1).to_numpy() == pytest.approx(1)


@pytest.mark.parametrize("kept", ["Bnaive", "CMonocyte", "cytotoxicNK"])
def test_one_kind_of_cell_invents_no_lineage(kept):
    counts, genes, _ = draw({kept: 150})
    _, labels = fit_and_label(counts, genes)
    own = lineages()[POPULATION[kept]]
    told = labels.cells["likeliest"].map(lineages() | {"unassigned": own})
    assert (told == own).mean() > 0.98


def test_t_cells_alone_hold_no_b_cells():
    counts, genes, _ = draw({"CD4Tnaive": 80, "Th1": 40, "CD8Tem": 60})
    _, labels = fit_and_label(counts, genes)
    assert not labels.cells["likeliest"].isin(["B naive", "B memory"]).any()
    assert labels.chances[["B naive", "B memory"]].to_numpy().max() == 0


def test_order_of_cells_and_genes_does_not_matter(blood):
    counts, genes, _, _model, labels = blood
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(counts.shape[0]), rng.permutation(counts.shape[1])
    _, turned = fit_and_label(counts[rows][:, columns].tocsr(), genes[columns])
    assert (turned.cells["likeliest"].to_numpy() == labels.cells["likeliest"].to_numpy()[rows]).all()
    assert turned.chances.to_numpy() == pytest.approx(labels.chances.to_numpy()[rows], abs=1e-6)


def test_other_sketches_of_a_study_give_the_same_labels():
    counts, genes, _ = draw({name: 3 * n for name, n in BLOOD.items()})
    rng = np.random.default_rng(0)
    told = []
    for _ in range(3):
        rows = rng.choice(counts.shape[0], counts.shape[0] // 2, replace=False)
        model = fit.fit_likelihood(counts[rows], genes, table(), decisions())
        told.append(tell(counts, genes, model).cells["likeliest"].to_numpy())
    assert min((told[0] == other).mean() for other in told[1:]) > 0.97


def test_to_disk_and_back(blood):
    counts, genes, _, model, labels = blood
    buffer = io.BytesIO()
    np.savez(buffer, **state.pack_likelihood(model))
    buffer.seek(0)
    again = tell(counts, genes, state.unpack_likelihood(np.load(buffer)))
    assert (again.chances == labels.chances).all(axis=None)


def test_genes_that_a_sample_lacks(blood):
    counts, genes, truth, model, _ = blood
    kept = np.sort(np.random.default_rng(2).choice(len(genes), len(genes) * 2 // 3, replace=False))
    labels = tell(counts[:, kept].tocsr(), genes[kept], model)
    assert (labels.cells["likeliest"] == truth).mean() > 0.85


def test_b_cells_are_kept_at_a_quarter_of_the_depth(blood):
    counts, genes, truth, _, _labels = blood
    shallow = depth.thin_counts(counts, barcodes=map(str, range(counts.shape[0])), genes=genes, keep=0.25)
    _, told = fit_and_label(shallow, genes)
    b = np.isin(truth, ["B naive", "B memory"])
    called = told.cells["likeliest"].isin(["B naive", "B memory"]).to_numpy()
    assert called[b].mean() > 0.96
    assert called[~b].sum() == 0


def test_b_rule_by_hand(blood):
    counts, genes, _, model, _ = blood
    root = model.nodes["root"]
    scores = fit.leaf_scores(counts, genes, root, ambient=None, share=0.05)
    margin = lineage.lineage_margin(scores, root.decision)
    for cell in range(0, counts.shape[0], 37):
        by_leaf = dict(zip(root.decision.leaves, scores[cell], strict=True))
        best = max(by_leaf[name] for name in ("Bnaive", "memoryB", "exhaustedB"))
        other = max(v for k, v in by_leaf.items() if k not in ("Bnaive", "memoryB", "exhaustedB"))
        assert margin[cell] == pytest.approx(best - other)


@pytest.mark.parametrize(
    ("one", "other", "pair"),
    [
        ("Bnaive", "CD4Tnaive", "B + T+NK"),
        ("memoryB", "CMonocyte", "B + Myeloid"),
        ("CD8Tem", "CMonocyte", "T+NK + Myeloid"),
    ],
)
def test_doublets_are_found_and_single_cells_are_not(one, other, pair):
    counts, genes, leaf = draw(BLOOD, seed=4)
    first, second = np.flatnonzero(leaf == one)[:20], np.flatnonzero(leaf == other)[:20]
    every = sp.vstack([counts, counts[first] + counts[second]]).tocsr()
    _model, labels = fit_and_label(every, genes)
    found = labels.cells["doublet"].to_numpy()
    assert (found[-20:] == pair).mean() >= 0.85
    assert (found[:-20] != "").mean() < 0.01
    assert (labels.chances.to_numpy()[found != ""] == 0).all()
    assert set(labels.cells["population"][found != ""]) == {"unassigned"}


def test_doublets_are_found_at_the_depth_of_what_is_compared():
    counts, genes, leaf = draw(BLOOD, seed=4)
    first, second = np.flatnonzero(leaf == "CD8Tem")[:20], np.flatnonzero(leaf == "CMonocyte")[:20]
    every = sp.vstack([counts, counts[first] + counts[second]]).tocsr()
    model, labels = fit_and_label(every, genes)
    # what is left after thinning shows one of the two lineages alone
    thinned = sp.vstack([counts, counts[first]]).tocsr()
    compared = tell(every, genes, model, thinned=thinned)
    assert (labels.cells["doublet"][-20:] != "").mean() >= 0.85
    assert (compared.cells["doublet"][-20:] == "").all()


def test_share_of_soup_within_bounds():
    assert label.soup_share(float("nan")) == 0.05
    assert [label.soup_share(value) for value in (0.0, 0.12, 0.9)] == [0.01, 0.12, 0.3]


def test_populations_without_genes_are_not_told(blood):
    counts, genes, _, _, _ = blood
    alike = table().assign(Plt=table()["Ery"])
    model = fit.fit_likelihood(counts, genes, alike, decisions())
    assert model.not_told == {"Platelet": 0, "Erythroid": 0}
    assert not {"Platelet", "Erythroid"} & set(tell(counts, genes, model).chances)
    assert state.unpack_likelihood(state.pack_likelihood(model)).not_told == model.not_told


def test_a_lineage_whose_populations_are_not_told_gets_no_population():
    counts, genes, leaf = draw(BLOOD)
    b_genes = set(fit.fit_likelihood(counts, genes, table(), decisions()).nodes["B"].genes)
    kept = np.flatnonzero([gene not in b_genes for gene in genes])
    thin_table = table().loc[genes[kept]]
    thin_table.loc[:, "memoryB"] = thin_table["Bnaive"]
    thin_table.loc[:, "exhaustedB"] = thin_table["Bnaive"]
    model = fit.fit_likelihood(counts[:, kept], genes[kept], thin_table, decisions())
    assert "B" not in model.nodes
    told = fit.tell_cells(counts[:, kept], genes[kept], model, lineages=lineages())
    b = leaf == "Bnaive"
    assert told.lineages["B"][b].mean() > 0.9
    assert told.populations.to_numpy()[b].sum(axis=1).mean() < 0.1
