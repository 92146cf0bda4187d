"""A mixture of multinomials whose components are profiles of sorted cells, fitted by expectation and maximisation.

For leaf l, gene g and soup s: ``p_lg = (1 - s) norm(a_g exp(m_g + d_lg) f_lg) + s ambient_g`` and, for the counts
x of a cell over the genes of the decision, n in all, ``r_l = softmax(sum_g v_g (x_g log p_lg - n p_lg) + log
w_l)``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.special import softmax

from cd20scope.annotate.likelihood import constants
from cd20scope.annotate.likelihood.tree import ROOT, Decision

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Fitted:
    """A fitted decision.

    Attributes
    ----------
    decision
        Leaves and classes.
    genes
        Names, shape (n_genes,).
    profile
        Share of each gene among these genes in each leaf, without soup; (n_genes, n_leaves), columns sum to 1.
    log_weight
        Natural logarithm of the leaves' shares, shape (n_leaves,).
    ambient
        Soup over these genes in the cells that were fitted, shape (n_genes,), sums to 1.
    gene_weight
        Weight of each gene, shape (n_genes,); see :func:`gene_weights`.
    n_cells
        Cells that it was fitted to.
    """

    decision: Decision
    genes: Array
    profile: Array
    log_weight: Array
    ambient: Array
    gene_weight: Array
    n_cells: int


def with_soup(profile: Array, ambient: Array, share: float) -> Array:
    """Profiles as they show in droplets that hold soup; (n_genes, n_leaves), columns sum to 1."""
    mixed: Array = (1 - share) * profile + share * ambient[:, None] + 1e-12
    return mixed


def gene_weights(counts: sp.csr_matrix, overdispersion: float) -> Array:
    """Weight of each gene, ``1 / (1 + phi mu_g)`` with mu its mean count: shape (n_genes,).

    The variance of a count over that of a Poisson count is ``1 + phi mu``; a quasi-likelihood divides by it,
    so that a loud gene, which varies between cells of one kind, does not decide alone.
    """
    mean = np.asarray(counts.sum(axis=0), dtype=float).ravel() / max(counts.shape[0], 1)
    return np.asarray(1 / (1 + overdispersion * mean))


def log_likelihood(counts: sp.csr_matrix, profile: Array, weight: Array) -> Array:
    """Quasi-likelihood of cells under profiles, but for a term that all profiles share; cells x leaves.

    ``sum_g weight_g (x_g log p_lg - n p_lg)`` with n the cell's molecules. With weights of 1 it is the
    multinomial log likelihood.

    References
    ----------
    McCullagh & Nelder 1989, Generalized Linear Models, chapter 9.
    """
    total = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    own: Array = np.asarray(counts @ (weight[:, None] * np.log(profile)))
    return np.asarray(own - np.outer(total, weight @ profile))


def class_sums(values: Array, decision: Decision) -> Array:
    """Sum columns of leaves to columns of classes, in the order of ``decision.distinct``."""
    member = np.array(
        [[label == name for name in decision.distinct] for label in decision.classes], dtype=float
    )
    return np.asarray(values @ member)


def fit_mixture(
    counts: sp.csr_matrix,
    genes: Array,
    decision: Decision,
    start: Array,
    *,
    ambient: Array | None = None,
    share: float = constants.SOUP_SHARE,
    steps: int = constants.STEPS,
) -> Fitted:
    """Fit efficiencies of genes, moved profiles and weights of one decision.

    Parameters
    ----------
    counts
        Cells x genes of the decision, raw counts.
    genes
        Their names.
    decision
        Leaves and classes, and what may be fitted.
    start
        ``m_g + d_lg``, natural logarithms, (n_genes, n_leaves).
    ambient
        Soup, molecules by gene; default the mean of the cells.
    share
        Part of a cell's molecules that is soup.
    steps
        Of expectation and maximisation.

    Returns
    -------
    Fitted

    References
    ----------
    Dempster 1977, doi:10.1111/j.2517-6161.1977.tb01600.x.
    """
    seen = np.asarray(counts.sum(axis=0), dtype=float).ravel()
    soup = normalise(seen if ambient is None else np.asarray(ambient, dtype=float))
    raw = np.exp(start - start.max(axis=0))
    table = raw / raw.sum(axis=0)
    efficiency, moved = np.ones(len(genes)), np.ones_like(table)
    log_weight = np.log(starting_weights(decision))
    transposed = counts.T.tocsr()
    heed = gene_weights(
        counts, constants.ROOT_OVERDISPERSION if decision.name == ROOT else constants.OVERDISPERSION
    )
    total = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    profile = table
    for step in range(steps if len(total) else 0):
        chance = softmax(log_likelihood(counts, with_soup(profile, soup, share), heed) + log_weight, axis=1)
        weight = chance.mean(axis=0)
        log_weight = np.log(np.maximum(blend_healthy(weight, decision), constants.LEAST_WEIGHT))
        molecules = total @ chance  # of each leaf
        if decision.free:
            expected = (1 - share) * profile @ molecules / efficiency
            own = np.maximum(seen - share * soup * seen.sum(), 0.0)
            held = constants.OFFSET_MOLECULES
            efficiency = np.clip(
                (own + held) / (expected + held), 1 / constants.OFFSET_LIMIT, constants.OFFSET_LIMIT
            )
        if decision.moving and step + 1 >= constants.MOVE_FROM:
            still = table * efficiency[:, None]
            of_leaf = np.asarray(transposed @ chance)
            expected_leaf = ((1 - share) * still / still.sum(axis=0) + share * soup[:, None]) * molecules[
                None, :
            ]
            held = constants.PROFILE_MOLECULES
            moved = (of_leaf + held) / (expected_leaf + held)
        profile = table * efficiency[:, None] * moved
        profile = profile / profile.sum(axis=0)
    return Fitted(decision, np.asarray(genes), profile, log_weight, soup, heed, len(total))


def normalise(values: Array) -> Array:
    """Divide by the sum; even shares where nothing was seen."""
    total = values.sum()
    return values / total if total > 0 else np.full(len(values), 1 / max(len(values), 1))


def starting_weights(decision: Decision) -> Array:
    """Even weights of classes at the root, those of healthy blood below; classes share theirs among leaves."""
    label = np.array(decision.classes)
    healthy = healthy_shares(decision)
    return np.array([healthy[name] / (label == name).sum() for name in decision.classes])


def healthy_shares(decision: Decision) -> dict[str, float]:
    """Share of each class in healthy blood; even where it is not known or at the root."""
    names = decision.distinct
    if decision.name == ROOT or not all(name in constants.HEALTHY for name in names):
        return dict.fromkeys(names, 1 / len(names))
    total = sum(constants.HEALTHY[name] for name in names)
    return {name: constants.HEALTHY[name] / total for name in names}


def blend_healthy(weight: Array, decision: Decision) -> Array:
    """Half the cells' own weights, half those of healthy blood; leaves keep their parts of a class."""
    if decision.name == ROOT:
        return weight
    label, healthy = np.array(decision.classes), healthy_shares(decision)
    blended = np.empty_like(weight)
    for name in decision.distinct:
        inside = label == name
        own = weight[inside].sum()
        part = weight[inside] / own if own > 1e-12 else np.full(inside.sum(), 1 / inside.sum())
        blended[inside] = ((1 - constants.HEALTHY_PART) * own + constants.HEALTHY_PART * healthy[name]) * part
    return blended
