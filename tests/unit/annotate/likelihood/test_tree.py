"""The population tree cut into decisions, and a laboratory's own profiles in it."""

import copy

import pytest
from likelihood_study import catalogue, decisions, lineages, profiles_of

from cd20scope.annotate.likelihood import tree
from cd20scope.study.strict_yaml import ConfigError


def test_decisions_of_the_shipped_tree():
    root, *below = decisions()
    assert root.distinct == ("B", "Plasma", "T+NK", "Myeloid", "pDC", "HSPC", "Platelet", "Erythroid")
    assert [one.name for one in below] == ["B", "T+NK", "Myeloid"]
    assert [one.free for one in below] == [False, True, False]
    assert root.free
    assert not root.moving
    assert sorted(root.leaves) == sorted(leaf for names in profiles_of().values() for leaf in names)


def test_every_population_has_a_lineage():
    assert lineages()["Treg"] == lineages()["NK"] == "T+NK"
    assert lineages()["DC"] == "Myeloid"
    assert lineages()["pDC"] == "pDC"


def test_profiles_named_in_a_catalogue():
    own = copy.deepcopy(catalogue())
    for node in own["nodes"]:
        if node["name"] == "B naive":
            node["profiles"] = ["B naive 1", "B naive 2"]
    assert tree.profiles_of_populations(own)["B naive"] == ("B naive 1", "B naive 2")


def test_lineages_that_rules_know_are_found_by_role():
    own = copy.deepcopy(catalogue())
    for node in own["nodes"]:
        for key in ("name", "parent"):
            if node[key] in ("B", "T", "Myeloid"):
                node[key] = f"all {node[key]}"
    assert tree.lineages_of_populations(own) == lineages()


def test_a_population_without_profiles_and_one_that_shares_are_refused():
    own = copy.deepcopy(catalogue())
    for node in own["nodes"]:
        if node["name"] == "NK":
            del node["profiles"]
        if node["name"] == "gdT":
            node["profiles"] = ["MAIT"]
    with pytest.raises(ConfigError) as caught:
        tree.require_profiles(own)
    lacking, shared = caught.value.problems
    assert "population NK names no profiles" in lacking
    assert "the profile MAIT is named by MAIT and by gdT" in shared


def test_part_of_a_decision():
    branch = decisions()[2].only(["Treg", "CD4 naive"])
    assert branch.leaves == ("CD4Tnaive", "nTreg", "mTreg")
    assert branch.classes == ("CD4 naive", "Treg", "Treg")
    assert not branch.free
    assert not branch.moving
