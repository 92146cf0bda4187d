"""Which changes a hypothesis is tested on."""

from collections.abc import Mapping
from typing import Any

from cd20scope.stats.changes import Key


def needed(hypothesis: Mapping[str, Any]) -> dict[str, Key]:
    """Name the changes that a hypothesis is tested on, by part.

    ``main``; of the claim that B cells go first and T cells change later ``first`` and ``last``, the depleted cells at
    the first and the last visit, ``early`` and ``change``, the programme over the same two contrasts.
    """
    contrast = hypothesis["contrast"]
    if hypothesis["endpoint"] == "abundance":
        return {"main": ("abundance", hypothesis["population"], hypothesis["denominator"], contrast)}
    component = hypothesis.get("component", "total")
    score = ("program", hypothesis["population"], hypothesis["program"], component, contrast)
    if hypothesis["endpoint"] == "program":
        return {"main": score}
    depletion = hypothesis["depletion"]
    cells = ("abundance", depletion["population"], depletion["denominator"])
    return {
        "first": (*cells, depletion["first"]),
        "last": (*cells, contrast),
        "early": (*score[:-1], depletion["first"]),
        "change": score,
    }
