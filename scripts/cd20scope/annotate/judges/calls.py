"""From the labels of a judge, in its own words, to the columns of the label tables."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate import labels
from cd20scope.schema import LABELS, UNASSIGNED
from cd20scope.study import roles
from cd20scope.study.selectors import nodes_at, subset_selector

Array = npt.NDArray[Any]


def call(
    chances: pd.DataFrame,
    leaves: pd.DataFrame,
    *,
    populations: Mapping[str, Any],
    min_probability: float,
    min_probability_hard: float,
    exclusive: bool,
) -> pd.DataFrame:
    """Call lineage, population and subset of each cell from a judge's probabilities.

    Parameters
    ----------
    chances
        Probability of every label of the judge, cells x labels.
    leaves
        What the labels mean, as :func:`cd20scope.annotate.judges.settings.translate` returns it.
    populations
        The population tree.
    min_probability, min_probability_hard
        Below the first a label is ``unassigned``, below the second that of a subset whose difficulty is ``hard``.
    exclusive
        Whether the labels share one probability of 1: then those of a population add up. Otherwise each was judged
        against all others by itself, as in CellTypist, and the likeliest label speaks for its population.

    Returns
    -------
    pandas.DataFrame
        ``lineage``, ``population``, ``likeliest``, ``subset``, ``probability``, ``subset_probability``, and the
        probability of each hard subset, one row per cell. A cell whose likeliest label means nothing in the tree is
        unassigned.
    """
    values = chances.to_numpy(dtype=np.float64)
    by_population = _combine(values, leaves["population"], exclusive=exclusive)
    other = by_population.pop(UNASSIGNED) if UNASSIGNED in by_population else 0.0
    names = by_population.columns.to_numpy(dtype=object)
    best = by_population.to_numpy().argmax(axis=1)
    probability = by_population.to_numpy()[np.arange(len(best)), best]
    population = np.where((probability >= min_probability) & (probability >= other), names[best], UNASSIGNED)
    # labels judged one by one may add up to more than 1, and so would those of a lineage
    shared = by_population.div(np.maximum(1.0, values.sum(axis=1)), axis=0)
    called = pd.DataFrame(
        {
            "lineage": labels.lineage_of_cells(shared, populations, min_probability=min_probability),
            "population": population,
            "likeliest": np.where((probability > 0) & (probability >= other), names[best], UNASSIGNED),
            "probability": probability.astype(np.float32),
        }
    )
    nodes = [node for node in nodes_at(populations, "subset") if node["difficulty"] == "hard"]
    needed = dict.fromkeys(map(subset_selector, nodes), min_probability_hard)
    subsets = _call_subsets(
        values, leaves, population, needed=needed, otherwise=min_probability, exclusive=exclusive
    )
    return called.join(subsets)


def _call_subsets(
    values: Array,
    leaves: pd.DataFrame,
    population: Array,
    *,
    needed: Mapping[str, float],
    otherwise: float,
    exclusive: bool,
) -> pd.DataFrame:
    """Subset of each cell given its population, where its probability reaches what its selector needs."""
    n = len(population)
    subset, chance = np.full(n, UNASSIGNED, dtype=object), np.full(n, np.nan, dtype=np.float32)
    hard = {selector: np.zeros(n, dtype=np.float32) for selector in needed}
    for name in np.unique(population[population != UNASSIGNED]):
        rows, of_name = np.flatnonzero(population == name), leaves["population"].to_numpy() == name
        within = _combine(values[np.ix_(rows, of_name)], leaves.loc[of_name, "subset"], exclusive=exclusive)
        if exclusive:
            within = within.div(within.sum(axis=1), axis=0)
        likeliest = within.idxmax(axis=1).to_numpy(dtype=object)
        within = within.drop(columns=UNASSIGNED, errors="ignore")
        if within.empty:
            continue
        chance[rows] = within.max(axis=1)
        bound = np.array([needed.get(f"{name} / {label}", otherwise) for label in likeliest])
        enough = (likeliest != UNASSIGNED) & (chance[rows] >= bound)
        subset[rows[enough]] = likeliest[enough]
        for label in within.columns:
            if f"{name} / {label}" in hard:
                hard[f"{name} / {label}"][rows] = within[label]
    return pd.DataFrame({"subset": subset, "subset_probability": chance, **hard})


def _combine(values: Array, groups: pd.Series, *, exclusive: bool) -> pd.DataFrame:
    """Sum, or highest, of the columns of each group: cells x groups, in the order of the groups' first columns."""
    names = groups.to_numpy(dtype=object)
    parts = {name: values[:, names == name] for name in dict.fromkeys(names)}
    return pd.DataFrame(
        {name: part.sum(axis=1) if exclusive else part.max(axis=1) for name, part in parts.items()},
        dtype=np.float64,
    )


def complete(
    called: pd.DataFrame, counts: sp.csr_matrix, genes: Array, *, populations: Mapping[str, Any]
) -> pd.DataFrame:
    """Flag the CD20+ T cells among called cells, as every judge's are flagged, and order the columns.

    Parameters
    ----------
    called
        As :func:`call` gives it.
    counts
        Raw counts of the same cells, cells x genes.
    genes
        Gene names, shape (n_genes,).
    populations
        The population tree, for the roles of its lineages.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`schema.LABELS`, then the others of ``called``.
    """
    role = roles.of_cells(called["lineage"].to_numpy(dtype=object), populations)
    flagged = called.assign(cd20_t=labels.is_cd20_t(counts, genes, role), doublet="")
    return flagged[[*LABELS, *(column for column in flagged if column not in LABELS)]]


def describe(chances: pd.DataFrame, leaves: pd.DataFrame, labelled: pd.DataFrame) -> Iterator[str]:
    """Format for the log how each label was translated, and how many cells have none."""
    likeliest = chances.idxmax(axis=1).value_counts()
    for label, (population, subset) in zip(leaves.index, leaves.to_numpy(), strict=True):
        n = likeliest.get(label, 0)
        yield f"{label or 'no label'} -> {population} / {subset}: {n} cells are likeliest this"
    yield f"{UNASSIGNED}: {int((labelled['population'] == UNASSIGNED).sum())} of {len(labelled)} cells"
