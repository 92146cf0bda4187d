"""Fit all decisions to a sketch of a study, and tell the cells of a sample by them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from scipy.special import softmax

from cd20scope.annotate.likelihood import constants
from cd20scope.annotate.likelihood.genes import Names, find_genes
from cd20scope.annotate.likelihood.mixture import (
    Fitted,
    class_sums,
    fit_mixture,
    log_likelihood,
    normalise,
    with_soup,
)
from cd20scope.annotate.likelihood.profiles import (
    ProfileError,
    common_genes,
    count_genes,
    log_profiles,
    select_genes,
)
from cd20scope.annotate.likelihood.tree import ROOT, Decision

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Likelihood:
    """All fitted decisions.

    Attributes
    ----------
    nodes
        By name, the root first.
    not_told
        Lineages and populations that the study's genes are too few for, and how many there are.
    """

    nodes: dict[str, Fitted]
    not_told: dict[str, int]


@dataclass(frozen=True)
class Told:
    """What the likelihood says of cells.

    Attributes
    ----------
    populations
        Posterior of each population, cells x populations; rows sum to 1, or less where a lineage's populations
        are not told.
    calibrated
        The same with posteriors within a branch taken to the power :data:`constants.SHARPNESS` and
        renormalised: what a reader is told, where sums are made of ``populations``.
    lineages
        Posterior of each lineage, cells x lineages.
    root
        Log likelihood plus log weight of each leaf of the root, cells x leaves.
    """

    populations: pd.DataFrame
    calibrated: pd.DataFrame
    lineages: pd.DataFrame
    root: Array


def fit_likelihood(
    counts: sp.csr_matrix,
    genes: Names,
    table: pd.DataFrame,
    decisions: Sequence[Decision],
    *,
    ambient: Array | None = None,
    without: Sequence[str] = (),
) -> Likelihood:
    """Fit every decision to the cells of a sketch.

    Parameters
    ----------
    counts
        Raw counts, cells x genes.
    genes
        Gene names, shape (n_genes,).
    table
        Profiles, genes x profiles, checked.
    decisions
        The root first.
    ambient
        Measured soup, molecules by gene; default the mean of the cells.
    without
        Genes that are kept out, as for a ruler.

    Raises
    ------
    ProfileError
        When too few genes are shared.
    """
    common = [gene for gene in common_genes(table, genes) if gene not in set(without)]
    shared = table.loc[common]
    columns = find_genes(common, genes)
    inside = counts[:, columns].tocsr()
    seen = np.bincount(inside.indices[inside.data > 0], minlength=len(common)) >= constants.MIN_CELLS
    soup = None if ambient is None else np.asarray(ambient, dtype=float)[columns]
    nodes: dict[str, Fitted] = {}
    not_told: dict[str, int] = {}
    members: dict[str, Array] = {ROOT: np.arange(counts.shape[0])}
    for whole in decisions:
        decision, chosen, few = narrow(shared, whole, usable=seen)
        not_told |= few
        if decision is None:
            continue
        rows = members.get(decision.name, np.arange(0))
        mean, off = log_profiles(shared, decision.leaves)
        values = inside[rows][:, chosen].tocsr().astype(np.float64)
        fitted = fit_mixture(
            values,
            np.array(common)[chosen],
            decision,
            mean[chosen, None] + off[chosen],
            ambient=None if soup is None else soup[chosen],
        )
        nodes[decision.name] = fitted
        if decision.name == ROOT:
            members |= members_of(values, fitted)
    return Likelihood(nodes, not_told)


def narrow(
    table: pd.DataFrame, decision: Decision, *, usable: npt.NDArray[np.bool_]
) -> tuple[Decision | None, Array, dict[str, int]]:
    """Leave out the classes that a study's genes are too few for.

    Returns
    -------
    decision, chosen, few
        The decision among the others, None when fewer than two are left; positions of its genes; and the genes
        of each class that is left out.

    Raises
    ------
    ProfileError
        When fewer than two lineages are left at the root.
    """
    names = select_genes(table, decision, usable=usable)
    counted = count_genes(table, decision, names)
    few = {str(name): int(n) for name, n in counted.items() if n < constants.MIN_GENES}
    if few:
        kept = [name for name in decision.distinct if name not in few]
        if len(kept) < 2 and decision.name == ROOT:
            raise ProfileError(
                f"The study shows too few genes to tell lineages apart: {few}; at least {constants.MIN_GENES} are "
                "needed for each against each other. Give all genes, not a selection."
            )
        if len(kept) < 2:
            return None, np.arange(0), few
        decision = decision.only(kept)
        names = select_genes(table, decision, usable=usable)
    return decision, table.index.get_indexer(pd.Index(names)), few


def members_of(values: sp.csr_matrix, root: Fitted) -> dict[str, Array]:
    """Rows of the cells that are most probably of each lineage, by counts over the genes of the root."""
    mixed = with_soup(root.profile, root.ambient, constants.SOUP_SHARE)
    scores = log_likelihood(values, mixed, root.gene_weight) + root.log_weight
    best = class_sums(softmax(scores, axis=1), root.decision).argmax(axis=1)
    return {name: np.flatnonzero(best == place) for place, name in enumerate(root.decision.distinct)}


def sample_view(
    counts: sp.csr_matrix, genes: Names, node: Fitted, *, ambient: Array | None
) -> tuple[sp.csr_matrix, Array, Array, Array, Array]:
    """Take the genes of a decision that a sample holds.

    Returns
    -------
    values, profile, soup, weight, held
        Counts (cells x genes held); profiles and soup over these genes, each summing to 1; the genes' weights; and
        their positions among the genes of the decision.
    """
    at = find_genes(node.genes, genes)
    held = np.flatnonzero(at >= 0)
    values = counts[:, at[held]].tocsr().astype(np.float64)
    profile = node.profile[held] / node.profile[held].sum(axis=0)
    spilt = (
        np.asarray(values.sum(axis=0)).ravel()
        if ambient is None
        else np.asarray(ambient, dtype=float)[at[held]]
    )
    return values, profile, normalise(spilt), node.gene_weight[held], held


def leaf_scores(
    counts: sp.csr_matrix, genes: Names, node: Fitted, *, ambient: Array | None, share: float
) -> Array:
    """Log likelihood plus log weight of each leaf, cells x leaves.

    Parameters
    ----------
    counts
        Raw counts, cells x genes.
    genes
        Gene names.
    node
        The decision.
    ambient
        Soup of the sample, molecules by gene of ``genes``; None for the mean of these cells.
    share
        Part of the molecules that is soup.
    """
    values, profile, soup, weight, _ = sample_view(counts, genes, node, ambient=ambient)
    return log_likelihood(values, with_soup(profile, soup, share), weight) + node.log_weight


def tell_cells(
    counts: sp.csr_matrix,
    genes: Names,
    model: Likelihood,
    *,
    lineages: Mapping[str, str],
    ambient: Array | None = None,
    share: float = constants.SOUP_SHARE,
    thinned: sp.csr_matrix | None = None,
) -> Told:
    """Give every cell its posterior of each population: ``P(lineage) P(population | lineage)``.

    Parameters
    ----------
    counts
        Raw counts of the sample, cells x genes.
    genes
        Gene names.
    model
        The fit.
    lineages
        Lineage of each population.
    ambient, share
        Soup of the sample: molecules by gene (default the mean of these cells) and their part of a cell's
        molecules.
    thinned
        Counts of the same cells at equal depth, which then tell the populations of a lineage; lineages do not
        follow depth and are told by all counts.
    """
    below = counts if thinned is None else thinned
    root = model.nodes[ROOT]
    scores = leaf_scores(counts, genes, root, ambient=ambient, share=share)
    of_lineage = pd.DataFrame(
        class_sums(softmax(scores, axis=1), root.decision), columns=list(root.decision.distinct)
    )
    raw: dict[str, Array] = {}
    calibrated: dict[str, Array] = {}
    for lineage in root.decision.distinct:
        own = of_lineage[lineage].to_numpy()
        if lineage not in model.nodes:
            inside = [population for population, found in lineages.items() if found == lineage]
            if len(inside) == 1:  # of a lineage whose populations cannot be told, the mass is given to none
                raw[inside[0]] = calibrated[inside[0]] = own
            continue
        node = model.nodes[lineage]
        within = class_sums(
            softmax(leaf_scores(below, genes, node, ambient=ambient, share=share), axis=1), node.decision
        )
        milder = within**constants.SHARPNESS
        milder /= milder.sum(axis=1, keepdims=True)
        for position, name in enumerate(node.decision.distinct):
            raw[name], calibrated[name] = own * within[:, position], own * milder[:, position]
    return Told(pd.DataFrame(raw), pd.DataFrame(calibrated), of_lineage, scores)
