"""The B lineage by log likelihood ratio, and cells of two lineages as classes of the same likelihood."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate.likelihood import constants
from cd20scope.annotate.likelihood.fit import sample_view
from cd20scope.annotate.likelihood.genes import Names
from cd20scope.annotate.likelihood.mixture import Fitted, log_likelihood, with_soup
from cd20scope.annotate.likelihood.tree import Decision

Array = npt.NDArray[Any]


def lineage_margin(scores: Array, decision: Decision, *, lineage: str = "B") -> Array:
    """Log odds of the best leaf of a lineage over the best leaf of any other.

    Parameters
    ----------
    scores
        Log likelihood plus log weight, cells x leaves of the root; see :class:`fit.Told`.
    decision
        The root.
    lineage
        Which lineage; minus infinity for all cells where it has no leaf.

    Returns
    -------
    numpy.ndarray
        Shape (n_cells,), natural logarithm.
    """
    inside = np.array(decision.classes) == lineage
    if not inside.any() or inside.all():
        return np.full(len(scores), -np.inf if not inside.any() else np.inf)
    margin: Array = scores[:, inside].max(axis=1) - scores[:, ~inside].max(axis=1)
    return margin


def is_b(scores: Array, decision: Decision) -> Array:
    """Whether a cell is called B lineage: by more than :data:`constants.B_MARGIN`. Soup is inside the likelihood."""
    return lineage_margin(scores, decision) > constants.B_MARGIN


def doublet_profiles(
    node: Fitted, *, pairs: Sequence[tuple[str, str]] = constants.DOUBLET_PAIRS
) -> tuple[Array, list[str]]:
    """Profiles of doublets, (n_genes, n), and the pair ``one + other`` that each stands for.

    ``f p_i + (1 - f) p_j`` for the heaviest leaves i and j of both lineages.
    """
    label = np.array(node.decision.classes)

    def heaviest(lineage: str) -> Array:
        of = np.flatnonzero(label == lineage)
        return of[np.argsort(-node.log_weight[of], kind="stable")[: constants.DOUBLET_LEAVES]]

    made, names = [], []
    for one, other in pairs:
        for i in heaviest(one):
            for j in heaviest(other):
                for part in constants.DOUBLET_FRACTIONS:
                    made.append(part * node.profile[:, i] + (1 - part) * node.profile[:, j])
                    names.append(f"{one} + {other}")
    empty = np.zeros((len(node.genes), 0))
    return (np.column_stack(made) if made else empty), names


def find_doublets(
    counts: sp.csr_matrix,
    genes: Names,
    node: Fitted,
    *,
    ambient: Array | None = None,
    share: float = constants.SOUP_SHARE,
) -> pd.DataFrame:
    """Find cells that two lineages explain better than any one.

    Parameters
    ----------
    counts, genes, node, ambient, share
        As for :func:`fit.leaf_scores`, of the root; ``share`` is :data:`constants.SOUP_SHARE` by default.

    Returns
    -------
    pandas.DataFrame
        One row per cell: ``pair`` (``""`` for a single cell) and ``margin``, the log likelihood of the best mixture
        over that of the best single leaf.
    """
    values, profile, soup, weight, held = sample_view(counts, genes, node, ambient=ambient)
    made, names = doublet_profiles(node)
    if not names or not len(held):
        return pd.DataFrame({"pair": "", "margin": np.full(counts.shape[0], -np.inf)})
    made = made[held] / made[held].sum(axis=0)
    both = np.hstack([profile, made])
    scores = log_likelihood(values, with_soup(both, soup, share), weight)
    n_single = profile.shape[1]
    single, double = scores[:, :n_single], scores[:, n_single:]
    margin = double.max(axis=1) - single.max(axis=1)
    best = np.array(names, dtype=object)[double.argmax(axis=1)]
    # progenitors carry the RNA of several lineages at once
    progenitor = np.array(node.decision.classes)[single.argmax(axis=1)] == "HSPC"
    called = (margin > constants.DOUBLET_MARGIN) & ~progenitor
    return pd.DataFrame({"pair": np.where(called, best, ""), "margin": margin})
