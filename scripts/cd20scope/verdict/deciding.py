"""The interval that decides each claim: that of its own test, at the level and on the sides of its rule.

The 95 % interval of a table is another one: the level is what the family leaves, a strong claim and a claim of no
change are judged by one-sided limits. Printed beside a verdict that it does not explain, a 95 % interval misleads.
"""

import numpy as np

from cd20scope.verdict.decide import Decision

COLUMNS = ("decide_low", "decide_high", "coverage")
"""Columns of the table of verdicts: limits on the scale of the estimate, and the coverage of the two-sided interval (0
to 1)."""


def find_interval(decision: Decision, *, alpha: float) -> tuple[float, float, float]:
    """Limits and coverage of the interval that decides a claim.

    Parameters
    ----------
    decision
        With its final verdict.
    alpha
        Of the interval that stands in where no single one decides.

    Returns
    -------
    :data:`COLUMNS`. The lower limit is missing where the detection limit decides, as nothing bounds such a fall. An
    order of events, which has four tests, has the two-sided ``1 - alpha`` interval of its programme.
    """
    evidence, endpoint = decision.evidence, decision.endpoint
    shown = endpoint.limits(evidence, alpha)
    if evidence.t is None or evidence.claim is None or endpoint.part_names:
        return shown["ci_low"], shown["ci_high"], 1 - alpha
    covered = coverage(decision)
    low, high = evidence.t.interval(1 - covered)
    if np.isnan(shown["ci_low"]) and not np.isnan(shown["ci_high"]):
        return float("nan"), max(high, evidence.floor), covered
    return low, high, covered


def coverage(decision: Decision) -> float:
    """Coverage of the two-sided interval whose limits the rule of a claim reads.

    A claim of a change is judged by the interval of its level, a strong one by the one-sided limit of that level;
    "not supported" and no change by one-sided limits at the level that all questions share.
    """
    hypothesis, levels, verdict = decision.hypothesis, decision.levels, decision.verdict.verdict
    if verdict == "contradicted":
        return 1 - levels.change
    if hypothesis["direction"] == "none" or verdict == "not supported":
        return 1 - 2 * levels.same
    return 1 - (2 if hypothesis["strength"] == "strong" else 1) * levels.change
