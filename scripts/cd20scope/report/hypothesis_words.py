"""Units, margins, claims and robustness of a hypothesis in words."""

import numpy as np
import pandas as pd

from cd20scope.report.components import part_name
from cd20scope.report.wording import ARROWS, NOTHING, Row, count


def unit_of(hypothesis: Row) -> str:
    """Name the unit of the estimate: ``log odds`` for shares, ``baseline SD`` for programmes."""
    program = hypothesis["program"]
    return (
        "log odds"
        if hypothesis["endpoint"] == "abundance" or pd.isna(program) or not program
        else "baseline SD"
    )


def margin_of(hypothesis: Row) -> float:
    """Put the margin of a hypothesis on the scale of its estimate, with the sign of its direction.

    Margins of shares are folds of the odds; those of programmes are in SD between donors at baseline. That of a claim
    of no change is positive and applies in both directions.
    """
    margin = float(hypothesis["margin"])
    size = float(np.log(margin)) if unit_of(hypothesis) == "log odds" else margin
    return -size if hypothesis["direction"] == "down" else size


def margin_text(hypothesis: Row) -> str:
    """Write the margin as the catalogue states it: a fold of the odds, or baseline SD."""
    unit = unit_of(hypothesis)
    return f"{hypothesis['margin']:g}" + ("-fold in the odds" if unit == "log odds" else f" {unit}")


def size_of(value: float, unit: str) -> str:
    """Write a positive size on the scale of the estimate: a fold of the odds, or baseline SD, two digits."""
    if unit != "log odds":
        return f"{value:.2g} {unit}"
    fold = float(np.exp(value))
    return f"{fold:.2g}-fold in the odds" if fold < 10 else f"{count(fold)}-fold in the odds"


def short_size(value: float, hypothesis: Row) -> str:
    """Write the same for a narrow column: ``11-fold`` or ``1.6 SD``; nothing where it is missing."""
    if pd.isna(value):
        return NOTHING
    return size_of(float(value), unit_of(hypothesis)).removesuffix(" in the odds").replace("baseline ", "")


def claim_text(hypothesis: Row) -> str:
    """Write what a hypothesis claims: a direction and the margin, or that nothing changes by the margin."""
    size = margin_text(hypothesis)
    if hypothesis["direction"] == "none":
        return f"no change by {size}, either way"
    strong = ", limit included" if hypothesis["strength"] == "strong" else ""
    return f"{hypothesis['direction']} by at least {size}{strong}"


def range_text(low: float, high: float, hypothesis: Row, *, short: bool = False) -> str:
    """Write a range of positive sizes on the scale of the estimate: ``1.3- to 2.1-fold in the odds``."""
    if pd.isna(low):
        return NOTHING
    first, last = (size_of(float(size), unit_of(hypothesis)) for size in (low, high))
    text = f"{first.partition('fold')[0].removesuffix(f' {unit_of(hypothesis)}')} to {last}"
    return text.removesuffix(" in the odds").replace("baseline ", "") if short else text


def power_text(hypothesis: Row) -> str:
    """Write the range of the smallest effect that could have been shown with 80 % power; empty where not known."""
    if pd.isna(hypothesis["smallest_effect_low"]):
        return ""
    size = range_text(hypothesis["smallest_effect_low"], hypothesis["smallest_effect_high"], hypothesis)
    if hypothesis["direction"] == "none":
        return f"that nothing changes by {size}, with 80 % power"
    return f"{hypothesis['direction']} by {size} or more, with 80 % power"


def verdict_text(row: Row) -> str:
    """Name the verdict; one that was taken back for technique is "inconclusive (technical)"."""
    return f"{row['verdict']} (technical)" if row["technical"] == "yes" else str(row["verdict"])


def arms_text(row: Row) -> str:
    """Write in how many robustness arms a verdict is the same, and in which it is not; empty without arms."""
    if pd.isna(row["arms_asked"]) or not row["arms_asked"]:
        return ""
    against = (
        "" if pd.isna(row["arms_against"]) or not row["arms_against"] else f"; not: {row['arms_against']}"
    )
    held = "as measured, the same verdict in" if row["technical"] == "yes" else "the same verdict in"
    return f"{held} {row['arms_held']:.0f} of {row['arms_asked']:.0f} robustness arms{against}"


def short_name(hypothesis: Row) -> str:
    """Name a hypothesis in a few words: what is measured where, stated direction (= for none), contrast."""
    if unit_of(hypothesis) == "log odds":
        what = f"{hypothesis['population']} of {hypothesis['denominator']}"
    else:
        what = f"{hypothesis['program']} in {hypothesis['population']}"
        if part := part_name(hypothesis.get("component")):
            what += f", {part}"
    first = "B cells first: " if hypothesis["endpoint"] == "biphasic" else ""
    return f"{first}{what} {ARROWS[hypothesis['direction']]} {hypothesis['contrast']}"
