"""A change between two visits from all visits of all donors, those without one of the two included.

Donors who leave after a visible change are missing from the pairs, and what is left is no longer what was treated. A
likelihood of all visits uses what was seen of them before, and is right where leaving depends on that alone.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.regression.mixed_linear_model import MixedLM

from cd20scope import schema
from cd20scope.stats.paired_tests import PairedT
from cd20scope.stats.pairs import Contrast

METHODS = ("lbfgs", "bfgs", "powell")
"""Optimisers, tried in turn until one converges."""


@dataclass(frozen=True, slots=True)
class MixedChange:
    """Change between two visits by a mixed model of all visits.

    Attributes
    ----------
    t
        Estimate, standard error and degrees of freedom, ``n`` counting all donors; None where there is no fit.
    n_complete
        Donors with both visits of the contrast.
    dropout
        Who has only one of them: ``D03: no month6``.
    reason
        Why there is no fit; empty where there is.
    """

    t: PairedT | None
    n_complete: int
    dropout: str
    reason: str = ""


def mixed_change(values: pd.DataFrame, contrast: Contrast, *, min_donors: int = 6) -> MixedChange:
    r"""Estimate a change by a linear mixed model with a random intercept per donor.

    .. math:: y_{iv} = \mu_v + u_i + e_{iv}, \quad u_i \sim N(0, \tau^2),\ e_{iv} \sim N(0, \sigma^2)

    fitted by restricted maximum likelihood. The contrast :math:`\mu_1 - \mu_0` is held against Student's t on
    :math:`n - \mathrm{rank}[\mathrm{donor}, \mathrm{visit}]` degrees of freedom; with two visits and every donor at
    both it is the paired t-test, unless the visits of a donor are less alike than those of different donors.

    Parameters
    ----------
    values
        Columns ``donor``, ``visit`` and ``value``: one row per donor and visit, unknown values missing. All visits are
        used, those outside the contrast as well.
    contrast
        Later and earlier visit.
    min_donors
        With fewer donors that have both visits there is no fit: variances of so few are not estimable.

    Returns
    -------
    The change, or the reason why there is none. Convergence is a reason, not an error.

    Raises
    ------
    ValueError
        If a donor has two values at one visit, or columns are missing.

    References
    ----------
    Laird & Ware (1982), the model. doi:10.2307/2529876
    Schluchter & Elashoff (1990), degrees of freedom of few subjects. doi:10.1080/00949659008811295
    Molenberghs et al. (2004), dropout. doi:10.1093/biostatistics/kxh001
    """
    schema.require_columns(values, ("donor", "visit", "value"), name="values per donor and visit")
    table = values[values["value"].notna()].astype({"donor": str, "visit": str})
    if (twice := table.duplicated(["donor", "visit"])).any():
        row = table[twice].iloc[0]
        raise ValueError(
            f"mixed_change: donor {row['donor']} has more than one value at {row['visit']}. Merge samples of a "
            "donor-visit first."
        )
    later, earlier = contrast
    at = {visit: set(table.loc[table["visit"] == visit, "donor"]) for visit in contrast}
    both = at[later] & at[earlier]
    gone = dict.fromkeys(at[earlier] - both, f"no {later}") | dict.fromkeys(at[later] - both, f"no {earlier}")
    dropout = "; ".join(f"{donor}: {why}" for donor, why in sorted(gone.items()))
    if len(both) < min_donors:
        said = f"{len(both)} donors with {later} and {earlier}, {min_donors} needed"
        return MixedChange(None, len(both), dropout, said)
    fit = _fit(table)
    if isinstance(fit, str):
        return MixedChange(None, len(both), dropout, fit)
    donors, visits, ratio, scale = fit
    estimate, se = _contrast(table, donors, visits, ratio, scale, contrast)
    df = len(table) - int(np.linalg.matrix_rank(np.column_stack([donors, visits])))
    return MixedChange(PairedT(n=donors.shape[1], estimate=estimate, se=se, df=df), len(both), dropout)


def _fit(table: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float] | str:
    """Fit the variances.

    Returns
    -------
    Indicators of donors and of visits, the variance between donors over that within, and that within; or why not.
    """
    donors, visits = (
        pd.get_dummies(table[column]).sort_index(axis=1).to_numpy(dtype=float)
        for column in ("donor", "visit")
    )
    y = table["value"].to_numpy(dtype=float)
    unit = float(y.std())
    if not unit > 1e-12 * max(1.0, float(np.abs(y).max())):
        return "all values are the same, so there is no spread to fit"
    model = MixedLM(y / unit, visits, groups=table["donor"].to_numpy())
    said = ""
    for method in METHODS:
        with warnings.catch_warnings():
            # warnings tell of a variance of 0, which is a result, and of a search that failed, which is asked below
            warnings.simplefilter("ignore")
            try:
                result = model.fit(reml=True, method=[method])
            except (np.linalg.LinAlgError, ValueError) as error:
                said = f"{type(error).__name__} with {method}"
                continue
        ratio, scale = float(np.asarray(result.cov_re).ravel()[0] / result.scale), float(result.scale)
        if result.converged and np.isfinite(ratio) and scale > 1e-12:
            return donors, visits, max(ratio, 0.0), scale * unit**2
        said = f"no convergence with {method}"
    return f"the model could not be fitted ({said})"


def _contrast(
    table: pd.DataFrame,
    donors: NDArray[np.float64],
    visits: NDArray[np.float64],
    ratio: float,
    scale: float,
    contrast: Contrast,
) -> tuple[float, float]:
    """Generalised least squares with the fitted variances: change and its standard error."""
    y = table["value"].to_numpy(dtype=float)
    weight = np.linalg.inv(np.eye(len(y)) + ratio * donors @ donors.T)
    inverse = np.linalg.inv(visits.T @ weight @ visits)
    mean = inverse @ (visits.T @ weight @ y)
    names = sorted(table["visit"].unique())
    c = np.array([float(name == contrast[0]) - float(name == contrast[1]) for name in names])
    return float(c @ mean), float(np.sqrt(scale * (c @ inverse @ c)))
