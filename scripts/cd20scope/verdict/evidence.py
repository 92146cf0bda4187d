"""Evidence of a hypothesis: test, donors and margin, or the reason why there is no test."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import override

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cd20scope.stats import paired_tests, pairs
from cd20scope.stats.changes import Change
from cd20scope.stats.covariates import covariate_t, too_few_beside
from cd20scope.stats.paired_tests import PairedT, PairedTest
from cd20scope.stats.pairs import Pairs
from cd20scope.stats.standardised import standardise
from cd20scope.verdict.claim import AnyClaim
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
class Claim(AnyClaim):
    """A hypothesis with one test: the effect turned into its direction, and its margin."""

    t: PairedTest
    delta: float
    strong: bool
    same: bool
    floor: float
    ceiling: float

    @property
    @override
    def shown(self) -> PairedTest:
        """Test whose estimate is shown."""
        return self.t

    @property
    @override
    def p_value(self) -> float:
        """p-value of the test whose rejection a claim of support needs."""
        if self.same:
            return p_for_equivalence(self.t, delta=self.delta)
        return p_for_support(self.t, delta=self.delta, strong=self.strong, ceiling=self.ceiling)

    @override
    def needed(self, se: NDArray[np.float64], df: float, level: float) -> NDArray[np.float64] | None:
        """Smallest estimate, or distance from the margin, that is supported at a level."""
        if self.strong and self.ceiling <= self.delta and not self.same:
            return None
        one_sided = special.stdtrit(df, 1 - level) * se
        if self.same:
            return np.asarray(one_sided)
        if self.strong:
            return np.asarray(self.delta + one_sided)
        return np.asarray(np.maximum(self.delta, special.stdtrit(df, 1 - level / 2) * se))

    @override
    def reaches(self, size: float) -> bool:
        """Whether cells can show a change of this size both ways."""
        return -self.floor >= size <= self.ceiling

    @override
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
    covariates
        Names of those that the test is made beside.
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
    covariates: tuple[str, ...] = ()
    floor: float = -np.inf
    claim: AnyClaim | None = None


def evaluate_change(change: Change, tester: Tester | None = None) -> PairedTest:
    """Test a change; a t test contains the errors that all donors share, and that of the unit; ranks do not."""
    t = _test(change) if tester is None else tester(change.values)
    if not isinstance(t, PairedT):
        return t
    if change.shared_se:
        t = replace(t, se=float(np.hypot(t.se, change.shared_se)))
    return standardise(t, sd=1.0, n_sd=change.n_sd) if change.n_sd else t


def _test(change: Change) -> PairedT:
    """T test beside the covariates, where they leave a degree of freedom."""
    covariates = change.covariates
    if covariates is None or not 0 < covariates.rank < len(change.values) - 1:
        return paired_tests.paired_t(change.values)
    return covariate_t(change.values, covariates.values)


def too_few_donors(change: Change, least: int) -> str:
    """Reason why a change has too few donors for a test, with its covariates; empty where they are enough."""
    n = len(change.paired)
    return pairs.too_few(n, least) or too_few_beside(n, change.covariates, least)


def names_beside(change: Change, tester: Tester | None) -> tuple[str, ...]:
    """Names of the covariates that a test of a change is made beside; none with a test of its own."""
    return () if tester is not None or change.covariates is None else change.covariates.names
