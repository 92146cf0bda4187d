"""Label the cells of one sample with the fitted model, and sum their counts per leaf of the population tree."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from scipy.special import pdtrc, softmax

from cd20scope import schema
from cd20scope.annotate.model.features import take_features
from cd20scope.annotate.model.fitted import Model
from cd20scope.annotate.soup import Soup, estimate_soup
from cd20scope.study import catalogue, roles
from cd20scope.study.selectors import nodes_at, subset_selector

Array = npt.NDArray[Any]

B_GENES = ("CD79A", "MS4A1", "CD19", "BANK1")
"""Genes that only B cells transcribe; a B call needs two of them, beyond the soup."""
PLASMA_GENES = ("MZB1", "JCHAIN", "TNFRSF17", "DERL3", "POU2AF1", "XBP1", "SDC1")
"""Their counterpart for plasma cells, which have lost the former."""
B_ONLY = ("CD79A", "CD79B", "CD19", "BANK1", "IGKC", "IGHM", "IGHD")
"""B-cell transcripts that a true CD20+ T cell does not carry (von Essen 2024, doi:10.3389/fimmu.2024.1487530)."""
MIN_CORRECTED = 50
"""Cells of a branch below which its shares are not corrected: the noise would be larger."""
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
    at_root = softmax(features @ root.weights + root.intercept, axis=1)
    columns: dict[str, Array] = {}
    for position, label in enumerate(root.classes):
        if label not in branches:
            columns[label] = at_root[:, position]
        elif label in model.nodes:
            node = model.nodes[label]
            within = softmax(features @ node.weights + node.intercept, axis=1)
            columns |= {name: at_root[:, position] * within[:, k] for k, name in enumerate(node.classes)}
    return pd.DataFrame(columns)


def b_evidence(counts: sp.csr_matrix, genes: Array, *, panel: tuple[str, ...], soup: Soup) -> Array:
    """Whether a cell holds more molecules of a panel than the soup of its sample explains.

    ``k ~ Poisson(s n f)`` with n the cell's molecules, f the panel's share of the soup and s the highest share of
    soup that the sample admits (:attr:`Soup.bound`). Two genes of the panel must be seen: one, however loud, may be
    what a neighbour spilt.

    Parameters
    ----------
    counts
        Raw counts of the sample, cells x genes.
    genes
        Names, shape (n_genes,).
    panel
        Genes of the panel.
    soup
        Of the sample.

    Returns
    -------
    numpy.ndarray
        Boolean, shape (n_cells,).

    References
    ----------
    Soup as the mean profile: Young & Behjati 2020, doi:10.1093/gigascience/giaa151.
    """
    of_panel = counts[:, np.flatnonzero(np.isin(genes, panel))].tocsr()
    molecules = np.asarray(of_panel.sum(axis=1)).ravel()
    n_seen = np.asarray((of_panel > 0).sum(axis=1)).ravel()
    total = np.asarray(counts.sum(axis=1)).ravel()
    share = soup.profile[np.isin(genes, panel)].sum()
    return np.asarray((n_seen >= 2) & (pdtrc(molecules - 1, soup.bound * total * share) < SOUP_LEVEL))


@dataclass(frozen=True)
class Labelled:
    """What the model says of one sample.

    Attributes
    ----------
    cells
        The columns of :data:`schema.LABELS`, then the probability of each hard subset in a column ``population /
        subset``; one row per cell.
    expected
        Cells of each population, estimated from summed probabilities and corrected by the model's own confusion.
    soup
        Of the sample.
    """

    cells: pd.DataFrame
    expected: pd.Series
    soup: Soup


def label_cells(
    counts: sp.csr_matrix,
    lognorm: sp.csr_matrix,
    genes: Array,
    model: Model,
    *,
    populations: Mapping[str, Any],
    min_probability: float,
    min_probability_hard: float,
    empty: Array | None = None,
) -> Labelled:
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
    empty
        Molecules per gene in droplets without a cell; None (default) where they were not kept.
    """
    features = take_features(lognorm, genes, features=model.genes, cap=model.cap)
    chances = probabilities(features, model, populations=populations)
    guess = lineage_of_cells(chances, populations, min_probability=min_probability)
    soup = estimate_soup(counts, genes, roles.of_cells(guess, populations), empty=empty)
    # a B call without B molecules beyond the soup is withdrawn: what remains is what else the cell may be
    plasma = roles.populations_with(populations, roles.PLASMA)
    for withdrawn, panel in ((roles.depleted(populations), B_GENES), (plasma, PLASMA_GENES)):
        shown = b_evidence(counts, genes, panel=panel, soup=soup)
        for name in set(withdrawn) & set(chances.columns):
            chances.loc[~shown, name] = 0.0
    names = np.array(chances.columns, dtype=object)
    values = chances.to_numpy()
    best = values.argmax(axis=1)
    probability = values[np.arange(len(values)), best]
    population = np.where(probability >= min_probability, names[best], schema.UNASSIGNED)
    lineage = lineage_of_cells(chances, populations, min_probability=min_probability)
    bounds = {"easy": min_probability, "moderate": min_probability, "hard": min_probability_hard}
    cells = pd.DataFrame(
        {
            "lineage": lineage,
            "population": population,
            "likeliest": np.where(probability > 0, names[best], schema.UNASSIGNED),
            "probability": probability.astype(np.float32),
        }
    ).join(_subsets(features, population, model, populations=populations, bounds=bounds))
    cells["cd20_t"] = is_cd20_t(counts, genes, roles.of_cells(lineage, populations))
    ordered = [*schema.LABELS, *(column for column in cells if column not in schema.LABELS)]
    return Labelled(cells[ordered], estimate_cells(chances, model, populations=populations), soup)


def estimate_cells(chances: pd.DataFrame, model: Model, *, populations: Mapping[str, Any]) -> pd.Series:
    """Estimate the cells of each population from probabilities, each sample with its own composition.

    Cells called for one class that are of another make a change look smaller than it is. Within a branch, with m the
    mean probability of each class and C the confusion of cells that were not trained on, the shares are the p >= 0,
    sum p = 1 that come nearest to ``m = C' p`` by least squares.

    Parameters
    ----------
    chances
        Cells x populations, as :func:`probabilities` gives them.
    model
        The fitted model.
    populations
        The population tree.

    Returns
    -------
    pandas.Series
        Cells by population.

    References
    ----------
    Probabilistic adjusted classify and count: Bella et al. 2010, doi:10.1109/ICDM.2010.75.
    """
    total = chances.sum()
    for node in populations["nodes"]:
        fitted = model.nodes.get(node["name"])
        if node["level"] != "branch" or fitted is None:
            continue
        names = [name for name in fitted.classes if name in total.index]
        inside = float(total[names].sum())
        if len(names) < 2 or len(names) < len(fitted.classes) or inside < MIN_CORRECTED:
            continue
        shares = _nearest_shares(fitted.confusion, total[names].to_numpy() / inside)
        total[names] = inside * shares / shares.sum()
    return total.rename("expected")


def _nearest_shares(confusion: Array, mean: Array) -> Array:
    """Shares p >= 0 that come nearest to ``mean = confusion' p``; see :func:`estimate_cells`.

    Classes that the confusion cannot tell apart share evenly, unless some other share would be below zero.
    """
    # the last row asks for a sum of 1, so much that it holds
    system, wanted = np.vstack([confusion.T, np.full(len(mean), 1e3)]), np.append(mean, 1e3)
    shares: Array = np.linalg.lstsq(system, wanted)[0]
    if shares.min() >= 0:
        return shares
    # asked for only here: its import takes 0.16 s in the job of each sample
    from scipy.optimize import nnls

    return np.asarray(nnls(system, wanted)[0])


def lineage_of_cells(
    chances: pd.DataFrame, populations: Mapping[str, Any], *, min_probability: float
) -> Array:
    """Lineage of each cell, by the summed probability of its populations, ``unassigned`` below the bound."""
    of = catalogue.lineage_of(populations)
    by_lineage = chances.T.groupby(lambda name: of[name]).sum().T
    best = by_lineage.to_numpy().argmax(axis=1)
    reached = by_lineage.to_numpy()[np.arange(len(best)), best] >= min_probability
    return np.where(reached, by_lineage.columns.to_numpy(dtype=object)[best], schema.UNASSIGNED)


def _subsets(
    features: sp.csr_matrix,
    population: Array,
    model: Model,
    *,
    populations: Mapping[str, Any],
    bounds: Mapping[str, float],
) -> pd.DataFrame:
    """Subset of each cell within its population, where the model tells it with enough certainty; see `Labelled`."""
    n = len(population)
    subset, probability = np.full(n, schema.UNASSIGNED, dtype=object), np.full(n, np.nan, dtype=np.float32)
    nodes = nodes_at(populations, "subset")
    needed = {(node["parent"], node["name"]): bounds[node["difficulty"]] for node in nodes}
    hard = {
        subset_selector(node): np.zeros(n, dtype=np.float32) for node in nodes if node["difficulty"] == "hard"
    }
    for name in dict.fromkeys(parent for parent, _ in needed):
        rows = np.flatnonzero(population == name)
        if name not in model.nodes or not len(rows):
            continue
        node = model.nodes[name]
        chances = softmax(features[rows] @ node.weights + node.intercept, axis=1)
        best = chances.argmax(axis=1)
        enough = chances.max(axis=1) >= np.array([needed[name, label] for label in node.classes])[best]
        probability[rows] = chances.max(axis=1)
        subset[rows[enough]] = np.array(node.classes, dtype=object)[best[enough]]
        for position, label in enumerate(node.classes):
            if (selector := f"{name} / {label}") in hard:
                hard[selector][rows] = chances[:, position]
    return pd.DataFrame({"subset": subset, "subset_probability": probability, **hard})


def is_cd20_t(counts: sp.csr_matrix, genes: Array, role: Array) -> Array:
    """MS4A1 in a T cell without other B transcripts: a flag, no type, since RNA cannot prove such cells.

    ``role`` is that of the lineage of each cell (:mod:`cd20scope.study.roles`).
    """
    target = np.asarray(counts[:, np.flatnonzero(genes == "MS4A1")].sum(axis=1)).ravel() > 0
    other = np.asarray(counts[:, np.flatnonzero(np.isin(genes, B_ONLY))].sum(axis=1)).ravel() > 0
    return np.asarray(np.isin(role, roles.T) & target & ~other)


def spread(labels: pd.DataFrame, *, keep: Array, barcodes: Array) -> pd.DataFrame:
    """Bring labels of kept cells to all cells; a dropped cell is ``unassigned`` with probability 0."""
    without: dict[str, Any] = {"subset_probability": np.nan, "cd20_t": False}
    words = ("lineage", "population", "likeliest", "subset")
    every = pd.DataFrame(index=pd.Index(barcodes, name="barcode"))
    for column in map(str, labels):
        own = labels[column].to_numpy()
        empty = schema.UNASSIGNED if column in words else without.get(column, 0.0)
        values = np.full(len(barcodes), empty, dtype=object if column in words else own.dtype)
        values[keep] = own
        every[column] = values
    return every
