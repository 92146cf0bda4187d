"""Time of the draw in the sheet: read, refused by row, and found under another name."""

import numpy as np
import pytest
from study_sheets import VISITS, read_study, refusals

from cd20scope.study import draw_time, sheet


def by_visit(**cells):
    return lambda _, visit: cells[visit]


@pytest.mark.parametrize(
    ("cell", "hour"),
    [("09:30", 9.5), ("9:30", 9.5), ("9", 9), ("0", 0), ("24", 0), ("23:59:30", 24 - 0.5 / 60), ("24:00", 0)],
)
def test_hours_and_minutes_are_read(cell, hour):
    assert draw_time.hour_of(cell) == pytest.approx(hour)


@pytest.mark.parametrize("cell", ["", "unknown", "Unknown"])
def test_an_unknown_time_is_none(cell):
    assert np.isnan(draw_time.hour_of(cell))


@pytest.mark.parametrize(
    "cell",
    ["9.30", "9,5", "9:3", "25", "24:01", "12:60", "9:30 am", "-1", "morning", "2024-05-01 09:30", "٩"],
)
def test_what_is_no_time_of_day_is_refused_by_row(folder, cell):
    found = refusals(folder, drawn_at=by_visit(baseline="9:30", week2=cell, month6=""))
    assert len(found) == 6
    assert found[0].startswith(f"row 3, column drawn_at: {cell!r} is no time of day. Write hours and minutes")


def test_times_are_kept_as_the_sheet_has_them(folder):
    table = read_study(folder, drawn_at=by_visit(baseline="9:30", week2="14", month6="NA"))
    assert table["drawn_at"].tolist() == ["9:30", "14", ""] * 6
    assert draw_time.hours_of(table).tolist()[:2] == [9.5, 14]
    assert draw_time.hours_of(table.drop(columns="drawn_at")).isna().all()


def test_a_column_of_another_name_is_found(folder):
    read_study(folder, blood_draw=by_visit(baseline="9:30", week2="14", month6=""))
    path = next(folder.glob("*.tsv"))
    table = sheet.read_sheet(path, visits=VISITS, drawn_at="blood_draw")
    assert table["drawn_at"].tolist()[:2] == ["9:30", "14"]
    assert "blood_draw" not in table
    for name, words in (
        ("blood_drow", "no column 'blood_drow'.*Did you mean 'blood_draw'"),
        ("tissue", "'tissue' has another meaning"),
    ):
        with pytest.raises(sheet.SheetError, match=f"draw_time > column of the config: .*{words}"):
            sheet.read_sheet(path, visits=VISITS, drawn_at=name)


def test_two_columns_of_times_are_refused(folder):
    times = by_visit(baseline="9:30", week2="14", month6="")
    read_study(folder, drawn_at=times, blood_draw=times)
    with pytest.raises(sheet.SheetError, match="which both would be the time of the draw"):
        sheet.read_sheet(next(folder.glob("*.tsv")), visits=VISITS, drawn_at="blood_draw")
