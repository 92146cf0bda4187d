"""Corrections for the number of tests by Benjamini and Hochberg; :mod:`cd20scope.verdict.families` has Holm's."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def benjamini_hochberg(p_values: pd.Series, *, by: pd.Series) -> pd.Series:
    """Benjamini-Hochberg adjusted p-values within each group; a missing p-value is no test and stays missing.

    References
    ----------
    Benjamini & Hochberg (1995). doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    adjusted = pd.Series(np.nan, index=p_values.index, dtype=float)
    tested = p_values.dropna().astype(float)
    for _, group in tested.groupby(by.loc[tested.index]):
        adjusted[group.index] = stats.false_discovery_control(group.to_numpy(), method="bh")
    return adjusted


class Corrected(NamedTuple):
    """Tests of a family after correction, in the order in which they were given.

    Attributes
    ----------
    p_adjusted
        Shape (m,); at most ``alpha`` where the test is called.
    level
        Shape (m,); the level that each test ends up being judged at.
    """

    p_adjusted: NDArray[np.float64]
    level: NDArray[np.float64]


def false_discovery(p_values: ArrayLike, *, alpha: float) -> Corrected:
    r"""Benjamini-Hochberg's step-up procedure, with the level that the family ends up being judged at.

    .. math:: a = \alpha \frac{\max(R, 1)}{m}

    with R of m tests called: a test is called exactly if its p-value is at most the level, and intervals at that
    level have the false coverage rate :math:`\alpha` over the called ones.

    Parameters
    ----------
    p_values
        One per distinct test, none missing; shape (m,).
    alpha
        False discovery rate.

    References
    ----------
    Benjamini & Hochberg (1995). doi:10.1111/j.2517-6161.1995.tb02031.x
    Benjamini & Yekutieli (2005), the intervals. doi:10.1198/016214504000001907
    """
    # scipy's, since statsmodels' multipletests collects garbage at every call, 40 ms each, and flips call this
    # thousands of times; it gives the same (a test)
    p = np.asarray(p_values, dtype=float)
    adjusted = np.asarray(stats.false_discovery_control(p)) if len(p) else p
    called = int((adjusted <= alpha).sum())
    return Corrected(adjusted, np.full(len(p), alpha * max(called, 1) / max(len(p), 1)))
