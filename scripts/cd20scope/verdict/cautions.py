"""What a reader must know beside a verdict: what else moved in the same cells, and what the verdict hangs on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.verdict import robustness
from cd20scope.verdict.decide import Decision

BESIDE = ("Glucocorticoid", "Handling stress", "Delay/cold", "Naive T")
"""Confounder programmes in the order in which they are shown; others follow."""


def beside(decisions: Sequence[Decision], programs: pd.DataFrame) -> dict[str, str]:
    """Say for each hypothesis how the confounder scores of the same cells changed over the same visits.

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
        made.hypothesis["id"]: "; ".join(_say(row) for row in sorted(_of(made, found), key=_order))
        for made in decisions
    }


def cautions(
    decisions: Sequence[Decision], asked: pd.DataFrame, programs: pd.DataFrame, *, steroid: str, alpha: float
) -> dict[str, str]:
    """Say what a decided claim may be explained by, or hangs on.

    A claim about a programme is marked as explained by steroids when the steroid score of the same cells changed at
    level ``alpha`` over the same visits and, adjusted for it, the verdict does not hold.

    Parameters
    ----------
    decisions
        From :func:`cd20scope.verdict.decide.decide_all`.
    asked
        From :func:`cd20scope.verdict.robustness.ask_arms`.
    programs
        From :func:`cd20scope.programs.compare.compare`.
    steroid
        Name of the steroid programme.
    alpha
        Level at which a confounder counts as changed.

    Returns
    -------
    id -> text, empty where there is nothing to say.
    """
    held = {(row.id, row.arm): row.holds for row in asked.itertuples()}
    moved = programs[(programs["role"] == "confounder") & (programs["p_value"] < alpha)]
    columns = (moved[name].astype(str) for name in ("population", "program", "contrast"))
    changed = dict(zip(zip(*columns, strict=True), moved["estimate"].astype(float), strict=True))
    told = {}
    for made in decisions:
        entry, name = made.hypothesis, made.hypothesis["id"]
        said = []
        if made.verdict.verdict in ("supported", "contradicted"):
            against = {arm for arm in _arm_names(asked, name) if held[name, arm] == "no"}
            score = _first(changed, _places(entry), steroid, entry["contrast"])
            changed_by = made.verdict.verdict == "contradicted" or entry["direction"] != "none"
            if score is not None and changed_by and robustness.ADJUSTED in against:
                said.append(
                    f"explained by steroids: the steroid score of the same cells changed by {score:+.2f} baseline SD, "
                    "and adjusted for it the verdict does not hold"
                )
            for other in BESIDE[1:]:
                score = _first(changed, _places(entry), other, entry["contrast"])
                if score is not None and entry["endpoint"] != "abundance":
                    said.append(f"{other} changed by {score:+.2f} baseline SD in the same cells")
            if robustness.RANDOM_SETS in against:
                said.append("random gene sets of like expression change as clearly")
            if robustness.LEAVE_ONE_OUT in against:
                said.append("leaving out one donor changes the verdict")
        told[name] = "; ".join(said)
    return told


def _arm_names(asked: pd.DataFrame, name: str) -> list[str]:
    return asked.loc[asked["id"] == name, "arm"].tolist()


def _places(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Cells whose confounder scores speak for a hypothesis: its own, or those of the population of its subset."""
    return tuple(dict.fromkeys((entry["population"], entry["population"].split(" / ")[0])))


def _first(
    changed: Mapping[tuple[str, str, str], float], places: Sequence[str], program: str, contrast: str
) -> float | None:
    found = (changed.get((place, program, contrast)) for place in places)
    return next((score for score in found if score is not None), None)


def _of(made: Decision, found: Mapping[tuple[str, str], list[dict[Any, Any]]]) -> list[dict[Any, Any]]:
    contrast = made.hypothesis["contrast"]
    return next(
        (found[place, contrast] for place in _places(made.hypothesis) if (place, contrast) in found), []
    )


def _order(row: Mapping[str, Any]) -> tuple[int, str]:
    name = row["program"]
    return (BESIDE.index(name) if name in BESIDE else len(BESIDE), name)


def _say(row: Mapping[str, Any]) -> str:
    limits = f" ({row['ci_low']:+.2f} to {row['ci_high']:+.2f})" if not np.isnan(row["ci_low"]) else ""
    return f"{row['program']} {row['estimate']:+.2f} SD{limits}"
