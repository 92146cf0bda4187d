"""A figure of the labels beside its bounds."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """A figure and its bounds.

    ``least`` is for a figure that is known to miss ``low`` (docs/methods.md says why): below it, labels got worse.
    """

    data: str
    name: str
    value: float
    low: float = -np.inf
    high: float = np.inf
    least: float = np.inf

    @property
    def verdict(self) -> str:
        """``ok``, ``missed as known``, ``MISSED``, or nothing for a figure without a bound."""
        if np.isinf(self.low) and np.isinf(self.high):
            return ""
        if self.low <= self.value <= self.high:
            return "ok"
        return "missed as known" if self.least <= self.value <= self.high else "MISSED"
