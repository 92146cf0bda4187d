"""Differences that other choices of labels make to the sums of one sample.

Robustness arms repeat the tests with stricter and with more lenient labels, and without CD20+ T cells. Only cells
whose label differs are summed once more, so the tables are small and no later step reads a cell again.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope import schema
from cd20scope.pseudobulk.sample import name_genes, sum_leaves
from cd20scope.study import catalogue
from cd20scope.study.selectors import nodes_at, subset_selector

Array = npt.NDArray[Any]


def relabel(
    labels: pd.DataFrame,
    *,
    populations: Mapping[str, Any],
    min_probability: float,
    min_probability_hard: float,
) -> dict[str, pd.DataFrame]:
    """Label the cells of a sample as each arm would.

    Parameters
    ----------
    labels
        The columns of :data:`schema.LABELS` and those of hard subsets, one row per kept cell.
    populations
        The population tree.
    min_probability, min_probability_hard
        The bounds that the labels were called with.

    Returns
    -------
    Arm -> ``population`` and ``subset`` of each cell, missing where the arm leaves the cell out.

    - ``strict``: both bounds halfway to 1.
    - ``lenient``: the likeliest population of every cell; hard subsets from a probability of one half.
    - ``without_cd20_t``: cells flagged as CD20+ T are left out.
    """
    own = labels[["population", "subset"]].astype(object)
    difficulty = {subset_selector(node): node["difficulty"] for node in nodes_at(populations, "subset")}
    selector = own["population"] + " / " + own["subset"]
    hard = selector.map(difficulty).eq("hard").to_numpy()
    strict, lenient, without = own.copy(), own.copy(), own.copy()
    bound = np.where(hard, (1 + min_probability_hard) / 2, (1 + min_probability) / 2)
    strict.loc[(labels["subset_probability"] < bound).to_numpy(), "subset"] = schema.UNASSIGNED
    unsure = (labels["probability"] < (1 + min_probability) / 2).to_numpy()
    strict.loc[unsure] = schema.UNASSIGNED
    lenient["population"] = labels["likeliest"].astype(object)
    for name in (name for name, level in difficulty.items() if level == "hard" and name in labels):
        population, subset = name.split(" / ")
        free = (lenient["population"] == population) & (lenient["subset"] == schema.UNASSIGNED)
        lenient.loc[free & (labels[name] >= 0.5), "subset"] = subset
    without.loc[labels["cd20_t"].to_numpy(dtype=bool)] = None
    return dict(zip(schema.LABEL_ARMS, (strict, lenient, without), strict=True))


def differences(
    labels: pd.DataFrame,
    arms: Mapping[str, pd.DataFrame],
    counts: sp.csr_matrix,
    lognorm: sp.csr_matrix,
    genes: Array,
    *,
    populations: Mapping[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tabulate, arm by arm, what differs from the sums under the sample's own labels.

    Parameters
    ----------
    labels
        ``population`` and ``subset`` of each kept cell.
    arms
        From :func:`relabel`.
    counts, lognorm, genes
        As for :func:`cd20scope.pseudobulk.sample.sum_leaves`.
    populations
        The population tree.

    Returns
    -------
    cells, sums
        Columns of :data:`schema.ARM_CELLS` and :data:`schema.ARM_SUMS`, to be added to the main tables: what leaves
        a leaf is negative.
    """
    tree, gene_names = catalogue.leaves(populations), name_genes(genes)
    cells, sums = [], []
    for arm, other in arms.items():
        own, new = labels[["population", "subset"]].astype(object), other.astype(object)
        moved = (own.to_numpy() != new.to_numpy()).any(axis=1)
        for table, sign in ((own, -1), (new, 1)):
            rows = np.flatnonzero(moved & table["population"].notna().to_numpy())
            if not len(rows):
                continue
            part = table.iloc[rows].reset_index(drop=True)
            sizes = part.value_counts(["population", "subset"]).rename("n_cells").reset_index()
            cells.append(sizes.assign(arm=arm, n_cells=sign * sizes["n_cells"]))
            summed = sum_leaves(
                counts[rows], lognorm[rows], genes, part, populations=populations, gene_names=gene_names
            )
            name = pd.Categorical([arm], categories=list(arms)).take(np.zeros(len(summed), dtype=int))
            sums.append(summed.assign(arm=name, lognorm=np.float32(sign) * summed["lognorm"]))
    empty_cells = tree.iloc[:0].assign(arm="", n_cells=0)
    if not sums:
        nothing = sum_leaves(counts[:0], lognorm[:0], genes, labels.iloc[:0], populations=populations)
        sums = [nothing.assign(arm=pd.Categorical([], categories=list(arms)))]
    return (
        pd.concat([empty_cells, *cells])[list(schema.ARM_CELLS)],
        # of equal categories, so that they are put together by their codes
        pd.concat(sums)[list(schema.ARM_SUMS)],
    )
