"""What one estimate does to each claim that was made about it.

All claims of a question read one test. Claims of a change are judged at the level that the question's family leaves
it, claims of no change and "not supported" at the level that holds their error over all questions.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cd20scope.verdict.claim import AnyClaim
from cd20scope.verdict.rules import Verdict


class Levels(NamedTuple):
    """Levels at which the claims of a question are judged.

    Attributes
    ----------
    change
        Of claims of a change: supported and contradicted.
    same
        Of claims of no change, and of "not supported".
    """

    change: float
    same: float


def p_of_question(claims: Sequence[AnyClaim]) -> float:
    """p-value by which a question takes its place in its family.

    That of its claims of a change: two-sided against no change, which both directions share; one-sided against the
    margin for a strong one, which stands alone; the largest of four parts for an order. A question of which only no
    change was claimed has that of two one-sided tests.
    """
    changes = [claim for claim in claims if not claim.same]
    return max(claim.p_value for claim in changes or claims)


def judge_claim(claim: AnyClaim, levels: Levels, *, attenuated: str = "") -> Verdict:
    """Judge one claim at the levels of its question.

    Parameters
    ----------
    claim
        The question's test, turned in the claimed direction.
    levels
        Of the question.
    attenuated
        Why a change is seen smaller than it is, which lets no absence of one be told; empty where it is not.

    Returns
    -------
    Of claims in opposite directions one at most is supported, and none beside a claim of no change.
    """
    if claim.same:
        return _no_change(claim, levels, attenuated)
    at_change = claim.decide(levels.change)
    if at_change.verdict in ("supported", "contradicted"):
        return at_change
    at_same = claim.decide(levels.same)
    if at_same.verdict == "not supported":
        return _unless(attenuated, at_same)
    if at_change.verdict == "not supported":
        return Verdict(
            "inconclusive",
            "an effect as large as the margin is excluded for this question alone, but not over all questions",
        )
    return at_change


def _no_change(claim: AnyClaim, levels: Levels, attenuated: str) -> Verdict:
    at_change = claim.decide(levels.change)
    if at_change.verdict == "contradicted":
        return at_change
    at_same = claim.decide(levels.same)
    if at_same.verdict == "contradicted":  # a change that is not shown at the level of changes
        return Verdict("inconclusive", "neither a change nor the absence of one is shown")
    return _unless(attenuated, at_same) if at_same.verdict == "supported" else at_same


def _unless(attenuated: str, verdict: Verdict) -> Verdict:
    return Verdict("inconclusive", f"{verdict.reason}, but {attenuated}") if attenuated else verdict
