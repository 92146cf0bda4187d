"""Whether a change can be told from that of steroids at all.

Adjusting for the steroid score of the same cells compares donors in whom it moved more with those in whom it moved
less. Where it moved alike in all, there is nothing to compare, and nearly any effect would be lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cd20scope import schema
from cd20scope.stats.paired_tests import paired_t

MOST_INFLATION = 2.0
"""Largest factor by which the adjustment may widen the error: an effect of three times its error, which is shown at the
levels of a family, is then 1.5 times the adjusted one, and is lost whatever its cause."""


@dataclass(frozen=True, slots=True)
class SteroidReach:
    """What the steroid score of the same cells allows to say.

    Attributes
    ----------
    moved
        Whether the score changed, at the level.
    inflation
        Factor by which adjusting for it widens the error of a change that does not follow it.
    askable
        Whether the adjusted arm can tell.
    caution
        What must be said beside a claim of a change; empty where the arm can tell or the score did not move.
    """

    moved: bool
    inflation: float
    askable: bool
    caution: str


def steroid_reach(score_changes: ArrayLike, *, alpha: float = 0.05) -> SteroidReach:
    r"""Find out whether adjusting for the steroid score can tell a change from steroids.

    .. math:: \frac{se(\hat\beta_0)}{\sigma / \sqrt N} = \sqrt{1 + \frac{N \bar g^2}{\sum_i (g_i - \bar g)^2}}

    is what the intercept of :func:`cd20scope.stats.paired_tests.adjusted_t` costs. A claim beside a score that moved,
    and whose arm cannot tell, has a caution.

    Parameters
    ----------
    score_changes
        Shape (N,), change of the steroid score of each donor that the claim rests on, at least three.
    alpha
        Level at which the score counts as moved.

    Raises
    ------
    ValueError
        With fewer than three donors.
    """
    g = np.asarray(score_changes, dtype=float)
    if g.size < 3:
        raise ValueError(f"steroid_reach needs at least three donors, found {g.size}.")
    spread = float(((g - g.mean()) ** 2).sum())
    inflation = float(np.sqrt(1 + g.size * g.mean() ** 2 / spread)) if spread > 0 else float("inf")
    t = paired_t(g)
    moved = t.p_value < alpha if t.se > 0 else abs(t.estimate) > 0
    askable = inflation <= MOST_INFLATION
    caution = (
        f"{schema.STEROID}: the steroid score of the same cells changed by {t.estimate:+.2f} SD, by the same amount in "
        "all donors, so that adjustment cannot separate the two"
        if moved and not askable
        else ""
    )
    return SteroidReach(bool(moved), inflation, askable, caution)
