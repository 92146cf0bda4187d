"""Selectors of a population tree: which cells each covers, and which holds another."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cd20scope.schema import UNASSIGNED
from cd20scope.study.strict_yaml import unknown
from cd20scope.study.yaml_bounds import Problem

Cells = tuple[frozenset[str], str | None]
"""Populations that a selector covers, and the one subset it is limited to, if any."""


def named(data: Mapping[str, Any], key: str, *needed: str) -> list[tuple[int, dict[str, Any]]]:
    """Numbered entries of a list that have the keys needed to talk about them."""
    entries = [(i, entry) for i, entry in enumerate(data.get(key) or []) if isinstance(entry, dict)]
    return [(i, entry) for i, entry in entries if all(entry.get(need) is not None for need in needed)]


def nodes_at(populations: Mapping[str, Any], level: str) -> list[dict[str, Any]]:
    """Nodes of one level of the tree, in their order."""
    nodes = [node for _, node in named(populations, "nodes", "name") if node.get("level") == level]
    return [node for node in nodes if level != "subset" or node.get("parent") is not None]


def subset_selector(node: Mapping[str, Any]) -> str:
    """Selector of a subset."""
    return f"{node['parent']} / {node['name']}"


def selector_cells(populations: Mapping[str, Any]) -> dict[str, Cells]:
    """Every selector of the catalogue with the cells it covers; unknown members of a set are passed over."""
    known = [node["name"] for node in nodes_at(populations, "population")]
    cells: dict[str, Cells] = {}
    for _, entry in named(populations, "sets", "name"):
        members = {*known, UNASSIGNED}.intersection(entry.get("members") or ())
        cells.setdefault(entry["name"], (frozenset(members), None))
    cells |= {node["name"]: (frozenset({node["name"]}), None) for node in nodes_at(populations, "population")}
    for node in nodes_at(populations, "subset"):
        cells[subset_selector(node)] = (frozenset({node["parent"]}), node["name"])
    return cells


def check_cells(
    entry: Mapping[str, Any], cells: Mapping[str, Cells], *, left_out: Collection[str] = ()
) -> Iterator[Problem]:
    """Find out whether the population and the denominator of an entry exist, and one holds the other.

    Parameters
    ----------
    entry
        With ``population``, ``denominator`` and ``other_denominators``, each optional.
    cells
        Every selector with the cells it covers.
    left_out
        Selectors that need not exist.

    Yields
    ------
    Problems, each with its place within the entry.
    """
    for key in ("population", "denominator"):
        if entry.get(key) is not None and entry[key] not in cells and entry[key] not in left_out:
            yield (key,), unknown("selector", entry[key], cells)
    inner, outer = (cells.get(entry.get(key) or "") for key in ("population", "denominator"))
    for j, name in enumerate(entry.get("other_denominators") or ()):
        if name is None or name in left_out:
            continue
        if name not in cells:
            yield ("other_denominators", j), unknown("selector", name, cells)
        elif inner and not (holds(cells[name], inner) or not inner[0] & cells[name][0]):
            yield (
                ("other_denominators", j),
                (
                    f'"{name}" holds some cells of "{entry["population"]}" and not others. Choose a set that contains '
                    "it, or one that shares no cell with it."
                ),
            )
    if inner and outer and not holds(outer, inner):
        yield (
            ("denominator",),
            (
                f'"{entry["denominator"]}" must hold all cells of "{entry["population"]}" and others besides. '
                "Choose a set that contains it."
            ),
        )


def holds(outer: Cells, inner: Cells) -> bool:
    """Whether the one selector covers all cells of the other and more."""
    return inner != outer and inner[0] <= outer[0] and outer[1] in (None, inner[1])
