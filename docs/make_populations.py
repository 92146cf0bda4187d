"""Write docs/populations.md from the population tree and the Cell Ontology: `make reference`."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from cellxgene_ontology_guide.ontology_parser import OntologyParser
from cellxgene_ontology_guide.supported_versions import CXGSchema

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

from cd20scope.report.wording import DOI  # noqa: E402 - the library is never installed

type Node = dict[str, Any]

HEAD = """\
# The population tree

Written by `make reference` from [config/populations.yaml](../config/populations.yaml); edit that file, not this page.

Each cell is assigned to a **population**, the unit of all tests, or is unassigned. A **branch** groups populations.
A **subset** divides a population and has its name in front, such as `Treg / effector`.

- **Markers** have higher expression in this node than in its siblings, in order of importance; the genes **against** a
  node have lower expression. All are HGNC symbols. *MS4A1* and *CD79A* are markers of the B lineage only: treatment
  removes B cells, and labels of T, NK or myeloid cells that depended on these genes would depend on the visit.
- **Told from RNA** is the reliability of the separation of a node from its siblings by RNA. Subsets that are *hard* to
  separate require a higher probability (`annotate.min_probability_hard`).
- **Shares** are computed in the stated denominator; nodes without one are labelled, but their shares are not tested.
- The **Cell Ontology** term applies to all cells of the node. Labels are those of release {release}; a test checks
  that each term exists, is not obsolete, and is a descendant of the term of a higher node.

CD20+ T cells are not a node, since RNA alone cannot prove them; they are flagged in addition to the label
(see [methods.md](methods.md)).
"""


def full_name(node: Node) -> str:
    """Name of a node as tables and hypotheses refer to it."""
    return f"{node['parent']} / {node['name']}" if node["level"] == "subset" else str(node["name"])


def anchor(heading: str) -> str:
    """Target of a link to a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def headings(tree: Mapping[str, Any]) -> dict[str, str]:
    """Heading of each lineage; lineages that share a branch may share it."""
    return {entry["name"]: entry.get("heading", entry["name"]) for entry in tree["lineages"]}


def group_of(node: Node, nodes: list[Node], groups: Mapping[str, str]) -> str:
    """Heading that a node stands under: that of its population, or of the first population below a branch."""
    if node["level"] == "population":
        return groups[node["lineage"]]
    above = {other["name"]: other for other in nodes if other["level"] != "subset"}
    if node["level"] == "subset":
        return group_of(above[node["parent"]], nodes, groups)
    return next(
        group_of(other, nodes, groups)
        for other in nodes
        if other["parent"] == node["name"] and other["level"] != "subset"
    )


def term(node: Node, labels: Mapping[str, str]) -> str:
    """Cell Ontology term of a node, with a link and its official label."""
    url = f"https://purl.obolibrary.org/obo/{node['cl'].replace(':', '_')}"
    return f"[{node['cl']}]({url}) {labels[node['cl']]}"


def genes(names: list[str]) -> str:
    """Gene symbols in italics, as is the custom."""
    return ", ".join(f"*{name}*" for name in names)


def link_dois(source: str) -> str:
    """Make a link of each DOI of a source."""
    return re.sub(rf"doi:({DOI.pattern})", r"[doi:\1](https://doi.org/\1)", " ".join(source.split()))


def overview(nodes: list[Node], labels: Mapping[str, str]) -> Iterator[str]:
    """Table of the nodes of a lineage, indented as they hang on one another."""
    yield "| node | level | told from RNA | Cell Ontology |"
    yield "|---|---|---|---|"
    known = {node["name"]: node for node in nodes if node["level"] != "subset"}
    for node in nodes:
        depth, above = 0, node["parent"]
        while above in known:
            depth, above = depth + 1, known[above]["parent"]
        name = f"[{node['name']}](#{anchor(full_name(node))})"
        indent = "&emsp;" * depth
        yield f"| {indent}{name} | {node['level']} | {node['difficulty']} | {term(node, labels)} |"


def describe(node: Node, labels: Mapping[str, str]) -> Iterator[str]:
    """Everything that the catalogue says of one node."""
    parent = f" of {node['parent']}" if node["parent"] else ", at the top of the tree"
    share = f"; share in {node['denominator']}" if "denominator" in node else ""
    yield f"{'####' if node['level'] == 'subset' else '###'} {full_name(node)}"
    yield ""
    yield f"{node['level'].capitalize()}{parent}{share}; told from RNA: {node['difficulty']}."
    yield ""
    yield f"- Cell Ontology: {term(node, labels)}"
    yield f"- Markers: {genes(node['markers'])}"
    if "negative" in node:
        yield f"- Against: {genes(node['negative'])}"
    if "note" in node:
        yield f"- Note: {' '.join(node['note'].split())}"
    yield f"- Source: {link_dois(node['source'])}"
    yield ""


def describe_sets(sets: list[dict[str, Any]]) -> Iterator[str]:
    """Table of the sets."""
    yield "## Sets"
    yield ""
    yield "Unions of populations that may be named wherever a population may."
    yield ""
    yield "| set | members | share in | what for |"
    yield "|---|---|---|---|"
    for entry in sets:
        note = " ".join(entry.get("note", "").split())
        yield f"| {entry['name']} | {', '.join(entry['members'])} | {entry.get('denominator', '')} | {note} |"


def page(tree: Mapping[str, Any], *, labels: Mapping[str, str], release: str) -> str:
    """Write the page of a population tree.

    Parameters
    ----------
    tree
        The catalogue of populations.
    labels
        Official label of each Cell Ontology id of the tree.
    release
        Release of the ontology that the labels are from.
    """
    nodes, groups = tree["nodes"], headings(tree)
    lines = [HEAD.replace("{release}", release)]
    for group in dict.fromkeys(groups.values()):
        members = [node for node in nodes if group_of(node, nodes, groups) == group]
        if members:
            lines += [f"## {group}", "", *overview(members, labels), ""]
            lines += [line for node in members for line in describe(node, labels)]
    return "\n".join([*lines, *describe_sets(tree["sets"])]) + "\n"


def shipped() -> str:
    """Write the page of the shipped tree, with the labels of the ontology at hand."""
    tree = yaml.safe_load((ROOT / "config/populations.yaml").read_text(encoding="utf-8"))
    ontology = OntologyParser()
    labels = {node["cl"]: ontology.get_term_label(node["cl"]) for node in tree["nodes"]}
    return page(tree, labels=labels, release=CXGSchema().supported_ontologies["CL"]["version"])


if __name__ == "__main__":
    (ROOT / "docs/populations.md").write_text(shipped(), encoding="utf-8")
