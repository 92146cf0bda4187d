"""The page of the population tree is that of the catalogue, and its Cell Ontology terms are what they are taken for.

The ontology comes with the package cellxgene-ontology-guide; nothing is fetched.
"""

import re
import runpy
from pathlib import Path

import pytest
from cellxgene_ontology_guide.ontology_parser import OntologyParser

ROOT = Path(__file__).resolve().parents[3]

OTHER_WORDS = {
    "B memory / atypical": "memory B",
    "Plasma": "antibody secreting",
    "gdT": "gamma-delta T",
    "MAIT": "mucosal-associated invariant T",
    "Treg / effector": "memory regulatory",
    "DC": "dendritic",
    "DC / cDC1": "CD141-positive dendritic",
    "DC / cDC2": "CD1c-positive dendritic",
    "HSPC": "hematopoietic precursor",
}
"""Words of the term of a node that goes by another name there; all others go by their own."""
APART = {"DC"}
"""Nodes that the ontology does not put under any term above: dendritic cells are no myeloid cells to it."""


@pytest.fixture(scope="module")
def ontology():
    return OntologyParser()


@pytest.fixture(scope="module")
def generator():
    return runpy.run_path(str(ROOT / "docs/make_populations.py"))


@pytest.fixture(scope="module")
def committed():
    return (ROOT / "docs/populations.md").read_text(encoding="utf-8")


def plain(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def test_the_committed_page_is_the_generated_one(generator, committed):
    assert committed == generator["shipped"](), "docs/populations.md is stale: run `make reference`"


def test_each_term_exists_and_is_not_obsolete(populations, ontology):
    for node in populations["nodes"]:
        assert ontology.is_valid_term_id(node["cl"]), node["name"]
        replacement = ontology.get_term_replacement(node["cl"])
        assert not ontology.is_term_deprecated(node["cl"]), f"{node['name']}: now {replacement}"


def test_each_term_goes_by_the_name_of_its_node(populations, ontology, generator):
    for node in populations["nodes"]:
        name = generator["full_name"](node)
        said = [ontology.get_term_label(node["cl"]), *ontology.get_term_synonyms(node["cl"])]
        words = re.split(r"[ /]+", OTHER_WORDS.get(name, node["name"]))
        known = plain(" ".join(said))
        assert all(plain(word) in known for word in words), f"{name}: {said}"


def test_each_term_lies_under_that_of_a_node_above(populations, ontology):
    named = {node["name"]: node for node in populations["nodes"] if node["level"] != "subset"}
    for node in populations["nodes"]:
        above, name = set(), node["parent"]
        while name is not None:
            above.add(named[name]["cl"])
            name = named[name]["parent"]
        lineage = {node["cl"], *ontology.get_term_ancestors(node["cl"])}
        assert not above or node["name"] in APART or above & lineage, node["name"]


def test_every_node_is_described_with_all_that_the_catalogue_says(populations, committed, generator):
    parts = re.split(r"^#{3,4} ", committed, flags=re.M)[1:]
    described = {part.split("\n", 1)[0]: part for part in parts}
    assert len(described) == len(parts) == len(populations["nodes"])
    for node in populations["nodes"]:
        part = described[generator["full_name"](node)]
        assert f"told from RNA: {node['difficulty']}" in part
        assert node["level"] == "branch" or f"{node['level'].capitalize()} of" in part or not node["parent"]
        for gene in [*node["markers"], *node.get("negative", [])]:
            assert f"*{gene}*" in part, gene
        assert node["cl"] in part
        for doi in re.findall(r"doi:(10\.\S+[^\s;,)])", node["source"]):
            assert f"](https://doi.org/{doi})" in part
        if "note" in node:
            assert " ".join(node["note"].split()) in part


def test_links_of_the_page_lead_to_its_headings(committed, generator):
    headings = re.findall(r"^#+ (.+)$", committed, flags=re.M)
    anchors = [generator["anchor"](heading) for heading in headings]
    assert len(anchors) == len(set(anchors))
    targets = re.findall(r"\]\(#([^)]+)\)", committed)
    assert targets
    assert set(targets) <= set(anchors)


def test_a_slip_in_an_id_would_be_seen(ontology):
    """The checks above can fail: an obsolete term, an unknown one, and one of another branch."""
    assert not ontology.is_valid_term_id("CL:9999999")
    assert ontology.is_term_deprecated("CL:0000003")
    assert "CL:0000084" not in ontology.get_term_ancestors("CL:0000236")
