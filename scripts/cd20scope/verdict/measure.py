"""Changes per donor that the hypotheses of a run are tested on."""

from collections.abc import Iterable

import pandas as pd

from cd20scope import schema
from cd20scope.programs import compare as programs
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.mixed_model import MixedChange, mixed_change
from cd20scope.stats.pairs import Pairs, of_treated
from cd20scope.study.themes import Row
from cd20scope.verdict.beside import add_covariates
from cd20scope.verdict.endpoints.catalogue import BY_NAME, endpoint_of
from cd20scope.verdict.endpoints.tables import Settings as Settings
from cd20scope.verdict.endpoints.tables import Tables, by_key


def measure_needed(
    hypotheses: Iterable[Row], *, settings: Settings, **tables: pd.DataFrame
) -> dict[Key, Change]:
    """Measure the changes that hypotheses need.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue.
    settings
        What they are measured with.
    **tables
        What endpoints are measured from: ``donors`` (:func:`cd20scope.abundance.shares.donor_table`), ``scores`` and
        ``parts`` (:func:`cd20scope.programs.scores.score_programs`).

    Returns
    -------
    One change per key. What the run or its tables lack is a change without donors, with the reason.
    """
    contrasts = {schema.contrast_name(contrast): contrast for contrast in settings.contrasts}
    at_hand = Tables(tables)
    measured: dict[Key, Change] = {}
    for key in _keys(hypotheses):
        if key[-1] not in contrasts:
            reason = f"this run makes no contrast {key[-1]}; it makes {', '.join(contrasts)}"
            measured[key] = Change.nothing(Pairs(()), reason)
        elif unknown := [f'"{one}"' for one in key[1:-1] if one in settings.left_out]:
            reason = f"the population tree of this run has no {' and no '.join(unknown)}"
            measured[key] = Change.nothing(Pairs(()), reason)
        else:
            measured[key] = BY_NAME[key[0]].measure(
                key, at_hand, contrast=contrasts[key[-1]], settings=settings
            )
    return add_covariates(measured, settings=settings)


def measure_equal_cells(
    hypotheses: Iterable[Row], *, settings: Settings, **tables: pd.DataFrame
) -> dict[Key, Change]:
    """Measure at equal numbers of cells what depends on them and is in the tables; parameters as above."""
    contrasts = {schema.contrast_name(contrast): contrast for contrast in settings.contrasts}
    at_hand = Tables(tables)
    found = {
        key: BY_NAME[key[0]].measure_equal_cells(key, at_hand, contrast=contrasts[key[-1]], settings=settings)
        for key in _keys(hypotheses)
        if key[-1] in contrasts
    }
    read = {key: change for key, change in found.items() if change is not None and change.values.size}
    return add_covariates(read, settings=settings)


def measure_all_visits(
    hypotheses: Iterable[Row], *, settings: Settings, min_pairs: int, **tables: pd.DataFrame
) -> dict[Key, MixedChange]:
    """Measure changes by a mixed model of all visits, donors without one of the two included.

    Parameters
    ----------
    hypotheses, settings, **tables
        As for :func:`measure_needed`.
    min_pairs
        Fewest donors with both visits.

    Returns
    -------
    One change for each hypothesis on one change whose endpoint has values at all visits, in the unit of
    :func:`measure_needed`; the parts of a split, and claims with several tests, have none.
    """
    contrasts = {schema.contrast_name(contrast): contrast for contrast in settings.contrasts}
    at_hand = Tables(tables)
    main = (endpoint_of(entry).needs(entry).get("main") for entry in hypotheses)
    found: dict[Key, MixedChange] = {}
    for key in dict.fromkeys(key for key in main if key is not None and key[-1] in contrasts):
        values = BY_NAME[key[0]].visit_values(key, at_hand, settings=settings)
        if values is not None:
            found[key] = mixed_change(of_treated(values), contrasts[key[-1]], min_donors=min_pairs)
    return found


def _keys(hypotheses: Iterable[Row]) -> list[Key]:
    """Keys that hypotheses need, each once."""
    return list(
        dict.fromkeys(key for entry in hypotheses for key in endpoint_of(entry).needs(entry).values())
    )


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
