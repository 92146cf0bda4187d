"""Endpoint ``biphasic``: B cells are depleted at both later visits, and a programme changes mostly after the first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import override

import numpy as np

from cd20scope.stats.between_arms import (
    both_arms,
    difference_reach,
    difference_t,
    reason_of_arm,
    why_not_compared,
)
from cd20scope.stats.changes import Change, Key, common
from cd20scope.stats.paired_tests import PairedTest
from cd20scope.stats.pairs import Contrast
from cd20scope.study.nouns import noun
from cd20scope.study.numbers import number, percent
from cd20scope.study.themes import Row
from cd20scope.verdict.claim import Part
from cd20scope.verdict.endpoints.abundance import Abundance, format_odds
from cd20scope.verdict.endpoints.endpoint import Around
from cd20scope.verdict.endpoints.order import Order
from cd20scope.verdict.endpoints.program import Program, score_key
from cd20scope.verdict.endpoints.units import LOG_ODDS, Unit
from cd20scope.verdict.evidence import (
    DIRECTIONS,
    Evidence,
    Tester,
    evaluate_change,
    names_beside,
    too_few_donors,
)
from cd20scope.verdict.quantities import Estimate

CELLS = ("first", "last")
"""Parts that are changes of a share."""


class Biphasic(Program):
    """B cells first, T cells later (:class:`~cd20scope.verdict.endpoints.order.Order`).

    Its estimate is the change of the programme.
    """

    name = "biphasic"
    files = tuple(file for pair in zip(Abundance.files, Program.files, strict=True) for file in pair)
    visits = "all"
    part_names = dict.fromkeys(CELLS, "cells") | dict.fromkeys(("early", "change"), "programme")

    @override
    def needs(self, hypothesis: Row) -> dict[str, Key]:
        """Name the changes of the cells, ``first`` and ``last``, and of the programme, ``early`` and ``change``."""
        depletion, contrast = hypothesis["depletion"], hypothesis["contrast"]
        cells = (Abundance.name, depletion["population"], depletion["denominator"])
        return {
            "first": (*cells, depletion["first"]),
            "last": (*cells, contrast),
            "early": score_key(hypothesis, depletion["first"]),
            "change": score_key(hypothesis, contrast),
        }

    @override
    def estimates(self, hypothesis: Row) -> dict[str, set[Estimate]]:
        """Name a depletion and a score over both contrasts."""
        contrasts = (hypothesis["depletion"]["first"], hypothesis["contrast"])
        return {contrast: {"depletion", "score"} for contrast in contrasts}

    @override
    def evaluate(
        self,
        hypothesis: Row,
        changes: Mapping[Key, Change],
        *,
        min_pairs: int,
        tester: Tester | None = None,
    ) -> Evidence:
        """Test the four parts on the donors with all visits; ``tester`` is of the whole change of the programme."""
        needed = self.needs(hypothesis)
        parts = [changes[key] for key in needed.values()]
        paired = common(parts)[0].paired
        for part in parts:
            if part.reason:
                absent = not (part.values.size or part.paired.donors or part.paired.dropped)
                return Evidence(part.paired if absent else paired, part.reason)
        asked = in_order(parts)
        change = asked["change"]
        if reason := too_few_donors(change, max(min_pairs, 2)):
            return Evidence(paired, f"on donors with all visits: {reason}")
        tests = {
            part: evaluate_change(own, tester if part == "change" else None) for part, own in asked.items()
        }
        claim = self._order(hypothesis, tests, {part: asked[part].mean_floor for part in CELLS})
        if claim.no_spread:
            return Evidence(paired, f"on donors with all visits: {claim.no_spread}")
        key = (self.name, hypothesis["direction"], claim.fall, claim.delta, *needed.values())
        beside = names_beside(change, tester)
        return Evidence(
            paired, key=key, t=tests["change"], values=change.values, covariates=beside, claim=claim
        )

    @override
    def evaluate_difference(
        self,
        hypothesis: Row,
        treated: Mapping[Key, Change],
        control: Mapping[Key, Change],
        *,
        min_per_arm: int,
    ) -> Evidence:
        """Test the differences between the arms in the four parts, on the donors with all visits."""
        keys = self.needs(hypothesis).values()
        here, there = ([arm[key] for key in keys] for arm in (treated, control))
        whole = [common(arm)[0].paired for arm in (here, there)]
        paired = both_arms(whole)
        for one, other in zip(here, there, strict=True):
            if reason := reason_of_arm(one, other):
                return Evidence(paired, reason)
        asked = [in_order(arm) for arm in (here, there)]
        for part in asked[0]:
            if reason := why_not_compared(asked[0][part], asked[1][part], max(min_per_arm, 2)):
                return Evidence(paired, f"on donors with all visits: {reason}")
        tests = {part: difference_t(asked[0][part], asked[1][part]) for part in asked[0]}
        floors = {part: difference_reach(asked[0][part], asked[1][part])[0] for part in CELLS}
        claim = self._order(hypothesis, tests, floors)
        if claim.no_spread:
            return Evidence(paired, f"on donors with all visits: {claim.no_spread}")
        beside = names_beside(asked[0]["change"], None)
        return Evidence(paired, key=tuple(keys), t=tests["change"], covariates=beside, claim=claim)

    def _order(self, hypothesis: Row, tests: Mapping[str, PairedTest], floors: Mapping[str, float]) -> Order:
        """Turn the tests of :func:`in_order` into the direction of a hypothesis."""
        up = DIRECTIONS[hypothesis["direction"]] > 0
        change, later = (tests[part] if up else tests[part].flipped() for part in ("change", "later"))
        return Order(
            first=tests["first"],
            first_floor=floors["first"],
            last=tests["last"],
            last_floor=floors["last"],
            change=change,
            later=later,
            fall=float(hypothesis["depletion"]["fall"]),
            delta=self.unit.margin(hypothesis["margin"]),
        )

    @override
    def two_sided(self, hypothesis: Row) -> bool:
        """Say no: each part is one-sided."""
        return False

    @override
    def parts(self, hypothesis: Row, evidence: Evidence, level: float) -> list[tuple[Part, Unit]]:
        """List the four parts."""
        if not isinstance(evidence.claim, Order):
            return []
        sign = DIRECTIONS[hypothesis["direction"]]
        return [
            (part, LOG_ODDS)
            if part.name in CELLS
            else (part._replace(estimate=sign * part.estimate, limit=sign * part.limit), self.unit)
            for part in evidence.claim.parts(level)
        ]

    @override
    def subject(self, row: Row) -> str:
        """Name programme and population, after the B cells."""
        return f"B cells first: {super().subject(row)}"

    @override
    def effect(
        self, hypothesis: Row, evidence: Evidence, *, contrasts: Mapping[str, Contrast], alpha: float
    ) -> str:
        """Write the change of the programme, then the odds of the depleted cells at both later visits."""
        parts = [super().effect(hypothesis, evidence, contrasts=contrasts, alpha=alpha)]
        if not isinstance(evidence.claim, Order):
            return parts[0]
        depletion = hypothesis["depletion"]
        steps = ((depletion["first"], evidence.claim.first), (hypothesis["contrast"], evidence.claim.last))
        for contrast, test in steps:
            later, earlier = contrasts[contrast]
            words = {"population": depletion["population"], "earlier": earlier, "alpha": alpha}
            parts.append(f"{format_odds(test.estimate, test.interval(alpha), **words)} at {later}")
        return "; ".join(parts)

    @override
    def sentence(self, row: Row, around: Around) -> str:
        """Write the depletion, then the change of the programme."""
        text = super().sentence(row, around)
        if around.depletion is None or "first" not in around.parts:
            return text
        first, last = (float(np.exp(around.parts[part])) for part in CELLS)
        since = last / first
        then = (
            f"they had risen {number(since, digits=1)}-fold from that nadir"
            if since > 1
            else f"they were {percent(last)}"
        )
        return (
            f"by {around.first} the odds of {noun(around.depletion[0])} were {percent(first)} of {around.earlier}; by "
            f"{around.last} {then}; {text}"
        )

    @override
    def test_name(self, evidence: Evidence) -> str:
        """Name the test with the p-value of each part."""
        if not isinstance(evidence.claim, Order):
            return ""
        p_values = ", ".join(f"{p:.3g}" for p in evidence.claim.p_values)
        return f"intersection-union of four one-sided paired t (p = {p_values}), donors with all visits"

    @override
    def rule(self, row: Row) -> str:
        """Write that each part must be shown."""
        change = self.unit.write_change(row["margin"], row["direction"])
        return f"Supported if each of the four parts is shown, the programme reaching {change}"


def in_order(parts: Sequence[Change]) -> dict[str, Change]:
    """Make the changes of the four tests on the donors with all; ``later`` is what came after the first visit."""
    first, last, early, change = common(parts)
    later = replace(
        change,
        values=change.values - 2 * early.values,
        shared_se=change.shared_se + 2 * early.shared_se,
    )
    return {"first": first, "last": last, "change": change, "later": later}
