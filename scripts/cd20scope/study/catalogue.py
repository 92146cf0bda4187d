"""The three catalogues: the population tree, the gene programmes and the pre-specified hypotheses.

A catalogue is read once, checked whole, and from then on is a plain dictionary. A laboratory may replace any
of the three, so a slip of the pen is answered with its place in the file and what was probably meant, and one
run shows every slip.

A *selector* names some of the cells: a set (``CD4 T``), a population (``Treg``) or a population and its
subset (``Treg / effector``). What a cell can end as is a *leaf*: a population and a subset of it, either of
which may be unassigned.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cd20scope import schema
from cd20scope.schema import UNASSIGNED
from cd20scope.study import catalogue, strict_yaml
from cd20scope.study.catalogue_rules import (
    RULES,
    Kind,
    check_cells,
    lost_genes,
    nodes_at,
    selector_cells,
    subset_selector,
)
from cd20scope.study.strict_yaml import CatalogueError as CatalogueError
from cd20scope.study.strict_yaml import unknown


def load(text: str, *, kind: Kind, schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read one catalogue and refuse it unless every entry makes sense.

    Parameters
    ----------
    text
        The YAML text.
    kind
        Which catalogue it is: "populations", "programs" or "hypotheses".
    schema
        Its JSON schema (draft 2020-12) as a dictionary.
    name
        File name for messages.

    Returns
    -------
    The parsed text, nothing added and nothing changed.

    Raises
    ------
    CatalogueError
        With every problem, its line and place, what was found and what to do.
    """
    return strict_yaml.read(text, schema=schema, name=name, rules=RULES[kind])


def check_references(
    populations: Mapping[str, Any], programs: Mapping[str, Any], hypotheses: Mapping[str, Any]
) -> None:
    """Check that what programmes and hypotheses refer to exists and goes together.

    Raises
    ------
    CatalogueError
        For an unknown selector or programme, a denominator that does not hold its population, a hypothesis on
        a programme that is not scored in its population, or a programme whose genes vanish with the B cells
        from the cells it is scored in.
    """
    cells, lineages = selector_cells(populations), lineage_of(populations)
    scored = {entry["name"]: entry["populations"] for entry in programs["programs"]}
    problems = []
    for entry in programs["programs"]:
        place = f"programs ({entry['name']}) > "
        for selector in entry["populations"]:
            if selector not in cells:
                problems.append(f"{place}populations: {unknown('selector', selector, cells)}")
                continue
            within = frozenset(lineages[member] for member in cells[selector][0] if member in lineages)
            if lost := lost_genes(entry["genes"], within):
                problems.append(
                    f'{place}genes: {", ".join(lost)} cannot be scored in "{selector}", because these '
                    "transcripts leave the sample with the B cells. Leave out the genes, or that population."
                )
    for entry in hypotheses["hypotheses"]:
        place = f"hypotheses ({entry['id']}) > "
        problems += [place + problem for problem in check_cells(entry, cells)]
        before = check_cells(entry.get("depletion", {}), cells)
        problems += [f"{place}depletion > {problem}" for problem in before]
        program, population = entry.get("program"), entry["population"]
        if program is not None and program not in scored:
            problems.append(f"{place}program: {unknown('programme', program, scored)}")
        elif program is not None and population in cells and population not in scored[program]:
            problems.append(
                f'{place}program: "{program}" is scored in {", ".join(scored[program])}, not in '
                f'"{population}". Add it to the populations of the programme, or ask about one of these.'
            )
    if problems:
        raise CatalogueError("catalogues", problems)


def lineage_of(populations: Mapping[str, Any]) -> dict[str, str]:
    """Lineage of every population, in the order of the tree."""
    return {node["name"]: node["lineage"] for node in nodes_at(populations, "population")}


def leaves(populations: Mapping[str, Any]) -> pd.DataFrame:
    """Every leaf of the tree, in its order; the last has no population.

    Returns
    -------
    Columns ``population`` and ``subset``, one row per leaf; each population ends with its subset unassigned.
    """
    rows = []
    for population in lineage_of(populations):
        named = [node["name"] for node in nodes_at(populations, "subset") if node["parent"] == population]
        rows += [(population, subset) for subset in [*named, UNASSIGNED]]
    return pd.DataFrame([*rows, (UNASSIGNED, UNASSIGNED)], columns=["population", "subset"])


def selectors(populations: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the pairs of selector and denominator selector whose share is tested: sets, populations, subsets.

    Sets and nodes without a denominator in the catalogue are not tested and are left out.
    """
    named = [(entry["name"], entry) for entry in populations["sets"]]
    named += [(node["name"], node) for node in nodes_at(populations, "population")]
    named += [(subset_selector(node), node) for node in nodes_at(populations, "subset")]
    return [(selector, entry["denominator"]) for selector, entry in named if "denominator" in entry]


def select(populations: Mapping[str, Any], selector: str, leaves: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which rows of a table of leaves a selector covers.

    Parameters
    ----------
    populations
        The population catalogue.
    selector
        A set, a population, or "population / subset".
    leaves
        Table with the columns ``population`` and ``subset``; any others are ignored.

    Returns
    -------
    Boolean series on the index of ``leaves``.

    Raises
    ------
    CatalogueError
        When the catalogue has no such selector.
    """
    cells = selector_cells(populations)
    if selector not in cells:
        raise CatalogueError("populations", [unknown("selector", selector, cells)])
    members, subset = cells[selector]
    chosen = leaves["population"].isin(members)
    return chosen if subset is None else chosen & leaves["subset"].isin([subset])


def rows_of(populations: Mapping[str, Any]) -> list[str]:
    """Name the populations in the order of the tree, and at the end the cells without one."""
    return [*catalogue.lineage_of(populations), schema.UNASSIGNED]
