"""Verdicts that technique can fake: asked again where it is equal, and taken back where they are lost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from cd20scope import schema
from cd20scope.stats.changes import Change, Key
from cd20scope.verdict import own_arms
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.quantities import QUANTITIES
from cd20scope.verdict.robustness import COLUMNS, EQUAL_CELLS, LABELS
from cd20scope.verdict.rules import Verdict
from cd20scope.verdict.technique import moved_for

SAME = {
    name: f"donors with the same {name}" for name, quantity in QUANTITIES.items() if quantity.scale == "name"
}
"""Arms over the donors that have one name of a quantity at both visits."""

EQUAL = {"b_rna_share": LABELS[schema.NO_B_RNA_ARM], "cells": EQUAL_CELLS, **SAME}
"""Quantity -> arm in which it is equal between the visits. Depth is equal in the main analysis already."""

UNDECIDED = ("chemistry",)
"""Quantities that take a claim back also where too few donors are equal in them to decide. In cohorts of sorted cells
in which nothing changed, another chemistry in 7 of 8 donors moved the share of Treg significantly in 2 to 3 of 6. A
fall shown beyond a large margin, as of B cells, is no such claim; that it is contradicted by a small rise is one. A
batch is often the visit, and stays a caution."""


def ask_same_names(
    decisions: Sequence[Decision],
    changes: Mapping[Key, Change],
    samples: pd.DataFrame,
    compared: pd.DataFrame,
    *,
    alpha: float,
    min_pairs: int,
) -> pd.DataFrame:
    """Decide again over donors whose visits share chemistry or batch, wherever that moved and can fake the claim.

    Parameters
    ----------
    decisions, changes
        As for :func:`cd20scope.verdict.robustness.decide_arms`.
    samples
        Technical quantities of the samples (:data:`cd20scope.verdict.quantities.TECHNICAL_COLUMNS`).
    compared
        From :func:`cd20scope.verdict.technique.compare_technique`.
    alpha, min_pairs
        As for :func:`cd20scope.verdict.decide.decide_all`.

    Returns
    -------
    :data:`cd20scope.verdict.robustness.COLUMNS`; an arm with too few donors is not decided.
    """
    rows = []
    for decision in decisions:
        moved = set(moved_for(decision.hypothesis, compared)["quantity"])
        if decision.evidence.claim is None or not moved & set(SAME):
            continue
        own = {key: changes[key] for key in decision.endpoint.needs(decision.hypothesis).values()}
        for name in (name for name in SAME if name in moved):
            same = donors_with_one_name(samples, name, list(decision.endpoint.estimates(decision.hypothesis)))
            kept = {key: change.take(same) for key, change in own.items()}
            evidence = decision.endpoint.evaluate(decision.hypothesis, kept, min_pairs=min_pairs)
            rows.append(own_arms.row(decision, SAME[name], evidence, alpha))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def donors_with_one_name(samples: pd.DataFrame, quantity: str, contrasts: Sequence[str]) -> set[str]:
    """Donors whose samples have one known name of a quantity at all visits of some contrasts."""
    own = samples[samples["quantity"] == quantity].astype({"donor": str, "visit": str})
    asked = [
        any(name.startswith(f"{visit}-") or name.endswith(f"-{visit}") for name in contrasts)
        for visit in own["visit"]
    ]
    names: dict[str, set[str]] = {}
    for donor, name in zip(own.loc[asked, "donor"], own.loc[asked, "value"].fillna(""), strict=True):
        names.setdefault(donor, set()).add(str(name))
    return {donor for donor, found in names.items() if len(found) == 1 and "" not in found}


def settle(decisions: Sequence[Decision], arms: pd.DataFrame, compared: pd.DataFrame) -> list[Decision]:
    """Take back each claim of a change that technique can fake and that is lost where the technique is equal.

    Parameters
    ----------
    decisions
        From :func:`cd20scope.verdict.decide.decide_all`.
    arms
        From :func:`cd20scope.verdict.robustness.decide_arms` and :func:`ask_same_names`.
    compared
        From :func:`cd20scope.verdict.technique.compare_technique`.

    Returns
    -------
    The decisions; one that was supported or contradicted is inconclusive, and ``technical``, where a quantity moved
    that can fake it and the arm of :data:`EQUAL` gives another verdict, or none in case of :data:`UNDECIDED`. No
    verdict is made by this, so the chance of a false one is at most what it was.
    """
    there = {(str(row.id), str(row.arm)): row for row in arms[arms["holds"] != "yes"].itertuples()}
    settled = []
    for decision in decisions:
        name, was = str(decision.hypothesis["id"]), decision.verdict.verdict
        reasons = []
        for row in moved_for(decision.hypothesis, compared).itertuples():
            quantity = str(row.quantity)
            arm = there.get((name, EQUAL.get(quantity, "")))
            estimates = decision.endpoint.estimates(decision.hypothesis)[str(row.contrast)]
            large = was == "supported" and estimates == {"depletion"}
            if arm is not None and (arm.holds == "no" or (quantity in UNDECIDED and not large)):
                reasons.append(
                    f"{was} as measured, {arm.verdict} in the analysis “{arm.arm}”: {row.statement}"
                )
        if was in ("supported", "contradicted") and reasons:
            decision = replace(decision, verdict=Verdict("inconclusive", "; ".join(reasons)), technical=True)
        settled.append(decision)
    return settled
