"""One verdict per pre-specified hypothesis, with everything it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cd20scope import schema
from cd20scope.stats import pairs
from cd20scope.stats.changes import Change, Key
from cd20scope.verdict.evidence import Evidence, TestKey, describe_test, effect_text, limits_of, weigh
from cd20scope.verdict.rules import Verdict, false_discovery, holm

COLUMNS = (
    *schema.VERDICT_COLUMNS,
    *("family", "component", "strength", "opposes", "level", "test", "donors", "dropped", "effect", "note"),
)
"""Columns of the table of verdicts."""

CORRECTIONS = {"confirmatory": holm, "exploratory": false_discovery}


@dataclass(frozen=True, slots=True)
class Decision:
    """A hypothesis, what it rests on, and what is said of it.

    Attributes
    ----------
    hypothesis
        Entry of the catalogue.
    evidence
        Its test.
    verdict
        What is said, and why.
    p_adjusted, level
        After correction within the family; missing where there is no test.
    n_tests
        Distinct tests of the family.
    """

    hypothesis: Mapping[str, Any]
    evidence: Evidence
    verdict: Verdict
    p_adjusted: float = float("nan")
    level: float = float("nan")
    n_tests: int = 0


def decide_all(
    hypotheses: Sequence[Mapping[str, Any]],
    changes: Mapping[Key, Change],
    *,
    alpha: float = 0.05,
    min_pairs: int = 6,
) -> list[Decision]:
    """Decide every hypothesis, each in its family.

    Confirmatory hypotheses are judged at the level that Holm's procedure leaves them, exploratory ones at the
    level of Benjamini and Hochberg's, over the distinct tests of the family: two hypotheses that oppose each
    other read the same two-sided test, which counts once. A test that could not be made does not count.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue.
    changes
        Every change that they need (:func:`cd20scope.verdict.evidence.needed`).
    alpha
        Family-wise level of the confirmatory family, false discovery rate of the exploratory one.
    min_pairs
        Fewer complete pairs make a hypothesis not testable.
    """
    weighed = [(entry, weigh(entry, changes, min_pairs=min_pairs)) for entry in hypotheses]
    levels: dict[str, dict[TestKey, tuple[float, float]]] = {}
    for family, correction in CORRECTIONS.items():
        found = _distinct(weighed, family)
        corrected = correction(list(found.values()), alpha=alpha)
        pair = zip(corrected.p_adjusted.tolist(), corrected.level.tolist(), strict=True)
        levels[family] = dict(zip(found, pair, strict=True))
    return [_decide(entry, evidence, levels[entry["family"]]) for entry, evidence in weighed]


def judge(
    hypotheses: Mapping[str, Any],
    changes: Mapping[Key, Change],
    *,
    contrasts: Sequence[pairs.Contrast],
    alpha: float = 0.05,
    min_pairs: int = 6,
) -> pd.DataFrame:
    """Judge every hypothesis of a catalogue; each gets exactly one row, in the order of the catalogue.

    Parameters
    ----------
    hypotheses
        The hypothesis catalogue, parsed.
    changes, alpha, min_pairs
        As for :func:`decide_all`.
    contrasts
        Pairs (later, earlier) of visits of the run.

    Returns
    -------
    :data:`COLUMNS`. ``estimate`` and its limits are in natural sign: change of log odds for
    abundance, baseline SDs for programmes and biphasic claims (whose row shows the late change of the
    programme); limits are two-sided ``1 - alpha``, those that decide are at ``level``. ``p_value`` is that of the
    test whose rejection support needs, see :func:`cd20scope.verdict.rules.p_for_support`.
    """
    decisions = decide_all(hypotheses["hypotheses"], changes, alpha=alpha, min_pairs=min_pairs)
    return tabulate(decisions, contrasts=contrasts, alpha=alpha)


def tabulate(
    decisions: Sequence[Decision], *, contrasts: Sequence[pairs.Contrast], alpha: float
) -> pd.DataFrame:
    """Write decisions as the table of verdicts, see :func:`judge`."""
    named = {pairs.contrast_name(contrast): contrast for contrast in contrasts}
    return pd.DataFrame([_row(made, named, alpha) for made in decisions], columns=list(COLUMNS))


def _distinct(weighed: Sequence[tuple[Mapping[str, Any], Evidence]], family: str) -> dict[TestKey, float]:
    """p-value of every distinct test of a family, by the key of the test."""
    return {
        evidence.key: evidence.claim.p_value
        for entry, evidence in weighed
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


def _row(made: Decision, contrasts: Mapping[str, pairs.Contrast], alpha: float) -> dict[str, object]:
    hypothesis, evidence = made.hypothesis, made.evidence
    limits = limits_of(hypothesis, evidence, alpha)
    test = describe_test(hypothesis, evidence)
    named = {column: hypothesis.get(column, "") for column in COLUMNS}
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
