"""Colours of populations: those of the catalogue, and others that differ for every eye."""

import re

import annotation_tables
import numpy as np
import own_trees
import pytest

from cd20scope.report import colours

TREE = annotation_tables.tree()


def test_populations_of_the_catalogue_keep_their_colours_whatever_else_is_there():
    shipped = colours.population_colours(TREE)
    assert list(shipped.items())[:3] == [
        ("B naive", "#D55E00"),
        ("B memory", "#F0965A"),
        ("Plasma", "#8C3B00"),
    ]
    own = colours.population_colours(own_trees.split_nk(TREE))
    assert {name: own[name] for name in own if name in shipped} == {
        name: colour for name, colour in shipped.items() if name != "NK"
    }
    assert list(own)[10:12] == ["NK CD56dim", "NK CD56bright"]


def test_a_generated_colour_differs_from_every_other_for_every_eye():
    own = colours.population_colours(own_trees.split_nk(TREE))
    names = list(own)
    apart = colours.distances(list(own.values()), list(own.values()))
    np.fill_diagonal(apart, np.inf)
    given = [number for number, name in enumerate(names) if not name.startswith("NK ")]
    for name in ("NK CD56dim", "NK CD56bright"):
        assert re.fullmatch("#[0-9a-f]{6}", own[name])
        # further from all others than the two nearest colours that were chosen by hand
        assert apart[names.index(name)].min() > apart[np.ix_(given, given)].min()


def test_a_tree_without_colours_has_as_many_as_populations():
    bare = {**TREE, "nodes": [{k: v for k, v in node.items() if k != "colour"} for node in TREE["nodes"]]}
    found = colours.population_colours(bare)
    assert len(set(found.values())) == len(found) == 17
    apart = colours.distances(list(found.values()), list(found.values()))
    assert apart[np.triu_indices(17, 1)].min() > 5  # a difference of 2.3 is just seen
    assert found == colours.population_colours(bare)


@pytest.mark.parametrize(
    ("colour", "expected"),  # published coordinates of sRGB colours, D65
    [
        ("#ffffff", (100, 0, 0)),
        ("#ff0000", (53.24, 80.09, 67.20)),
        ("#0000ff", (32.30, 79.19, -107.86)),
        ("#808080", (53.59, 0, 0)),
    ],
)
def test_coordinates_are_those_of_cielab(colour, expected):
    np.testing.assert_allclose(colours.appearance([colour])[0, 0], expected, atol=0.05)


def test_red_and_green_are_near_for_who_lacks_green_cones_only():
    pair = colours.appearance(["#a06b2c", "#6f8a2d"])
    full, _, without_green, _ = np.linalg.norm(pair[:, 0] - pair[:, 1], axis=-1)
    assert without_green < full / 2
