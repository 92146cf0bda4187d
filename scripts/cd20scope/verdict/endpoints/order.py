"""The claim that B cells go first and T cells change later, as the four parts that it says.

An intersection-union test: the claim holds only if each of its parts is shown, and each has a line of its own.
"""

from dataclasses import dataclass, field
from typing import override

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cd20scope.stats.paired_tests import PairedTest
from cd20scope.verdict.claim import AnyClaim, Part
from cd20scope.verdict.rules import Verdict


@dataclass(frozen=True)
class Order(AnyClaim):
    r"""B cells first, T cells later, all parts on the same donors.

    With *b* the log odds of the depleted population, *y* the programme turned into the claimed direction, and visits 0
    (baseline), 1 and 2 (last):

    ====== ============================== ============================================================
    part   shown by                       says
    ====== ============================== ============================================================
    first  :math:`b_1 - b_0 < -\log f`    by the first visit the population has fallen by the margin
    last   :math:`b_2 - b_0 < -\log f`    at the last visit it is still below by the margin
    change :math:`y_2 - y_0 > 0`          from baseline to the last visit the programme has changed in the
           and estimate at the margin     claimed direction
    later  :math:`y_2 - 2 y_1 + y_0 > 0`  more of that change came after the first visit than by it
    ====== ============================== ============================================================

    Its p-value is the largest of the four and its error at most the level, whichever parts are false. A change of
    the programme by the first visit need not be 0 then, only the smaller part; were no change by then asked for
    within a margin, few cohorts could show it, and a change that comes at once and halves by the end would pass.

    Attributes
    ----------
    first, last
        Change of log odds from baseline to the first and to the last visit, natural sign.
    first_floor, last_floor
        Detection limits: no fall beyond them can be shown.
    change, later
        Change of the programme from baseline to the last visit, and the later part less the earlier; turned.
    fall
        Fold by which the odds must have fallen, above 1.
    delta
        Margin of ``change``.

    References
    ----------
    Berger (1982), intersection-union tests. doi:10.1080/00401706.1982.10487790
    """

    first: PairedTest
    first_floor: float
    last: PairedTest
    last_floor: float
    change: PairedTest
    later: PairedTest
    fall: float
    delta: float

    same: bool = field(default=False, init=False)

    @property
    @override
    def shown(self) -> PairedTest:
        """Test whose estimate is shown: that of the programme."""
        return self.change

    @property
    def no_spread(self) -> str:
        """Why nothing can be tested; empty where it can."""
        tests = (self.first, self.last, self.change, self.later)
        return next((test.no_spread for test in tests if test.no_spread), "")

    @property
    def p_values(self) -> tuple[float, float, float, float]:
        """One-sided p-values of the four parts."""
        return (
            self._fell(self.first, self.first_floor),
            self._fell(self.last, self.last_floor),
            self.change.p_above(0.0),
            self.later.p_above(0.0),
        )

    @property
    @override
    def p_value(self) -> float:
        """p-value of the claim: the largest of the four, with no correction among them."""
        return max(self.p_values)

    def _fell(self, test: PairedTest, floor: float) -> float:
        # where the cells cannot show such a fall, it is shown at no level
        return test.p_below(-np.log(self.fall)) if floor < -np.log(self.fall) else 1.0

    def decide_parts(self, level: float) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
        """Say which parts are shown at a level, and of which the opposite is.

        An opposite is shown at a quarter of the level, so that any of the four is shown falsely with at most the
        level's probability.
        """
        bound, quarter = -np.log(self.fall), level / 4
        holds = [p <= level for p in self.p_values]
        excluded = (
            self.first.p_above(bound) <= quarter and self.first.estimate >= self.first_floor,
            self.last.p_above(bound) <= quarter and self.last.estimate >= self.last_floor,
            self.change.p_below(self.delta) <= quarter,
            self.later.p_below(0.0) <= quarter,
        )
        return (*holds[:2], holds[2] and self.change.estimate >= self.delta, holds[3]), excluded

    def parts(self, level: float) -> tuple[Part, ...]:
        """Give each part its line at a level."""
        bound = -float(np.log(self.fall))
        tests = (self.first, self.last, self.change, self.later)
        limits = (
            max(self.first.upper(level), self.first_floor),
            max(self.last.upper(level), self.last_floor),
            self.change.lower(level),
            self.later.lower(level),
        )
        margins = (bound, bound, 0.0, 0.0)
        estimates = [test.estimate for test in tests]
        rows = zip(
            self._statements(),
            estimates,
            limits,
            margins,
            self.p_values,
            *self.decide_parts(level),
            strict=True,
        )
        return tuple(Part(name, *row) for name, row in zip(OPPOSITES, rows, strict=True))

    def _statements(self) -> tuple[str, ...]:
        percent = f"{100 * (1 - 1 / self.fall):.3g} %"
        return (
            f"by the first visit the cells have fallen by at least {percent}",
            f"at the last visit they are still at least {percent} lower",
            f"by the last visit the programme has changed as claimed, by {self.delta:g} or more",
            "more of the change came after the first visit than by it",
        )

    @override
    def needed(self, se: NDArray[np.float64], df: float, level: float) -> NDArray[np.float64]:
        """Smallest change of the programme, the other parts taken as given."""
        return np.asarray(np.maximum(self.delta, special.stdtrit(df, 1 - level) * se))

    @override
    def decide(self, level: float) -> Verdict:
        """Verdict at a level.

        Supported when each part is shown; contradicted when the programme moved the other way or the cells grew,
        each shown at half the level; not supported when the opposite of a part is shown; else inconclusive.
        """
        if self.change.p_below(0.0) <= level / 2:
            return Verdict("contradicted", "the programme moved the other way")
        if self.first.p_above(0.0) <= level / 2:
            return Verdict("contradicted", "the cells grew instead of falling")
        holds, excluded = self.decide_parts(level)
        if all(holds):
            return Verdict("supported", f"all four parts hold at level {level:.3g} in the same donors")
        if any(excluded):
            said = ", ".join(words for words, out in zip(OPPOSITES.values(), excluded, strict=True) if out)
            return Verdict("not supported", f"shown at level {level:.3g}: {said}")
        missing = "; ".join(words for words, held in zip(self._statements(), holds, strict=True) if not held)
        return Verdict("inconclusive", f"not shown at level {level:.3g}: {missing}")


OPPOSITES = {
    "first": "by the first visit the cells had not fallen by the margin",
    "last": "at the last visit the cells are no longer below by the margin",
    "change": "the programme did not change by the margin",
    "later": "most of the change came by the first visit",
}
"""What is shown when the opposite of a part is, by part."""
