"""Every question asked once more against a control arm: the change of the treated beyond that of the controls.

What happens to all donors alike, with time, season, steroids or technique, is in both arms and cancels. The rules, the
margins and the families are those of the verdicts; only the test is another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from cd20scope.programs.compare import baseline_unit
from cd20scope.stats.changes import Change, Key, common
from cd20scope.stats.pairs import of_control, of_treated
from cd20scope.study.families import Family
from cd20scope.study.themes import Row
from cd20scope.verdict.decide import Decision, decide_evaluated
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.endpoints.tables import Settings, by_key
from cd20scope.verdict.evidence import evaluate_change
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
    *("donors_treated", "donors_control", "dropped"),
)
"""Columns of ``results/verdict/control_arms.tsv``. ``treated`` with limits and verdict is the row of
``results/verdict/verdicts.tsv``, ``control`` the same quantity in the controls, in the same unit, and ``difference``
the one less the other, with two-sided limits and the ``verdict`` on it."""


def measure_by_arm(
    hypotheses: Sequence[Row],
    *,
    donors: pd.DataFrame,
    scores: pd.DataFrame,
    parts: pd.DataFrame,
    settings: Settings,
) -> tuple[dict[Key, Change], dict[Key, Change]]:
    """Measure the changes that hypotheses need in the treated and in the controls, in one unit.

    Parameters
    ----------
    hypotheses, donors, scores, parts, settings
        As for :func:`cd20scope.verdict.measure.measure_needed`; the column ``control`` of the tables is empty for
        treated donors.

    Returns
    -------
    Changes of the treated and of the controls. The unit of a programme is its spread between the treated donors at
    baseline in both.
    """
    units = {
        key: baseline_unit(rows, settings.baseline)
        for key, rows in by_key(of_treated(scores), ["population", "program"]).items()
    }
    # Welch's test has no covariates, so no donor is left out for one
    plain = replace(settings, covariates={}, units=units)
    tables = {"donors": donors, "scores": scores, "parts": parts}
    treated, control = (
        measure_needed(hypotheses, settings=plain, **{name: arm(table) for name, table in tables.items()})
        for arm in (of_treated, of_control)
    )
    return treated, control


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

    Returns
    -------
    :data:`COLUMNS`, one row per claim.
    """
    within = verdicts.set_index("id")
    rows = [_row(decision, treated, control, within, alpha) for decision in decisions]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(
    decision: Decision,
    treated: Mapping[Key, Change],
    control: Mapping[Key, Change],
    within: pd.DataFrame,
    alpha: float,
) -> dict[str, object]:
    entry, evidence = decision.hypothesis, decision.evidence
    here, there = (_entered(entry, arm) for arm in (treated, control))
    own = within.loc[entry["id"]]
    limits = endpoint_of(entry).limits(evidence, alpha)
    row: dict[str, object] = {column: entry.get(column, "") for column in COLUMNS}
    row |= {"treated": own["estimate"], "treated_low": own["ci_low"], "treated_high": own["ci_high"]}
    row |= dict.fromkeys(("control", "control_low", "control_high", "difference"), float("nan"))
    if there.measured:
        t = evaluate_change(there)
        row["control"] = t.estimate
        if not t.no_spread:
            row["control_low"], row["control_high"] = t.interval(alpha)
    return row | {
        "n_treated": len(here.paired),
        "n_control": len(there.paired),
        "treated_verdict": own["verdict"],
        "difference": float("nan") if evidence.t is None else evidence.t.estimate,
        "ci_low": limits["ci_low"],
        "ci_high": limits["ci_high"],
        "p_value": float("nan") if evidence.claim is None else evidence.claim.p_value,
        "p_adjusted": decision.p_adjusted,
        "level": decision.level,
        "verdict": decision.verdict.verdict,
        "reason": decision.verdict.reason,
        "donors_treated": here.paired.donors_text,
        "donors_control": there.paired.donors_text,
        "dropped": evidence.paired.dropped_text,
    }


def _entered(hypothesis: Row, arm: Mapping[Key, Change]) -> Change:
    """Change that is shown of an arm: of an order, that of its programme in the donors with all visits."""
    parts = {part: arm[key] for part, key in endpoint_of(hypothesis).needs(hypothesis).items()}
    if "main" in parts:
        return parts["main"]
    shown = dict(zip(parts, common(list(parts.values())), strict=True))
    return shown["change"]
