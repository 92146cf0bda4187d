"""What differs between the visits of a contrast that is technique and not treatment, donor by donor.

A difference between visits that all donors share is one that a paired test takes for an effect. So depth, ambient RNA,
chemistry and the like are compared as the endpoints are, and a verdict names what could have faked it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.stats import clock, paired_tests, pairs
from cd20scope.study import sizes
from cd20scope.study.batches import compare_names
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.quantities import QUANTITIES, TECHNICAL_COLUMNS, Quantity

COLUMNS = (
    *("contrast", "quantity", "scale", "n_pairs", "earlier", "later"),
    *("change", "ci_low", "ci_high", "p_value", "size", "moved", "statement"),
)
"""Columns of the table of differences. ``change`` is a ratio for quantities on scale ``ratio``, else a difference, of
hours with those of the day."""


def compare_technique(table: pd.DataFrame, *, contrasts: Sequence[pairs.Contrast]) -> pd.DataFrame:
    """Compare every technical quantity between the visits of every contrast.

    Parameters
    ----------
    table
        :data:`TECHNICAL_COLUMNS`, one row per sample and quantity; samples of a donor-visit are averaged, their cells
        added up, unknown values missing.
    contrasts
        Pairs (later, earlier) of visits.

    Returns
    -------
    :data:`COLUMNS`, one row per contrast and quantity that some donor has at both visits. ``moved`` is "yes" where the
    mean paired change reaches its size and is told from none at the level :data:`cd20scope.study.sizes.LEVEL`; with
    fewer than three donors where it reaches its size; and where enough donors changed the same way. Names are "yes" by
    their size alone. ``statement`` says it in words.

    Raises
    ------
    ValueError
        For a quantity that is not known, or a value that is no number where one is needed.
    """
    schema.require_columns(table, TECHNICAL_COLUMNS, name="technical quantities")
    if strange := sorted(set(table["quantity"].astype(str)) - set(QUANTITIES)):
        raise ValueError(
            f"technical quantities: {', '.join(strange)} is not known; known are {', '.join(QUANTITIES)}."
        )
    rows = []
    for contrast in contrasts:
        for name, quantity in QUANTITIES.items():
            own = table[(table["quantity"] == name) & table["value"].notna()]
            paired = pairs.pair(own, contrast) if len(own) else pairs.Pairs(())
            if paired.donors:
                compare = _compare_names if quantity.scale == "name" else _compare_numbers
                rows.append(
                    {
                        "contrast": schema.contrast_name(contrast),
                        "quantity": name,
                        "scale": quantity.scale,
                        "n_pairs": len(paired),
                        "size": quantity.size,
                    }
                    | compare(own, contrast, paired.donors, quantity)
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def moved_for(hypothesis: Mapping[str, Any], compared: pd.DataFrame) -> pd.DataFrame:
    """Pick what moved and can fake the estimate of a hypothesis.

    Parameters
    ----------
    hypothesis
        An entry of the catalogue.
    compared
        From :func:`compare_technique`.

    Returns
    -------
    Rows of ``compared``, by contrast, then in the order of :data:`cd20scope.verdict.quantities.QUANTITIES`; none where
    nothing moved that can fake it.
    """
    moved = compared[compared["moved"] == "yes"]
    found = [
        index
        for contrast, types in endpoint_of(hypothesis).estimates(hypothesis).items()
        for index, quantity in moved.loc[moved["contrast"] == contrast, "quantity"].items()
        if types & set(QUANTITIES[str(quantity)].fakes)
    ]
    return moved.loc[found]


def _values(
    own: pd.DataFrame, contrast: pairs.Contrast, donors: Sequence[str], quantity: Quantity
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Value of each donor at the later and at the earlier visit, on the scale of the test."""
    number = pd.to_numeric(own["value"], errors="coerce")
    if number.isna().any():
        bad = own.loc[number.isna()].iloc[0]
        raise ValueError(
            f"technical quantities: {bad['quantity']} of sample {bad['sample']} is {bad['value']!r}, not a number."
        )
    if quantity.scale == "ratio" and (number <= 0).any():
        bad = own.loc[number <= 0].iloc[0]
        raise ValueError(
            f"technical quantities: {bad['quantity']} of sample {bad['sample']} is {bad['value']}; it must be above 0."
        )
    number = number.set_axis(pd.MultiIndex.from_frame(own[["visit", "donor"]].astype(str)))
    if quantity.summed:
        number = number.groupby(level=[0, 1]).sum()
    scaled = np.log(number) if quantity.scale == "ratio" else number
    mean = scaled.groupby(level=[0, 1]).agg(clock.mean_hour if quantity.scale == "hours" else "mean")
    later, earlier = (mean.loc[visit].loc[list(donors)].to_numpy(dtype=float) for visit in contrast)
    return later, earlier


def _compare_numbers(
    own: pd.DataFrame, contrast: pairs.Contrast, donors: Sequence[str], quantity: Quantity
) -> dict[str, object]:
    later, earlier = _values(own, contrast, donors, quantity)
    ratio, hours = quantity.scale == "ratio", quantity.scale == "hours"
    d = clock.shifts(later, earlier) if hours else later - earlier
    t = paired_tests.paired_t(d)
    back = np.exp if ratio else np.asarray
    far = abs(t.estimate) >= (np.log(quantity.size) if ratio else quantity.size)
    usual = [clock.mean_hour(part) if hours else part.mean() for part in (earlier, later)]
    row: dict[str, object] = {"earlier": float(back(usual[0])), "later": float(back(usual[1]))}
    row |= {"change": float(back(t.estimate)), "ci_low": np.nan, "ci_high": np.nan, "p_value": np.nan}
    if t.se > 0:
        low, high = t.interval(0.05)
        row |= {"ci_low": float(back(low)), "ci_high": float(back(high)), "p_value": t.p_value}
    same_way = int((np.sign(d) == np.sign(t.estimate)).sum())
    told = far and (len(donors) < 3 or not t.se > 0 or t.p_value < sizes.LEVEL)
    told = told and same_way >= quantity.agreeing * len(donors)
    amount = {
        "ratio": f"{np.exp(abs(t.estimate)):.2g}",
        "share": f"{100 * abs(t.estimate):.2g} points",
        "hours": f"{abs(t.estimate):.2g} hours",
    }[quantity.scale]
    words = (quantity.more if t.estimate > 0 else quantity.less).format(amount)
    said = f"{contrast[0]} {words} than {contrast[1]} ({same_way} of {len(donors)} donors)"
    return row | {"moved": "yes" if told else "no", "statement": said}


def _compare_names(
    own: pd.DataFrame, contrast: pairs.Contrast, donors: Sequence[str], quantity: Quantity
) -> dict[str, object]:
    gap = compare_names(own[own["donor"].astype(str).isin(donors)], "value", contrast)
    if gap is None:
        raise ValueError(f"technical quantities: no donor has a name at both of {' and '.join(contrast)}.")
    later, earlier = gap.usual
    return {
        "earlier": earlier,
        "later": later,
        "change": gap.share,
        "moved": "yes" if abs(gap.share) >= quantity.size else "no",
        "statement": f"{contrast[0]} {quantity.more.format(gap.detail)}",
    }
