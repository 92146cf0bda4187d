"""Days that names of visits state."""

import pytest

from cd20scope.study.times import stated_days


def test_days_are_read_from_names_or_else_from_other_names():
    visits = {"pre": [], "week2": ["2W"], "first dose": ["fu", "M6"], "month 12": [], "re-infusion": []}
    found = stated_days(visits)
    assert list(found) == ["pre", "week2", "first dose", "month 12"]
    assert found["pre"] == 0.0
    assert found["week2"] == 14.0
    assert found["first dose"] == pytest.approx(182.6, abs=0.1)
    assert found["month 12"] == pytest.approx(365.25)


@pytest.mark.parametrize(
    ("name", "days"),
    [("d14", 14), ("14d", 14), ("t6M", 182.625), ("0.5M", 15.21875), ("Y2", 730.5), ("V2", None)],
)
def test_spellings(name, days):
    assert stated_days({"baseline": [], name: []}).get(name) == (days and pytest.approx(days))
