"""What scikit-learn does not measure: calibration, and what becomes of the sizes that the verdicts rest on."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

HALF = 0.5
"""Cells added to a count before a ratio is taken, so that a sample without a cell of a class keeps a ratio."""


def calibration_error(probability, correct, *, n_bins: int = 10) -> float:
    """Expected calibration error: mean gap of probability and share correct, over bins of equal width.

    Parameters
    ----------
    probability
        Of the best label of each cell, 0 to 1, shape (n_cells,).
    correct
        Whether that label is the truth, shape (n_cells,).
    n_bins
        Bins; ten is the habit.

    References
    ----------
    Guo et al. 2017, doi:10.48550/arXiv.1706.04599.
    """
    probability, correct = np.asarray(probability, dtype=float), np.asarray(correct, dtype=float)
    place = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    n = np.bincount(place, minlength=n_bins)
    gap = np.bincount(place, probability, minlength=n_bins) - np.bincount(place, correct, minlength=n_bins)
    return float(np.abs(gap[n > 0]).sum() / len(probability))


def false_calls(called, truth) -> float:
    """Cells called per 1,000 of those that are not; both boolean, shape (n_cells,)."""
    called, truth = np.asarray(called, dtype=bool), np.asarray(truth, dtype=bool)
    return float(1000 * called[~truth].mean())


def log2_share_ratio(called, truth) -> float:
    """log2 of the share called over the true share, of the same cells; half a cell is added to each count."""
    return float(np.log2((np.sum(called) + HALF) / (np.sum(truth) + HALF)))


def log_share_change(counts: pd.DataFrame, sheet: pd.DataFrame, *, part: str, contrast: tuple[str, str]):
    """Change of a class's share, log of the later over the earlier share, per donor.

    Parameters
    ----------
    counts
        Cells, or expected cells, samples x classes; all columns are the denominator.
    sheet
        ``donor`` and ``visit`` by sample.
    part
        The class.
    contrast
        Later and earlier visit.

    Returns
    -------
    pandas.Series
        By donor.
    """
    share = np.log((counts[part] + HALF) / (counts.sum(axis=1) + 2 * HALF))

    def at(visit: str) -> pd.Series:
        samples = sheet.index[sheet["visit"] == visit]
        return share.loc[samples].set_axis(sheet.loc[samples, "donor"])

    later, earlier = contrast
    return at(later) - at(earlier)


def recovered(estimated, planted) -> float:
    """Part of a planted change that is found: mean of the donors' estimates over the mean of what was planted.

    The means are taken first: a donor whose planted change is near zero would rule a mean of ratios.
    """
    return float(np.mean(estimated) / np.mean(planted))


def nearest(cells: sp.csr_matrix, reference: sp.csr_matrix) -> np.ndarray:
    """Position of the reference cell that each cell is most alike, by cosine; same genes in both."""
    from sklearn.preprocessing import normalize

    alike = normalize(cells) @ normalize(reference).T
    return np.asarray(alike.toarray().argmax(axis=1))
