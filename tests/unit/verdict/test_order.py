"""The order claim: its four parts against scipy, and how rarely it is supported where one of them is false."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from benchmark import calibration_order
from cd20scope.stats.paired_tests import paired_t
from cd20scope.verdict.endpoints.order import Order

FALSE = [case for case in calibration_order.CASES if not case.startswith("true")]


def draw(case, *, n=8, seed=0, visit_sd=0.15):
    rng = np.random.default_rng(seed)
    cells, score = calibration_order.CASES[case]
    b = calibration_order.draw(rng, cohorts=1, donors=n, truth=cells, visit_sd=0.3)[0]
    return b, calibration_order.draw(rng, cohorts=1, donors=n, truth=score, visit_sd=visit_sd)[0]


def test_each_part_is_a_one_sided_t_test():
    b, y = draw("true, 2 SD", seed=4)
    asked = calibration_order.pose(b, y)
    expected = [
        stats.ttest_1samp(b[:, 1] - b[:, 0], -np.log(5), alternative="less").pvalue,
        stats.ttest_1samp(b[:, 2] - b[:, 0], -np.log(5), alternative="less").pvalue,
        stats.ttest_rel(y[:, 0], y[:, 2], alternative="greater").pvalue,
        stats.ttest_1samp(-(y[:, 2] - 2 * y[:, 1] + y[:, 0]), 0, alternative="greater").pvalue,
    ]
    assert asked.p_values == pytest.approx(expected)
    assert asked.p_value == max(asked.p_values)
    parts = asked.parts(0.05)
    assert [part.name for part in parts] == ["first", "last", "change", "later"]
    assert [part.p_value for part in parts] == list(asked.p_values)
    for part in parts[:2]:
        assert part.holds == (part.limit < part.margin)
    for part in parts[2:]:
        assert part.holds == (part.limit > part.margin and (part.name != "change" or part.estimate >= 0.5))


def test_all_true_is_supported():
    said = calibration_order.pose(*draw("true, 2 SD")).decide(0.05)
    assert said.verdict == "supported"
    assert "all four parts" in said.reason


@pytest.mark.parametrize(
    ("case", "verdict", "words"),
    [
        ("T moves first", "not supported", "most of the change came by the first visit"),
        ("B returns", "not supported", "at the last visit the cells are no longer below"),
        ("T rebounds", "not supported", "did not change by the margin"),
        ("T unchanged", "not supported", "did not change by the margin"),
    ],
)
def test_a_part_that_is_false_is_named(case, verdict, words):
    said = calibration_order.pose(*draw(case, n=20)).decide(0.05)
    assert said.verdict == verdict
    assert words in said.reason


@pytest.mark.parametrize("case", FALSE)
@pytest.mark.parametrize("n", [6, 12])
def test_a_false_order_is_rarely_supported(case, n):
    said = list(calibration_order.verdicts(case, cohorts=400, donors=n, visit_sd=0.25, level=0.05, seed=2))
    # 0.05 and three standard errors of 400 cohorts
    assert said.count("supported") / 400 <= 0.083


def test_a_true_order_is_rarely_excluded():
    """At the boundary of all parts each opposite has a quarter of the level."""
    rng = np.random.default_rng(9)
    excluded = 0
    for _ in range(600):
        b = rng.normal(0, 0.3, (8, 3)) + np.array([0, -np.log(5), -np.log(5)])
        y = rng.normal(0, 0.2, (8, 3)) + rng.normal(size=(8, 1)) - np.array([0, 0.25, 0.5])
        excluded += calibration_order.pose(b, y).decide(0.05).verdict == "not supported"
    assert excluded / 600 <= 0.077


def test_the_programme_the_other_way_contradicts():
    b, y = draw("true, 2 SD", n=12)
    assert calibration_order.pose(b, -y).decide(0.05).verdict == "contradicted"
    grown = calibration_order.pose(-b, y).decide(0.05)
    assert grown.verdict == "contradicted"
    assert "grew" in grown.reason


def test_what_cells_cannot_show_supports_and_excludes_nothing():
    asked = calibration_order.pose(*draw("true, 2 SD"))
    blind = replace(asked, first_floor=-1.0, last_floor=-1.0)
    assert blind.p_value == 1.0
    assert blind.decide(0.05).verdict == "inconclusive"


def test_a_change_below_its_margin_supports_nothing():
    rng = np.random.default_rng(1)
    b, y = draw("true, 2 SD")
    tiny = -np.array([0, 0, 0.3]) * -1 + rng.normal(0, 0.02, (8, 3))
    asked = calibration_order.pose(b, y)
    small = replace(
        asked,
        change=paired_t(tiny[:, 2] - tiny[:, 0]),
        later=paired_t(tiny[:, 2] - 2 * tiny[:, 1] + tiny[:, 0]),
    )
    assert small.p_value < 0.01
    assert small.decide(0.05).verdict == "not supported"


def test_no_spread_is_told():
    same = paired_t([1.0, 1.0, 1.0])
    fine = paired_t([1.0, 1.2, 1.1])
    assert "the same in every donor" in Order(fine, -9, fine, -9, same, fine, 5, 0.5).no_spread
    assert Order(fine, -9, fine, -9, fine, fine, 5, 0.5).no_spread == ""
