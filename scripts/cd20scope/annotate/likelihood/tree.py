"""The population tree cut into decisions: lineages at the root, then the populations of each branch.

A decision holds leaves (profiles of sorted cells) and the class that each leaf stands for.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PROFILES_OF: dict[str, tuple[str, ...]] = {
    "B naive": ("Bnaive",),
    "B memory": ("memoryB", "exhaustedB"),
    "Plasma": ("plasma", "plasmablast"),
    "CD4 naive": ("CD4Tnaive",),
    "CD4 memory": ("Th1", "Th2", "Th17", "Th1/Th17", "Tfh"),
    "Treg": ("nTreg", "mTreg"),
    "CD8 naive": ("CD8Tnaive",),
    "CD8 memory": ("CD8Tem", "CD8Temra"),
    "MAIT": ("MAIT",),
    "gdT": ("gdT",),
    "NK": ("cytotoxicNK",),
    "Monocyte": ("CMonocyte", "IMonocyte"),
    "DC": ("cDC1", "cDC2"),
    "pDC": ("pDC",),
    "HSPC": ("HSPC",),
    "Platelet": ("Plt",),
    "Erythroid": ("Ery",),
}
"""Profiles of the shipped table by population of the catalogue."""
JOINED = {"T": "T+NK", "NK": "T+NK"}
"""Roots of the catalogue that are one lineage here: NK next to T below the root tells NK from cytotoxic T cells."""
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
    """Read the profiles that every population of a catalogue names (key ``profiles``), else the shipped ones."""
    named = {n["name"]: tuple(n["profiles"]) for n in populations["nodes"] if n.get("profiles")}
    known = [n["name"] for n in populations["nodes"] if n["level"] == "population"]
    return named or {name: PROFILES_OF[name] for name in known if name in PROFILES_OF}


def lineages_of_populations(populations: Mapping[str, Any]) -> dict[str, str]:
    """Lineage at the root of each population: its topmost ancestor, T and NK as one."""
    parents = {n["name"]: n["parent"] for n in populations["nodes"] if n["level"] != "subset"}
    found = {}
    for node in populations["nodes"]:
        if node["level"] != "population":
            continue
        top = node["name"]
        while parents[top] is not None:
            top = parents[top]
        found[node["name"]] = JOINED.get(top, top)
    return found


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
