"""The table of verdicts, complete: beside each verdict, how far it can be trusted."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cd20scope import schema
from cd20scope.stats import pairs
from cd20scope.verdict import cautions, robustness
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.effect_text import describe_test, effect_text
from cd20scope.verdict.evidence import limits_of
from cd20scope.verdict.measure import Settings
from cd20scope.verdict.power import smallest_effect

DECISION_COLUMNS = (
    *schema.VERDICT_COLUMNS,
    *("family", "component", "strength", "opposes", "level", "test", "donors", "dropped", "effect", "note"),
)
"""Columns of a decision in the table of verdicts."""

COLUMNS = (
    *DECISION_COLUMNS,
    *("arms_held", "arms_asked", "arms_against", "smallest_effect", "beside", "caution"),
)
"""Columns of ``results/verdict/verdicts.tsv``. ``smallest_effect`` is in the unit of ``estimate``, 80 % power."""


def complete(
    decisions: Sequence[Decision],
    asked: pd.DataFrame,
    programs: pd.DataFrame,
    *,
    settings: Settings,
    steroid: str,
    alpha: float,
) -> pd.DataFrame:
    """Tabulate decisions with the arms that hold, the smallest effect that could be shown, and cautions.

    Parameters
    ----------
    decisions
        From :func:`cd20scope.verdict.decide.decide_all`.
    asked
        From :func:`cd20scope.verdict.robustness.ask_arms`.
    programs
        From :func:`cd20scope.programs.compare.compare`.
    settings
        Of the run.
    steroid
        Name of the steroid programme.
    alpha
        Level of the intervals shown, and at which a confounder counts as changed.

    Returns
    -------
    :data:`COLUMNS`; no arms and no smallest effect where a hypothesis is not testable.
    """
    table = tabulate(decisions, contrasts=settings.contrasts, alpha=alpha).set_index("id", drop=False)
    counted = robustness.count_arms(asked).reindex(table.index)
    shown = {
        made.hypothesis["id"]: smallest_effect(made.evidence.claim, level=made.level)
        for made in decisions
        if made.evidence.claim is not None
    }
    notes = cautions.cautions(decisions, asked, programs, steroid=steroid, alpha=alpha)
    return table.assign(
        arms_held=counted["arms_held"].astype("Int64"),
        arms_asked=counted["arms_asked"].astype("Int64"),
        arms_against=counted["arms_against"].fillna(""),
        smallest_effect=pd.Series(shown, dtype=float).reindex(table.index),
        beside=pd.Series(cautions.beside(decisions, programs), dtype=object),
        caution=pd.Series(notes, dtype=object),
    ).reset_index(drop=True)[list(COLUMNS)]


def tabulate(
    decisions: Sequence[Decision], *, contrasts: Sequence[pairs.Contrast], alpha: float
) -> pd.DataFrame:
    """Write decisions as the table of verdicts, one row each.

    Returns
    -------
    :data:`DECISION_COLUMNS`. ``estimate`` and its limits are in natural sign: change of log odds for
    abundance, baseline SDs for programmes and biphasic claims (whose row shows the late change of the
    programme); limits are two-sided ``1 - alpha``, those that decide are at ``level``. ``p_value`` is that of the
    test whose rejection support needs, see :func:`cd20scope.verdict.rules.p_for_support`.
    """
    named = {schema.contrast_name(contrast): contrast for contrast in contrasts}
    return pd.DataFrame([_row(made, named, alpha) for made in decisions], columns=list(DECISION_COLUMNS))


def _row(made: Decision, contrasts: Mapping[str, pairs.Contrast], alpha: float) -> dict[str, object]:
    hypothesis, evidence = made.hypothesis, made.evidence
    limits = limits_of(hypothesis, evidence, alpha)
    test = describe_test(hypothesis, evidence)
    named = {column: hypothesis.get(column, "") for column in DECISION_COLUMNS}
    return named | {
        "component": _component(hypothesis),
        "n_pairs": len(evidence.paired),
        "estimate": float("nan") if evidence.t is None else evidence.t.estimate,
        "ci_low": limits["ci_low"],
        "ci_high": limits["ci_high"],
        "p_value": float("nan") if evidence.claim is None else evidence.claim.p_value,
        "p_adjusted": made.p_adjusted,
        "level": made.level,
        "verdict": made.verdict.verdict,
        "reason": made.verdict.reason,
        "test": f"{test}; {_correction(made)}" if test else "",
        "donors": evidence.paired.donors_text,
        "dropped": evidence.paired.dropped_text,
        "effect": effect_text(hypothesis, evidence, contrasts=contrasts, alpha=alpha),
    }


def _correction(made: Decision) -> str:
    method = "Holm" if made.hypothesis["family"] == "confirmatory" else "Benjamini-Hochberg"
    return f"{method} over {made.n_tests} {made.hypothesis['family']} tests, level {made.level:.3g}"


def _component(hypothesis: Mapping[str, Any]) -> str:
    return str(hypothesis.get("component", "total")) if hypothesis["endpoint"] != "abundance" else ""
