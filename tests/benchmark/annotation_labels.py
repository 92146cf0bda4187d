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
from cd20scope.annotate.likelihood import fit, profiles, state, tree
from workflow.running import ROOT

MIN_PROBABILITY = 0.5
"""Bound on the probability of a label, as a run has it that sets none."""


@dataclass(frozen=True)
class Labelled:
    """What the annotator says of the cells of a task, sample after sample.

    Attributes
    ----------
    labels
        Columns of :data:`cd20scope.schema.LABELS`, one row per cell.
    summed
        Posteriors summed over the cells of a sample, samples x populations.
    """

    labels: pd.DataFrame
    summed: pd.DataFrame


def read_populations() -> dict[str, Any]:
    """Population tree that the project ships."""
    return yaml.safe_load((ROOT / "config/populations.yaml").read_text(encoding="utf-8"))


def fit_counts(counts: sp.csr_matrix, genes: np.ndarray, *, populations: Mapping[str, Any]) -> fit.Likelihood:
    """Fit to all cells, and take the fit to arrays and back as between two jobs."""
    table = profiles.read_profiles(ROOT / "config/profiles.tsv")
    decisions = tree.build_decisions(
        tree.lineages_of_populations(populations), tree.require_profiles(populations)
    )
    return state.unpack_likelihood(state.pack_likelihood(fit.fit_likelihood(counts, genes, table, decisions)))


def annotate_task(task: Task, *, populations: Mapping[str, Any]) -> Labelled:
    """Fit to all cells of a task, then label sample by sample."""
    counted = list(task.samples.values())
    genes = counted[0].genes["gene"]
    stacked = sp.vstack([counts.matrix for counts in counted], format="csr")
    model = fit_counts(stacked, genes, populations=populations)
    told = {
        sample: labels.label_sample(
            counts.matrix.tocsr(), genes, model, populations=populations, min_probability=MIN_PROBABILITY
        )
        for sample, counts in task.samples.items()
    }
    return Labelled(
        labels=pd.concat([one.cells for one in told.values()], ignore_index=True),
        summed=pd.DataFrame({sample: one.chances.sum() for sample, one in told.items()}).T,
    )
