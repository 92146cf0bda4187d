"""Margins, claims and robustness of a hypothesis in words."""

import pandas as pd

from cd20scope.report.wording import ARROWS, NOTHING, Row
from cd20scope.verdict.endpoints.catalogue import endpoint_of


def margin_of(hypothesis: Row) -> float:
    """Put the margin of a hypothesis on the scale of its estimate, with the sign of its direction.

    That of a claim of no change is positive and applies in both directions.
    """
    size = endpoint_of(hypothesis).unit.margin(hypothesis["margin"])
    return -size if hypothesis["direction"] == "down" else size


def short_size(value: float, hypothesis: Row) -> str:
    """Write a positive size on the scale of the estimate for a narrow column; nothing where it is missing."""
    return NOTHING if pd.isna(value) else endpoint_of(hypothesis).unit.write_size(value, short=True)


def claim_text(hypothesis: Row) -> str:
    """Write what a hypothesis claims: a direction and the margin, or that nothing changes by the margin."""
    size = endpoint_of(hypothesis).unit.write_margin(hypothesis["margin"])
    if hypothesis["direction"] == "none":
        return f"no change by {size}, either way"
    strong = ", limit included" if hypothesis["strength"] == "strong" else ""
    return f"{hypothesis['direction']} by at least {size}{strong}"


def range_text(low: float, high: float, hypothesis: Row, *, short: bool = False) -> str:
    """Write a range of positive sizes on the scale of the estimate: ``1.3- to 2.1-fold in the odds``."""
    if pd.isna(low):
        return NOTHING
    return endpoint_of(hypothesis).unit.write_range(low, high, short=short)


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
    subject = endpoint_of(hypothesis).subject(hypothesis)
    return f"{subject} {ARROWS[hypothesis['direction']]} {hypothesis['contrast']}"
