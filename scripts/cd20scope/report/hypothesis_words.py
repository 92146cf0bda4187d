"""Units, margins, claims and sensitivity analyses of a hypothesis in words."""

import pandas as pd

from cd20scope import schema
from cd20scope.report import wording
from cd20scope.report.wording import NOTHING, Row
from cd20scope.study.nouns import contrast, visit
from cd20scope.study.numbers import level
from cd20scope.verdict.endpoints.catalogue import endpoint_of

"""Starts of cautions that a steroid may be what changed the cells."""

CHANGES = {"up": "rise", "down": "fall", "none": "no change"}
"""Claimed directions."""


def margin_of(hypothesis: Row) -> float:
    """Put the margin of a hypothesis on the scale of its estimate, with the sign of its direction.

    That of a claim of no change is positive and applies in both directions.
    """
    size = endpoint_of(hypothesis).unit.margin(hypothesis["margin"])
    return -size if hypothesis["direction"] == "down" else size


def short_size(value: float, hypothesis: Row) -> str:
    """Write a positive size on the scale of the estimate for a narrow column; nothing where it is missing."""
    return NOTHING if pd.isna(value) else endpoint_of(hypothesis).unit.write_size(value, short=True)


def change_text(hypothesis: Row) -> str:
    """Write the change that a hypothesis claims with its margin: ``fall of at least 80 % (5-fold in the odds)``."""
    unit, margin = endpoint_of(hypothesis).unit, float(hypothesis["margin"])
    size = unit.write_margin(margin)
    if hypothesis["direction"] == "none":
        return f"no change by {size} or more, in either direction"
    way = "rise" if hypothesis["direction"] == "up" else "fall"
    if not unit.fold_of:
        return f"{way} of at least {size}"
    part = margin - 1 if hypothesis["direction"] == "up" else 1 - 1 / margin
    return f"{way} of at least {100 * part:.3g} % ({size})"


def reason_text(row: Row) -> str:
    """Reason of a verdict; of a change that is too uncertain, what its limit does not exclude."""
    text, short = wording.text_of(row["reason"]), "the limit does not reach the margin"
    if short not in text or pd.isna(row["coverage"]):
        return text
    least = change_text(row).replace("of at least", "of less than")
    return text.replace(short, f"the {level(row['coverage'])} limit does not exclude a {least}")


def claim_text(hypothesis: Row) -> str:
    """Write what is tested: the change, the visits, and what is held against the margin."""
    later, _, earlier = str(hypothesis["contrast"]).partition("-")
    comma = "," if hypothesis["direction"] == "none" else ""
    when = f"{comma} from {visit(earlier)} to {visit(later)}" if earlier else ""
    judged = ", judged by the confidence limit" if hypothesis["strength"] == "strong" else ""
    return f"{change_text(hypothesis)}{when}{judged}"


def range_text(low: float, high: float, hypothesis: Row, *, short: bool = False) -> str:
    """Write a range of positive sizes on the scale of the estimate: ``1.3- to 2.1-fold in the odds``."""
    if pd.isna(low):
        return NOTHING
    return endpoint_of(hypothesis).unit.write_range(low, high, short=short)


def power_text(hypothesis: Row) -> str:
    """Write the range of the minimum detectable effect (80 % power); empty where not known."""
    if pd.isna(hypothesis["smallest_effect_low"]):
        return ""
    size = range_text(hypothesis["smallest_effect_low"], hypothesis["smallest_effect_high"], hypothesis)
    if hypothesis["direction"] == "none":
        return f"smallest margin that could have been excluded: {size}"
    return f"{'rise' if hypothesis['direction'] == 'up' else 'fall'} of {size}"


def steroid_mark(row: Row) -> bool:
    """Whether steroids may explain a verdict of a change, which is then counted apart."""
    caution = row["caution"]
    decided = row["verdict"] in ("supported", "contradicted")
    return decided and isinstance(caution, str) and schema.STEROID in caution


def verdict_text(row: Row) -> str:
    """Name the verdict, with what takes it back: technique, or a possible steroid effect."""
    if row["technical"] == "yes":
        return f"{row['verdict']} (technical)"
    return f"{row['verdict']} (steroids?)" if steroid_mark(row) else str(row["verdict"])


def arms_text(row: Row) -> str:
    """Write in how many sensitivity analyses a verdict is unchanged, and in which it is not; empty without any."""
    if pd.isna(row["arms_asked"]) or not row["arms_asked"]:
        return ""
    start = "verdict as measured unchanged" if row["technical"] == "yes" else "verdict unchanged"
    named = wording.text_of(row["arms_against"])
    against = f" (changes: {named})" if named else ""
    return f"{start} in {row['arms_held']:.0f} of {row['arms_asked']:.0f} sensitivity analyses{against}"


def short_name(hypothesis: Row) -> str:
    """Name a hypothesis in a few words: what is measured where, which change is claimed, between which visits."""
    subject = endpoint_of(hypothesis).subject(hypothesis)
    return f"{subject}: {CHANGES[hypothesis['direction']]}, {contrast(hypothesis['contrast'])}"
