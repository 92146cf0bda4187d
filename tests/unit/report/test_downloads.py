"""Tables that are saved run nothing in a spreadsheet."""

import pandas as pd
import pytest

from cd20scope.report import downloads


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_cell_that_looks_like_a_formula_is_text(start):
    cell = f'{start}HYPERLINK("http://x")'
    table = pd.DataFrame({"donor": [cell, "D01"], "change": [-1.5, 2.0]})
    saved = downloads.safe(table)
    assert saved["donor"].tolist() == [f"'{cell}", "D01"]
    assert saved["change"].tolist() == [-1.5, 2.0]


def test_numbers_as_text_and_missing_cells_stay():
    table = pd.DataFrame({"a": ["-0.53", None, "CD4-7"]})
    pd.testing.assert_frame_equal(downloads.safe(table), table)
