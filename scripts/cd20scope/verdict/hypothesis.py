"""Which changes a hypothesis is tested on."""

from collections.abc import Mapping
from typing import Any

from cd20scope.stats.changes import Key


def needed(hypothesis: Mapping[str, Any]) -> dict[str, Key]:
    """Name the changes that a hypothesis is tested on, by part: ``main``, or ``first``, ``then`` and ``late``."""
    contrast = hypothesis["contrast"]
    if hypothesis["endpoint"] == "abundance":
        return {"main": ("abundance", hypothesis["population"], hypothesis["denominator"], contrast)}
    component = hypothesis.get("component", "total")
    score = ("program", hypothesis["population"], hypothesis["program"], component, contrast)
    if hypothesis["endpoint"] == "program":
        return {"main": score}
    depletion = hypothesis["depletion"]
    cells = ("abundance", depletion["population"], depletion["denominator"])
    return {"first": (*cells, depletion["first"]), "then": (*cells, depletion["then"]), "late": score}
