"""Cautions beside a verdict: confounders that changed in the same cells, and arms that the verdict depends on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cd20scope import schema
from cd20scope.verdict import own_arms
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.technical import EQUAL
from cd20scope.verdict.technique import moved_for

BESIDE = ("Glucocorticoid", "Handling stress", "Delay/cold", "Naive T")
"""Confounder programmes in the order in which they are shown; others follow."""


def format_confounders(decisions: Sequence[Decision], programs: pd.DataFrame) -> dict[str, str]:
    """Format, for each hypothesis, the changes of confounder scores in the same cells over the same visits.

    Parameters
    ----------
    decisions
        From :func:`cd20scope.verdict.decide.decide_all`.
    programs
        From :func:`cd20scope.programs.compare.compare`; rows whose role is ``confounder`` are read.

    Returns
    -------
    id -> text, empty where no confounder is scored in these cells.
    """
    rows = programs[(programs["role"] == "confounder") & programs["estimate"].notna()]
    found = {
        (str(where), str(contrast)): of.to_dict("records")
        for (where, contrast), of in rows.groupby(["population", "contrast"])
    }
    return {
        decision.hypothesis["id"]: "; ".join(
            _format_score(row) for row in sorted(_confounders_of(decision, found), key=_order)
        )
        for decision in decisions
    }


def format_cautions(
    decisions: Sequence[Decision],
    arms: pd.DataFrame,
    programs: pd.DataFrame,
    technique: pd.DataFrame,
    *,
    rulers: pd.DataFrame,
    steroid: str,
    alpha: float,
) -> dict[str, str]:
    """Format what the verdict on a tested claim may be explained by, or depends on.

    A claim of a change has a possible steroid effect when the steroid score of the same cells changed at level
    ``alpha`` over the same visits and the verdict is lost after adjustment for it, or the score changed by the same
    amount in all donors, so that adjustment cannot separate the two. One donor is named
    only if its absence alone changes the verdict (:mod:`cd20scope.verdict.influence`).

    Parameters
    ----------
    decisions
        From :func:`cd20scope.verdict.decide.decide_all`.
    arms
        From :func:`cd20scope.verdict.robustness.decide_arms`.
    programs
        From :func:`cd20scope.programs.compare.compare`.
    technique
        From :func:`cd20scope.verdict.technique.compare_technique`; what moved and can fake a tested claim is named.
    rulers
        Sensitivity of the labels by contrast, from
        :func:`cd20scope.annotate.likelihood.ruler.compare_contrasts`.
    steroid
        Name of the steroid programme.
    alpha
        Level at which a confounder counts as changed.

    Returns
    -------
    id -> text, empty without a caution.
    """
    holds = {(str(row.id), str(row.arm)): str(row.holds) for row in arms.itertuples()}
    details = {(row.id, row.arm): str(row.detail) for row in arms.itertuples()}
    moved = programs[(programs["role"] == "confounder") & (programs["p_value"] < alpha)]
    columns = (moved[name].astype(str) for name in ("population", "program", "contrast"))
    changed = dict(zip(zip(*columns, strict=True), moved["estimate"].astype(float), strict=True))
    uneven = _uneven_labels(rulers)
    texts = {}
    for decision in decisions:
        entry, name = decision.hypothesis, decision.hypothesis["id"]
        tested = decision.verdict.verdict != "not testable"
        notes = _technique_of(decision, technique, holds) if tested else []
        if decision.verdict.verdict in ("supported", "contradicted"):
            against = {arm for arm in _arm_names(arms, name) if holds[name, arm] == "no"}
            score = _first(changed, _places(entry), steroid, entry["contrast"])
            changed_by = decision.verdict.verdict == "contradicted" or entry["direction"] != "none"
            if changed_by and details.get((name, own_arms.ADJUSTED), "").startswith(schema.STEROID):
                notes.append(details[name, own_arms.ADJUSTED])
            elif score is not None and changed_by and own_arms.ADJUSTED in against:
                notes.append(
                    f"{schema.STEROID}: the steroid score of the same cells changed by {score:+.2f} SD, "
                    "and the verdict is lost after adjustment"
                )
            for other in BESIDE[1:]:
                score = _first(changed, _places(entry), other, entry["contrast"])
                if score is not None and decision.endpoint.scored:
                    notes.append(f"{other} changed by {score:+.2f} SD in the same cells")
            if own_arms.RANDOM_SETS in against:
                notes.append("random gene sets, matched for size and expression, change as much")
            if own_arms.LEAVE_ONE_OUT in against:
                notes.append(details[name, own_arms.LEAVE_ONE_OUT].partition("; ")[0])
            notes += [
                uneven[place, entry["contrast"]]
                for place in _places(entry)
                if (place, entry["contrast"]) in uneven
            ]
        texts[name] = "; ".join(notes)
    return texts


def _technique_of(
    decision: Decision, technique: pd.DataFrame, holds: Mapping[tuple[str, str], str]
) -> list[str]:
    """Say what moved that can fake a claim, and whether the claim holds where it is equal."""
    notes = []
    moved = moved_for(decision.hypothesis, technique)[["quantity", "statement"]].astype(str)
    for quantity, said in moved.to_numpy():
        if said in decision.verdict.reason:  # the verdict was taken back for it
            continue
        arm = EQUAL.get(quantity, "")
        held = holds.get((decision.hypothesis["id"], arm)) == "yes"
        notes.append(f"{said}; the verdict is unchanged in the analysis “{arm}”" if held else said)
    return notes


def _uneven_labels(rulers: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Text on the sensitivity of the labels by population and contrast, where it differs between the visits."""
    return {
        (population, row["contrast"]): (
            f"the share of {row['gene']}-positive cells that are labelled {row['ruler']} changed by "
            f"{100 * row['difference']:+.0f} points between the visits"
        )
        for row in rulers[rulers["differs"].astype(bool)].to_dict("records")
        for population in (row["ruler"], *row["called"].split(","))
    }


def _arm_names(arms: pd.DataFrame, name: str) -> list[str]:
    return arms.loc[arms["id"] == name, "arm"].tolist()


def _places(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Cells whose confounder scores apply to a hypothesis: its own, or those of the population of its subset."""
    return tuple(dict.fromkeys((entry["population"], entry["population"].split(" / ")[0])))


def _first(
    changed: Mapping[tuple[str, str, str], float], places: Sequence[str], program: str, contrast: str
) -> float | None:
    found = (changed.get((place, program, contrast)) for place in places)
    return next((score for score in found if score is not None), None)


def _confounders_of(
    decision: Decision, found: Mapping[tuple[str, str], list[dict[Any, Any]]]
) -> list[dict[Any, Any]]:
    contrast = decision.hypothesis["contrast"]
    return next(
        (found[place, contrast] for place in _places(decision.hypothesis) if (place, contrast) in found), []
    )


def _order(row: Mapping[str, Any]) -> tuple[int, str]:
    name = row["program"]
    return (BESIDE.index(name) if name in BESIDE else len(BESIDE), name)


def _format_score(row: Mapping[str, Any]) -> str:
    limits = f" ({row['ci_low']:+.2f} to {row['ci_high']:+.2f})" if not np.isnan(row["ci_low"]) else ""
    return f"{row['program']} {row['estimate']:+.2f} SD{limits}"
