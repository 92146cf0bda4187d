"""Label the cells of one sample with the fitted model, and sum their counts per leaf of the population tree."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from scipy.special import pdtrc

from cd20scope import catalogue, schema
from cd20scope.features import take_features
from cd20scope.model import Model, softmax

Array = npt.NDArray[Any]

B_GENES = ("CD79A", "MS4A1", "CD19", "BANK1")
"""Genes that only B cells transcribe; a B call needs molecules of them beyond the soup."""
PLASMA_GENES = ("MZB1", "JCHAIN", "TNFRSF17", "DERL3", "POU2AF1", "XBP1", "SDC1")
"""Their counterpart for plasma cells, which have lost the former."""
B_ONLY = ("CD79A", "CD79B", "CD19", "BANK1", "IGKC", "IGHM", "IGHD")
"""B-cell transcripts that a true CD20+ T cell does not carry (von Essen 2024, doi:10.3389/fimmu.2024.1487530)."""
SOUP_SHARE = 0.1
"""Share of a cell's molecules that may be soup: an upper bound for droplets from blood, so that the gate errs to
no B."""
SOUP_LEVEL = 0.01
"""A B call stands when the soup would give as many molecules in fewer than this share of cells."""


def probabilities(features: sp.csr_matrix, model: Model, *, populations: Mapping[str, Any]) -> pd.DataFrame:
    """Probability of every population for every cell, down the tree.

    Parameters
    ----------
    features
        Capped log-normalised values over ``model.genes``, cells x n_features.
    model
        The fitted model.
    populations
        The population tree.

    Returns
    -------
    pandas.DataFrame
        Cells x populations found in the data. ``P(population) = P(branch at the root) * P(population | branch)``;
        the rows sum to at most 1, and to less when a branch was seen whose populations could not be told.
    """
    branches = {node["name"] for node in populations["nodes"] if node["level"] == "branch"}
    root = model.nodes["root"]
    at_root = softmax(features @ root.weights + root.intercept)
    columns: dict[str, Array] = {}
    for position, label in enumerate(root.classes):
        if label not in branches:
            columns[label] = at_root[:, position]
        elif label in model.nodes:
            node = model.nodes[label]
            within = softmax(features @ node.weights + node.intercept)
            columns |= {name: at_root[:, position] * within[:, k] for k, name in enumerate(node.classes)}
    return pd.DataFrame(columns)


def b_evidence(counts: sp.csr_matrix, genes: Array, *, panel: tuple[str, ...]) -> Array:
    """Whether a cell holds more molecules of a panel than the soup of its sample explains.

    The soup is taken to be the sample's mean profile: ``k ~ Poisson(s n f)`` with n the cell's molecules, f the
    panel's share of all molecules of the sample and s = :data:`SOUP_SHARE`. At least two molecules are asked for.

    Parameters
    ----------
    counts
        Raw counts of the sample, cells x genes.
    genes
        Names, shape (n_genes,).
    panel
        Genes of the panel.

    Returns
    -------
    numpy.ndarray
        Boolean, shape (n_cells,).

    References
    ----------
    Soup as the mean profile: Young & Behjati 2020, doi:10.1093/gigascience/giaa151.
    """
    molecules = np.asarray(counts[:, np.flatnonzero(np.isin(genes, panel))].sum(axis=1)).ravel()
    total = np.asarray(counts.sum(axis=1)).ravel()
    share = molecules.sum() / max(total.sum(), 1)
    return np.asarray((molecules >= 2) & (pdtrc(molecules - 1, SOUP_SHARE * total * share) < SOUP_LEVEL))


def label_cells(
    counts: sp.csr_matrix,
    lognorm: sp.csr_matrix,
    genes: Array,
    model: Model,
    *,
    populations: Mapping[str, Any],
    min_probability: float,
    min_probability_hard: float,
) -> pd.DataFrame:
    """Label the kept cells of one sample.

    Parameters
    ----------
    counts, lognorm
        Raw and log-normalised counts of the kept cells, cells x genes.
    genes
        Gene names, shape (n_genes,).
    model
        The fitted model.
    populations
        The population tree.
    min_probability
        Below it a label is ``unassigned``; the lineage needs as much, summed over its populations.
    min_probability_hard
        The same for subsets whose difficulty is ``hard``.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`schema.LABELS`, one row per cell in the order of ``counts``.
    """
    features = take_features(lognorm, genes, features=model.genes, cap=model.cap)
    chances = probabilities(features, model, populations=populations)
    # a B call without B molecules beyond the soup is withdrawn: what remains is what else the cell may be
    for withdrawn, panel in ((("B naive", "B memory"), B_GENES), (("Plasma",), PLASMA_GENES)):
        shown = b_evidence(counts, genes, panel=panel)
        for name in set(withdrawn) & set(chances.columns):
            chances.loc[~shown, name] = 0.0
    names = np.array(chances.columns, dtype=object)
    values = chances.to_numpy()
    best = values.argmax(axis=1)
    probability = values[np.arange(len(values)), best]
    population = np.where(probability >= min_probability, names[best], schema.UNASSIGNED)
    lineage = _lineage(chances, populations, min_probability=min_probability)
    return pd.DataFrame(
        {
            "lineage": lineage,
            "population": population,
            "subset": _subset(
                features,
                population,
                model,
                populations=populations,
                bounds={"easy": min_probability, "moderate": min_probability, "hard": min_probability_hard},
            ),
            "probability": probability.astype(np.float32),
            "cd20_t": _is_cd20_t(counts, genes, lineage),
        }
    )


def _lineage(chances: pd.DataFrame, populations: Mapping[str, Any], *, min_probability: float) -> Array:
    of = catalogue.lineage_of(populations)
    by_lineage = chances.T.groupby(lambda name: of[name]).sum().T
    best = by_lineage.to_numpy().argmax(axis=1)
    reached = by_lineage.to_numpy()[np.arange(len(best)), best] >= min_probability
    return np.where(reached, by_lineage.columns.to_numpy(dtype=object)[best], schema.UNASSIGNED)


def _subset(
    features: sp.csr_matrix,
    population: Array,
    model: Model,
    *,
    populations: Mapping[str, Any],
    bounds: Mapping[str, float],
) -> Array:
    """Subset of each cell within its population, where the model tells it with enough certainty."""
    subset = np.full(len(population), schema.UNASSIGNED, dtype=object)
    levels = {node["name"]: node["level"] for node in populations["nodes"] if node["level"] != "subset"}
    needed = {
        (node["parent"], node["name"]): bounds[node["difficulty"]]
        for node in populations["nodes"]
        if node["level"] == "subset"
    }
    for name in (node for node in model.nodes if levels.get(node) == "population"):
        rows = np.flatnonzero(population == name)
        if not len(rows):
            continue
        node = model.nodes[name]
        chances = softmax(features[rows] @ node.weights + node.intercept)
        best = chances.argmax(axis=1)
        enough = chances.max(axis=1) >= np.array([needed[name, label] for label in node.classes])[best]
        subset[rows[enough]] = np.array(node.classes, dtype=object)[best[enough]]
    return subset


def _is_cd20_t(counts: sp.csr_matrix, genes: Array, lineage: Array) -> Array:
    """MS4A1 in a T cell without other B transcripts: a flag, no type, since RNA cannot prove such cells."""
    target = np.asarray(counts[:, np.flatnonzero(genes == "MS4A1")].sum(axis=1)).ravel() > 0
    other = np.asarray(counts[:, np.flatnonzero(np.isin(genes, B_ONLY))].sum(axis=1)).ravel() > 0
    return np.asarray(np.isin(lineage, ["CD4 T", "CD8 T", "other T"]) & target & ~other)


def spread(labels: pd.DataFrame, *, keep: Array, barcodes: Array) -> pd.DataFrame:
    """Bring labels of kept cells to all cells; a dropped cell is ``unassigned`` with probability 0."""
    empty = {"probability": np.float32(0), "cd20_t": False}
    every = pd.DataFrame(index=pd.Index(barcodes, name="barcode"))
    for column in schema.LABELS:
        values = np.full(
            len(barcodes), empty.get(column, schema.UNASSIGNED), dtype=labels[column].to_numpy().dtype
        )
        values[keep] = labels[column].to_numpy()
        every[column] = values
    return every
