"""Endpoint ``abundance``: the share of a population in its denominator changes.

It is tested as log odds, and odds are what the tables say; the sentences of the report give shares.
"""

from collections.abc import Mapping
from math import exp, floor, isnan, log
from typing import Any, override

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from cd20scope import schema
from cd20scope.abundance import compare
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.paired_tests import PairedTest
from cd20scope.stats.pairs import Contrast
from cd20scope.study.nouns import noun
from cd20scope.study.numbers import level, number, percent, share_interval
from cd20scope.study.themes import Row
from cd20scope.verdict.endpoints.endpoint import UNCLEAR, Around, Endpoint, shown_limits, verb
from cd20scope.verdict.endpoints.tables import Settings, Tables
from cd20scope.verdict.endpoints.units import LOG_ODDS
from cd20scope.verdict.evidence import Evidence
from cd20scope.verdict.quantities import Estimate


class Abundance(Endpoint):
    """The share of a population in its denominator."""

    name = "abundance"
    unit = LOG_ODDS
    files = ("abundance/donors.tsv", "abundance/abundance.tsv")
    step = "abundance"
    # what the labels do to a score is a matter of purity, which no ruler measures
    attenuated = True

    @override
    def needs(self, hypothesis: Row) -> dict[str, Key]:
        """Name the change of one share."""
        cells = (hypothesis["population"], hypothesis["denominator"])
        return {"main": (self.name, *cells, hypothesis["contrast"])}

    @override
    def estimates(self, hypothesis: Row) -> dict[str, set[Estimate]]:
        """Name a share; a fall beyond a large margin is a depletion."""
        return {hypothesis["contrast"]: {"depletion" if hypothesis["strength"] == "strong" else "share"}}

    @override
    def measure(self, key: Key, tables: Tables, *, contrast: Contrast, settings: Settings) -> Change:
        """Measure a change of log odds (:func:`cd20scope.abundance.compare.measure_change`)."""
        return self._measure(key, tables, contrast, settings, equal_cells=False)

    @override
    def measure_equal_cells(
        self, key: Key, tables: Tables, *, contrast: Contrast, settings: Settings
    ) -> Change:
        """Measure it with both visits of a donor read at the number of cells of the one with fewer."""
        return self._measure(key, tables, contrast, settings, equal_cells=True)

    def _measure(
        self, key: Key, tables: Tables, contrast: Contrast, settings: Settings, *, equal_cells: bool
    ) -> Change:
        rows = self._rows(key, tables)
        if rows is None:
            return self.absent(key)
        return compare.measure_change(
            rows, contrast=contrast, min_denominator=settings.min_denominator, equal_cells=equal_cells
        )

    @override
    def visit_values(self, key: Key, tables: Tables, *, settings: Settings) -> pd.DataFrame | None:
        """Take the log odds of the visits with enough cells."""
        rows = self._rows(key, tables)
        if rows is None:
            return None
        enough = rows["n_denominator"] >= max(settings.min_denominator, 1)
        enough &= rows["unusable"].fillna("") == ""
        return rows.assign(value=rows["logit"].where(enough))

    def _rows(self, key: Key, tables: Tables) -> pd.DataFrame | None:
        return tables.rows("donors", ("population", "denominator")).get(key[1:3])

    @override
    def _limits(self, t: PairedTest, floor: float, alpha: float) -> dict[str, float]:
        return compare.show_limits(t, floor=floor, alpha=alpha)

    @override
    def variants(self, hypothesis: Row) -> dict[str, dict[Any, Any]]:
        """Ask for the share in other denominators."""
        return {
            f"{schema.DENOMINATOR_ARM} {name}": {**hypothesis, "denominator": name}
            for name in hypothesis.get("other_denominators", ())
        }

    @override
    def subject(self, row: Row) -> str:
        """Name population and denominator."""
        who = noun(row["population"])
        return f"{who[:1].upper()}{who[1:]}, % of {noun(row['denominator'])}"

    @override
    def effect(
        self, hypothesis: Row, evidence: Evidence, *, contrasts: Mapping[str, Contrast], alpha: float
    ) -> str:
        """Write odds relative to the earlier visit; of a strong claim also the fall that may be claimed."""
        if evidence.t is None:
            return ""
        shown = self.limits(evidence, alpha)
        strong = hypothesis["strength"] == "strong"
        return format_odds(
            evidence.t.estimate,
            shown_limits(shown, evidence),
            population=hypothesis["population"],
            earlier=contrasts[hypothesis["contrast"]][1],
            alpha=alpha,
            fell_at_least=shown["fell_at_least"] if strong else float("nan"),
        )

    @override
    def sentence(self, row: Row, around: Around) -> str:
        """Write from how much to how much of what it went, and to which part of the earlier share.

        The share at the earlier visit is the typical one (back-transformed mean logit); the estimate and the limits of
        the change of log odds are applied to it.
        """
        before = around.before.get((row["population"], row["denominator"], row["contrast"]), np.nan)
        who, whole = noun(row["population"]), noun(row["denominator"])
        limits = np.array([row["estimate"], row["decide_low"], row["decide_high"]], dtype=float)
        if pd.isna(before):
            fold = [number(value) for value in np.exp(limits)]
            return (
                f"{who}, as a share of {whole}, {verb(row)} by {around.later}: odds {fold[0]} times those at "
                f"{around.earlier} ({level(row['coverage'])} CI {fold[1]} to {fold[2]}; {around.moved})"
            )
        after = expit(logit(before) + limits)
        part = after / before
        if pd.isna(row["decide_low"]):
            found = f"; {around.cells}" if around.cells else ""
            start = f"{who} fell" if verb(row) == "fell" else f"{who} {UNCLEAR}:"
            return (
                f"{start} from {percent(before)} of {whole} to near the detection limit by {around.later} "
                f"(upper {level(row['coverage'])} confidence limit: {percent(part[2])} of {around.earlier}; "
                f"{around.moved}{found})"
            )
        if part[2] < 2:
            size, interval = f"{percent(part[0])} of", share_interval(part[1], part[2])
        else:
            size = f"{number(part[0], digits=1)} times"
            interval = " to ".join(number(value, digits=1) for value in part[1:])
        moved = f"from {percent(before)} to {percent(after[0])} of {whole} by {around.later}"
        colon = ":" if verb(row) == UNCLEAR else ""
        return (
            f"{who} {verb(row)}{colon} {moved} ({size} {around.earlier}; {level(row['coverage'])} CI {interval}; "
            f"{around.moved})"
        )


def format_odds(
    estimate: float,
    limits: tuple[float, float] | None,
    *,
    population: str,
    earlier: str,
    alpha: float,
    fell_at_least: float = float("nan"),
) -> str:
    """Format a change of log odds as odds relative to the earlier visit.

    Parameters
    ----------
    estimate, limits
        Change of log odds and its two-sided ``1 - alpha`` interval; None for an effect that was only
        described. A missing lower limit means that the detection limit decides: the size of the fall is then
        only bounded.
    population
        Whose odds.
    earlier
        The visit they are compared with.
    alpha
        Of the interval.
    fell_at_least
        Fall of the odds (0 to 1) that may be claimed; missing where nothing fell.
    """
    bound = f"at least {floor(1000 * fell_at_least) / 10:g} %" if not isnan(fell_at_least) else ""
    at_least = bound and f"fell by {bound} (one-sided {100 * (1 - alpha):g} % limit)"
    if limits is not None and isnan(limits[0]):
        return f"{population}: {at_least or 'too few cells to bound the change'}"
    if estimate < log(2):
        low_high = tuple(_short(100 * exp(limit)) for limit in limits or ())
        text = f"{population}: to {_short(100 * exp(estimate))} % of {earlier} odds"
    else:
        low_high = tuple(_short(exp(limit)) for limit in limits or ())
        text = f"{population}: to {_short(exp(estimate))} times the {earlier} odds"
    interval = f" ({100 * (1 - alpha):g} % CI {' to '.join(low_high)})" if low_high else " (described only)"
    return text + interval + (f", {at_least}" if at_least and limits is not None else "")


def _short(value: float) -> str:
    """Two significant digits, whole numbers from 10."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
