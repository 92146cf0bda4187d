"""What a study was asked, since when, and whether it changed after there were verdicts."""

import pandas as pd
import pytest

from cd20scope.study import history

FIRST, SECOND = "a" * 64, "b" * 64
NOTHING = pd.DataFrame(columns=list(history.COLUMNS), dtype=str)


def noted(*runs):
    table = NOTHING
    for digest, now, verdicts in runs:
        table = history.note(table, digest=digest, version=4, now=now, verdicts=verdicts)
    return table


def test_a_version_keeps_the_time_of_its_first_use():
    table = noted((FIRST, "t0", False), (FIRST, "t1", True))
    assert table.to_dict("records") == [
        {"digest": FIRST, "version": "4", "first_used": "t0", "after_verdicts": "no"}
    ]
    told = history.tell(table, FIRST)
    assert (told["first_used"], told["others"], told["warning"]) == ("t0", [], "")


def test_a_change_after_verdicts_is_told():
    told = history.tell(noted((FIRST, "t0", False), (SECOND, "t1", True)), SECOND)
    assert told["after_verdicts"]
    assert "changed after verdicts had been made" in told["warning"]
    assert f"version 4 ({FIRST[:12]}), first used t0" in told["warning"]


def test_a_change_before_any_verdict_is_told_as_such():
    told = history.tell(noted((FIRST, "t0", False), (SECOND, "t1", False)), SECOND)
    assert told["warning"].startswith("The questions were changed before any verdict was made.")


def test_going_back_does_not_hide_what_was_asked_between():
    table = noted((FIRST, "t0", False), (SECOND, "t1", True), (FIRST, "t2", True))
    assert table["digest"].tolist() == [FIRST, SECOND]
    told = history.tell(table, FIRST)
    assert not told["after_verdicts"]
    assert "also asked other questions, after verdicts had been made" in told["warning"]
    assert [row["digest"] for row in told["others"]] == [SECOND]


def test_a_history_of_another_study_is_refused():
    with pytest.raises(ValueError, match=r"no row for the questions of this run \(bbbb"):
        history.tell(noted((FIRST, "t0", False)), SECOND)
