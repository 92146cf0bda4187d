"""Labels of the cells of one sample, and the sums of posteriors that shares are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate.likelihood import constants
from cd20scope.annotate.likelihood.fit import Likelihood, Told, tell_cells
from cd20scope.annotate.likelihood.genes import Names
from cd20scope.annotate.likelihood.lineage import find_doublets, is_b, lineage_margin
from cd20scope.annotate.likelihood.tree import ROOT
from cd20scope.schema import UNASSIGNED

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Labels:
    """What the likelihood says of a sample.

    Attributes
    ----------
    cells
        One row per cell: ``lineage``, ``population`` (``unassigned`` below the bound and for doublets),
        ``likeliest``,
        ``probability`` (calibrated), ``b_margin`` (natural log odds of the B lineage) and ``doublet`` (pair of
        lineages or ``""``).
    chances
        Posterior of each population, cells x populations; zero for doublets, and for B populations in cells
        that the B rule does not call.
    """

    cells: pd.DataFrame
    chances: pd.DataFrame


def soup_share(estimate: float) -> float:
    """Share of soup to reckon with: the estimate within bounds, or the usual share where there is none."""
    if np.isnan(estimate):
        return constants.SOUP_SHARE
    return float(np.clip(estimate, constants.LEAST_SOUP, constants.MOST_SOUP))


def apply_rules(
    told: Told, doublet: Array, model: Likelihood, *, lineages: Mapping[str, str]
) -> pd.DataFrame:
    """Take doublets out of the posteriors, and B posteriors out of cells that are not called B."""
    chances = told.populations.copy()
    of_b = [name for name in map(str, chances) if lineages[name] == "B"]
    chances.loc[~is_b(told.root, model.nodes[ROOT].decision), of_b] = 0.0
    chances.loc[doublet != "", :] = 0.0
    return chances


def label_cells(
    counts: sp.csr_matrix,
    genes: Names,
    model: Likelihood,
    *,
    lineages: Mapping[str, str],
    lineage_names: Mapping[str, str],
    min_probability: float,
    ambient: Array | None = None,
    share: float = constants.SOUP_SHARE,
    thinned: sp.csr_matrix | None = None,
) -> Labels:
    """Label the kept cells of one sample.

    Parameters
    ----------
    counts, genes, model, ambient, share, thinned
        As for :func:`fit.tell_cells`; doublets are told at equal depth, too.
    lineages
        Lineage at the root of each population; see :func:`tree.lineages_of_populations`.
    lineage_names
        Lineage of each population in the tables, e.g. ``CD4 T``.
    min_probability
        Below it a label is ``unassigned``; the lineage needs as much, summed over its populations.
    """
    told = tell_cells(counts, genes, model, lineages=lineages, ambient=ambient, share=share, thinned=thinned)
    root = model.nodes[ROOT]
    # shallow cells show fewer doublets: those left out of what is compared are found at equal depth
    below = counts if thinned is None else thinned
    doublet = find_doublets(below, genes, root, ambient=ambient, share=share)["pair"].to_numpy(dtype=object)
    chances = apply_rules(told, doublet, model, lineages=lineages)
    values, names = chances.to_numpy(), np.array(chances.columns, dtype=object)
    best = values.argmax(axis=1)
    told_of = np.where(values > 0, told.calibrated[list(names)].to_numpy(), 0.0)
    probability = told_of[np.arange(len(best)), best]
    by_lineage = chances.T.groupby(lambda name: lineage_names[name]).sum().T
    lineage = by_lineage.columns.to_numpy(dtype=object)[by_lineage.to_numpy().argmax(axis=1)]
    of_lineage, any_left = by_lineage.max(axis=1).to_numpy(), values.max(axis=1) > 0
    cells = pd.DataFrame(
        {
            "lineage": np.where(any_left & (of_lineage >= min_probability), lineage, UNASSIGNED),
            "population": np.where(any_left & (probability >= min_probability), names[best], UNASSIGNED),
            "likeliest": np.where(any_left, names[best], UNASSIGNED),
            "probability": probability.astype(np.float32),
            "b_margin": lineage_margin(told.root, root.decision).astype(np.float32),
            "doublet": doublet,
        }
    )
    return Labels(cells, chances)
