"""The population tree cut into decisions: which classes are told apart at once, and by which markers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NodeSpec:
    """One decision of the tree: the classes and, for each, the marker lists that speak for and against it."""

    name: str
    classes: tuple[str, ...]
    markers: dict[str, list[list[str]]]
    negative: dict[str, list[list[str]]]
    level: str
    """``root``, ``branch`` or ``population``: what is resolved; the classes of a population are its subsets."""
    absolute: bool
    """Classes are compared by expression itself, not by z-scores: z-scores invent a class that is not there."""


def node_specs(populations: Mapping[str, Any]) -> list[NodeSpec]:
    """Cut the population tree into decisions: root, then each branch, then each population with subsets."""
    nodes = populations["nodes"]
    by_name = {node["name"]: node for node in nodes if node["level"] != "subset"}

    def lists(node: Mapping[str, Any], top: str | None, key: str) -> list[list[str]]:
        # A population below a branch below the branch is told by both, e.g. CD4 T and CD4 naive within T.
        found = [list(node.get(key, []))]
        parent = node["parent"]
        while parent is not None and parent != top:
            found.append(list(by_name[parent].get(key, [])))
            parent = by_name[parent]["parent"]
        return found

    def ancestors(node: Mapping[str, Any]) -> list[str]:
        chain, parent = [], node["parent"]
        while parent is not None:
            chain.append(parent)
            parent = by_name[parent]["parent"]
        return chain

    def spec(name: str, members: list[Mapping[str, Any]], top: str | None, level: str) -> NodeSpec:
        return NodeSpec(
            name=name,
            classes=tuple(node["name"] for node in members),
            markers={node["name"]: lists(node, top, "markers") for node in members},
            negative={node["name"]: lists(node, top, "negative") for node in members},
            level=level,
            absolute=level == "root",
        )

    roots = [node for node in nodes if node["parent"] is None]
    specs = [spec("root", roots, None, "root")]
    for branch in (node for node in roots if node["level"] == "branch"):
        below = [n for n in nodes if n["level"] == "population" and branch["name"] in ancestors(n)]
        specs.append(spec(branch["name"], below, branch["name"], "branch"))
    for population in (node for node in nodes if node["level"] == "population"):
        subsets = [n for n in nodes if n["level"] == "subset" and n["parent"] == population["name"]]
        if subsets:
            specs.append(spec(population["name"], subsets, population["name"], "population"))
    return specs
