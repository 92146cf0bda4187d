"""Which donor carries a verdict, and that near the level none is named."""

import numpy as np
import pytest

from cd20scope.stats.paired_tests import paired_t
from cd20scope.verdict.influence import Without, leave_one_out
from cd20scope.verdict.rules import decide

DONORS = tuple(f"D{i:02d}" for i in range(8))


def ask(values, level=0.05):
    by_donor = dict(zip(DONORS, values, strict=True))

    def found(kept):
        t = paired_t([by_donor[donor] for donor in kept])
        return Without(t.estimate, decide(t, delta=0.3, level=level, strong=False).verdict)

    return leave_one_out(DONORS, found, whole=found(DONORS))


def test_a_clear_verdict_rests_on_nobody():
    found = ask(np.random.default_rng(1).normal(1, 0.2, 8))
    assert found.statement == ""
    assert found.changes == {}
    assert found.carried_by == ""


def test_influence_is_the_change_of_the_mean():
    values = np.random.default_rng(2).normal(1, 0.5, 8)
    found = ask(values)
    for donor, moved in found.moves.items():
        rest = np.delete(values, DONORS.index(donor))
        assert moved == pytest.approx(values.mean() - rest.mean())
    sizes = np.abs(list(found.moves.values()))
    assert (np.diff(sizes) <= 0).all()


def test_the_donor_that_carries_it_is_named():
    # seven donors agree on less than the margin, the eighth lifts the mean beyond it
    found = ask([0.26, 0.28, 0.24, 0.25, 0.27, 0.26, 0.25, 0.7])
    assert found.carried_by == "D07"
    assert list(found.changes) == ["D07"]
    assert found.statement.startswith("rests on D07: without this donor alone the verdict is ")


def test_near_the_level_nobody_is_named():
    rng = np.random.default_rng(3)
    named = close = 0
    for _ in range(600):
        values = rng.normal(0.55, 0.5, 8)
        p = paired_t(values).p_value
        if not 0.02 < p < 0.049:
            continue
        found = ask(values)
        assert (found.statement == "") == (not found.changes)
        named += bool(found.carried_by)
        close += found.statement.startswith("close to the level")
    assert close > 30
    assert named < close / 3


def test_one_that_changes_it_without_moving_it_most_is_not_named():
    found = leave_one_out(
        ("A", "B", "C"),
        lambda kept: Without(
            0.1 if "A" not in kept else 0.9, "inconclusive" if "B" not in kept else "supported"
        ),
        whole=Without(1.0, "supported"),
    )
    assert found.carried_by == ""
    assert found.statement == "close to the level: 1 of 3 donors change the verdict when left out"
    assert next(iter(found.moves)) == "A"


def test_too_few_left_to_ask_is_told():
    found = leave_one_out(
        ("A", "B"), lambda _: Without(float("nan"), "not testable"), whole=Without(1.0, "supported")
    )
    assert found.changes == {"A": "not testable", "B": "not testable"}
    assert found.carried_by == ""
