"""Times of day on the clock, against scipy's circular statistics and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cd20scope.stats import clock

HOURS = st.floats(0, 24, exclude_max=True)


@given(st.lists(HOURS, min_size=1, max_size=12))
def test_the_mean_is_scipys(hours):
    ours, theirs = clock.mean_hour(hours), stats.circmean(hours, high=24)
    # without a direction the mean is any
    if abs(np.exp(2j * np.pi * np.array(hours) / 24).mean()) > 1e-6:
        assert abs((ours - theirs + 12) % 24 - 12) < 1e-6


@pytest.mark.parametrize(
    ("later", "earlier", "shift"),
    [(14.5, 9.0, 5.5), (9.0, 14.5, -5.5), (1.0, 23.0, 2.0), (23.0, 1.0, -2.0), (0.0, 24.0, 0.0)],
)
def test_midnight_is_no_gap(later, earlier, shift):
    assert clock.shifts([later], [earlier]) == pytest.approx([shift])


def test_half_a_day_is_half_a_day_in_all_donors():
    found = clock.shifts([20.5, 21.0, 19.5, 20.0], [8.0, 8.5, 8.0, 8.5])
    assert np.ptp(found) == pytest.approx(1.0)
    assert abs(found.mean()) == pytest.approx(12.0)


def test_differences_without_a_direction_stay_within_half_a_day():
    found = clock.shifts([0.0, 6.0, 12.0, 18.0], [0.0] * 4)
    assert found == pytest.approx([0, 6, -12, -6])


@given(st.lists(st.tuples(HOURS, HOURS), min_size=1, max_size=12))
def test_shifts_are_differences_up_to_whole_days(pairs):
    later, earlier = np.array(pairs).T
    apart = (clock.shifts(later, earlier) - (later - earlier)) / 24
    assert np.abs(apart - np.rint(apart)).max() < 1e-9
