"""The three catalogues: the population tree, the gene programmes and the pre-specified questions.

A catalogue is read once, checked whole, and from then on is a plain dictionary. A laboratory may replace any
of the three, so a slip of the pen is answered with its place in the file and what was probably meant, and one
run shows every slip.

A *selector* names some of the cells: a set (``CD4 T``), a population (``Treg``) or a population and its
subset (``Treg / effector``). What a cell can end as is a *leaf*: a population and a subset of it, either of
which may be unassigned.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from cd20scope.schema import UNASSIGNED
from cd20scope.study import question_rules, strict_yaml
from cd20scope.study.catalogue_rules import RULES, Kind
from cd20scope.study.questions import claim_rows, digest
from cd20scope.study.references import References, check_programs, check_questions
from cd20scope.study.selectors import nodes_at, selector_cells, subset_selector
from cd20scope.study.strict_yaml import ConfigError as ConfigError
from cd20scope.study.strict_yaml import unknown
from cd20scope.study.yaml_bounds import Problem


def load(
    text: str, *, kind: Kind, schema: Mapping[str, Any], name: str, references: References | None = None
) -> dict[str, Any]:
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
    references
        The catalogues that it refers to. None (default) leaves unchecked whether these references lead anywhere;
        the population tree has none.

    Returns
    -------
    The parsed text, nothing added and nothing changed.

    Raises
    ------
    ConfigError
        With every problem, its line and place, what was found and what to do.
    """
    endpoints = question_rules.read_endpoints(schema) if kind == "hypotheses" else {}

    def rules(data: Mapping[str, Any]) -> Iterator[Problem]:
        if kind == "hypotheses":
            yield from question_rules.check_questions(data, endpoints)
        else:
            yield from RULES[kind](data)
        if references is not None and kind in BETWEEN:
            yield from BETWEEN[kind](data, replace(references, endpoints=endpoints))

    return strict_yaml.read(text, schema=schema, name=name, rules=rules)


BETWEEN: dict[Kind, Callable[[Mapping[str, Any], References], Iterator[Problem]]] = {
    "programs": check_programs,
    "hypotheses": check_questions,
}
"""Rules of the catalogues that refer to others."""


def scored_here(programs: Mapping[str, Any], populations: Mapping[str, Any]) -> dict[str, Any]:
    """Gene programmes without the selectors that the population tree leaves out."""
    cells = selector_cells(populations)
    kept = [
        entry | {"populations": [selector for selector in entry["populations"] if selector in cells]}
        for entry in programs["programs"]
    ]
    return {**programs, "programs": kept}


def asked_here(questions: Mapping[str, Any], populations: Mapping[str, Any]) -> dict[str, Any]:
    """Catalogue of questions with its claims as rows, for a population tree.

    Returns
    -------
    ``version`` and ``families`` as they are; ``digest``, of what the catalogue says; and ``hypotheses``, the rows of
    :func:`cd20scope.study.questions.claim_rows` without the other denominators that the tree leaves out; every claim
    stays.
    """
    cells, kept = selector_cells(populations), []
    for entry in claim_rows(questions):
        others = [name for name in entry.get("other_denominators", ()) if name in cells]
        kept.append({key: value for key, value in entry.items() if key != "other_denominators" or others})
        if others:
            kept[-1]["other_denominators"] = others
    same = {key: questions[key] for key in ("version", "families")}
    return same | {"digest": digest(questions), "hypotheses": kept}


def left_out(hypotheses: Mapping[str, Any], populations: Mapping[str, Any]) -> list[str]:
    """Selectors that the rows of :func:`asked_here` are about and the population tree lacks, in their order."""
    cells = selector_cells(populations)
    parts = [part for entry in hypotheses["hypotheses"] for part in (entry, entry.get("depletion", {}))]
    asked = [part[key] for part in parts for key in ("population", "denominator") if key in part]
    return [name for name in dict.fromkeys(asked) if name not in cells]


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
    ConfigError
        When the catalogue has no such selector.
    """
    cells = selector_cells(populations)
    if selector not in cells:
        raise ConfigError("populations", [unknown("selector", selector, cells)])
    members, subset = cells[selector]
    chosen = leaves["population"].isin(members)
    return chosen if subset is None else chosen & leaves["subset"].isin([subset])


def rows_of(populations: Mapping[str, Any]) -> list[str]:
    """Name the populations in the order of the tree, and at the end the cells without one."""
    return [*lineage_of(populations), UNASSIGNED]
