"""Marker evidence of cells at one decision of the population tree, and whether a class is there at all."""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cd20scope.annotate.model.decisions import NodeSpec
from cd20scope.annotate.model.neighbors import neighbor_mean
from cd20scope.annotate.model.standardised import SD_FLOOR, Standardised

Array = npt.NDArray[Any]

N_BEST = 10
"""Best cells of a class that must show its markers for it to be taken for present."""
MIN_ON = 0.1
"""Part of the best cells' marker expression that a cell's neighbourhood must reach to be of a class."""
FAINT = 0.3
"""Mean log-normalised expression that a marker has at least in cells that have it; noise below is not scaled up."""
FULLY = 0.6
"""Least part of the markers that the best cells of a class show together."""
N_TELLING = 12
"""Markers, from the top of the list, that say whether a class is there."""
Z_PRESENT, Z_MARKER = 3.0, 2.0
"""Standard errors by which the best cells of a class must stand out, in all markers together and in one of them."""
LEAST_ON, PLAIN = 0.1, 0.7
"""Mean log-normalised expression of a marker that is shown at all, and of one that is plain to see."""
OFF = 10.0
"""Score, in standard deviations below the mean, of a class whose markers are off."""


def columns_of(genes: Array, names: list[str]) -> Array:
    """Positions of the named genes that are there."""
    at = {gene: position for position, gene in enumerate(genes)}
    return np.array([at[name] for name in names if name in at], dtype=int)


def standard(values: Array) -> Array:
    """Centre and scale each column."""
    return np.asarray((values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9))


def find_present(spec: NodeSpec, cells: Standardised, genes: Array, near: Array) -> list[str]:
    """Classes of a decision that are there: those whose markers are shown by the neighbours of cells that show them.

    The best-scoring noise of an absent class would otherwise be made into one. So the best cells are chosen by their
    neighbours, and it is their own expression that is looked at: chance does not repeat itself. The best are looked
    for at three sizes, since a class may be a handful of cells or a tenth of them.

    Parameters
    ----------
    spec
        The decision.
    cells
        Expression of the cells.
    genes
        Gene names, shape (n_genes,).
    near
        Nearest cells of each cell, itself first, shape (n_cells, n).

    Returns
    -------
    list of str
        In the order of the decision.
    """
    others = neighbor_mean(near[:, 1:])
    present = {name for name in spec.classes if _is_shown(spec.markers[name][0], cells, genes, others)}
    if len(present) == 1 and len(spec.classes) == 2:
        # of two, the one that is told by what it lacks: there when few cells show the markers of the other
        (name,) = present
        if (fraction_on(spec.markers[name][0], cells, genes, neighbor_mean(near)) > 0.5).mean() < 0.5:
            present = set(spec.classes)
    if not present and len(spec.classes) > 1 and not spec.absolute and spec.level == "branch":
        return list(spec.classes)  # too few cells to prove any: each may be there
    return [name for name in spec.classes if name in present]


def _is_shown(markers: list[str], cells: Standardised, genes: Array, others: sp.csr_matrix) -> bool:
    listed = markers[:N_TELLING]
    columns = columns_of(genes, listed)
    telling = np.isin(columns, columns_of(genes, listed[:2]))
    if len(columns) < min(3, len(listed)) or not telling.any():
        return False
    own = cells.values(columns)
    around = np.asarray(others @ own)
    order = np.argsort(-(around / (around.std(axis=0) + SD_FLOOR)).mean(axis=1), kind="stable")
    rest = order[-max(len(order) // 4, 1) :]
    score = np.column_stack([own, (own / (own.std(axis=0) + SD_FLOOR)).mean(axis=1)])
    low = score[rest]
    for n_best in {N_BEST, max(N_BEST, len(order) // 100), max(N_BEST, len(order) // 10)}:
        high = score[order[:n_best]]
        error = np.sqrt(high.var(axis=0) / len(high) + low.var(axis=0) / len(low)) + 1e-9
        z = (high.mean(axis=0) - low.mean(axis=0)) / error
        on, off = high.mean(axis=0)[:-1], low.mean(axis=0)[:-1]
        # a class that most cells belong to cannot stand out from them; its markers are plain in nearly all
        shown = ((on > LEAST_ON) & (on > 2 * off) & (z[:-1] > Z_MARKER)) | (off > PLAIN)
        beyond_chance = z[-1] > Z_PRESENT or (off > PLAIN).mean() > 0.5
        if (
            beyond_chance
            and shown[telling].any()
            and shown.sum() >= max(min(3, len(columns)), 0.4 * len(columns))
        ):
            return True
    return False


def expression_score(
    spec: NodeSpec, name: str, cells: Standardised, genes: Array, smooth: sp.csr_matrix
) -> Array:
    """Smoothed mean expression of the markers of a class minus that of its negative markers; shape (n_cells,).

    On the scale of expression: at the root, z-scores would invent the lineages that are not there.
    """

    def part(names: list[str]) -> Array:
        columns = columns_of(genes, names)
        if not len(columns):
            return np.zeros(len(cells))
        return np.asarray(smooth @ cells.values(columns)).mean(axis=1)

    score = np.mean([part(names) for names in spec.markers[name]], axis=0)
    against = [part(names) for names in spec.negative[name] if names]
    return np.asarray(score - np.mean(against, axis=0) if against else score)


def relative_scores(spec: NodeSpec, classes: list[str], cells: Standardised, genes: Array) -> Array:
    """Marker score of each class in each cell by itself, in standard deviations; cells x classes.

    Z-scores let a class with few markers compete with one whose markers all its siblings share to some extent (a Treg
    is a memory cell, too).

    Parameters
    ----------
    spec
        The decision.
    classes
        The classes that are there.
    cells
        Expression of the cells.
    genes
        Gene names, shape (n_genes,).
    """

    def parts(lists: list[list[str]]) -> list[Array]:
        found = [columns_of(genes, names) for names in lists]
        return [cells.scaled(columns).mean(axis=1) for columns in found if len(columns)]

    scores = []
    for name in classes:
        for_it = [standard(part) for part in parts(spec.markers[name])]
        against = parts(spec.negative[name])
        scores.append(np.mean(for_it, axis=0) - (0.5 * np.mean(against, axis=0) if against else 0.0))
    return standard(np.column_stack(scores))


def fraction_on(markers: list[str], cells: Standardised, genes: Array, smooth: sp.csr_matrix) -> Array:
    """Smoothed markers of each cell relative to the cells that have most of them, mean over genes; about 0 to 1."""
    smoothed = np.asarray(smooth @ cells.values(columns_of(genes, markers)))
    n_best = max(N_BEST, len(smoothed) // 100)
    top = np.sort(smoothed, axis=0)[-n_best:].mean(axis=0)
    return np.asarray((smoothed / np.maximum(top, FAINT)).mean(axis=1))


def guess_share(on: Array) -> float:
    """Share of cells of a class, by moments: where its cells lie between those that lack it and those that have it."""
    off, full = np.quantile(on, [0.05, 0.99])
    return float(np.clip((on.mean() - off) / max(full - off, FULLY - off, 1e-9), 0.01, 1.0))
