"""One verdict per claim, with its evidence; all claims of a question share one test and one pair of levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cd20scope.schema import FAMILIES as KINDS
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.multiplicity import false_discovery
from cd20scope.study.families import Family
from cd20scope.verdict.claim import AnyClaim
from cd20scope.verdict.claims import Levels, judge_claim, p_of_question
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.endpoints.endpoint import Endpoint
from cd20scope.verdict.evidence import Evidence
from cd20scope.verdict.families import FAMILIES, judge
from cd20scope.verdict.rules import Verdict

NO_LEVELS = Levels(float("nan"), float("nan"))
"""Of a claim without a test."""


class Corrected(NamedTuple):
    """A question after the correction for the number of questions."""

    p_adjusted: float
    levels: Levels


@dataclass(frozen=True, slots=True)
class Decision:
    """A claim, its evidence and its verdict.

    Attributes
    ----------
    hypothesis
        Row of the catalogue (:func:`cd20scope.study.questions.claim_rows`).
    evidence
        Its test.
    verdict
        Verdict and reason.
    p_adjusted
        Of its question; missing where there is no test.
    levels
        At which its claims are judged; missing where there is no test.
    n_tests
        Questions of its kind, confirmatory or exploratory, that could be tested.
    attenuated
        Why the labels see its change smaller than it is; empty where they do not.
    technical
        Whether its verdict was taken back because technique can explain it (:mod:`cd20scope.verdict.technical`).
    """

    hypothesis: Mapping[str, Any]
    evidence: Evidence
    verdict: Verdict
    p_adjusted: float = float("nan")
    levels: Levels = NO_LEVELS
    n_tests: int = 0
    attenuated: str = ""
    technical: bool = False

    @property
    def endpoint(self) -> Endpoint:
        """Endpoint of the claim."""
        return endpoint_of(self.hypothesis)

    @property
    def level(self) -> float:
        """Level of its support: that of no change for a claim of no change."""
        return self.levels.same if self.hypothesis["direction"] == "none" else self.levels.change

    @property
    def decided_at(self) -> float:
        """Level at which its verdict was reached."""
        of_verdict = {"contradicted": self.levels.change, "not supported": self.levels.same}
        return of_verdict.get(self.verdict.verdict, self.level)

    def judge(self, claim: AnyClaim) -> Verdict:
        """Verdict on other evidence for the same claim, at the same levels."""
        return judge_claim(claim, self.levels, attenuated=self.attenuated)


def decide_all(
    hypotheses: Sequence[Mapping[str, Any]],
    changes: Mapping[Key, Change],
    *,
    alpha: float = 0.05,
    min_pairs: int = 6,
    families: Sequence[Family] = FAMILIES,
    attenuation: Mapping[str, str] | None = None,
) -> list[Decision]:
    """Decide every claim, each at the levels of its question.

    Confirmatory questions are judged at the level that their families leave them (:mod:`cd20scope.verdict.families`),
    exploratory ones at the level of Benjamini and Hochberg's procedure. A question counts once, however many claims
    there are about it, and not at all where it could not be tested.

    Parameters
    ----------
    hypotheses
        Rows of the catalogue.
    changes
        Every change that they need (:meth:`cd20scope.verdict.endpoints.endpoint.Endpoint.needs`).
    alpha
        Family-wise level of the confirmatory questions, false discovery rate of the exploratory ones.
    min_pairs
        Fewer complete pairs make a claim not testable.
    families
        Of the confirmatory questions.
    attenuation
        Population -> why a change of its share is seen smaller than it is
        (:func:`cd20scope.verdict.attenuation.attenuated`); None (default) for none.
    """
    evaluated = [
        (entry, endpoint_of(entry).evaluate(entry, changes, min_pairs=min_pairs)) for entry in hypotheses
    ]
    return decide_evaluated(evaluated, alpha=alpha, families=families, attenuation=attenuation)


def decide_evaluated(
    evaluated: Sequence[tuple[Mapping[str, Any], Evidence]],
    *,
    alpha: float,
    families: Sequence[Family],
    attenuation: Mapping[str, str] | None,
) -> list[Decision]:
    """Decide claims whose tests are made; parameters as for :func:`decide_all`."""
    corrected = {kind: _correct(evaluated, kind, alpha, families) for kind in KINDS}
    seen = attenuation or {}
    return [_decide(entry, evidence, corrected[entry["family"]], seen) for entry, evidence in evaluated]


def _correct(
    evaluated: Sequence[tuple[Mapping[str, Any], Evidence]],
    kind: str,
    alpha: float,
    families: Sequence[Family],
) -> dict[str, Corrected]:
    """Adjust the p-value of every question of a kind that could be tested, and find its levels."""
    asked: dict[str, list[AnyClaim]] = {}
    stage: dict[str, str] = {}
    for entry, evidence in evaluated:
        if entry["family"] == kind and evidence.claim is not None:
            asked.setdefault(entry["question"], []).append(evidence.claim)
            stage[entry["question"]] = entry["stage"]
    p_values = {question: p_of_question(claims) for question, claims in asked.items()}
    if kind == "exploratory":
        found = false_discovery(list(p_values.values()), alpha=alpha)
        pairs = zip(found.p_adjusted.tolist(), found.level.tolist(), strict=True)
        return {
            name: Corrected(p, Levels(level, level)) for name, (p, level) in zip(p_values, pairs, strict=True)
        }
    judged = judge(p_values, stage, families, alpha=alpha)
    return {
        name: Corrected(one.p_adjusted, Levels(one.level, one.level_same)) for name, one in judged.items()
    }


def _decide(
    hypothesis: Mapping[str, Any],
    evidence: Evidence,
    corrected: Mapping[str, Corrected],
    attenuation: Mapping[str, str],
) -> Decision:
    if evidence.claim is None:
        return Decision(hypothesis, evidence, Verdict("not testable", evidence.reason))
    p_adjusted, levels = corrected[hypothesis["question"]]
    population = hypothesis["population"].partition(" / ")[0]
    why = attenuation.get(population, "") if endpoint_of(hypothesis).attenuated else ""
    return Decision(
        hypothesis=hypothesis,
        evidence=evidence,
        verdict=judge_claim(evidence.claim, levels, attenuated=why),
        p_adjusted=p_adjusted,
        levels=levels,
        n_tests=len(corrected),
        attenuated=why,
    )
