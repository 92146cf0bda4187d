"""The time left follows from the pace of the jobs that ended, and is not told where there is none."""

import pytest

from cd20scope.status.time_left import PAUSE, pace, seconds_left


def test_the_pace_is_the_mean_gap_between_ends():
    assert pace([30.0, 10.0, 20.0]) == 10.0
    # two side by side end together
    assert pace([10.0, 10.0, 20.0, 20.0, 30.0]) == 5.0


def test_a_pause_between_two_runs_is_no_part_of_the_pace():
    assert pace([0.0, 10.0, 20.0 + PAUSE, 30.0 + PAUSE]) == 10.0


@pytest.mark.parametrize("ends", [[], [1.0, 2.0], [0.0, 2 * PAUSE, 4 * PAUSE]])
def test_too_few_ends_have_no_pace(ends):
    assert pace(ends) is None
    assert seconds_left({"read": ends}, {"read": 3, "label": 5}) is None


def test_a_step_that_has_not_begun_takes_the_pace_of_the_one_before():
    assert seconds_left({"read": [0.0, 10.0, 20.0]}, {"read": 2, "label": 5}) == 70.0
    assert (
        seconds_left({"read": [0.0, 10.0, 20.0], "label": [30.0, 32.0, 34.0]}, {"read": 0, "label": 2}) == 4.0
    )


def test_nothing_is_left_where_no_sample_waits():
    assert seconds_left({"read": [0.0, 10.0, 20.0]}, {"read": 0, "label": 0}) is None
