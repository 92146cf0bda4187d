"""Populations and visits are named as people name them."""

import pytest

from cd20scope.study import nouns


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("Treg", "regulatory T cells"),
        ("NK / CD56bright", "CD56bright NK cells"),
        ("B naive / naive", "naive B cells (B naive / naive)"),
        ("My cells", "My cells"),
    ],
)
def test_cells_are_named_as_people_name_them(name, noun):
    assert nouns.noun(name) == noun


@pytest.mark.parametrize(
    ("name", "said"), [("week2", "week 2"), ("month_6", "month 6"), ("baseline", "baseline"), ("V2", "V2")]
)
def test_visits_are_named_as_people_name_them(name, said):
    assert nouns.visit(name) == said
