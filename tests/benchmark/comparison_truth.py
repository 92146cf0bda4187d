"""What was planted in a cohort of either generator, and whether a tested unit was planted, was not, or is mixed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MEMBERS = {"B cells": ["B naive", "B memory"]}
"""Sets of populations that questions and programmes ask about."""


@dataclass(frozen=True)
class Truth:
    """What was planted: direction by (contrast, population), and genes by (contrast, population)."""

    shares: Mapping[tuple[str, str], str]
    genes: Mapping[tuple[str, str], Mapping[str, str]]


def read_truth(folder: Path, programs: Mapping[str, list[str]]) -> Truth:
    """Read what was planted in a treated cohort: of the built-in generator, or of the one for sorted cells."""
    built_in, drawn = folder / "results/simulate/truth.json", folder / "counts/truth.json"
    if built_in.exists():
        return truth_of_built_in(json.loads(built_in.read_text())["planted"], programs)
    return truth_of_sorted(json.loads(drawn.read_text())["plan"])


def truth_of_built_in(planted: list[dict], programs: Mapping[str, list[str]]) -> Truth:
    """Translate the list of the built-in generator."""
    shares, genes = {}, {}
    for entry in planted:
        key = (entry["contrast"], entry["population"])
        if entry["program"] is None:
            shares[key] = entry["direction"]
        else:
            genes.setdefault(key, {}).update(dict.fromkeys(programs[entry["program"]], entry["direction"]))
    return Truth(shares, genes)


def truth_of_sorted(plan: dict) -> Truth:
    """Translate the plan of the generator for sorted cells, whose B cells are one label."""
    shares, genes = {}, {}
    for label, factors in plan["abundance"].items():
        for visit, factor in factors.items():
            for population in MEMBERS["B cells"] if label == "B" else [label]:
                shares[f"{visit}-baseline", population] = "up" if factor > 1 else "down"
    for effect in plan["programmes"]:
        direction = "up" if effect["fold"] > 1 else "down"
        for label in effect["labels"]:
            key = (f"{effect['visit']}-baseline", label)
            genes.setdefault(key, {}).update(dict.fromkeys(effect["genes"], direction))
    return Truth(shares, genes)


def state_of_share(truth: Truth, contrast: str, population: str) -> str:
    """Whether the number of these cells was planted to go ``up`` or ``down``, or not (empty)."""
    whole = population.split(" / ")[0]
    members = MEMBERS.get(whole, [whole])
    found = {truth.shares.get((contrast, member), "") for member in members}
    return found.pop() if len(found) == 1 else "mixed"


def state_of_program(truth: Truth, contrast: str, population: str, genes: list[str]) -> str:
    """``up`` or ``down`` where half of the genes were planted so, empty where none was, else ``mixed``."""
    planted = truth.genes.get((contrast, population.split(" / ")[0]), {})
    found = [planted[gene] for gene in genes if gene in planted]
    if not found:
        return ""
    return found[0] if 2 * len(found) >= len(genes) and len(set(found)) == 1 else "mixed"
