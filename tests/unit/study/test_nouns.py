"""Populations and visits are named as people name them."""

import pytest

from cd20scope.study import nouns


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("Treg", "regulatory T cells"),
        ("NK / CD56bright", "CD56bright NK cells"),
        ("B naive / naive", "mature naive B cells"),
        ("B memory / unswitched memory", "unswitched memory B cells"),
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


@pytest.mark.parametrize(
    ("name", "said"),
    [("week2-baseline", "week 2 vs baseline"), ("month6-week2", "month 6 vs week 2"), ("V-1-V-0", "V-1-V-0")],
)
def test_contrasts_are_named_as_people_name_them(name, said):
    assert nouns.contrast(name) == said


def test_visits_in_a_text_are_named_and_names_of_samples_stay():
    text = nouns.visits_in(
        "D08: no month6; D01_week2 and week2-baseline stay", ["baseline", "week2", "month6"]
    )
    assert text == "D08: no month 6; D01_week2 and week2-baseline stay"
