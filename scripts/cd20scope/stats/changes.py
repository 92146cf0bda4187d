"""What each donor contributes to a test: one change per complete donor, and how far the cells could have shown it.

Every verdict, every arm and every flip of labels is computed from these few numbers, by the same code.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from cd20scope.stats.covariates import Covariates
from cd20scope.stats.pairs import Pairs

type Key = tuple[str, ...]
"""Identity of a test: ("abundance", population, denominator, contrast) or ("program", population, program,
component, contrast)."""


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one quantity between two visits, donor by donor.

    Attributes
    ----------
    paired
        Donors that enter, and those that do not with the reason.
    values
        Shape (N,), later minus earlier, in the order of ``paired.donors``: log odds, or standard deviations
        between donors at baseline.
    floor, ceiling
        Shape (N,), largest fall and rise that the donor's numbers of cells can show, on the same scale; minus
        and plus infinity where no detection limit applies.
    reason
        Why it cannot be tested however many donors there are; empty where it can. Its values, if any, are then
        not shown either.
    n_sd
        Donors whose standard deviation at baseline is the unit of ``values``; 0 where they have a unit of their own.
    shared_se
        Standard error of their mean that all donors share, so that their spread does not show it; 0 as a rule.
    covariates
        Of the same donors, in the same order; None (default) where the study has none.
    """

    paired: Pairs
    values: NDArray[np.float64]
    floor: NDArray[np.float64]
    ceiling: NDArray[np.float64]
    reason: str = ""
    n_sd: int = 0
    shared_se: float = 0.0
    covariates: Covariates | None = None

    @classmethod
    def unlimited(
        cls,
        paired: Pairs,
        values: NDArray[np.float64],
        reason: str = "",
        *,
        n_sd: int = 0,
        shared_se: float = 0.0,
    ) -> Self:
        """Build the change of a quantity that has no detection limit."""
        reach = np.full(len(values), np.inf)
        return cls(paired, values, -reach, reach, reason, n_sd, shared_se)

    @classmethod
    def nothing(cls, paired: Pairs, reason: str) -> Self:
        """Represent a change that cannot be measured."""
        return cls.unlimited(paired, np.empty(0), reason)

    @property
    def measured(self) -> bool:
        """Whether there is a number to show, be it only to describe it."""
        return self.values.size > 0 and not self.reason

    @property
    def mean_floor(self) -> float:
        """Mean fall below which the detection limits decide."""
        return float(self.floor.mean()) if self.values.size else -np.inf

    @property
    def mean_ceiling(self) -> float:
        """The same for a rise."""
        return float(self.ceiling.mean()) if self.values.size else np.inf

    def take(self, donors: Collection[str]) -> Self:
        """Keep these of its donors only."""
        if not self.values.size:
            return self
        kept = np.array([donor in donors for donor in self.paired.donors], dtype=bool)
        names = tuple(donor for donor in self.paired.donors if donor in donors)
        return replace(
            self,
            paired=Pairs(names, self.paired.dropped),
            values=self.values[kept],
            floor=self.floor[kept],
            ceiling=self.ceiling[kept],
            covariates=self.covariates and self.covariates.take(kept),
        )

    def flip(self, signs: NDArray[np.float64]) -> Self:
        """Exchange the two visits of the donors whose sign is -1; what bounded a fall then bounds a rise."""
        turned = signs < 0
        return replace(
            self,
            values=self.values * signs,
            floor=np.where(turned, -self.ceiling, self.floor),
            ceiling=np.where(turned, -self.floor, self.ceiling),
            covariates=self.covariates and self.covariates.flip(signs),
        )

    def beside(self, covariates: Covariates, unknown: Mapping[str, str]) -> Self:
        """Add covariates, one row per donor that enters; donors of whom one is ``unknown`` leave, with the reason."""
        known = [donor for donor in self.paired.donors if donor not in unknown]
        left = {donor: unknown[donor] for donor in self.paired.donors if donor in unknown}
        kept = np.array([donor not in unknown for donor in self.paired.donors], dtype=bool)
        dropped = dict(sorted((self.paired.dropped | left).items()))
        return replace(
            self.take(known), paired=Pairs(tuple(known), dropped), covariates=covariates.take(kept)
        )


def common(changes: Sequence[Change]) -> list[Change]:
    """Restrict several changes to the donors that all of them have."""
    paired = changes[0].paired
    for change in changes[1:]:
        paired = paired.intersect(change.paired)
    return [replace(change.take(paired.donors), paired=paired) for change in changes]
