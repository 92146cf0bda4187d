"""Claims about one estimate: coherent at any two levels, each judged at the one that is its own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import calibration_order
from cd20scope.stats.paired_tests import paired_t
from cd20scope.verdict.claims import Levels, judge_claim, p_of_question
from cd20scope.verdict.evidence import Claim

DELTA = float(np.log(1.2))


def claims(values, *, delta=DELTA):
    t = paired_t(values)
    free = {"delta": delta, "strong": False, "floor": -np.inf, "ceiling": np.inf}
    return {
        "up": Claim(t=t, same=False, **free),
        "down": Claim(t=t.flipped(), same=False, **free),
        "none": Claim(t=t, same=True, **free),
    }


def judged(values, level=0.05, level_same=0.05, attenuated=""):
    levels = Levels(level, level_same)
    return {name: judge_claim(one, levels, attenuated=attenuated) for name, one in claims(values).items()}


LEVEL = st.floats(0.001, 0.2)


@given(st.integers(0, 10_000), st.floats(-1, 1), st.floats(0.05, 0.6), LEVEL, LEVEL)
def test_claims_of_one_estimate_are_coherent(seed, mean, sd, level, level_same):
    values = np.random.default_rng(seed).normal(mean, sd, 8)
    said = {name: one.verdict for name, one in judged(values, level, level_same).items()}
    assert list(said.values()).count("supported") <= 1
    if said["up"] == "supported":
        assert said["down"] == said["none"] == "contradicted"
    if said["none"] == "supported":
        assert "not supported" in (said["up"], said["down"])


NEAR = [0.05, -0.1, 0.12, -0.04, 0.0, 0.09, -0.07, 0.02]


def test_the_level_of_no_change_decides_not_supported():
    loose, strict = judged(NEAR), judged(NEAR, level_same=1e-6)
    assert [one.verdict for one in loose.values()] == ["not supported", "not supported", "supported"]
    assert {one.verdict for one in strict.values()} == {"inconclusive"}
    assert "not over all questions" in strict["up"].reason
    # a family that has little of the level left does not take it from "not supported"
    assert judged(NEAR, level=1e-6)["up"].verdict == "not supported"


def test_a_change_that_only_the_looser_level_shows_is_no_absence():
    grown = np.array(NEAR) + 0.35
    assert judged(grown)["none"].verdict == "contradicted"
    strict = judged(grown, level=1e-6)
    assert strict["none"].verdict == "inconclusive"
    assert "neither a change nor the absence of one" in strict["none"].reason


def test_attenuation_withholds_absence_only():
    why = "the labels find half of the cells"
    assert {one.verdict for one in judged(NEAR, attenuated=why).values()} == {"inconclusive"}
    assert judged(NEAR, attenuated=why)["none"].reason.endswith(f", but {why}")
    grown = judged(np.array(NEAR) + 0.35, attenuated=why)
    assert [one.verdict for one in grown.values()] == ["supported", "contradicted", "contradicted"]


def test_a_question_has_the_p_value_of_its_claims_of_a_change():
    own = claims(np.random.default_rng(1).normal(0.3, 0.3, 8))
    assert p_of_question(list(own.values())) == pytest.approx(own["up"].t.p_value)
    assert p_of_question([own["none"]]) == own["none"].p_value


def test_an_order_is_judged_at_both_levels():
    rng = np.random.default_rng(0)
    b = calibration_order.draw(rng, cohorts=1, donors=8, truth=(0, -3, -3), visit_sd=0.3)[0]
    y = calibration_order.draw(rng, cohorts=1, donors=8, truth=(0, 0, -2), visit_sd=0.15)[0]
    order = calibration_order.pose(b, y)
    assert p_of_question([order]) == order.p_value
    assert judge_claim(order, Levels(0.05, 0.001)).verdict == "supported"
    again = b[:, 0] + rng.normal(0, 0.3, 8)
    back = calibration_order.pose(np.column_stack([b[:, 0], b[:, 1], again]), y)
    assert judge_claim(back, Levels(0.05, 0.05)).verdict == "not supported"
    assert judge_claim(back, Levels(0.05, 1e-12)).verdict == "inconclusive"
