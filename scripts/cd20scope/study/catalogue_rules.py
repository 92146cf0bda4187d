"""Rules that a JSON schema cannot express: names that must match, and genes that must not be used."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from cd20scope.schema import UNASSIGNED
from cd20scope.study import roles
from cd20scope.study.selectors import Cells, check_cells, named, nodes_at, selector_cells
from cd20scope.study.strict_yaml import unknown
from cd20scope.study.yaml_bounds import Place, Problem

Kind = Literal["populations", "programs", "hypotheses"]
# Transcripts that leave with the B cells: from CD20+ T cells and doublets, and as soup from every droplet.
DEPLETED = frozenset({"MS4A1", "CD79A"})
# Genes that B cells alone have: what other cells show of them is soup, doublets or CD20+ T cells.
B_ALONE = DEPLETED | {"CD79B", "CD19", "BANK1", "VPREB3", "TCL1A", "FCRLA", "BLK", "FCER2", "CD22"}
SOUP = re.compile(r"CD74|IGH([ADEM]|[AG][1-4]|GP)|IG[HKL][VDJ].*|IGKC|IGLC.*|IGLL.*")


def check_populations(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Rules of the population tree."""
    nodes = named(data, "nodes", "name", "level")
    known = {level: [node["name"] for node in nodes_at(data, level)] for level in ("branch", "population")}
    parents = {node["name"]: node.get("parent") for _, node in nodes if node["level"] != "subset"}
    cells = selector_cells(data)
    lineages = [entry["name"] for _, entry in named(data, "lineages", "name")]
    yield from _twice((("lineages", i), entry["name"]) for i, entry in named(data, "lineages", "name"))
    yield from _twice((("nodes", i), _selector(node)) for i, node in nodes)
    for i, node in nodes:
        yield from _check_parent(("nodes", i, "parent"), node, known, parents)
        yield from _check_lineage(("nodes", i), node, lineages)
        yield from _check_genes(("nodes", i, "negative"), node, _roles_below(node, data, parents))
        yield from _check_share(("nodes", i, "denominator"), _selector(node), node, cells)
    sets = named(data, "sets", "name")
    yield from _twice((("sets", i), entry["name"]) for i, entry in sets)
    for i, entry in sets:
        if entry["name"] in known["population"]:
            yield ("sets", i, "name"), f'"{entry["name"]}" is a population already. Rename the set.'
        for j, member in enumerate(entry.get("members") or []):
            if member is not None and member not in (*known["population"], UNASSIGNED):
                yield (
                    ("sets", i, "members", j),
                    unknown("population", member, [*known["population"], UNASSIGNED]),
                )
        yield from _check_share(("sets", i, "denominator"), entry["name"], entry, cells)
    yield from _check_roles(data)


def _check_roles(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Ask for the cells that the treatment takes, and for the sets that every run needs, each once."""
    taken = {entry["name"] for _, entry in named(data, "lineages", "name") if entry.get("role") == roles.B}
    below = [node for node in nodes_at(data, "population") if node.get("lineage") in taken]
    if not [node for node in below if node.get("role") != roles.PLASMA]:
        yield (
            ("lineages",),
            (
                "no population other than plasma cells belongs to a lineage with the role B, whose depletion every "
                "run is about. Give this role to the lineage of the B cells, and the lineage to its populations."
            ),
        )
    sets = named(data, "sets", "name", "role")
    for role in roles.NEEDED_SETS:
        if role not in {entry["role"] for _, entry in sets}:
            yield ("sets",), f'no set has the role "{role}". Add "role: {role}" to the set of these cells.'
    seen: set[str] = set()
    for i, entry in sets:
        if entry["role"] in seen:
            yield ("sets", i, "role"), f'a set above has the role "{entry["role"]}". Keep one.'
        seen.add(entry["role"])


def check_programs(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Rules of the gene programmes."""
    yield from _twice((("programs", i), entry["name"]) for i, entry in named(data, "programs", "name"))


RULES: dict[str, Callable[[Mapping[str, Any]], Iterator[Problem]]] = {
    "populations": check_populations,
    "programs": check_programs,
}


def lost_genes(genes: Iterable[str], within: frozenset[str]) -> list[str]:
    """Genes that fall in cells of lineages with these roles because the B cells are gone, with no change in any cell.

    Those that B cells alone have count outside the B lineage; CD74 and immunoglobulin genes in T cells besides.
    """
    if not within or roles.B in within:
        return []
    in_t = within <= set(roles.T)
    return [gene for gene in genes if gene in B_ALONE or (in_t and SOUP.fullmatch(gene))]


def _twice(named: Iterable[tuple[Place, str]]) -> Iterator[Problem]:
    """Names given to more than one entry, reported at the later ones."""
    seen: set[str] = set()
    for place, name in named:
        if name in seen:
            yield place, f'the name "{name}" is taken by an entry above. Rename one, or remove it.'
        seen.add(name)


def _selector(node: Mapping[str, Any]) -> str:
    """Name a node so that subsets of different populations differ, even one whose parent cannot be read."""
    return f"{node.get('parent')} / {node['name']}" if node["level"] == "subset" else str(node["name"])


def _line_of_descent(name: str, parents: Mapping[str, str | None]) -> list[str]:
    """List a node and all above it, up to where a circle closes."""
    line: list[str] = []
    at: str | None = name
    while at is not None and at not in line:
        line.append(at)
        at = parents.get(at)
    return line


def _roles_below(
    node: Mapping[str, Any], data: Mapping[str, Any], parents: Mapping[str, str | None]
) -> frozenset[str]:
    """Roles of the lineages whose populations hang under a node, are it, or are refined by it; "" for no role."""
    top = node.get("parent") if node["level"] == "subset" else node["name"]
    under = [at for at in nodes_at(data, "population") if top in _line_of_descent(at["name"], parents)]
    role = {entry["name"]: entry.get("role") or "" for _, entry in named(data, "lineages", "name")}
    if roles.B not in role.values():  # a problem of its own, of which no other should follow
        return frozenset()
    return frozenset(role[at["lineage"]] for at in under if at.get("lineage") in role)


def _check_parent(
    place: Place, node: Mapping[str, Any], known: Mapping[str, list[str]], parents: Mapping[str, str | None]
) -> Iterator[Problem]:
    """Ask that the node above exists and is of the right level, and that branches form no circle."""
    parent = node.get("parent")
    level = "population" if node["level"] == "subset" else "branch"
    if parent is None and node["level"] == "subset" and "parent" in node:
        yield place, "a subset needs the population it refines. Name it."
    elif parent is not None and parent not in known[level]:
        yield place, unknown(f"parent {level}", parent, known[level])
    elif parent is not None and level == "branch" and node["name"] in _line_of_descent(parent, parents):
        yield place, f'"{node["name"]}" hangs under itself. Give one branch of the circle the parent null.'


def _check_lineage(place: Place, node: Mapping[str, Any], lineages: Sequence[str]) -> Iterator[Problem]:
    """Ask that a population, and nothing else, has a lineage of the tree and what else only populations have."""
    for key in ("lineage", "role", "colour", "typical_share", "relative_rna", "profiles"):
        if node["level"] != "population" and key in node:
            yield (*place, key), f"a {node['level']} has none of its own. Remove the key."
    if node["level"] == "population" and "lineage" not in node:
        yield place, f"a population needs the key lineage. Add one of {', '.join(lineages)}."
    elif node["level"] == "population" and node["lineage"] is not None and node["lineage"] not in lineages:
        yield (*place, "lineage"), unknown("lineage", node["lineage"], lineages)


def _check_genes(place: Place, node: Mapping[str, Any], within: frozenset[str]) -> Iterator[Problem]:
    """Ask that no gene speaks both for and against a node, and none makes a label depend on treatment."""
    markers, negative = ({gene for gene in node.get(key) or [] if gene} for key in ("markers", "negative"))
    if both := sorted(markers & negative):
        yield place, f"{', '.join(both)} also among the markers. Keep each gene in one of the two lists."
    if within and roles.B not in within and (lost := sorted(DEPLETED & (markers | negative))):
        message = (
            f"{', '.join(lost)} cannot mark cells outside the B lineage, the label would depend on the visit."
        )
        yield place[:-1], f"{message} Leave out."


def _check_share(
    place: Place, name: str, entry: Mapping[str, Any], cells: Mapping[str, Cells]
) -> Iterator[Problem]:
    """Ask that the denominator of a node or set exists and holds it."""
    if entry.get("denominator") is None:
        return
    if entry.get("level") == "branch":
        yield place, "the share of a branch is not tested. Move the key to a set of the same cells."
    elif name in cells:
        pair = {"population": name, "denominator": entry["denominator"]}
        yield from ((place, message) for _, message in check_cells(pair, cells))
