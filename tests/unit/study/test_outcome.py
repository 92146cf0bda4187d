"""One outcome per donor: numbers, or two levels."""

import pytest
from study_sheets import read_study

from cd20scope.study.outcome import donor_outcomes


def read(folder, *cells):
    return donor_outcomes(read_study(folder, outcome=lambda donor, _: cells[donor - 1]))


def test_numbers_and_two_levels_are_read(folder):
    values, reason = read(folder, "0", "2", "1.5", "-1", "unknown", "")
    assert reason == ""
    assert values.to_dict() == {"D1": 0.0, "D2": 2.0, "D3": 1.5, "D4": -1.0}
    levels, reason = read(
        folder, "responder", "Responder", "non-responder", "non-responder", "NA", "responder"
    )
    assert reason == ""
    assert levels.to_dict() == {
        "D1": "responder",
        "D2": "responder",
        "D3": "non-responder",
        "D4": "non-responder",
        "D6": "responder",
    }


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("a", "b", "c", "a", "b", "c"), "3 levels (a, b, c) in place of numbers or two levels"),
        (("good",) * 6, "one level (good)"),
        (("2",) * 6, "all donors have 2"),
        (("1", "2", "3", "0", "many", "2"), "numbers, and text in D5: many"),
    ],
)
def test_an_outcome_that_cannot_be_used_has_a_reason(folder, cells, words):
    values, reason = read(folder, *cells)
    assert values.empty
    assert words in reason


def test_a_sheet_without_one_has_none(folder):
    values, reason = donor_outcomes(read_study(folder))
    assert values.empty
    assert reason == ""
