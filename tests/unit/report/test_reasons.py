"""Reasons and cautions reach the page as sentences."""

import numpy as np
import pytest

from cd20scope.report import hypothesis_words, reasons, untestable
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


def test_a_limit_short_of_the_margin_says_what_it_does_not_exclude():
    row = {"endpoint": "abundance", "direction": "down", "margin": 5.0, "coverage": 0.9929, "program": ""}
    reason = rules.decide(CLEAR, delta=1.0, strong=True, level=0.01).reason
    said = hypothesis_words.reason_text(row | {"reason": reason})
    assert reasons.write(said, []).replace("\N{NO-BREAK SPACE}", " ") == (
        "The change is in the stated direction, but the 99.3 % limit does not exclude a fall of less than 80 % "
        "(5-fold in the odds)."
    )
    assert hypothesis_words.reason_text(row | {"reason": "x", "coverage": np.nan}) == "x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("month6 has only 1 cells", "month 6 has only 1 cell"),
        ("baseline has only 11 cells, 2.1 cells", "baseline has only 11 cells, 2.1 cells"),
        (
            "1.1 cells of B memory / atypical per donor expected at the visit with fewer, 3 needed",
            "1.1 atypical memory B cells expected per donor at the visit with fewer (3 required)",
        ),
        (
            "no cell of Plasma at either visit in any of the 1 pairs",
            "no plasma cells at either visit in any of 1 donor",
        ),
    ],
)
def test_reasons_name_cells_and_visits_as_people_do(text, said):
    assert untestable.plain(text, ["baseline", "month6"]) == said


def test_a_caution_on_steroids_is_recognised():
    caution = steroid.steroid_reach(np.array([7.5, 7.6, 7.7, 7.6])).caution
    assert hypothesis_words.steroid_mark({"caution": caution, "verdict": "supported"})
    assert reasons.write(caution, []).startswith(
        "Possible steroid effect: the steroid score of the same cells changed by +7.60"
    )


def test_visits_are_named_and_minus_signs_are_true():
    assert reasons.write("no month6 of D08: -1.5", ["month6"]) == "No month 6 of D08: −1.5."
    assert reasons.write(np.nan, []) == ""
