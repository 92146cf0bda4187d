"""Roles: the few lineages, populations and sets that rules must know, whatever a population tree calls them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

B = "B"
"""Role of the lineage that the treatment takes, and of plasma cells, which it spares."""
T = ("CD4 T", "CD8 T", "other T")
"""Roles of the lineages of T cells."""
PLASMA = "plasma"
"""Role of populations of the B lineage that have lost CD20."""
MONONUCLEAR, B_CELLS, LYMPHOCYTES = "mononuclear", "B cells", "lymphocytes"
"""Roles of sets: all cells that count, the depletion endpoint, and what a blood count calls lymphocytes."""
NEEDED_SETS = (MONONUCLEAR, B_CELLS)
"""Roles that one set of every tree has."""


def lineage_roles(populations: Mapping[str, Any]) -> dict[str, str]:
    """Role of every lineage that has one."""
    return {entry["name"]: entry["role"] for entry in populations["lineages"] if "role" in entry}


def lineages_with(populations: Mapping[str, Any], *roles: str) -> list[str]:
    """Names of the lineages with one of the roles."""
    return [name for name, role in lineage_roles(populations).items() if role in roles]


def of_cells(lineage: Array, populations: Mapping[str, Any]) -> Array:
    """Role of the lineage of each cell, empty where it has none; shape of ``lineage``."""
    found = lineage_roles(populations)
    return np.array([found.get(name, "") for name in lineage], dtype=object)


def populations_of(populations: Mapping[str, Any], *roles: str) -> list[str]:
    """Names of the populations of the lineages with one of the roles, in the order of the tree."""
    named = lineages_with(populations, *roles)
    return [node["name"] for node in populations["nodes"] if node.get("lineage") in named]


def populations_with(populations: Mapping[str, Any], *roles: str) -> list[str]:
    """Names of the populations that have one of the roles themselves, in the order of the tree."""
    return [node["name"] for node in populations["nodes"] if node.get("role") in roles]


def depleted(populations: Mapping[str, Any]) -> list[str]:
    """Names of the populations that the treatment takes: the B lineage without plasma cells."""
    spared = populations_with(populations, PLASMA)
    return [name for name in populations_of(populations, B) if name not in spared]


def set_with(populations: Mapping[str, Any], role: str) -> str | None:
    """Name of the set with a role; None where no set has it."""
    return next((entry["name"] for entry in populations["sets"] if entry.get("role") == role), None)
