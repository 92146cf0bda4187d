"""Robustness arms that need no other tables: other tests of the same changes, and each donor left out.

Each gives rows of the table of arms (:data:`cd20scope.verdict.robustness.COLUMNS`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cd20scope.stats.changes import Change, Key
from cd20scope.stats.mixed_model import MixedChange
from cd20scope.stats.paired_tests import adjusted_t, signed_rank
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.evidence import Evidence
from cd20scope.verdict.influence import Without, leave_one_out
from cd20scope.verdict.steroid import steroid_reach

LEAVE_ONE_OUT = "leave one donor out"
RANKS = "signed-rank test"
ALL_VISITS = "all visits (mixed model)"
ADJUSTED = "adjusted for steroid score"
RANDOM_SETS = "against random gene sets"
NO_COVARIATES = "without covariates"


def row(
    decision: Decision, arm: str, evidence: Evidence, alpha: float, detail: str = ""
) -> dict[str, object]:
    """Write one arm as a row: the verdict on other evidence, at the level that decided."""
    made: dict[str, object] = {"id": decision.hypothesis["id"], "arm": arm, "n_pairs": len(evidence.paired)}
    if evidence.claim is None:
        return made | {"verdict": "not testable", "holds": "", "detail": evidence.reason}
    verdict = decision.judge(evidence.claim)
    limits = decision.endpoint.limits(evidence, alpha)
    return made | {
        "verdict": verdict.verdict,
        "holds": "yes" if verdict.verdict == decision.verdict.verdict else "no",
        "estimate": float("nan") if evidence.t is None else evidence.t.estimate,
        "ci_low": limits["ci_low"],
        "ci_high": limits["ci_high"],
        "p_value": evidence.claim.p_value,
        "detail": detail or verdict.reason,
    }


def without_each(decision: Decision, own: Mapping[Key, Change], min_pairs: int) -> dict[str, object]:
    """One arm: holds when the verdict is the same whichever donor is left out."""

    def ask(kept: Sequence[str]) -> Without:
        rest = {key: change.take(kept) for key, change in own.items()}
        evidence = decision.endpoint.evaluate(decision.hypothesis, rest, min_pairs=min_pairs - 1)
        estimate = float("nan") if evidence.t is None else evidence.t.estimate
        claim = evidence.claim
        return Without(estimate, "not testable" if claim is None else decision.judge(claim).verdict)

    donors, t = decision.evidence.paired.donors, decision.evidence.t
    whole = Without(float("nan") if t is None else t.estimate, decision.verdict.verdict)
    found = leave_one_out(donors, ask, whole=whole)
    donor, moved = next(iter(found.moves.items()))
    largest = f"{donor} moves the estimate most, by {moved:+.3g}" if np.isfinite(moved) else ""
    return {
        "id": decision.hypothesis["id"],
        "arm": LEAVE_ONE_OUT,
        "verdict": next(iter(found.changes.values()), decision.verdict.verdict),
        "holds": "no" if found.changes else "yes",
        "n_pairs": len(donors) - 1,
        "detail": "; ".join(filter(None, (found.statement, largest))),
    }


def by_ranks(
    decision: Decision, own: Mapping[Key, Change], min_pairs: int, alpha: float
) -> Iterator[dict[str, object]]:
    """Decide by signed ranks, where so many pairs can reach the level by them."""
    evidence = decision.endpoint.evaluate(decision.hypothesis, own, min_pairs=min_pairs, tester=signed_rank)
    n = len(evidence.paired)
    two_sided = decision.endpoint.two_sided(decision.hypothesis)
    # a change the other way is two-sided whatever was claimed
    least = 0.5 ** (n - 1 if two_sided or decision.verdict.verdict == "contradicted" else n)
    made = row(decision, RANKS, evidence, alpha)
    if evidence.claim is not None and least > decision.decided_at:
        detail = (
            f"ranks of {n} pairs reach p = {least:.2g} at best, and the level is {decision.decided_at:.2g}"
        )
        made |= {"holds": "", "detail": detail}
    yield made


def without_covariates(
    decision: Decision, own: Mapping[Key, Change], min_pairs: int, alpha: float
) -> Iterator[dict[str, object]]:
    """Decide without the covariates of the study, where it has some."""
    if any(change.covariates is not None for change in own.values()):
        plain = {key: replace(change, covariates=None) for key, change in own.items()}
        evidence = decision.endpoint.evaluate(decision.hypothesis, plain, min_pairs=min_pairs)
        yield row(decision, NO_COVARIATES, evidence, alpha)


def all_visits(
    decision: Decision, own: Mapping[Key, Change], fit: MixedChange | None, min_pairs: int, alpha: float
) -> Iterator[dict[str, object]]:
    """Decide by a mixed model of all visits, in which donors without one of the two count."""
    if fit is None:
        return
    if fit.t is None:
        untested = {"verdict": "not testable", "holds": "", "n_pairs": fit.n_complete, "detail": fit.reason}
        yield {"id": decision.hypothesis["id"], "arm": ALL_VISITS} | untested
        return
    t = fit.t
    evidence = decision.endpoint.evaluate(decision.hypothesis, own, min_pairs=min_pairs, tester=lambda _: t)
    left = f"; without one visit: {fit.dropout}" if fit.dropout else ""
    yield row(
        decision, ALL_VISITS, evidence, alpha, detail=f"{t.n} donors, {fit.n_complete} with both visits{left}"
    )


def adjusted(
    decision: Decision,
    own: Mapping[Key, Change],
    steroid: Mapping[tuple[str, str], Change],
    min_pairs: int,
    alpha: float,
) -> Iterator[dict[str, object]]:
    """Change that is left where the steroid score of the same cells did not change."""
    entry = decision.hypothesis
    # a subset without a score of its own goes by its population
    places = (entry["population"], entry["population"].split(" / ")[0])
    found = [steroid[place, entry["contrast"]] for place in places if (place, entry["contrast"]) in steroid]
    covariate = next((change for change in found if change.measured), None)
    if covariate is None:
        return
    donors = set(decision.evidence.paired.donors) & set(covariate.paired.donors)
    least = max(min_pairs, 3)  # through two donors any line fits
    if len(donors) < least:
        detail = f"{len(donors)} of the pairs {'has' if len(donors) == 1 else 'have'} a steroid score, {least} needed"
        yield {
            "id": entry["id"],
            "arm": ADJUSTED,
            "verdict": "not testable",
            "holds": "",
            "n_pairs": len(donors),
            "detail": detail,
        }
        return
    both = {key: change.take(donors) for key, change in own.items()}
    g = covariate.take(donors).values
    reach = steroid_reach(g, alpha=alpha)
    if not reach.askable:
        size = f"adjusting widens the error {reach.inflation:.2g} times"
        detail = f"{reach.caution}, and {size}" if reach.caution else f"the score did not move; {size}"
        yield {
            "id": entry["id"],
            "arm": ADJUSTED,
            "verdict": "",
            "holds": "",
            "n_pairs": len(donors),
            "detail": detail,
        }
        return
    evidence = decision.endpoint.evaluate(entry, both, min_pairs=min_pairs, tester=lambda d: adjusted_t(d, g))
    yield row(
        decision,
        ADJUSTED,
        evidence,
        alpha,
        detail=f"steroid score of the same cells: {g.mean():+.2f} baseline SD",
    )


def among_random(
    decision: Decision, random_sets: Mapping[tuple[str, str, str], float], alpha: float
) -> Iterator[dict[str, object]]:
    """Compare a change of a programme with those of random genes, matched for expression."""
    entry = decision.hypothesis
    if not decision.endpoint.scored or decision.verdict.verdict not in ("supported", "contradicted"):
        return
    if entry["direction"] == "none" and decision.verdict.verdict == "supported":
        return  # random genes that change more do not speak against no change
    p = random_sets.get((entry["population"], entry["program"], entry["contrast"]))
    if p is None or np.isnan(p):
        return
    yield {
        "id": entry["id"],
        "arm": RANDOM_SETS,
        "verdict": decision.verdict.verdict if p <= alpha else "inconclusive",
        "holds": "yes" if p <= alpha else "no",
        "p_value": p,
        "n_pairs": len(decision.evidence.paired),
        "detail": f"{p:.2g} of the random gene sets, matched for size and expression, change as much",
    }
