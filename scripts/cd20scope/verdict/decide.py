"""One verdict per pre-specified hypothesis, with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cd20scope.stats.changes import Change, Key
from cd20scope.stats.multiplicity import false_discovery
from cd20scope.verdict.evidence import Evidence, TestKey, evaluate
from cd20scope.verdict.families import FAMILIES, judge
from cd20scope.verdict.rules import Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """A hypothesis, its evidence and its verdict.

    Attributes
    ----------
    hypothesis
        Entry of the catalogue.
    evidence
        Its test.
    verdict
        Verdict and reason.
    p_adjusted, level
        After correction within the family; missing where there is no test.
    n_tests
        Distinct tests of the family.
    technical
        Whether its verdict was taken back because technique can explain it (:mod:`cd20scope.verdict.technical`).
    """

    hypothesis: Mapping[str, Any]
    evidence: Evidence
    verdict: Verdict
    p_adjusted: float = float("nan")
    level: float = float("nan")
    n_tests: int = 0
    technical: bool = False


def decide_all(
    hypotheses: Sequence[Mapping[str, Any]],
    changes: Mapping[Key, Change],
    *,
    alpha: float = 0.05,
    min_pairs: int = 6,
) -> list[Decision]:
    """Decide every hypothesis, each in its family.

    Confirmatory hypotheses are judged at the level that Holm's procedure leaves them, depletion before all others
    (:mod:`cd20scope.verdict.families`), exploratory ones at the level of Benjamini and Hochberg's, over the distinct
    tests of the family: two hypotheses that oppose each
    other read the same two-sided test, which counts once. A hypothesis without a test does not count.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue.
    changes
        Every change that they need (:func:`cd20scope.verdict.hypothesis.needed`).
    alpha
        Family-wise level of the confirmatory family, false discovery rate of the exploratory one.
    min_pairs
        Fewer complete pairs make a hypothesis not testable.
    """
    evaluated = [(entry, evaluate(entry, changes, min_pairs=min_pairs)) for entry in hypotheses]
    levels: dict[str, dict[TestKey, tuple[float, float]]] = {}
    found = _distinct(evaluated, "exploratory")
    corrected = false_discovery(list(found.values()), alpha=alpha)
    pair = zip(corrected.p_adjusted.tolist(), corrected.level.tolist(), strict=True)
    levels["exploratory"] = dict(zip(found, pair, strict=True))
    levels["confirmatory"] = _gated(evaluated, alpha)
    return [_decide(entry, evidence, levels[entry["family"]]) for entry, evidence in evaluated]


def stage_of(hypothesis: Mapping[str, Any]) -> str:
    """Family of :data:`cd20scope.verdict.families.FAMILIES`: a fall of cells beyond its margin is depletion."""
    deep = hypothesis["endpoint"] == "abundance" and hypothesis["strength"] == "strong"
    return FAMILIES[0].name if deep and hypothesis["direction"] == "down" else FAMILIES[1].name


def _gated(
    evaluated: Sequence[tuple[Mapping[str, Any], Evidence]], alpha: float
) -> dict[TestKey, tuple[float, float]]:
    """Find the adjusted p-value and the level of every distinct confirmatory test."""
    found = _distinct(evaluated, "confirmatory")
    names = {key: str(number) for number, key in enumerate(found)}
    stages = {evidence.key: stage_of(entry) for entry, evidence in evaluated if evidence.claim is not None}
    judged = judge(
        {names[key]: p for key, p in found.items()},
        {names[key]: stages[key] for key in found},
        FAMILIES,
        alpha=alpha,
    )
    return {key: (judged[name].p_adjusted, judged[name].level) for key, name in names.items()}


def _distinct(evaluated: Sequence[tuple[Mapping[str, Any], Evidence]], family: str) -> dict[TestKey, float]:
    """p-value of every distinct test of a family, by the key of the test."""
    return {
        evidence.key: evidence.claim.p_value
        for entry, evidence in evaluated
        if entry["family"] == family and evidence.claim is not None
    }


def _decide(
    hypothesis: Mapping[str, Any], evidence: Evidence, levels: Mapping[TestKey, tuple[float, float]]
) -> Decision:
    if evidence.claim is None:
        return Decision(hypothesis, evidence, Verdict("not testable", evidence.reason))
    p_adjusted, level = levels[evidence.key]
    return Decision(
        hypothesis=hypothesis,
        evidence=evidence,
        verdict=evidence.claim.decide(level),
        p_adjusted=p_adjusted,
        level=level,
        n_tests=len(levels),
    )
