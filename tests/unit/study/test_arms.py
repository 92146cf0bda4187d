"""Control levels that are pooled, and those that are compared on their own."""

import pandas as pd
import pytest

from cd20scope.study import arms


def controls_of(n_pairs, *, least=4):
    """Control levels planned for so many donors with both visits each, and two with one visit."""
    rows = [("T1", "baseline", ""), ("T1", "month6", "")]
    for level, n in n_pairs.items():
        for number in range(n + 2):
            rows += [(f"{level}{number}", "baseline", level)]
            rows += [(f"{level}{number}", "month6", level)] * (number < n)
    table = pd.DataFrame(rows, columns=["donor", "visit", "control"])
    return arms.plan_controls(table, [("month6", "baseline")], least=least)


@pytest.mark.parametrize(
    ("n_pairs", "pooled", "own"),
    [
        ({}, [], []),
        ({"placebo": 6}, ["placebo"], []),
        ({"placebo": 6, "interferon": 4}, ["placebo", "interferon"], ["placebo", "interferon"]),
        ({"placebo": 6, "interferon": 3}, ["placebo", "interferon"], []),
        # healthy donors are no patients
        ({"placebo": 6, "Healthy": 0}, ["placebo"], []),
        ({"placebo": 6, "Healthy": 5}, ["placebo"], ["Healthy"]),
        ({"placebo": 0, "HC": 5}, ["placebo", "HC"], []),
        ({"healthy": 5}, ["healthy"], []),
    ],
)
def test_patients_are_pooled_and_large_levels_compared_alone(n_pairs, pooled, own):
    assert controls_of(n_pairs) == (pooled, own)
