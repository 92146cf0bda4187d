"""One change per donor: what is kept, what turns, and what several changes have in common."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from verdict_cases import change

from cd20scope.stats import changes, pairs

SIGNS = st.lists(st.sampled_from([-1.0, 1.0]), min_size=8, max_size=8).map(np.array)


def limited(seed=0):
    rng = np.random.default_rng(seed)
    paired = pairs.Pairs(tuple(f"D{i}" for i in range(8)), {"D9": "no month6"})
    return changes.Change(paired, rng.normal(0, 1, 8), -rng.uniform(2, 6, 8), rng.uniform(2, 6, 8))


@given(SIGNS)
def test_a_flip_twice_is_no_flip(signs):
    own = limited()
    again = own.flip(signs).flip(signs)
    for name in ("values", "floor", "ceiling"):
        assert np.array_equal(getattr(again, name), getattr(own, name))
    assert again.paired == own.paired


@given(SIGNS)
def test_a_flip_exchanges_what_bounds_a_fall_and_what_bounds_a_rise(signs):
    own = limited()
    flipped = own.flip(signs)
    turned = signs < 0
    assert np.array_equal(flipped.floor[turned], -own.ceiling[turned])
    assert np.array_equal(flipped.ceiling[turned], -own.floor[turned])
    assert np.array_equal(flipped.floor[~turned], own.floor[~turned])
    inside = (own.floor <= own.values) & (own.values <= own.ceiling)
    assert np.array_equal((flipped.floor <= flipped.values) & (flipped.values <= flipped.ceiling), inside)


def test_mean_limits():
    own = limited(1)
    assert own.mean_floor == pytest.approx(own.floor.mean())
    assert own.mean_ceiling == pytest.approx(own.ceiling.mean())
    free = changes.Change.unlimited(own.paired, own.values)
    assert (free.mean_floor, free.mean_ceiling) == (-np.inf, np.inf)
    nothing = changes.Change.nothing(own.paired, "no cell")
    assert (nothing.mean_floor, nothing.mean_ceiling) == (-np.inf, np.inf)


def test_what_is_measured_has_values_and_no_reason():
    assert change().measured
    assert not change(reason="no cell of Treg").measured
    assert not changes.Change.nothing(pairs.Pairs(("D0",)), "").measured


def test_taking_donors_keeps_their_numbers_together_and_in_order():
    own = limited(2)
    taken = own.take(["D6", "D1", "D2", "D17"])
    assert taken.paired.donors == ("D1", "D2", "D6")
    assert taken.paired.dropped == own.paired.dropped
    for name in ("values", "floor", "ceiling"):
        assert np.array_equal(getattr(taken, name), getattr(own, name)[[1, 2, 6]])
    assert own.take([]).values.size == 0
    nothing = changes.Change.nothing(own.paired, "no cell")
    assert nothing.take(["D1"]) is nothing


def test_changes_in_common_are_of_the_same_donors_with_all_reasons():
    one = limited(3)
    two = changes.Change.unlimited(
        pairs.Pairs(("D2", "D5", "D8"), {"D1": "no week2"}), np.array([0.2, 0.5, 0.8])
    )
    first, second = changes.common([one, two])
    assert first.paired == second.paired
    assert first.paired.donors == ("D2", "D5")
    assert first.paired.dropped == {"D1": "no week2", "D9": "no month6"}
    assert np.array_equal(first.values, one.values[[2, 5]])
    assert second.values.tolist() == [0.2, 0.5]
    (alone,) = changes.common([one])
    assert np.array_equal(alone.values, one.values)
