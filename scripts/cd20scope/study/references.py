"""Rules between the catalogues: what programmes and questions refer to exists and goes together.

A laboratory may leave out a population of the shipped tree. What the other catalogues ask about it is then left out
as well, or ends as not testable; a name that neither tree knows is a mistake.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cd20scope.study import roles
from cd20scope.study.catalogue_rules import B_ALONE, lost_genes
from cd20scope.study.question_rules import Endpoints, OfEndpoint
from cd20scope.study.selectors import Cells, check_cells, named, nodes_at, selector_cells
from cd20scope.study.strict_yaml import show, unknown
from cd20scope.study.yaml_bounds import Problem


@dataclass(frozen=True)
class References:
    """Catalogues that another one refers to.

    Attributes
    ----------
    populations
        The population tree of the run.
    shipped
        The shipped population tree; a selector that only this one knows is left out on purpose.
    programs
        The gene programmes, where questions are checked.
    endpoints
        What the schema of the questions says of their endpoints, where questions are checked.
    """

    populations: Mapping[str, Any]
    shipped: Mapping[str, Any]
    programs: Mapping[str, Any] | None = None
    endpoints: Endpoints = field(default_factory=dict)

    @property
    def cells(self) -> dict[str, Cells]:
        """Every selector of the tree of the run, with the cells it covers."""
        return selector_cells(self.populations)

    @property
    def left_out(self) -> frozenset[str]:
        """Selectors of the shipped tree that this one lacks."""
        return frozenset(selector_cells(self.shipped)) - frozenset(self.cells)


def check_programs(data: Mapping[str, Any], given: References) -> Iterator[Problem]:
    """Check that programmes are scored in selectors of the tree, and by genes that do not leave with the B cells."""
    cells, left_out = given.cells, given.left_out
    lineage = {node["name"]: node["lineage"] for node in nodes_at(given.populations, "population")}
    role = roles.lineage_roles(given.populations)
    for i, entry in named(data, "programs", "name"):
        genes = [gene for gene in entry.get("genes") or () if gene]
        for j, selector in enumerate(entry.get("populations") or ()):
            if selector is None or selector in left_out:
                continue
            if selector not in cells:
                yield ("programs", i, "populations", j), unknown("selector", selector, cells)
                continue
            within = frozenset(role.get(lineage[name], "") for name in cells[selector][0] if name in lineage)
            if lost := lost_genes(genes, within):
                yield (
                    ("programs", i, "genes"),
                    (
                        f'{", ".join(lost)} cannot be scored in "{selector}", because these transcripts leave the '
                        "sample with the B cells. Leave out the genes, or that population."
                    ),
                )


def check_questions(data: Mapping[str, Any], given: References) -> Iterator[Problem]:
    """Check that questions ask about selectors and programmes that there are, or that were left out on purpose."""
    cells, left_out = given.cells, given.left_out
    entries = named(data, "questions", "id")
    for i, entry in entries:
        for where, part in (((), entry), (("depletion",), entry.get("depletion") or {})):
            for place, message in check_cells(part, cells, left_out=left_out):
                yield ("questions", i, *where, *place), message
        yield from ((("questions", i, *place), text) for place, text in _check_program(entry, given, cells))
    yield from _check_lineages(entries, given, left_out)


def _check_program(
    entry: Mapping[str, Any], given: References, cells: Mapping[str, Cells]
) -> Iterator[Problem]:
    """Ask that the programme of a question is scored in its cells, and its component is of all of them."""
    program, population = entry.get("program"), entry.get("population")
    endpoint = given.endpoints.get(entry.get("endpoint"), OfEndpoint())
    if "program" in endpoint.refused:
        return
    scored = {one["name"]: one["populations"] for one in (given.programs or {"programs": ()})["programs"]}
    if program is not None and program not in scored:
        yield ("program",), unknown("programme", program, scored)
    elif program is not None and population in cells and population not in scored[program]:
        yield (
            ("program",),
            (
                f'"{program}" is scored in {", ".join(scored[program])}, not in "{population}". '
                "Add it to the populations of the programme, or ask about one of these."
            ),
        )
    whole, component = roles.set_with(given.populations, roles.MONONUCLEAR), entry.get("component")
    if component in ("composition", "within") and population != whole:
        yield (
            ("component",),
            (
                f"{component} exists for {whole} only, found {show(population)}. "
                f"Remove it, or ask about {whole}."
            ),
        )
    genes = {one["name"]: one["genes"] for one in (given.programs or {"programs": ()})["programs"]}
    alone = [gene for gene in genes.get(str(program), ()) if gene in B_ALONE]
    if component == "within" and alone:
        yield (
            ("component",),
            (
                f'"{program}" has genes that B cells alone have ({", ".join(alone)}). What other cells show of them is '
                "ambient RNA, doublets or CD20-positive T cells, so no question is asked of it. Ask about "
                f"the B cells, about {whole} as a whole, or take the genes out of the programme."
            ),
        )


def _check_lineages(
    entries: list[tuple[int, dict[str, Any]]], given: References, left_out: frozenset[str]
) -> Iterator[Problem]:
    """Ask that no lineage is left out whole that questions are about: one problem per lineage."""
    shipped, role = selector_cells(given.shipped), roles.lineage_roles(given.shipped)
    lineage = {node["name"]: node["lineage"] for node in nodes_at(given.shipped, "population")}
    there = roles.lineage_roles(given.populations)
    present = {there.get(node["lineage"]) for node in nodes_at(given.populations, "population")}
    asking: dict[str, list[tuple[int, str]]] = {}
    for i, entry in entries:
        asked = left_out & {str(part.get("population")) for part in (entry, entry.get("depletion") or {})}
        needed = {role.get(lineage[name]) for one in asked for name in shipped[one][0] if name in lineage}
        for one in sorted(missing for missing in needed - present if missing is not None):
            asking.setdefault(one, []).append((i, entry["id"]))
    for one, found in asking.items():
        ids = ", ".join(name for _, name in found)
        yield (
            ("questions", found[0][0], "population"),
            (
                f'the population tree has no population of a lineage with the role "{one}", which {ids} need'
                f"{'s' if len(found) == 1 else ''}. Add the lineage to the tree (catalogues: populations), or give a "
                "catalogue without these questions (catalogues: hypotheses)."
            ),
        )
