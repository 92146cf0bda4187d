"""Difference between two arms of donors in their changes: a difference in differences."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from cd20scope.stats.changes import Change
from cd20scope.stats.paired_tests import PairedT, paired_t
from cd20scope.stats.pairs import Pairs
from cd20scope.stats.standardised import StandardisedT, standardise

MIN_PER_ARM = 4
"""Fewest donors with both visits in each arm. Of 3 and 3 donors no exchange of arms can reach .05 (2/20 = .10), of 4
and 4 it can (2/70 = .029), as with six pairs for the exchange of visits."""


def welch_t(treated: ArrayLike, control: ArrayLike) -> PairedT:
    r"""Welch's t-test of the changes of two arms.

    .. math:: t = \frac{\bar d_T - \bar d_C}{\sqrt{s_T^2 / n_T + s_C^2 / n_C}}

    with the degrees of freedom of Satterthwaite. Variances may differ: donors who respond to treatment scatter more.

    Parameters
    ----------
    treated, control
        Shapes (n_T,) and (n_C,), one finite change per donor, later minus earlier, in one unit.

    Returns
    -------
    Difference of the mean changes, treated minus control; ``n`` counts the donors of both arms. The standard error is 0
    where both arms have a spread of rounding error only, and missing where an arm has one donor.

    Raises
    ------
    ValueError
        If an arm has no donor or a change is not finite.

    References
    ----------
    Welch (1947). doi:10.1093/biomet/34.1-2.28
    Satterthwaite (1946). doi:10.2307/3002019
    """
    arms = [np.asarray(part, dtype=float) for part in (treated, control)]
    own = [paired_t(part) for part in arms]
    estimate, n = own[0].estimate - own[1].estimate, own[0].n + own[1].n
    if min(own[0].n, own[1].n) < 2:
        return PairedT(n=n, estimate=estimate, se=float("nan"), df=0)
    if not any(one.se > 0 for one in own):
        return PairedT(n=n, estimate=estimate, se=0.0, df=n - 2)
    compared = CompareMeans(*(DescrStatsW(part) for part in arms))
    return PairedT(
        n=n,
        estimate=estimate,
        se=float(compared.std_meandiff_separatevar),
        df=float(compared.dof_satt()),
    )


def difference_t(treated: Change, control: Change) -> PairedT | StandardisedT:
    """Test the changes of two arms; in standard deviations, with what those are uncertain of.

    Parameters
    ----------
    treated, control
        In one unit: log odds, or standard deviations between the treated donors at baseline (``n_sd`` of ``treated``).
    """
    t = welch_t(treated.values, control.values)
    return standardise(t, sd=1.0, n_sd=treated.n_sd) if treated.n_sd else t


def difference_reach(treated: Change, control: Change) -> tuple[float, float]:
    """Largest fall and rise of the treated against the controls that the numbers of cells of both arms can show."""
    here, there = (float(arm.values.mean()) for arm in (treated, control))
    floor = max(treated.mean_floor - there, here - control.mean_ceiling)
    return floor, min(treated.mean_ceiling - there, here - control.mean_floor)


def both_arms(arms: Sequence[Pairs]) -> Pairs:
    """Donors of all arms that enter, and those that do not."""
    dropped = {donor: why for arm in arms for donor, why in arm.dropped.items()}
    return Pairs(tuple(sorted(donor for arm in arms for donor in arm.donors)), dict(sorted(dropped.items())))


def too_few_in_arm(n_treated: int, n_control: int, least: int) -> str:
    """Reason why arms are not compared; empty where each has donors enough."""
    short = [f"{n} {arm}" for n, arm in ((n_treated, "treated"), (n_control, "control")) if n < least]
    return f"{' and '.join(short)} donors with both visits, {least} needed in each arm" if short else ""


def reason_of_arm(treated: Change, control: Change) -> str:
    """Reason why a change cannot be measured in one of two arms; empty where it can in both."""
    reasons = (("treated", treated.reason), ("control", control.reason))
    return next((f"{arm} arm: {reason}" for arm, reason in reasons if reason), "")
