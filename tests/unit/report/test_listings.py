"""Cells of listings are set by their kind."""

import pandas as pd

from cd20scope.report.tables import listings


def test_a_long_name_may_break_into_lines_and_a_short_one_may_not():
    table = pd.DataFrame({"donor": ["D01", "a donor with a name of many letters"], "ratio": [0.02, 0.5]})
    rows = listings.tabulate(table, name="repopulation")["rows"]
    assert [[kind for _, kind, _ in row] for row in rows] == [["key", "number"], ["text", "number"]]
