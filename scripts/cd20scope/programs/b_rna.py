"""B-cell RNA in other cells, measured by genes that B cells alone have, and taken out of their sums.

Where B cells burst, their transcripts float in every droplet; when treatment removes the B cells this stops, and genes
such as those of MHC class II seem to fall inside monocytes and T cells. No empty droplets are needed to see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from cd20scope.study.catalogue_rules import B_ALONE

FEWEST_GENES = 3
"""Fewest genes that B cells alone have: with one or two, what is measured is the noise of a gene."""
FEWEST_MOLECULES = 1000
"""Molecules of B cells below which a donor does not count for their profile: ten or so of the genes by which they are
told."""
MOST = 0.9
"""Largest part of a population's molecules that is taken for those of B cells."""
SCALE = 1e4
"""Molecules to which a cell is scaled before the logarithm (:func:`cd20scope.counts.matrix.log_normalise`)."""


class NoProfileError(ValueError):
    """The study has too few B cells, or too few of their genes, for a profile of them."""


@dataclass(frozen=True)
class BProfile:
    """What the molecules of a study's own B cells are.

    Attributes
    ----------
    share
        Shape (genes,), mean part of each gene among the molecules of B cells; sums to 1.
    exclusive
        Shape (genes,), whether B cells alone have it.
    log_se
        Standard error of the logarithm of the exclusive genes' share together, from its spread between donors. It is
        common to all samples that are corrected by this profile.
    """

    share: NDArray[np.float64]
    exclusive: NDArray[np.bool_]
    log_se: float

    @property
    def part(self) -> float:
        """Part of the exclusive genes among the molecules of B cells."""
        return float(self.share[self.exclusive].sum())

    def shifted(self) -> Self:
        """Profile whose exclusive genes are one standard error commoner, so that less is taken for B-cell RNA."""
        share = np.where(self.exclusive, self.share * np.exp(self.log_se), self.share)
        return replace(self, share=share)


def profile_b_cells(counts: ArrayLike, genes: Sequence[str]) -> BProfile:
    """Profile the study's own B cells.

    Parameters
    ----------
    counts
        Shape (donors, genes), summed raw counts of the B cells of each donor at baseline.
    genes
        Names, shape (genes,).

    Raises
    ------
    NoProfileError
        If fewer than two donors have :data:`FEWEST_MOLECULES`, or fewer than :data:`FEWEST_GENES` genes that B cells
        alone have were seen.
    """
    sums = np.asarray(counts, dtype=float)
    total = sums.sum(axis=1)
    used = total >= FEWEST_MOLECULES
    if used.sum() < 2:
        raise NoProfileError(
            f"B-cell profile: {int(used.sum())} of {len(total)} donors have {FEWEST_MOLECULES} molecules of B cells at "
            "baseline, 2 are needed. Scores are not repeated without B-cell RNA."
        )
    # each donor counts alike, so that one with many B cells is not the profile
    parts = sums[used] / total[used, None]
    share = parts.mean(axis=0)
    only = np.isin(np.asarray(genes, dtype=str), sorted(B_ALONE)) & (share > 0)
    if only.sum() < FEWEST_GENES:
        raise NoProfileError(
            f"B-cell profile: {int(only.sum())} of {len(B_ALONE)} genes that B cells alone have were measured in B "
            f"cells, {FEWEST_GENES} are needed. Scores are not repeated without B-cell RNA."
        )
    log_part = np.log(np.maximum(parts[:, only].sum(axis=1), 0.5 / total[used]))
    return BProfile(share, only, float(log_part.std(ddof=1) / np.sqrt(used.sum())))


def b_share(counts: NDArray[np.float64], profile: BProfile) -> NDArray[np.float64]:
    r"""Part of the molecules that B cells spilled.

    .. math:: b_u = \sum_{g \in X} c_{ug} \Big/ n_u \sum_{g \in X} q_g

    with :math:`n_u` the molecules of the population in a unit, X the exclusive genes and q the profile of B cells.

    Parameters
    ----------
    counts
        Shape (units, genes), summed raw counts of a population that holds no B cells, genes as in the profile.
    profile
        From :func:`profile_b_cells`.

    Returns
    -------
    Shape (units,); 0 for a unit without molecules.

    References
    ----------
    Young & Behjati (2020), SoupX, which does this by genes that are named per cluster. doi:10.1093/gigascience/giaa151
    """
    would_hold = counts.sum(axis=1) * profile.part
    seen = counts[:, profile.exclusive].sum(axis=1)
    return np.divide(seen, would_hold, out=np.zeros(len(counts)), where=would_hold > 0)


def spilled_lognorm(
    counts: NDArray[np.float64],
    n_cells: NDArray[np.int64],
    profile: BProfile,
    *,
    read: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    r"""Part of a population's summed log-normalised expression that B cells spilled.

    With :math:`\lambda` the molecules of a gene per cell and m the scale of one molecule in a cell of mean depth, a
    cell's expected log-normalised value is :math:`h(\lambda, m) = E \log(1 + m k)`, k Poisson with mean
    :math:`\lambda`. Without the spilled molecules :math:`\delta = b q n / N` the rest is a larger part of the cell:

    .. math:: N \big( h(\lambda, m) - h(\lambda - \delta, m / (1 - b)) \big).

    A score is linear in these sums, so nothing is floored at 0: that would leave half of the noise of sparse genes.

    Parameters
    ----------
    counts
        As for :func:`b_share`.
    n_cells
        Shape (units,), cells that they are summed over.
    profile
        From :func:`profile_b_cells`.
    read
        Shape (genes,), genes that are asked for; None (default) for all.

    Returns
    -------
    Shape (units, genes); 0 where nothing was spilled, and for genes that are not asked for.
    """
    share = np.minimum(b_share(counts, profile), MOST)
    asked = np.ones(counts.shape[1], dtype=bool) if read is None else read
    removed = np.zeros(counts.shape)
    for unit in np.flatnonzero((share > 0) & (n_cells > 0)):
        b, n, total = share[unit], n_cells[unit], counts[unit].sum()
        # of a gene that neither these cells nor B cells have, nothing was spilled
        held = np.flatnonzero(asked & ((counts[unit] > 0) | (profile.share > 0)))
        own, spilled = counts[unit, held] / n, b * profile.share[held] * total / n
        m = SCALE * n / total
        removed[unit, held] = n * (expected_log(own, m) - expected_log(own - spilled, m / (1 - b)))
    return removed


def expected_log(mean: NDArray[np.float64], m: float) -> NDArray[np.float64]:
    r"""Compute :math:`E \log(1 + m k)`, k Poisson with this mean; below 0 it goes on as a line.

    Parameters
    ----------
    mean
        Shape (n,).
    m
        Above 0.
    """
    grid, chance = _poisson()
    value = chance @ np.log1p(m * np.arange(chance.shape[1]))
    result: NDArray[np.float64] = np.interp(mean, grid, value)
    above, below = mean > grid[-1], mean < grid[1]
    high = mean[above]
    # to second order, which is exact to 1e-3 above the last point
    result[above] = np.log1p(m * high) - m**2 * high / (2 * (1 + m * high) ** 2)
    result[below] = mean[below] * value[1] / grid[1]
    return result


@lru_cache
def _poisson() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means, 0 and evenly spaced in their logarithm, and the chance of 0, 1, ... molecules at each."""
    grid = np.append(0.0, np.geomspace(1e-4, 30.0, 800))
    k = np.arange(90)
    log_chance = special.xlogy(k, grid[:, None]) - grid[:, None] - special.gammaln(k + 1)
    return grid, np.exp(log_chance)
