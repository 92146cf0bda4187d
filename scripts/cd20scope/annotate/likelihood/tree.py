"""The population tree cut into decisions: lineages at the root, then the populations of each branch.

A decision holds leaves (profiles of sorted cells) and the class that each leaf stands for.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cd20scope.study import roles
from cd20scope.study.strict_yaml import ConfigError

B, T_NK, MYELOID = "B", "T+NK", "Myeloid"
"""Lineages that rules know. NK next to T below the root tells NK from cytotoxic T cells."""
ROOT = "root"
FREE_CLASSES = 3
"""A decision of fewer classes keeps the table's profiles: with free offsets one class alone is not identifiable."""


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes
    ----------
    name
        ``root`` or the lineage that is resolved.
    leaves
        Names of profiles.
    classes
        Class of each leaf, as long as ``leaves``: a lineage at the root, else a population.
    free
        Whether the efficiency of genes (platform against table) is fitted.
    moving
        Whether profiles move to the study's cells.
    """

    name: str
    leaves: tuple[str, ...]
    classes: tuple[str, ...]
    free: bool
    moving: bool

    @property
    def distinct(self) -> tuple[str, ...]:
        """Classes without repetition, in order."""
        return tuple(dict.fromkeys(self.classes))

    def only(self, names: Collection[str]) -> "Decision":
        """Give the decision among some of its classes."""
        kept = [place for place, label in enumerate(self.classes) if label in names]
        leaves, classes = ([values[place] for place in kept] for values in (self.leaves, self.classes))
        free = self.free and len(names) >= FREE_CLASSES
        return Decision(self.name, tuple(leaves), tuple(classes), free=free, moving=self.moving and free)


def profiles_of_populations(populations: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Read the profiles of every population of a catalogue that names some."""
    named = [(node["name"], node.get("profiles", ())) for node in populations["nodes"]]
    return {name: tuple(profiles) for name, profiles in named if profiles}


def require_profiles(populations: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Read the profiles of every population, which the likelihood needs.

    Raises
    ------
    ConfigError
        When a population names none, or two name the same.
    """
    named = profiles_of_populations(populations)
    problems = [
        f"population {node['name']} names no profiles, by which its cells are told. Name those of the table under "
        "`profiles`, add one to a table of your own (annotate > profiles), or take the population out."
        for node in populations["nodes"]
        if node["level"] == "population" and node["name"] not in named
    ]
    owner: dict[str, str] = {}
    problems += [
        f"the profile {profile} is named by {owner[profile]} and by {name}, which it cannot tell apart. "
        "Give each its own."
        for name, profiles in named.items()
        for profile in profiles
        if owner.setdefault(profile, name) != name
    ]
    if problems:
        raise ConfigError("population tree", problems)
    return named


def lineages_of_populations(populations: Mapping[str, Any]) -> dict[str, str]:
    """Lineage at the root of each population: its topmost ancestor, named by role for B, T with NK, and myeloid cells.

    A population at the top, as plasma cells and pDC, is a lineage of its own.
    """
    nodes = {node["name"]: node for node in populations["nodes"] if node["level"] != "subset"}
    role = roles.lineage_roles(populations)
    depleted = roles.depleted(populations)
    below: dict[str, list[str]] = {}
    for name, node in nodes.items():
        if node["level"] != "population":
            continue
        top = name
        while nodes[top]["parent"] is not None:
            top = nodes[top]["parent"]
        below.setdefault(top, []).append(name)
    found: dict[str, str] = {}
    for top, members in below.items():
        own = {role.get(nodes[name]["lineage"]) for name in members}
        lineage = top
        if set(members) & set(depleted):
            lineage = B
        elif own <= {*roles.T, "NK"}:
            lineage = T_NK
        elif own == {"Myeloid"} and nodes[top]["level"] == "branch":
            lineage = MYELOID
        found |= dict.fromkeys(members, lineage)
    return {name: found[name] for name, node in nodes.items() if node["level"] == "population"}


def build_decisions(
    lineages: Mapping[str, str], profiles_of: Mapping[str, Sequence[str]]
) -> tuple[Decision, ...]:
    """Cut the tree into the root and one decision for each lineage of two populations or more.

    Parameters
    ----------
    lineages
        Lineage of each population.
    profiles_of
        Profiles of each population; a population without one is no class.

    Returns
    -------
    tuple of Decision
        The root first.
    """
    told = {name: tuple(found) for name, found in profiles_of.items() if name in lineages}
    by_lineage: dict[str, list[str]] = {}
    for name in told:
        by_lineage.setdefault(lineages[name], []).append(name)

    def decide(name: str, classes: Mapping[str, Sequence[str]], moving: bool) -> Decision:
        pairs = [(leaf, label) for label, leaves in classes.items() for leaf in leaves]
        free = len(classes) >= FREE_CLASSES
        leaves, labels = zip(*pairs, strict=True)
        return Decision(name, leaves, labels, free=free, moving=free and moving)

    at_root = {
        lineage: [leaf for name in members for leaf in told[name]] for lineage, members in by_lineage.items()
    }
    below = {lineage: members for lineage, members in by_lineage.items() if len(members) > 1}
    return (
        decide(ROOT, at_root, moving=False),
        *(decide(lineage, {m: told[m] for m in members}, moving=True) for lineage, members in below.items()),
    )
