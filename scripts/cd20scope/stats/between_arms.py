"""Difference between two arms of donors in their changes: a difference in differences."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from cd20scope.stats.changes import Change
from cd20scope.stats.covariates import centred_basis
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


def welch_t_beside(treated: ArrayLike, control: ArrayLike, covariates: ArrayLike) -> PairedT:
    r"""Test the difference between the changes of two arms beside covariates, by least squares.

    .. math:: d_i = \beta_0 + \beta_1 a_i + \sum_j \beta_j x_{ij} + e_i, \quad
        se^2(\hat\beta_1) = \sum_i \frac{w_i^2 \hat e_i^2}{1 - h_i}

    with a 1 in the treated and 0 in the controls, w the weights by which :math:`\hat\beta_1` is made of the changes and
    h the leverages (HC2). The variances of the arms may differ, as in Welch's test, to which it is equal without
    covariates: the degrees of freedom are those of Satterthwaite, :math:`(\mathrm{tr} B)^2 / \mathrm{tr} B^2` for the
    quadratic form B of the variance, with the residual variance of each arm. Covariates that differ between the arms
    move the estimate.

    Parameters
    ----------
    treated, control
        Shapes (n_T,) and (n_C,), as for :func:`welch_t`.
    covariates
        Shape (n_T + n_C, k), the treated first; collinear and constant columns add nothing.

    Raises
    ------
    ValueError
        If covariates leave no degree of freedom, or are the arm.

    References
    ----------
    MacKinnon, White (1985), HC2. doi:10.1016/0304-4076(85)90158-7
    Imbens, Kolesar (2016), its degrees of freedom in small samples. doi:10.1162/REST_a_00552
    """
    plain = welch_t(treated, control)
    d = np.concatenate([np.asarray(arm, dtype=float) for arm in (treated, control)])
    arm = np.arange(len(d)) < len(np.asarray(treated))
    x = np.asarray(covariates, dtype=float)
    if x.ndim != 2 or len(x) != len(d) or not np.isfinite(x).all():
        raise ValueError(
            f"covariates need one finite row per donor; found shape {x.shape} for {len(d)} donors."
        )
    basis = centred_basis(x)
    if not basis.shape[1]:
        return plain
    design = np.column_stack([np.ones(len(d)), arm, basis])
    if len(d) <= design.shape[1] or np.linalg.matrix_rank(design, tol=1e-8) < design.shape[1]:
        raise ValueError(
            f"{len(d)} donors cannot tell the arm from covariates of rank {basis.shape[1]}: leave one out."
        )
    fit = OLS(d, design).fit()
    if not np.sqrt(fit.ssr / fit.df_resid) > 1e-12 * max(1.0, float(np.abs(d).max())):
        return PairedT(n=plain.n, estimate=float(fit.params[1]), se=0.0, df=float(fit.df_resid))
    se, df = _hc2(design, fit.resid, arm)
    return PairedT(n=plain.n, estimate=float(fit.params[1]), se=se, df=df)


def _hc2(
    design: NDArray[np.float64], residuals: NDArray[np.float64], arm: NDArray[np.bool_]
) -> tuple[float, float]:
    """Give the standard error of the second coefficient, with the degrees of freedom of its variance."""
    solve = np.linalg.pinv(design)
    makes = np.eye(len(design)) - design @ solve
    free = np.diag(makes)
    # a donor whom covariates fit exactly has no weight in the coefficient
    told = free > 1e-9
    weight = np.where(told, solve[1] / np.sqrt(np.where(told, free, 1.0)), 0.0)
    spread = np.empty(len(design))
    for own in (arm, ~arm):
        spread[own] = (residuals[own] ** 2).sum() / max(free[own].sum(), 1e-9)
    half = makes * weight * np.sqrt(spread)[:, None]
    form = half @ half.T
    return float(np.sqrt(((weight * residuals) ** 2).sum())), float(np.trace(form) ** 2 / (form**2).sum())


def difference_t(treated: Change, control: Change) -> PairedT | StandardisedT:
    """Test the changes of two arms beside their covariates; in standard deviations, with what those are uncertain of.

    Parameters
    ----------
    treated, control
        In one unit: log odds, or standard deviations between the treated donors at baseline (``n_sd`` of ``treated``);
        with the same covariates, if any.
    """
    beside = _covariates(treated, control)
    arms = treated.values, control.values
    t = welch_t(*arms) if beside is None else welch_t_beside(*arms, beside)
    return standardise(t, sd=1.0, n_sd=treated.n_sd) if treated.n_sd else t


def difference_reach(treated: Change, control: Change) -> tuple[float, float]:
    """Largest fall and rise of the treated against the controls that the numbers of cells of both arms can show.

    What covariates move the difference by, they move these limits by.
    """
    here, there = (float(arm.values.mean()) for arm in (treated, control))
    moved = difference_t(treated, control).estimate - (here - there) if rank_beside(treated, control) else 0.0
    floor = max(treated.mean_floor - there, here - control.mean_ceiling)
    return floor + moved, min(treated.mean_ceiling - there, here - control.mean_floor) + moved


def _covariates(treated: Change, control: Change) -> NDArray[np.float64] | None:
    """Covariates of the donors of both arms, the treated first; None without any."""
    if treated.covariates is None or control.covariates is None:
        return None
    return np.vstack([treated.covariates.values, control.covariates.values])


def rank_beside(treated: Change, control: Change) -> int:
    """Degrees of freedom that the covariates of both arms take; 0 without any."""
    beside = _covariates(treated, control)
    return 0 if beside is None or not len(beside) else int(centred_basis(beside).shape[1])


def both_arms(arms: Sequence[Pairs]) -> Pairs:
    """Donors of all arms that enter, and those that do not."""
    dropped = {donor: why for arm in arms for donor, why in arm.dropped.items()}
    return Pairs(tuple(sorted(donor for arm in arms for donor in arm.donors)), dict(sorted(dropped.items())))


def too_few_in_arm(n_treated: int, n_control: int, least: int, *, rank: int = 0) -> str:
    """Reason why arms are not compared; empty where each has donors enough.

    Every degree of freedom that covariates take, ``rank`` (default 0) in all, costs a donor of either arm.
    """
    short = [f"{n} {arm}" for n, arm in ((n_treated, "treated"), (n_control, "control")) if n < least]
    if short:
        return f"{' and '.join(short)} donors with both visits, {least} needed in each arm"
    if n_treated + n_control < 2 * least + rank:
        return (
            f"{n_treated + n_control} donors with both visits in the two arms, {2 * least + rank} needed beside "
            f"covariates with {rank} column{'' if rank == 1 else 's'}"
        )
    return ""


def why_not_compared(treated: Change, control: Change, least: int) -> str:
    """Reason why two measured arms are not compared; empty where they are.

    Parameters
    ----------
    treated, control
        Changes with a value per donor.
    least
        Fewest donors of each arm.
    """
    rank = rank_beside(treated, control)
    few = too_few_in_arm(len(treated.paired), len(control.paired), least, rank=rank)
    beside = _covariates(treated, control)
    if few or not rank or beside is None or treated.covariates is None:
        return few
    arm = np.arange(len(beside)) < len(treated.paired)
    if centred_basis(np.column_stack([beside, arm])).shape[1] > rank:
        return ""
    return (
        f"the covariates ({', '.join(treated.covariates.names)}) cannot be told from the arm in these donors"
    )


def reason_of_arm(treated: Change, control: Change) -> str:
    """Reason why a change cannot be measured in one of two arms; empty where it can in both."""
    reasons = (("treated", treated.reason), ("control", control.reason))
    return next((f"{arm} arm: {reason}" for arm, reason in reasons if reason), "")
