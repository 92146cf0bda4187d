"""This annotator on the cells of a task, called as the adapters of the workflow call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import yaml

from benchmark.annotation_data import Task
from cd20scope.annotate import labels
from cd20scope.annotate.model import fit as annotate
from cd20scope.annotate.model.features import take_features
from cd20scope.annotate.model.fitted import Model, pack_model, unpack_model
from cd20scope.counts import matrix
from cd20scope.pseudobulk.sample import count_leaves
from workflow.running import ROOT


@dataclass(frozen=True)
class Labelled:
    """What the annotator says of the cells of a task, sample after sample.

    Attributes
    ----------
    labels
        ``lineage population subset probability`` and others, one row per cell.
    best
        Population that is the most probable, also where the label is ``unassigned``.
    summed
        Probabilities summed over the cells of a sample, samples x populations.
    expected
        Cells of every population that a sample is estimated to hold, samples x populations.
    """

    labels: pd.DataFrame
    best: np.ndarray
    summed: pd.DataFrame
    expected: pd.DataFrame


def read_populations() -> dict[str, Any]:
    """Population tree that the project ships."""
    return yaml.safe_load((ROOT / "config/populations.yaml").read_text(encoding="utf-8"))


def read_bounds() -> dict[str, float]:
    """Bounds on the probabilities, as a run has them that sets none."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    keys = schema["properties"]["annotate"]["properties"]
    return {name: keys[name]["default"] for name in ("min_probability", "min_probability_hard")}


def fit(lognorm: sp.csr_matrix, genes: np.ndarray, *, populations: Mapping[str, Any]) -> Model:
    """Fit the model to all cells, and take it to arrays and back as between two jobs."""
    model, _ = annotate.fit_model(lognorm, genes, populations=populations, seed=0)
    return unpack_model(pack_model(model))


def label(counts: sp.csr_matrix, genes: np.ndarray, model: Model, *, populations, bounds) -> labels.Labelled:
    """Label the cells of one sample."""
    lognorm = matrix.log_normalise(counts)
    return labels.label_cells(counts, lognorm, genes, model, populations=populations, **bounds)


def annotate_task(
    task: Task, lognorm: sp.csr_matrix, genes: np.ndarray, *, populations: Mapping[str, Any]
) -> Labelled:
    """Fit to all cells of a task, then label sample by sample."""
    model, bounds = fit(lognorm, genes, populations=populations), read_bounds()
    tables, best, summed, expected = [], [], {}, {}
    for sample, counts in task.samples.items():
        own = counts.genes["gene"]
        labelled = label(counts.matrix, own, model, populations=populations, bounds=bounds)
        # without a bound no cell is unassigned: the label that `probability` is the probability of
        unbound = dict.fromkeys(bounds, 0.0)
        anyhow = label(counts.matrix, own, model, populations=populations, bounds=unbound)
        best.append(anyhow.cells["population"])
        tables.append(labelled.cells)
        features = take_features(
            matrix.log_normalise(counts.matrix), own, features=model.genes, cap=model.cap
        )
        summed[sample] = labels.probabilities(features, model, populations=populations).sum()
        leaves = count_leaves(labelled.cells, populations=populations, expected=labelled.expected)
        expected[sample] = leaves.groupby("population")["expected"].sum()
    return Labelled(
        labels=pd.concat(tables, ignore_index=True),
        best=np.concatenate(best),
        summed=pd.DataFrame(summed).T,
        expected=pd.DataFrame(expected).T.fillna(0.0),
    )
