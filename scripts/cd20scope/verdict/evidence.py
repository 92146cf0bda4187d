"""Evidence of a hypothesis: test, donors and margin, or the reason why there is no test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cd20scope.abundance.compare import show_limits
from cd20scope.stats import paired_tests, pairs
from cd20scope.stats.changes import Change, Key, common
from cd20scope.stats.paired_tests import PairedT, PairedTest
from cd20scope.stats.pairs import Pairs
from cd20scope.stats.standardised import standardise
from cd20scope.verdict.hypothesis import needed
from cd20scope.verdict.order import Order
from cd20scope.verdict.rules import (
    Verdict,
    decide,
    decide_equivalence,
    p_for_equivalence,
    p_for_support,
)

DIRECTIONS = {"up": 1, "down": -1, "none": 1}

type TestKey = tuple[object, ...]
"""Identity of a test: hypotheses with the same key share one, which counts once in their family."""
type Tester = Callable[[NDArray[np.float64]], PairedTest]
"""From one difference per donor to a test of their centre, the unit taken as known."""


@dataclass(frozen=True)
class Claim:
    """A hypothesis with one test: the effect turned into its direction, and its margin."""

    t: PairedTest
    delta: float
    strong: bool
    same: bool
    floor: float
    ceiling: float

    @property
    def p_value(self) -> float:
        """p-value of the test whose rejection a claim of support needs."""
        if self.same:
            return p_for_equivalence(self.t, delta=self.delta)
        return p_for_support(self.t, delta=self.delta, strong=self.strong, ceiling=self.ceiling)

    def decide(self, level: float) -> Verdict:
        """Verdict at a level, see :mod:`cd20scope.verdict.rules`."""
        if self.same:
            reach = {"floor": self.floor, "ceiling": self.ceiling}
            return decide_equivalence(self.t, delta=self.delta, level=level, **reach)
        return decide(self.t, delta=self.delta, level=level, strong=self.strong, ceiling=self.ceiling)


@dataclass(frozen=True)
class Evidence:
    """One hypothesis and its test.

    Attributes
    ----------
    paired
        Donors that enter and those that do not.
    reason
        Why it is not testable; empty where it is.
    key
        Identity of the test.
    t
        The test in natural sign; of the whole change of the programme for a biphasic hypothesis. None without
        any donor.
    values
        Shape (N,), the differences that ``t`` is of.
    floor
        Mean fall that the numbers of cells can show.
    claim
        Test and margin; decides once the level is known. None where not testable.
    """

    paired: Pairs = field(default_factory=lambda: Pairs(()))
    reason: str = ""
    key: TestKey = ()
    t: PairedTest | None = None
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    floor: float = -np.inf
    claim: Claim | Order | None = None


def evaluate(
    hypothesis: Mapping[str, Any],
    changes: Mapping[Key, Change],
    *,
    min_pairs: int,
    tester: Tester = paired_tests.paired_t,
) -> Evidence:
    """Test the changes that a hypothesis needs against its margin.

    Parameters
    ----------
    hypothesis
        An entry of the catalogue.
    changes
        At least those that :func:`needed` names.
    min_pairs
        Fewer complete pairs make a hypothesis not testable.
    tester
        Test of the differences; of a biphasic hypothesis, of the whole change of its programme only, as the other
        parts are t tests always.
    """
    parts = {part: changes[key] for part, key in needed(hypothesis).items()}
    if hypothesis["endpoint"] == "biphasic":
        return _order(hypothesis, parts, min_pairs=min_pairs, tester=tester)
    change = parts["main"]
    few = pairs.too_few(len(change.paired), max(min_pairs, 1))
    if change.reason or not change.values.size:
        return Evidence(change.paired, change.reason or few)
    t = evaluate_change(change, tester)
    if reason := few or t.no_spread:
        return Evidence(change.paired, reason, t=t)
    sign, strong = DIRECTIONS[hypothesis["direction"]], hypothesis["strength"] == "strong"
    margin = float(hypothesis["margin"])
    claim = Claim(
        t=t if sign > 0 else t.flipped(),
        delta=float(np.log(margin)) if hypothesis["endpoint"] == "abundance" else margin,
        strong=strong,
        same=hypothesis["direction"] == "none",
        floor=change.mean_floor if sign > 0 else -change.mean_ceiling,
        ceiling=change.mean_ceiling if sign > 0 else -change.mean_floor,
    )
    key: TestKey = needed(hypothesis)["main"]
    if strong or claim.same:
        key = (*key, hypothesis["direction"], claim.delta)
    return Evidence(change.paired, key=key, t=t, values=change.values, floor=change.mean_floor, claim=claim)


def _order(
    hypothesis: Mapping[str, Any], parts: Mapping[str, Change], *, min_pairs: int, tester: Tester
) -> Evidence:
    """Evidence on donors with all visits."""
    paired = common(list(parts.values()))[0].paired
    for part in parts.values():
        if part.reason:
            absent = not (part.values.size or part.paired.donors or part.paired.dropped)
            return Evidence(part.paired if absent else paired, part.reason)
    if reason := pairs.too_few(len(paired), max(min_pairs, 2)):
        return Evidence(paired, f"on donors with all visits: {reason}")
    first, last, early, change = common([parts[part] for part in ("first", "last", "early", "change")])
    later = replace(
        change,
        values=change.values - 2 * early.values,
        shared_se=change.shared_se + 2 * early.shared_se,
    )
    t, sign = evaluate_change(change, tester), DIRECTIONS[hypothesis["direction"]]
    claim = Order(
        first=evaluate_change(first),
        first_floor=first.mean_floor,
        last=evaluate_change(last),
        last_floor=last.mean_floor,
        change=t if sign > 0 else t.flipped(),
        later=evaluate_change(later) if sign > 0 else evaluate_change(later).flipped(),
        fall=float(hypothesis["depletion"]["fall"]),
        delta=float(hypothesis["margin"]),
    )
    if claim.no_spread:
        return Evidence(paired, f"on donors with all visits: {claim.no_spread}")
    key = ("biphasic", hypothesis["direction"], claim.fall, claim.delta, *needed(hypothesis).values())
    return Evidence(paired, key=key, t=t, values=change.values, claim=claim)


def evaluate_change(change: Change, tester: Tester = paired_tests.paired_t) -> PairedTest:
    """Test a change; a t test contains the errors that all donors share, and that of the unit; ranks do not."""
    t = tester(change.values)
    if not isinstance(t, PairedT):
        return t
    if change.shared_se:
        t = replace(t, se=float(np.hypot(t.se, change.shared_se)))
    return standardise(t, sd=1.0, n_sd=change.n_sd) if change.n_sd else t


def limits_of(hypothesis: Mapping[str, Any], evidence: Evidence, alpha: float) -> dict[str, float]:
    """Two-sided ``1 - alpha`` limits that may be shown, and the fall that may be claimed."""
    nothing = dict.fromkeys(("ci_low", "ci_high", "fell_at_least"), float("nan"))
    if evidence.t is None or evidence.claim is None:
        return nothing
    if hypothesis["endpoint"] == "abundance":
        return show_limits(evidence.t, floor=evidence.floor, alpha=alpha)
    low, high = evidence.t.interval(alpha)
    return nothing | {"ci_low": low, "ci_high": high}
