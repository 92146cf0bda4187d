"""Cells of listings are set by their kind."""

import pandas as pd

from cd20scope.report.tables import listings


def test_a_long_name_may_break_into_lines_and_a_short_one_may_not():
    table = pd.DataFrame({"donor": ["D01", "a donor with a name of many letters"], "ratio": [0.02, 0.5]})
    rows = listings.tabulate(table, name="repopulation")["rows"]
    assert [[kind for _, kind, _ in row] for row in rows] == [["key", "number"], ["text", "number"]]


def test_texts_name_visits_and_have_true_minus_signs_and_settings_stand_as_given():
    table = pd.DataFrame({"detail": ["no month6: -0.4 SD"], "arm": ["leave one donor out"]})
    (row,) = listings.tabulate(table, name="own_arms", visits=["month6"])["rows"]
    assert [text for text, *_ in row] == ["leave one donor out", "no month 6: −0.4 SD"]
    settings = pd.DataFrame({"setting": ["visits"], "value": ["baseline; month6"]})
    (row,) = listings.tabulate(settings, name="settings", visits=["month6"])["rows"]
    assert row[1][0] == "baseline; month6"
