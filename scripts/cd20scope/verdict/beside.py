"""Covariates of the study put beside the changes that its hypotheses are tested on."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cd20scope import schema
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.covariates import Covariates
from cd20scope.stats.pairs import Contrast
from cd20scope.study.covariates import change_columns, split_by_arm
from cd20scope.verdict.endpoints.tables import Settings


def add_covariates(changes: Mapping[Key, Change], *, settings: Settings) -> dict[Key, Change]:
    """Put covariates beside changes.

    Parameters
    ----------
    changes
        By key, which ends with the name of the contrast.
    settings
        With the covariates of each contrast; changes of one without any stay as they are.

    Returns
    -------
    The same changes; donors of whom a covariate is not known have left, with the reason.
    """
    sheet = pd.DataFrame(settings.samples)
    contrasts = {schema.contrast_name(contrast): contrast for contrast in settings.contrasts}
    made: dict[tuple[str, tuple[str, ...]], tuple[Covariates, dict[str, str]]] = {}
    beside = dict(changes)
    for key, change in changes.items():
        donors, names = change.paired.donors, settings.covariates.get(key[-1], ())
        if not names or not donors or key[-1] not in contrasts:
            continue
        if (key[-1], donors) not in made:
            made[key[-1], donors] = _of_donors(sheet, names, contrasts[key[-1]], donors)
        covariates, unknown = made[key[-1], donors]
        beside[key] = change.beside(covariates, unknown)
    return beside


def add_to_arms(
    treated: Mapping[Key, Change], control: Mapping[Key, Change], *, settings: Settings
) -> tuple[dict[Key, Change], dict[Key, Change]]:
    """Put covariates beside the changes of two arms, coded and centred over the donors of both.

    Parameters
    ----------
    treated, control
        Changes of the two arms by the same keys.
    settings
        As for :func:`add_covariates`. A covariate that goes with the arm is left out.

    Returns
    -------
    The same changes; donors of whom a covariate is not known have left, with the reason.
    """
    sheet = pd.DataFrame(settings.samples)
    contrasts = {schema.contrast_name(contrast): contrast for contrast in settings.contrasts}
    made: dict[tuple[str, ...], tuple[Covariates, dict[str, str]]] = {}
    here, there = dict(treated), dict(control)
    for key, change in treated.items():
        arms, names = (change.paired.donors, control[key].paired.donors), settings.covariates.get(key[-1], ())
        if not names or not all(arms) or key[-1] not in contrasts:
            continue
        place = (key[-1], *arms[0], "", *arms[1])
        if place not in made:
            contrast = contrasts[key[-1]]
            told, _ = split_by_arm(sheet, names, contrast, treated=arms[0], control=arms[1])
            made[place] = _of_donors(sheet, told, contrast, [*arms[0], *arms[1]])
        covariates, unknown = made[place]
        first = np.arange(len(covariates.values)) < len(arms[0])
        here[key] = change.beside(covariates.take(first), unknown)
        there[key] = control[key].beside(covariates.take(~first), unknown)
    return here, there


def _of_donors(
    sheet: pd.DataFrame, names: Sequence[str], contrast: Contrast, donors: Sequence[str]
) -> tuple[Covariates, dict[str, str]]:
    table = change_columns(sheet, names, contrast, donors)
    turned = change_columns(sheet, names, contrast[::-1], donors).reindex(columns=table.columns)
    # a covariate that is a change itself turns its sign with the visits
    turns = np.isclose(turned, -table, equal_nan=True).all(axis=0) & ~np.isclose(
        turned, table, equal_nan=True
    ).all(axis=0)
    unknown: dict[str, str] = {}
    for name in names:
        alone = change_columns(sheet, [name], contrast, donors)
        for donor in alone.index[alone.isna().any(axis=1)]:
            unknown[donor] = f"{unknown[donor]}, no {name}" if donor in unknown else f"no {name}"
    return Covariates(tuple(map(str, table.columns)), table.to_numpy(dtype=float), turns), unknown
