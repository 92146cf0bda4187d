"""Endpoint ``program``: the score of a gene programme changes, as a whole or in a part of its split."""

from collections.abc import Mapping
from typing import ClassVar, override

import pandas as pd

from cd20scope.programs import compare
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.pairs import Contrast
from cd20scope.study.nouns import noun
from cd20scope.study.numbers import level, sd
from cd20scope.study.themes import Row
from cd20scope.verdict.endpoints.endpoint import UNCLEAR, Around, Endpoint, shown_limits, verb
from cd20scope.verdict.endpoints.tables import Settings, Tables
from cd20scope.verdict.endpoints.units import BASELINE_SD
from cd20scope.verdict.evidence import Evidence
from cd20scope.verdict.quantities import Estimate

WHOLE = "total"
"""Component that is the whole change; a table on disk may leave it empty."""

INSIDE = {
    "composition": ", the part due to the mix of cells,",
    "within": ", the part within cells,",
}
"""Parts of the split in words."""


class Program(Endpoint):
    """The score of a gene programme in a population."""

    name = "program"
    unit = BASELINE_SD
    files: ClassVar[tuple[str, ...]] = ("programs/scores.tsv", "programs/programs.tsv")
    step = "programs"
    scored = True

    @override
    def needs(self, hypothesis: Row) -> dict[str, Key]:
        """Name the change of one score."""
        return {"main": score_key(hypothesis, hypothesis["contrast"])}

    @override
    def estimates(self, hypothesis: Row) -> dict[str, set[Estimate]]:
        """Name a score, or a part of its split."""
        return {hypothesis["contrast"]: {"split" if "component" in hypothesis else "score"}}

    @override
    def measure(self, key: Key, tables: Tables, *, contrast: Contrast, settings: Settings) -> Change:
        """Measure a change in baseline SDs (:func:`cd20scope.programs.compare.measure_change`)."""
        cells = key[1:3]
        scores = tables.rows("scores", ("population", "program"))
        if cells not in scores:
            return self.absent(key)
        components = compare.measure_change(
            scores[cells],
            tables.rows("parts", ("population", "program")).get(cells),
            contrast=contrast,
            baseline=settings.baseline,
            min_coverage=settings.min_coverage,
            unit=None if settings.units is None else settings.units.get(cells),
        )
        return components.get(key[3]) or self.absent(key)

    @override
    def visit_values(self, key: Key, tables: Tables, *, settings: Settings) -> pd.DataFrame | None:
        """Take the scores of the visits; the parts of a split have none."""
        rows = tables.rows("scores", ("population", "program")).get(key[1:3])
        if rows is None or key[3] != WHOLE:
            return None
        return rows.assign(value=rows["score"] / compare.baseline_sd(rows, settings.baseline))

    @override
    def subject(self, row: Row) -> str:
        """Name programme and population, and the part of the change."""
        component = row.get("component")
        part = f", {component}" if isinstance(component, str) and component in INSIDE else ""
        return f"{row['program']} in {noun(row['population'])}{part}"

    @override
    def effect(
        self, hypothesis: Row, evidence: Evidence, *, contrasts: Mapping[str, Contrast], alpha: float
    ) -> str:
        """Write the change in standard deviations between donors at baseline."""
        if evidence.t is None:
            return ""
        component = hypothesis.get("component", WHOLE)
        return format_score(
            evidence.t.estimate,
            shown_limits(self.limits(evidence, alpha), evidence),
            program=hypothesis["program"] + ("" if component == WHOLE else f" ({component})"),
            population=hypothesis["population"],
            alpha=alpha,
        )

    @override
    def sentence(self, row: Row, around: Around) -> str:
        """Write the change in standard deviations between donors at baseline."""
        what = f"{row['program']} in {noun(row['population'])}{INSIDE.get(row['component'], '')}"
        sizes = [float(row[name]) for name in ("estimate", "decide_low", "decide_high")]
        unclear = verb(row) == UNCLEAR
        if not unclear:
            sizes = [abs(sizes[0]), *sorted(map(abs, sizes[1:]))]
        numbers = [sd(size) for size in sizes]
        by = ":" if unclear else " by"
        return (
            f"{what} {verb(row)}{by} {numbers[0]} SD by {around.later} "
            f"({level(row['coverage'])} CI {numbers[1]} to {numbers[2]}; {around.moved})"
        )


def score_key(hypothesis: Row, contrast: str) -> Key:
    """Key of the change of the score of a hypothesis over a contrast."""
    component = hypothesis.get("component", WHOLE)
    return (Program.name, hypothesis["population"], hypothesis["program"], component, contrast)


def format_score(
    estimate: float, limits: tuple[float, float] | None, *, program: str, population: str, alpha: float
) -> str:
    """Format a change of a programme score in standard deviations between donors at baseline."""
    text = f"{program} in {population}: {estimate:+.2f} baseline SD"
    if limits is None:
        return f"{text} (described only)"
    return f"{text} ({100 * (1 - alpha):g} % CI {limits[0]:+.2f} to {limits[1]:+.2f})"
