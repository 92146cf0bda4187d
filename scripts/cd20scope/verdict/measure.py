"""Changes per donor that the hypotheses of a run are tested on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cd20scope import schema
from cd20scope.abundance import compare
from cd20scope.programs import compare as programs
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.mixed_model import MixedChange, mixed_change
from cd20scope.stats.pairs import Contrast, Pairs
from cd20scope.verdict.hypothesis import needed


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
    """

    contrasts: Sequence[Contrast]
    baseline: str
    min_denominator: int = 20
    min_coverage: float = 0.5
    left_out: Sequence[str] = ()


def measure_needed(
    hypotheses: Iterable[Mapping[str, Any]],
    *,
    donors: pd.DataFrame,
    scores: pd.DataFrame,
    parts: pd.DataFrame,
    settings: Settings,
    equal_cells: bool = False,
) -> dict[Key, Change]:
    """Measure the changes that hypotheses need.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue.
    donors
        From :func:`cd20scope.abundance.shares.donor_table`.
    scores, parts
        From :func:`cd20scope.programs.scores.score_programs`.
    settings
        What they are measured with.
    equal_cells
        Whether shares are read at equal numbers of cells (:func:`cd20scope.abundance.compare.measure_change`).

    Returns
    -------
    One change per key. What the run or its tables lack is a change without donors, with the reason.
    """
    contrasts = {schema.contrast_name(contrast): contrast for contrast in settings.contrasts}
    shares = by_key(donors, ["population", "denominator"])
    scored, split = by_key(scores, ["population", "program"]), by_key(parts, ["population", "program"])
    measured: dict[Key, Change] = {}
    for key in {key: None for entry in hypotheses for key in needed(entry).values()}:
        kind, *of, name = key
        cells = (of[0], of[1])
        if name not in contrasts:
            reason = f"this run makes no contrast {name}; it makes {', '.join(contrasts)}"
            measured[key] = Change.nothing(Pairs(()), reason)
        elif unknown := [f'"{one}"' for one in cells if one in settings.left_out]:
            reason = f"the population tree of this run has no {' and no '.join(unknown)}"
            measured[key] = Change.nothing(Pairs(()), reason)
        elif cells not in (shares if kind == "abundance" else scored):
            step = "abundance" if kind == "abundance" else "programs"
            measured[key] = Change.nothing(Pairs(()), f"the {step} step has no row for {', '.join(of)}")
        elif kind == "abundance":
            measured[key] = compare.measure_change(
                shares[cells],
                contrast=contrasts[name],
                min_denominator=settings.min_denominator,
                equal_cells=equal_cells,
            )
        else:
            components = programs.measure_change(
                scored[cells],
                split.get(cells),
                contrast=contrasts[name],
                baseline=settings.baseline,
                min_coverage=settings.min_coverage,
            )
            absent = Change.nothing(Pairs(()), f"the programs step has no row for {', '.join(of)}")
            measured[key] = components.get(of[2], absent)
    return measured


def measure_all_visits(
    hypotheses: Iterable[Mapping[str, Any]],
    *,
    donors: pd.DataFrame,
    scores: pd.DataFrame,
    settings: Settings,
    min_pairs: int,
) -> dict[Key, MixedChange]:
    """Measure changes by a mixed model of all visits, donors without one of the two included.

    Parameters
    ----------
    hypotheses, donors, scores, settings
        As for :func:`measure_needed`.
    min_pairs
        Fewest donors with both visits.

    Returns
    -------
    One change per share and per whole change of a programme, in the unit of :func:`measure_needed`; the parts of a
    split, and claims with several tests, have none.
    """
    contrasts = {schema.contrast_name(contrast): contrast for contrast in settings.contrasts}
    shares = by_key(donors, ["population", "denominator"])
    scored = by_key(scores, ["population", "program"])
    found: dict[Key, MixedChange] = {}
    for key in {needed(entry)["main"]: None for entry in hypotheses if "main" in needed(entry)}:
        kind, *of, name = key
        rows = (shares if kind == "abundance" else scored).get((of[0], of[1]))
        if rows is None or name not in contrasts or (kind == "program" and of[2] != "total"):
            continue
        if kind == "abundance":
            enough = rows["n_denominator"] >= max(settings.min_denominator, 1)
            enough &= rows["unusable"].fillna("") == ""
            values = rows.assign(value=rows["logit"].where(enough))
        else:
            values = rows.assign(value=rows["score"] / programs.baseline_sd(rows, settings.baseline))
        found[key] = mixed_change(values, contrasts[name], min_donors=min_pairs)
    return found


def measure_program(
    program: str, scores: pd.DataFrame, *, settings: Settings
) -> dict[tuple[str, str], Change]:
    """Measure the change of one programme wherever it is scored: (population, contrast) -> change."""
    return {
        (population, schema.contrast_name(contrast)): programs.measure_change(
            rows, None, contrast=contrast, baseline=settings.baseline, min_coverage=settings.min_coverage
        )["total"]
        for (population, name), rows in by_key(scores, ["population", "program"]).items()
        if name == program
        for contrast in settings.contrasts
    }


def by_key(table: pd.DataFrame, columns: list[str]) -> dict[tuple[str, str], pd.DataFrame]:
    """Split a table by two of its columns."""
    return {(str(one), str(two)): rows for (one, two), rows in table.groupby(columns, sort=False)}
