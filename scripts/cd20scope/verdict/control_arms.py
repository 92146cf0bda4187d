"""Every question asked once more against a control arm: the change of the treated beyond that of the controls.

What happens to all donors alike, with time, season, steroids or technique, is in both arms and cancels. The rules, the
margins and the families are those of the verdicts; only the test is another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from cd20scope.programs.compare import baseline_unit
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.pairs import of_control, of_treated
from cd20scope.study.families import Family
from cd20scope.study.themes import Row
from cd20scope.verdict.beside import add_to_arms
from cd20scope.verdict.decide import Decision, decide_evaluated
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.endpoints.tables import Settings, by_key
from cd20scope.verdict.measure import measure_needed

COLUMNS = (
    *(
        "id",
        "question",
        "statement",
        "family",
        "endpoint",
        "population",
        "denominator",
        "program",
        "contrast",
    ),
    *("direction", "margin", "n_treated", "n_control"),
    *("treated", "treated_low", "treated_high", "treated_verdict"),
    *("control", "control_low", "control_high"),
    *("difference", "ci_low", "ci_high", "p_value", "p_adjusted", "level", "verdict", "reason"),
    *("donors_treated", "donors_control", "dropped", "controls", "pooled", "covariates"),
)
"""Columns of ``results/verdict/control_arms.tsv``. ``treated`` with limits is the change of the treated donors that
enter the comparison, ``treated_verdict`` that of ``results/verdict/verdicts.tsv``, ``control`` the same quantity in the
controls, in the same unit, and ``difference`` the one less the other, beside the ``covariates``, with two-sided limits
and the ``verdict`` on it. ``controls`` names the control levels; ``pooled`` is "yes" where they are the control arm of
the study, and "no" where one of several levels is compared on its own."""


def measure_by_arm(
    hypotheses: Sequence[Row],
    *,
    donors: pd.DataFrame,
    scores: pd.DataFrame,
    parts: pd.DataFrame,
    settings: Settings,
    controls: Sequence[str] = (),
) -> tuple[dict[Key, Change], dict[Key, Change]]:
    """Measure the changes that hypotheses need in the treated and in the controls, in one unit.

    Parameters
    ----------
    hypotheses, donors, scores, parts, settings
        As for :func:`cd20scope.verdict.measure.measure_needed`; the column ``control`` of the tables is empty for
        treated donors.
    controls
        Levels of the control arm; all (default) where empty.

    Returns
    -------
    Changes of the treated and of the controls, with the covariates of both. The unit of a programme is its spread
    between the treated donors at baseline in both.
    """
    units = {
        key: baseline_unit(rows, settings.baseline)
        for key, rows in by_key(of_treated(scores), ["population", "program"]).items()
    }
    # covariates are coded over both arms, below
    plain = replace(settings, covariates={}, units=units)
    tables = {"donors": donors, "scores": scores, "parts": parts}
    arms = (
        {name: of_treated(table) for name, table in tables.items()},
        {name: of_control(table, controls) for name, table in tables.items()},
    )
    treated, control = (measure_needed(hypotheses, settings=plain, **arm) for arm in arms)
    return add_to_arms(treated, control, settings=settings)


def decide_differences(
    hypotheses: Sequence[Row],
    treated: Mapping[Key, Change],
    control: Mapping[Key, Change],
    *,
    min_per_arm: int,
    alpha: float,
    families: Sequence[Family],
    attenuation: Mapping[str, str] | None = None,
) -> list[Decision]:
    """Decide every claim on the difference between the arms.

    Parameters
    ----------
    hypotheses, treated, control, min_per_arm
        As for :meth:`cd20scope.verdict.endpoints.endpoint.Endpoint.evaluate_difference`.
    alpha, families, attenuation
        As for :func:`cd20scope.verdict.decide.decide_all`: the differences are corrected among themselves, which
        controls their family-wise error at ``alpha`` as well.
    """
    evaluated = [
        (
            entry,
            endpoint_of(entry).evaluate_difference(entry, treated, control, min_per_arm=min_per_arm),
        )
        for entry in hypotheses
    ]
    return decide_evaluated(evaluated, alpha=alpha, families=families, attenuation=attenuation)


def tabulate_arms(
    decisions: Sequence[Decision],
    treated: Mapping[Key, Change],
    control: Mapping[Key, Change],
    *,
    verdicts: pd.DataFrame,
    alpha: float,
    controls: Sequence[str] = (),
    pooled: bool = True,
) -> pd.DataFrame:
    """Write the decisions as the table of arms.

    Parameters
    ----------
    decisions
        From :func:`decide_differences`; none where the study has no control arm.
    treated, control
        What they were decided on.
    verdicts
        Table of verdicts within the treated arm (:func:`cd20scope.verdict.table.complete`).
    alpha
        Of the limits shown.
    controls, pooled
        Levels of the control arm, and whether they are that of the study.

    Returns
    -------
    :data:`COLUMNS`, one row per claim.
    """
    within = verdicts.set_index("id")["verdict"]
    asked = {"controls": ", ".join(controls), "pooled": "yes" if pooled else "no"}
    rows = [_row(decision, treated, control, within, alpha) | asked for decision in decisions]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    decision: Decision,
    treated: Mapping[Key, Change],
    control: Mapping[Key, Change],
    within: pd.Series,
    alpha: float,
) -> dict[str, object]:
    entry, evidence, endpoint = decision.hypothesis, decision.evidence, decision.endpoint
    limits = endpoint.limits(evidence, alpha)
    row: dict[str, object] = {column: entry.get(column, "") for column in COLUMNS}
    for name, changes in (("treated", treated), ("control", control)):
        own = endpoint.evaluate(entry, changes, min_pairs=2)
        shown = endpoint.limits(own, alpha)
        row[name] = float("nan") if own.t is None else own.t.estimate
        row |= {f"{name}_low": shown["ci_low"], f"{name}_high": shown["ci_high"]}
        row |= {f"n_{name}": len(own.paired), f"donors_{name}": own.paired.donors_text}
    return row | {
        "treated_verdict": within.loc[entry["id"]],
        "covariates": ", ".join(evidence.covariates),
        "difference": float("nan") if evidence.t is None else evidence.t.estimate,
        "ci_low": limits["ci_low"],
        "ci_high": limits["ci_high"],
        "p_value": float("nan") if evidence.claim is None else evidence.claim.p_value,
        "p_adjusted": decision.p_adjusted,
        "level": decision.level,
        "verdict": decision.verdict.verdict,
        "reason": decision.verdict.reason,
        "dropped": evidence.paired.dropped_text,
    }
