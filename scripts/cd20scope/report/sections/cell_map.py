"""The embedded cells as data of the page, small enough for tens of thousands: the report draws its map from them."""

import base64
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.report.colours import DONOR_COLOURS, FAINT, VISIT_COLOURS
from cd20scope.schema import UNASSIGNED

STEPS = 65_535
"""Coordinates are rounded to this many steps of the larger extent: far finer than a pixel."""
OF_SAMPLES = ("visit", "donor", "arm", "batch", "sex")
"""Columns of the sheet that the map can be coloured by, where they have two values or more."""


def pack(
    embedding: pd.DataFrame, sheet: pd.DataFrame, *, visits: Sequence[str], populations: Mapping[str, str]
) -> dict[str, Any]:
    """Encode the map.

    Parameters
    ----------
    embedding
        ``sample x y population``.
    sheet
        ``sample donor visit`` and whatever else is known of samples.
    visits
        In the order of time.
    populations
        Colour of each population, in the order of the tree.

    Returns
    -------
    ``n``; ``x`` and ``y``, 16-bit numbers in base64, least byte first, on one scale; ``by``, for each column to colour
    by its ``names``, ``colours`` and the ``codes`` of the cells (16 bit, as the coordinates).
    """
    span = max(float(np.ptp(embedding[axis])) if len(embedding) else 0.0 for axis in ("x", "y")) or 1.0
    packed: dict[str, Any] = {"n": len(embedding), "by": {}}
    for axis in ("x", "y"):
        place = embedding[axis].to_numpy(dtype=float)
        packed[axis] = encode((place - place.min()) / span * STEPS if len(place) else place)
    cells = embedding[["sample", "population"]].merge(
        sheet.drop(columns="population", errors="ignore"), on="sample", how="left"
    )
    orders = {"population": [*populations, UNASSIGNED], "visit": list(visits)}
    for column in ("population", *OF_SAMPLES):
        if column not in cells:
            continue
        values = cells[column].astype(object).fillna("").astype(str).replace("", "not stated")
        found = set(values)
        if len(found) < 2 and column != "population":
            continue
        names = [name for name in orders.get(column, []) if name in found]
        names += sorted(found - set(names))
        codes = values.map({name: number for number, name in enumerate(names)})
        packed["by"][column] = {
            "names": names,
            "colours": colours(column, names, populations=populations),
            "codes": encode(codes.to_numpy(dtype=float)),
        }
    return packed


def colours(column: str, names: Sequence[str], *, populations: Mapping[str, str]) -> list[str]:
    """Colour of each value, as in the figures."""
    if column == "population":
        return [populations.get(name, FAINT) for name in names]
    palette = VISIT_COLOURS if column == "visit" else DONOR_COLOURS
    return list(islice(cycle(palette), len(names)))


def encode(values: np.ndarray) -> str:
    """Whole numbers from 0 to 65,535 as base64."""
    return base64.b64encode(np.rint(values).astype("<u2").tobytes()).decode("ascii")
