"""The population tree cut into decisions, and a laboratory's own profiles in it."""

import copy

from likelihood_study import catalogue, decisions, lineages

from cd20scope.annotate.likelihood import tree


def test_decisions_of_the_shipped_tree():
    root, *below = decisions()
    assert root.distinct == ("B", "Plasma", "T+NK", "Myeloid", "pDC", "HSPC", "Platelet", "Erythroid")
    assert [one.name for one in below] == ["B", "T+NK", "Myeloid"]
    assert [one.free for one in below] == [False, True, False]
    assert root.free
    assert not root.moving
    assert sorted(root.leaves) == sorted(leaf for names in tree.PROFILES_OF.values() for leaf in names)


def test_every_population_has_a_lineage():
    assert lineages()["Treg"] == lineages()["NK"] == "T+NK"
    assert lineages()["DC"] == "Myeloid"
    assert lineages()["pDC"] == "pDC"


def test_profiles_named_in_a_catalogue():
    own = copy.deepcopy(catalogue())
    for node in own["nodes"]:
        if node["name"] in ("B naive", "CD4 naive", "Monocyte"):
            node["profiles"] = [f"{node['name']} 1", f"{node['name']} 2"]
    named = tree.profiles_of_populations(own)
    assert named["B naive"] == ("B naive 1", "B naive 2")
    assert set(named) == {"B naive", "CD4 naive", "Monocyte"}
    only_root = tree.build_decisions(tree.lineages_of_populations(own), named)
    assert [one.name for one in only_root] == ["root"]
    assert len(only_root[0].leaves) == 6


def test_part_of_a_decision():
    branch = decisions()[2].only(["Treg", "CD4 naive"])
    assert branch.leaves == ("CD4Tnaive", "nTreg", "mTreg")
    assert branch.classes == ("CD4 naive", "Treg", "Treg")
    assert not branch.free
    assert not branch.moving
