"""Reasons and cautions reach the page as sentences."""

import numpy as np
import pytest

from cd20scope.report import hypothesis_words, reasons
from cd20scope.stats.paired_tests import paired_t
from cd20scope.verdict import rules, steroid

WEAK = paired_t(np.array([0.4, -0.3, 0.5, 0.1, -0.2, 0.3]))
CLEAR = paired_t(np.array([1.0, 1.2, 0.9, 1.1, 1.3, 0.8]))


@pytest.mark.parametrize(
    ("t", "keys", "text"),
    [
        (
            WEAK,
            {"delta": 0.5, "strong": False},
            "The 99 % interval includes zero and does not exclude the margin.",
        ),
        (
            CLEAR,
            {"delta": 0.5, "strong": False},
            "The 99 % interval excludes zero and the estimate reaches the margin, and lies wholly beyond the margin.",
        ),
        (
            CLEAR,
            {"delta": 1.0, "strong": True},
            "The change is in the stated direction, but the limit does not reach the margin.",
        ),
    ],
)
def test_a_reason_is_written_as_the_page_says_it(t, keys, text):
    found = rules.decide(t, level=0.01, **keys).reason
    assert reasons.write(found, ["week2"]).replace("\N{NO-BREAK SPACE}", " ") == text


def test_a_caution_on_steroids_is_recognised():
    caution = steroid.steroid_reach(np.array([7.5, 7.6, 7.7, 7.6])).caution
    assert hypothesis_words.steroid_mark({"caution": caution, "verdict": "supported"})
    assert reasons.write(caution, []).startswith(
        "Possible steroid effect: the steroid score of the same cells changed by +7.60"
    )


def test_visits_are_named_and_minus_signs_are_true():
    assert reasons.write("no month6 of D08: -1.5", ["month6"]) == "No month 6 of D08: −1.5."
    assert reasons.write(np.nan, []) == ""
