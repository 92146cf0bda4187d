"""The table of verdicts: each decision with its sensitivity analyses, smallest effect and cautions."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cd20scope import schema
from cd20scope.stats import pairs
from cd20scope.stats.exact_flips import MOST_PAIRS, exact_flip_p, say_reach
from cd20scope.verdict import cautions, deciding, robustness
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.endpoints.tables import Settings
from cd20scope.verdict.evidence import Evidence
from cd20scope.verdict.power import smallest_effect_range

DECISION_COLUMNS = (
    *schema.VERDICT_COLUMNS,
    *("question", "asks", "family", "stage", "component", "strength", "level", "level_same"),
    *("test", "donors", "dropped", "effect", "note"),
)
"""Columns of a decision in the table of verdicts. Claims with one ``question`` read one estimate; ``level`` is that of
their support, ``level_same`` that of no change and "not supported"."""

COLUMNS = (
    *DECISION_COLUMNS,
    *("arms_held", "arms_asked", "arms_against", "smallest_effect_low", "smallest_effect_high"),
    *("p_exact", "reach", "beside", "caution", "technical"),
    *deciding.COLUMNS,
)
"""Columns of ``results/verdict/verdicts.tsv``. The two ends of the smallest effect (80 % power) are in the unit of
``estimate``; ``p_exact`` is that of all sign flips, two-sided against no change, and ``reach`` says where so few pairs
cannot reach the level by it. ``technical`` is "yes" where technique explains what was supported or contradicted as
measured; the verdict is then inconclusive, and the arms are those of the verdict as measured. The last three are the
interval that decides (:func:`cd20scope.verdict.deciding.find_interval`)."""


def complete(
    decisions: Sequence[Decision],
    arms: pd.DataFrame,
    programs: pd.DataFrame,
    technique: pd.DataFrame,
    *,
    rulers: pd.DataFrame,
    settings: Settings,
    steroid: str,
    alpha: float,
) -> pd.DataFrame:
    """Tabulate decisions with the arms that hold, the smallest effect that could be shown, and cautions.

    Parameters
    ----------
    decisions
        From :func:`cd20scope.verdict.decide.decide_all`.
    arms
        From :func:`cd20scope.verdict.robustness.decide_arms`.
    programs
        From :func:`cd20scope.programs.compare.compare`.
    technique
        From :func:`cd20scope.verdict.technique.compare_technique`.
    rulers
        As for :func:`cautions.format_cautions`.
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
    counted = robustness.count_arms(arms).reindex(table.index)
    could_show = [
        smallest_effect_range(decision.evidence.claim, level=decision.level)
        if decision.evidence.claim is not None
        else (float("nan"), float("nan"))
        for decision in decisions
    ]
    intervals = [deciding.find_interval(decision, alpha=alpha) for decision in decisions]
    notes = cautions.format_cautions(
        decisions, arms, programs, technique, rulers=rulers, steroid=steroid, alpha=alpha
    )
    return table.assign(
        arms_held=counted["arms_held"].astype("Int64"),
        arms_asked=counted["arms_asked"].astype("Int64"),
        arms_against=counted["arms_against"].fillna(""),
        smallest_effect_low=[low for low, _ in could_show],
        smallest_effect_high=[high for _, high in could_show],
        p_exact=[_exact(decision) for decision in decisions],
        reach=[_reach(decision) for decision in decisions],
        beside=pd.Series(cautions.format_confounders(decisions, programs), dtype=object),
        caution=pd.Series(notes, dtype=object),
        technical=["yes" if decision.technical else "no" for decision in decisions],
        **pd.DataFrame(intervals, index=table.index, columns=list(deciding.COLUMNS)),
    ).reset_index(drop=True)[list(COLUMNS)]


def tabulate(
    decisions: Sequence[Decision], *, contrasts: Sequence[pairs.Contrast], alpha: float
) -> pd.DataFrame:
    """Write decisions as the table of verdicts, one row each.

    Returns
    -------
    :data:`DECISION_COLUMNS`. ``estimate`` and its limits are in natural sign and the unit of the endpoint, of a
    biphasic claim the whole change of the programme; limits are two-sided ``1 - alpha``, those that decide are at
    ``level``. ``p_value`` is that of the test whose rejection support needs, see
    :func:`cd20scope.verdict.rules.p_for_support`.
    """
    named = {schema.contrast_name(contrast): contrast for contrast in contrasts}
    return pd.DataFrame(
        [_row(decision, named, alpha) for decision in decisions], columns=list(DECISION_COLUMNS)
    )


def _row(decision: Decision, contrasts: Mapping[str, pairs.Contrast], alpha: float) -> dict[str, object]:
    hypothesis, evidence = decision.hypothesis, decision.evidence
    limits, test = decision.endpoint.limits(evidence, alpha), decision.endpoint.test_name(evidence)
    named = {column: hypothesis.get(column, "") for column in DECISION_COLUMNS}
    return named | {
        "component": str(hypothesis.get("component", "total")) if decision.endpoint.scored else "",
        "n_pairs": len(evidence.paired),
        "estimate": float("nan") if evidence.t is None else evidence.t.estimate,
        "ci_low": limits["ci_low"],
        "ci_high": limits["ci_high"],
        "p_value": float("nan") if evidence.claim is None else evidence.claim.p_value,
        "p_adjusted": decision.p_adjusted,
        "level": decision.level,
        "level_same": decision.levels.same,
        "verdict": decision.verdict.verdict,
        "reason": decision.verdict.reason,
        "test": f"{test}{_beside(evidence)}; {_correction(decision)}" if test else "",
        "donors": evidence.paired.donors_text,
        "dropped": evidence.paired.dropped_text,
        "effect": decision.endpoint.effect(hypothesis, evidence, contrasts=contrasts, alpha=alpha),
    }


def _exact(decision: Decision) -> float:
    values = decision.evidence.values
    tested = decision.evidence.claim is not None and len(values) <= MOST_PAIRS
    return exact_flip_p(values) if tested else float("nan")


def _reach(decision: Decision) -> str:
    tested = decision.evidence.claim is not None
    return say_reach(len(decision.evidence.paired), decision.level) if tested else ""


def _beside(evidence: Evidence) -> str:
    return f", beside {', '.join(evidence.covariates)}" if evidence.covariates else ""


def _correction(decision: Decision) -> str:
    method = "Holm" if decision.hypothesis["family"] == "confirmatory" else "Benjamini-Hochberg"
    return f"{method} over {decision.n_tests} {decision.hypothesis['family']} questions, level {decision.level:.3g}"
