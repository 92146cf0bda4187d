"""Visits on an axis of time, to scale where their names tell when they were."""

import math
from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes

from cd20scope.study.nouns import visit
from cd20scope.study.times import stated_days

FIRST = ("baseline", "base", "bl", "pre", "screening")
"""Names of the visit before treatment."""
NARROW = 0.09
"""Least distance of two visits, of the whole axis, at which their names stand beside each other."""


def days_of(visits: Sequence[str]) -> list[float] | None:
    """Days since the first visit by the names of the visits; None where a name does not tell, or time runs back."""
    stated = stated_days({"": (), **dict.fromkeys(visits, ())})
    days = [0.0 if name.strip().casefold() in FIRST else stated.get(name, math.nan) for name in visits]
    known = not any(map(math.isnan, days))
    return days if known and all(one < other for one, other in pairwise(days)) else None


def places_of(visits: Sequence[str]) -> tuple[list[float], bool]:
    """Places of the visits on the axis, and whether they are to scale; else one step apart."""
    days = days_of(visits)
    return (days, True) if days else ([float(number) for number in range(len(visits))], False)


def time_axis(ax: Axes, visits: Sequence[str], labels: Sequence[str]) -> None:
    """Put the visits on the axis, each with its label, which stand lower by turns where two are close."""
    places, _ = places_of(visits)
    span = (places[-1] - places[0]) or 1.0
    ax.set_xticks(places, [""] * len(places))
    lower = False
    for number, (place, label) in enumerate(zip(places, labels, strict=True)):
        close = number > 0 and place - places[number - 1] < NARROW * 2 * span
        lower = close and not lower
        ax.annotate(
            f"{visit(visits[number])}\n{label}",
            (place, 0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, -5 if not lower else -25),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
            annotation_clip=False,
        )
    ax.set_xlim(places[0] - 0.08 * span, places[-1] + 0.08 * span)
