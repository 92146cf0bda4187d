"""Labels of a sample as the workflow makes them, of cells drawn from the profiles."""

import numpy as np
import pytest
import scipy.sparse as sp
from likelihood_study import BLOOD, catalogue, decisions, draw, profiles_of, table

from cd20scope import schema
from cd20scope.annotate import labels
from cd20scope.annotate.likelihood import depth, fit

POPULATION = {leaf: name for name, leaves in profiles_of().items() for leaf in leaves}
ASKED = {"populations": catalogue(), "min_probability": 0.5}


@pytest.fixture(scope="module")
def study():
    counts, genes, leaf = draw(BLOOD, molecules=2500)
    model = fit.fit_likelihood(counts, genes, table(), decisions())
    return counts, genes, np.array([POPULATION[name] for name in leaf]), model


def test_a_label_has_every_column_and_is_right(study):
    counts, genes, truth, model = study
    labelled = labels.label_sample(counts, genes, model, **ASKED)
    assert labelled.cells.columns.tolist() == list(schema.LABELS)
    assert (labelled.cells["population"] == truth).mean() > 0.93
    assert labelled.chances.to_numpy().sum(axis=1) == pytest.approx(1, abs=0.05)
    assert set(labelled.cells["doublet"]) == {""}


def test_a_doublet_is_named_and_has_no_population_and_no_chance(study):
    counts, genes, truth, model = study
    b, t = np.flatnonzero(truth == "B naive")[:20], np.flatnonzero(truth == "CD4 naive")[:20]
    mixed = sp.vstack([counts, counts[b] + counts[t]]).tocsr()
    labelled = labels.label_sample(mixed, genes, model, **ASKED)
    made = labelled.cells.iloc[len(truth) :]
    found = made["doublet"] == "B + T+NK"
    assert found.mean() > 0.8
    assert (made.loc[found, ["population", "likeliest"]] == schema.UNASSIGNED).all(axis=None)
    assert not labelled.chances[labelled.cells["doublet"] != ""].to_numpy().any()


def test_thinned_counts_tell_populations_and_all_counts_tell_lineages(study):
    counts, genes, _, model = study
    names = [f"c{place}" for place in range(counts.shape[0])]
    thinned = depth.thin_counts(counts, barcodes=names, genes=genes, keep=0.05)
    whole = labels.label_sample(counts, genes, model, **ASKED)
    equal = labels.label_sample(counts, genes, model, **ASKED, thinned=thinned)
    of_b = ["B naive", "B memory"]
    b, other = whole.chances[of_b].sum(axis=1), equal.chances[of_b].sum(axis=1)
    assert other.to_numpy() == pytest.approx(b.to_numpy())
    of_t = ["CD4 naive", "CD4 memory", "Treg"]
    assert np.abs(equal.chances[of_t] - whole.chances[of_t]).to_numpy().max() > 0.2


def test_labels_of_kept_cells_are_spread_over_all(study):
    counts, genes, _, model = study
    own = labels.label_sample(counts[:5], genes, model, **ASKED).cells
    keep = np.array([True, False, True, True, False, True, True])
    every = labels.spread(own, keep=keep, barcodes=np.array(list("abcdefg")))
    assert every.loc[~keep, "population"].tolist() == [schema.UNASSIGNED] * 2
    assert every.loc[~keep, "doublet"].tolist() == ["", ""]
    assert every.loc[keep, "population"].tolist() == own["population"].tolist()
    assert every.loc[keep, "probability"].tolist() == own["probability"].tolist()
