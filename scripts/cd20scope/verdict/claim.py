"""What every claim says, whatever tests it rests on: p-value, verdict at a level, and what it takes to be shown."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cd20scope.stats.paired_tests import PairedTest
from cd20scope.verdict.rules import Verdict


class AnyClaim(ABC):
    """The tests of one hypothesis, turned into its direction, and its margins.

    Attributes
    ----------
    same
        Whether no change is claimed.
    """

    same: bool

    @property
    @abstractmethod
    def shown(self) -> PairedTest:
        """Test whose estimate is shown."""

    @property
    @abstractmethod
    def p_value(self) -> float:
        """p-value of the test whose rejection a claim of support needs."""

    @abstractmethod
    def decide(self, level: float) -> Verdict:
        """Verdict at a level."""

    @abstractmethod
    def needed(self, se: NDArray[np.float64], df: float, level: float) -> NDArray[np.float64] | None:
        """Smallest estimate that is supported at a level, for power.

        Parameters
        ----------
        se
            Standard errors of the test that is shown, any shape.
        df
            Its degrees of freedom.
        level
            After correction.

        Returns
        -------
        The shape of ``se``; of a claim of no change the distance from the margin instead. None where the detection
        limit lets nothing be shown.
        """

    def reaches(self, size: float) -> bool:
        """Whether cells can show a change of this size both ways; true (default) where no limit applies."""
        return size >= 0


class Part(NamedTuple):
    """One part of a claim that consists of several tests, at a level.

    Attributes
    ----------
    name
        As the endpoint names it.
    statement
        What the part says, its margin included.
    estimate, limit
        Estimate, and the one-sided limit that is held against ``margin``.
    margin
        What the limit must lie beyond.
    p_value
        One-sided.
    holds, excluded
        Whether the part is shown at the level, and whether its opposite is.
    """

    name: str
    statement: str
    estimate: float
    limit: float
    margin: float
    p_value: float
    holds: bool
    excluded: bool
