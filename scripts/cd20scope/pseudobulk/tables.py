"""All that donor-level steps read of one sample: cells and sums per leaf, and what other labels change."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.counts.matrix import log_normalise
from cd20scope.pseudobulk import relabelled
from cd20scope.pseudobulk.sample import count_leaves, sum_leaves

Array = npt.NDArray[Any]


def tabulate_sample(
    counts: sp.csr_matrix,
    genes: Array,
    labels: pd.DataFrame,
    *,
    populations: Mapping[str, Any],
    min_probability: float,
    min_probability_hard: float,
    chances: pd.DataFrame | None = None,
    shallow: bool = False,
) -> dict[str, pd.DataFrame]:
    """Count and sum the cells of a sample; heterotypic doublets enter nothing.

    Parameters
    ----------
    counts
        Raw counts of the kept cells at the depth of the comparison, cells x genes.
    genes
        Gene names, shape (n_genes,).
    labels
        Of the same cells, the columns of :data:`schema.LABELS`.
    populations
        The population tree.
    min_probability, min_probability_hard
        The bounds that the labels were made with.
    chances
        Posterior of each population, cells x populations; default called cells.
    shallow
        Whether the sample is too shallow to be compared.

    Returns
    -------
    dict
        ``cells``, ``sums``, ``arm_cells`` and ``arm_sums``: tables of :data:`schema.CELLS`, :data:`schema.SUMS`,
        :data:`schema.ARM_CELLS` and :data:`schema.ARM_SUMS`.
    """
    single = np.flatnonzero((labels["doublet"] == "").to_numpy())
    own = counts[single]
    scaled = log_normalise(own)
    inside = labels.iloc[single].reset_index(drop=True)
    summed = None if chances is None else chances.iloc[single].sum()
    arms = relabelled.relabel(
        inside,
        populations=populations,
        min_probability=min_probability,
        min_probability_hard=min_probability_hard,
    )
    arm_cells, arm_sums = relabelled.differences(inside, arms, own, scaled, genes, populations=populations)
    return {
        "cells": count_leaves(inside, populations=populations, chances=summed, shallow=shallow),
        "sums": sum_leaves(own, scaled, genes, inside, populations=populations),
        "arm_cells": arm_cells,
        "arm_sums": arm_sums,
    }
