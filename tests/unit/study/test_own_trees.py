"""Population trees of a laboratory's own: roles, what is left out on purpose, and what is a mistake."""

import copy

import own_trees
import pytest
from catalogue_entries import find

from cd20scope.study import catalogue, roles
from cd20scope.study.catalogue import ConfigError
from cd20scope.study.questions import claim_rows


@pytest.fixture
def without_dc(shipped):
    return own_trees.without_dc(shipped["populations"])


def ids(shipped, *populations):
    entries = shipped["hypotheses"]["questions"]
    return {entry["id"] for entry in entries if entry["population"] in populations}


@pytest.mark.parametrize("make", [own_trees.split_nk, own_trees.without_dc])
def test_own_trees_load_with_the_shipped_programmes_and_hypotheses(shipped, reload, make):
    tree = make(shipped["populations"])
    assert reload("populations", tree) == tree
    programs = catalogue.scored_here(reload("programs", shipped["programs"], populations=tree), tree)
    hypotheses = reload("hypotheses", shipped["hypotheses"], populations=tree, programs=programs)
    known = {name for name, _ in catalogue.selectors(tree)} | {entry["name"] for entry in tree["sets"]}
    assert {name for entry in programs["programs"] for name in entry["populations"]} <= known
    asked = catalogue.asked_here(hypotheses, tree)["hypotheses"]
    assert [entry["id"] for entry in asked] == [entry["id"] for entry in claim_rows(hypotheses)]
    assert {name for entry in asked for name in entry.get("other_denominators", ())} <= known


def test_the_shipped_tree_leaves_nothing_out(shipped):
    tree = shipped["populations"]
    asked = catalogue.asked_here(shipped["hypotheses"], tree)
    assert catalogue.left_out(asked, tree) == []
    assert catalogue.scored_here(shipped["programs"], tree) == shipped["programs"]
    assert asked["hypotheses"] == claim_rows(shipped["hypotheses"])


def test_what_is_left_out_is_named(shipped, without_dc):
    asked = catalogue.asked_here(shipped["hypotheses"], shipped["populations"])
    assert catalogue.left_out(asked, without_dc) == ["DC"]
    split = own_trees.split_nk(shipped["populations"])
    assert catalogue.left_out(asked, split) == ["NK / CD56bright"]
    own = copy.deepcopy(without_dc)
    own["sets"] = [entry for entry in own["sets"] if entry["name"] != "naive T cells"]
    before, after = (
        find(entries["hypotheses"], id="B-total-w2")
        for entries in (asked, catalogue.asked_here(shipped["hypotheses"], own))
    )
    assert before["other_denominators"] == ["T cells", "naive T cells"]
    assert after["other_denominators"] == ["T cells"]


def test_a_name_that_no_tree_knows_is_refused_on_its_line(shipped, reload, without_dc, edited):
    find(edited["hypotheses"]["questions"], population="DC")["population"] = "cDC"
    with pytest.raises(
        ConfigError, match=r'line \d+, questions\[\d+\] .* > population: unknown selector "cDC"'
    ):
        reload("hypotheses", edited["hypotheses"], populations=without_dc)


def test_a_lineage_left_out_whole_is_one_problem_that_names_what_needs_it(shipped, reload):
    tree = own_trees.without_lineage(shipped["populations"], "NK")
    assert reload("populations", tree) == tree
    with pytest.raises(ConfigError) as caught:
        reload("hypotheses", shipped["hypotheses"], populations=tree)
    (problem,) = caught.value.problems
    assert 'no population of a lineage with the role "NK"' in problem
    assert all(name in problem for name in ids(shipped, "NK", "NK / CD56bright"))
    rest = copy.deepcopy(shipped["hypotheses"])
    gone = ids(shipped, "NK", "NK / CD56bright")
    rest["questions"] = [entry for entry in rest["questions"] if entry["id"] not in gone]
    assert reload("hypotheses", rest, populations=tree) == rest


ROLE_FAULTS = {
    "no B lineage": (
        lambda d: find(d["lineages"], name="B").pop("role"),
        "lineages: no population other than plasma cells belongs to a lineage with the role B",
    ),
    "plasma cells alone": (
        lambda d: [
            node.update(role="plasma") for node in d["nodes"] if node["name"] in ("B naive", "B memory")
        ],
        "lineages: no population other than plasma cells belongs to a lineage with the role B",
    ),
    "no set of all cells": (
        lambda d: find(d["sets"], name="PBMC").pop("role"),
        'sets: no set has the role "mononuclear". Add "role: mononuclear" to the set of these cells.',
    ),
    "a role twice": (
        lambda d: find(d["sets"], name="CD4 T").update(role="B cells"),
        'sets[4] (CD4 T) > role: a set above has the role "B cells". Keep one.',
    ),
    "role unknown": (
        lambda d: find(d["nodes"], name="Treg", level="population").update(role="Tregs"),
        '(Treg) > role: unknown value "Tregs". Did you mean "Treg"?',
    ),
    "role of a branch": (
        lambda d: find(d["nodes"], name="CD4 T").update(role="Treg"),
        "(CD4 T) > role: a branch has none of its own. Remove the key.",
    ),
    "lineage twice": (
        lambda d: d["lineages"].append({"name": "NK"}),
        'lineages[7] (NK): the name "NK" is taken by an entry above.',
    ),
}


@pytest.mark.parametrize("fault", ROLE_FAULTS)
def test_faults_of_roles_are_one_problem_with_place_and_cure(edited, reload, fault):
    spoil, expected = ROLE_FAULTS[fault]
    spoil(edited["populations"])
    with pytest.raises(ConfigError) as caught:
        reload("populations", edited["populations"])
    (problem,) = caught.value.problems
    assert expected in problem


def test_roles_name_the_cells_of_the_shipped_tree(shipped):
    tree = shipped["populations"]
    assert roles.depleted(tree) == ["B naive", "B memory"]
    assert roles.populations_of(tree, roles.B) == ["B naive", "B memory", "Plasma"]
    assert roles.populations_of(tree, "CD4 T") == ["CD4 naive", "CD4 memory", "Treg"]
    assert roles.lineages_with(tree, *roles.T) == ["CD4 T", "CD8 T", "other T"]
    assert roles.set_with(tree, roles.MONONUCLEAR) == "PBMC"
    assert roles.of_cells(["NK", "Other", "unassigned", "Myeloid"], tree).tolist() == [
        "NK",
        "",
        "",
        "Myeloid",
    ]


def test_roles_in_the_schema_are_those_of_the_code(schemas):
    properties = schemas["populations"]["properties"]
    of_lineages, of_nodes, of_sets = (
        set(properties[key]["items"]["properties"]["role"]["enum"]) for key in ("lineages", "nodes", "sets")
    )
    assert {roles.B, *roles.T} <= of_lineages
    assert roles.PLASMA in of_nodes
    assert {roles.MONONUCLEAR, roles.B_CELLS, roles.LYMPHOCYTES} == of_sets


def test_a_tree_with_other_names_has_the_same_cells_by_role(shipped, reload):
    tree = copy.deepcopy(shipped["populations"])
    find(tree["lineages"], name="CD4 T")["name"] = "helper"
    for node in tree["nodes"]:
        if node.get("lineage") == "CD4 T":
            node["lineage"] = "helper"
    assert reload("populations", tree) == tree
    assert roles.populations_of(tree, "CD4 T") == ["CD4 naive", "CD4 memory", "Treg"]
    assert reload("programs", shipped["programs"], populations=tree) == shipped["programs"]
