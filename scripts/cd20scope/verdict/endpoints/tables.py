"""Tables that changes are measured from, and what they are measured with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from cd20scope.programs.compare import Unit
from cd20scope.stats.pairs import Contrast


@dataclass(frozen=True, slots=True)
class Settings:
    """What changes are measured with.

    Attributes
    ----------
    contrasts
        Pairs (later, earlier) of visits of the run.
    baseline
        Visit whose spread between donors is the unit of programme scores.
    min_denominator, min_coverage
        As for :func:`cd20scope.abundance.compare.compare` and :func:`cd20scope.programs.compare.compare`.
    left_out
        Selectors that hypotheses ask about and the population tree of the run does not have.
    covariates
        Contrast -> columns of the sheet that its changes are tested beside; none by default.
    samples
        ``donor``, ``visit`` and the covariates of each sample; needed where there are some.
    units
        (population, programme) -> unit of its scores; None (default) for the spread of these donors at baseline.
    """

    contrasts: Sequence[Contrast]
    baseline: str
    min_denominator: int = 20
    min_coverage: float = 0.5
    left_out: Sequence[str] = ()
    covariates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    samples: Sequence[Mapping[str, str]] = ()
    units: Mapping[tuple[str, ...], Unit] | None = None


class Tables:
    """Tables of a run by name, each split once by the columns that its rows are looked up by.

    Parameters
    ----------
    tables
        Such as ``donors``, ``scores`` and ``parts``.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._tables = tables
        self._rows: dict[tuple[str, ...], dict[tuple[str, ...], pd.DataFrame]] = {}

    def rows(self, name: str, columns: Sequence[str]) -> dict[tuple[str, ...], pd.DataFrame]:
        """Rows of a table by their values in some columns, two at least; none of a table that is not there."""
        place = (name, *columns)
        if place not in self._rows:
            self._rows[place] = by_key(self._tables[name], columns) if name in self._tables else {}
        return self._rows[place]


def by_key(table: pd.DataFrame, columns: Sequence[str]) -> dict[tuple[str, ...], pd.DataFrame]:
    """Split a table by some of its columns, two at least."""
    return {tuple(map(str, key)): rows for key, rows in table.groupby(list(columns), sort=False)}
