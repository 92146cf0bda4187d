"""Units, margins, claims and sensitivity analyses of a hypothesis in words."""

import numpy as np
import pandas as pd

from cd20scope.report import wording
from cd20scope.report.components import part_name
from cd20scope.report.nouns import contrast, noun, visit
from cd20scope.report.wording import NOTHING, Row, count

STEROID_MARKS = ("explained by steroids", "cannot be told from a steroid effect", "possible steroid effect")
"""Starts of cautions that a steroid may be what changed the cells."""

CHANGES = {"up": "rise", "down": "fall", "none": "no change"}
"""Claimed directions."""


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


def change_text(hypothesis: Row) -> str:
    """Write the change that a hypothesis claims with its margin: ``fall of at least 80 % (5-fold in the odds)``."""
    size, margin = margin_text(hypothesis), float(hypothesis["margin"])
    if hypothesis["direction"] == "none":
        return f"no change by {size} or more, in either direction"
    way = "rise" if hypothesis["direction"] == "up" else "fall"
    if unit_of(hypothesis) != "log odds":
        return f"{way} of at least {size}"
    part = margin - 1 if hypothesis["direction"] == "up" else 1 - 1 / margin
    return f"{way} of at least {100 * part:.3g} % ({size})"


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
    first, last = (size_of(float(size), unit_of(hypothesis)) for size in (low, high))
    text = f"{first.partition('fold')[0].removesuffix(f' {unit_of(hypothesis)}')} to {last}"
    return text.removesuffix(" in the odds").replace("baseline ", "") if short else text


def power_text(hypothesis: Row) -> str:
    """Write the range of the minimum detectable effect (80 % power); empty where not known."""
    if pd.isna(hypothesis["smallest_effect_low"]):
        return ""
    size = range_text(hypothesis["smallest_effect_low"], hypothesis["smallest_effect_high"], hypothesis)
    if hypothesis["direction"] == "none":
        return f"smallest margin that could have been excluded: {size}"
    return f"{'rise' if hypothesis['direction'] == 'up' else 'fall'} of {size}"


def level_text(coverage: float) -> str:
    """Write the coverage of an interval: one decimal, two where it is nearly 1."""
    return f"{round(100 * coverage, 1 if coverage < 0.995 else 2):g} %"


def steroid_mark(row: Row) -> bool:
    """Whether steroids may explain a verdict of a change, which is then counted apart."""
    caution = row["caution"]
    decided = row["verdict"] in ("supported", "contradicted")
    return decided and isinstance(caution, str) and any(mark in caution.lower() for mark in STEROID_MARKS)


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
    if unit_of(hypothesis) == "log odds":
        who = noun(hypothesis["population"])
        what = f"{who[:1].upper()}{who[1:]}, % of {noun(hypothesis['denominator'])}"
    else:
        what = f"{hypothesis['program']} in {noun(hypothesis['population'])}"
        if part := part_name(hypothesis.get("component")):
            what += f", {part}"
    first = "B cells first: " if hypothesis["endpoint"] == "biphasic" else ""
    return f"{first}{what}: {CHANGES[hypothesis['direction']]}, {contrast(hypothesis['contrast'])}"
