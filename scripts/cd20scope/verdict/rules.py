"""From a test to a verdict: the decision rules, fixed before any data are read.

All rules read an effect that is turned so that the hypothesised direction is positive, and a smallest effect
of interest ``delta`` > 0 (the margin). Absence of a significant effect is never read as absence of an effect.
"""

from dataclasses import dataclass

import numpy as np

from cd20scope.stats.paired_tests import PairedTest


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of :data:`cd20scope.schema.VERDICTS`, and why, in words."""

    verdict: str
    reason: str


def p_for_equivalence(t: PairedTest, *, delta: float) -> float:
    """p-value of two one-sided tests against a change of the margin or more, either way: the larger of the two.

    References
    ----------
    Schuirmann (1987). doi:10.1007/BF01068419
    """
    return max(t.p_above(-delta), t.p_below(delta))


def decide_equivalence(
    t: PairedTest, *, delta: float, level: float, floor: float = -np.inf, ceiling: float = np.inf
) -> Verdict:
    """Verdict on a hypothesis of no change that matters.

    Supported when the 1 - 2a interval lies within the margin both ways; contradicted when the 1 - a interval
    excludes zero and the estimate reaches the margin, which is when the claim of that change would be supported;
    else inconclusive. Cells too few to show a change of the margin (``floor``, ``ceiling``) support nothing.
    """
    width = f"{100 * (1 - level):.4g} %"
    rose, fell = t.p_above(0.0) <= level / 2, t.p_below(0.0) <= level / 2
    if (rose and t.estimate >= delta) or (fell and t.estimate <= -delta):
        return Verdict(
            "contradicted", f"the {width} interval excludes zero and the estimate reaches the margin"
        )
    if p_for_equivalence(t, delta=delta) <= level:
        if floor > -delta or ceiling < delta:
            return Verdict("inconclusive", "too few cells: the detection limit does not reach the margin")
        return Verdict(
            "supported", f"a change as large as the margin, either way, is excluded at level {level:.3g}"
        )
    return Verdict("inconclusive", f"a change as large as the margin is not excluded at level {level:.3g}")


def p_for_support(t: PairedTest, *, delta: float, strong: bool, ceiling: float = np.inf) -> float:
    """p-value of the test whose rejection a claim of support needs.

    Two-sided against no change for a plain claim; one-sided against the margin for a strong one. A strong
    claim that the detection limit rules out (``ceiling`` not above ``delta``) is supported at no level, so its
    p-value is 1.

    Parameters
    ----------
    t
        Turned so that the hypothesised direction is positive.
    delta
        Margin.
    strong
        Whether the whole effect must lie beyond the margin.
    ceiling
        Largest effect that the numbers of cells can show: :attr:`cd20scope.stats.changes.Change.ceiling` for
        rises, minus its ``floor`` for falls. Beyond it one visit is below its detection limit.
    """
    if not strong:
        return t.p_value
    return t.p_above(delta) if ceiling > delta else 1.0


def decide(t: PairedTest, *, delta: float, level: float, strong: bool, ceiling: float = np.inf) -> Verdict:
    r"""Verdict on a hypothesis with one test.

    With [L, U] the two-sided and :math:`L_1, U_1` the one-sided limits at the level:

    ============== ==========================================================================
    supported      strong: :math:`\min(L_1, \mathrm{ceiling}) > \delta`;
                   plain: :math:`L > 0` and estimate :math:`\ge \delta`
    contradicted   :math:`U < 0`: it changed, the other way
    not supported  :math:`U_1 < \delta` and estimate :math:`\le` ceiling: an effect as large as the
                   margin is excluded, by cells that were found and not by their absence
    inconclusive   anything else
    ============== ==========================================================================

    Parameters
    ----------
    t, delta, strong, ceiling
        As for :func:`p_for_support`.
    level
        Significance level after correction for the number of tests.

    References
    ----------
    Schuirmann (1987), on equivalence from one-sided tests. doi:10.1007/BF01068419
    """
    # a limit lies beyond a bound exactly if the p-value against it is at most the level; p-values need no search
    rose, fell = t.p_above(0.0) <= level / 2, t.p_below(0.0) <= level / 2
    width = f"{100 * (1 - level):.4g} %"
    if strong:
        if ceiling > delta and t.p_above(delta) <= level:
            return Verdict("supported", f"the one-sided {width} limit lies beyond the margin")
    elif rose and t.estimate >= delta:
        wholly = ", and lies wholly beyond the margin" if t.p_above(delta) <= level / 2 else ""
        return Verdict(
            "supported",
            f"the {width} interval excludes zero and the estimate reaches the margin{wholly}",
        )
    if fell:
        return Verdict("contradicted", f"the {width} interval lies wholly in the other direction")
    excluded = t.p_below(delta) <= level
    if excluded and t.estimate <= ceiling:
        real = "the change is in the stated direction, but " if rose else ""
        return Verdict(
            "not supported", f"{real}an effect as large as the margin is excluded at level {level:.3g}"
        )
    if excluded or (strong and t.p_above(delta) <= level):
        return Verdict("inconclusive", "too few cells: the detection limit does not reach the margin")
    if rose:
        size = "the limit does not reach" if strong else "the estimate does not reach"
        return Verdict("inconclusive", f"the change is in the stated direction, but {size} the margin")
    return Verdict("inconclusive", f"the {width} interval includes zero and does not exclude the margin")
