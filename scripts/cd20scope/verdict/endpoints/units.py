"""Units of estimates: from a margin as it is stated to the scale of the estimate, and both in words."""

from dataclasses import dataclass

import numpy as np

from cd20scope.study.numbers import count


@dataclass(frozen=True, slots=True)
class Unit:
    """Unit of an estimate.

    Attributes
    ----------
    name
        As in the tables.
    tested
        What a paired test is of.
    axis
        Label of an axis of changes.
    short
        Name for narrow columns; empty for a fold.
    fold_of
        What a fold is of, where margins are folds and estimates their natural logarithms; empty where both are
        differences.
    fold_axis
        Label of an axis of folds.
    """

    name: str
    tested: str
    axis: str
    short: str = ""
    fold_of: str = ""
    fold_axis: str = ""

    def margin(self, stated: float) -> float:
        """Put a stated margin on the scale of the estimate."""
        return float(np.log(stated)) if self.fold_of else float(stated)

    def write_margin(self, stated: float) -> str:
        """Write a margin as the catalogue states it: ``5-fold in the odds``, ``0.5 baseline SD``."""
        return f"{stated:g}{'-' if self.fold_of else ''}{self._suffix()}"

    def write_change(self, stated: float, direction: str) -> str:
        """Write a change of the size of a margin: ``a 5-fold fall in the odds``, ``a rise of 0.5 baseline SD``."""
        way = "rise" if direction == "up" else "fall"
        if self.fold_of:
            return f"a {stated:g}-fold {way} in the {self.fold_of}"
        return f"a {way} of {self.write_margin(stated)}"

    def write_size(self, value: float, *, short: bool = False) -> str:
        """Write a positive size on the scale of the estimate, two digits; ``short`` is ``11-fold`` or ``1.6 SD``."""
        return self._number(value) + self._suffix(short=short)

    def write_range(self, low: float, high: float, *, short: bool = False) -> str:
        """Write a range of positive sizes: ``1.3- to 2.1-fold in the odds``."""
        return f"{self._number(low)} to {self.write_size(high, short=short)}"

    def _number(self, value: float) -> str:
        if not self.fold_of:
            return f"{value:.2g}"
        fold = float(np.exp(value))
        return f"{fold:.2g}-" if fold < 10 else f"{count(fold)}-"

    def _suffix(self, *, short: bool = False) -> str:
        if self.fold_of:
            return "fold" if short else f"fold in the {self.fold_of}"
        return f" {self.short or self.name}" if short else f" {self.name}"


LOG_ODDS = Unit(
    name="log odds",
    tested="log odds",
    axis="Change of the share: log odds, later minus earlier",
    fold_of="odds",
    fold_axis="Odds at the later visit, as a multiple of the earlier",
)
BASELINE_SD = Unit(
    name="baseline SD",
    tested="programme score",
    axis="Change of the programme score: SD between donors at baseline, later minus earlier",
    short="SD",
)
