"""Levels of families one after the other: against Holm, against a general graph, and its error rates by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from cd20scope.study.families import Family
from cd20scope.verdict.families import FAMILIES, judge

SERIAL = (Family("depletion", 1.0, {"T cells": 1.0}), Family("T cells", 0.0))
P = st.floats(1e-6, 1, allow_nan=False)


def graph(p, weights, transition, alpha):
    """Rejections of the graphical procedure of Bretz et al. (2009), algorithm 1, as printed there."""
    w, g, left, rejected = dict(weights), {k: dict(v) for k, v in transition.items()}, list(p), []
    while True:
        found = [j for j in left if p[j] <= w[j] * alpha and w[j] > 0]
        if not found:
            return set(rejected)
        j = found[0]
        left.remove(j)
        rejected.append(j)
        new = {}
        for one in left:
            w[one] += w[j] * g[j].get(one, 0)
            for two in left:
                if one == two:
                    continue
                loop = g[one].get(j, 0) * g[j].get(one, 0)
                through = g[one].get(two, 0) + g[one].get(j, 0) * g[j].get(two, 0)
                new.setdefault(one, {})[two] = through / (1 - loop) if loop < 1 else 0.0
        g = {one: new.get(one, {}) for one in left}


def holm(p):
    """Adjusted p-values by Holm's definition: the smallest times m, the next times m - 1, never falling."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(np.arange(len(p), 0, -1) * np.array(p)[order]), 1.0)
    return adjusted


def test_the_definition_of_holm_is_that_of_statsmodels():
    # asked once, as it collects garbage at every call
    p = [0.04, 0.001, 0.03, 0.014, 0.2, 0.014]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@given(st.lists(P, min_size=1, max_size=7), st.sampled_from([0.05, 0.2]))
def test_one_family_is_holm(p, alpha):
    names = {f"Q{i}": value for i, value in enumerate(p)}
    found = judge(names, dict.fromkeys(names, "only"), [Family("only", 1.0)], alpha=alpha)
    adjusted = holm(p)
    assert [found[name].p_adjusted for name in names] == pytest.approx(adjusted)
    near = np.abs(adjusted - alpha) < 1e-9
    assert [names[name] <= found[name].level for name in names] == (adjusted <= alpha).tolist() or near.any()


def test_levels_of_holm_by_hand():
    p = {"Q0": 0.04, "Q1": 0.001, "Q2": 0.03, "Q3": 0.014}
    found = judge(p, dict.fromkeys(p, "only"), [Family("only", 1.0)], alpha=0.05)
    # .001 <= .05 / 4 and .014 <= .05 / 3 are rejected, .03 > .05 / 2 is not
    assert [found[name].level for name in p] == pytest.approx([0.025, 0.0125, 0.025, 0.05 / 3])


@given(st.lists(P, min_size=2, max_size=2), st.lists(P, min_size=3, max_size=3), st.floats(0.1, 0.9))
def test_two_families_are_the_graph(first, second, share):
    """Each family shares its level evenly; emptied, it passes it on through edges that are all but nothing before."""
    p = {f"A{i}": v for i, v in enumerate(first)} | {f"B{i}": v for i, v in enumerate(second)}
    families = [Family("A", share, {"B": 1.0}), Family("B", 1 - share)]
    found = judge(p, {name: name[0] for name in p}, families, alpha=0.2)
    tiny = 1e-9
    a, b = (sorted(name for name in p if name[0] == family) for family in "AB")
    transition = {j: {i: (1 - tiny) / (len(a) - 1) for i in a if i != j} for j in a}
    for j in a:
        transition[j] |= {i: tiny / len(b) for i in b}
    transition |= {j: {i: 1 / (len(b) - 1) for i in b if i != j} for j in b}
    weights = {j: share / len(a) for j in a} | {j: (1 - share) / len(b) for j in b}
    expected = graph(p, weights, transition, 0.2)
    near = [name for name in p if abs(found[name].p_adjusted - 0.2) < 1e-6]
    if not near:
        assert {name for name in p if found[name].p_adjusted <= 0.2} == expected
        assert {name for name in p if p[name] <= found[name].level} == expected


def test_t_cells_wait_for_depletion():
    p = {"B2": 1e-5, "B6": 0.2, "T1": 1e-6, "T2": 0.01}
    member = {"B2": "depletion", "B6": "depletion", "T1": "T cells", "T2": "T cells"}
    found = judge(p, member, SERIAL)
    assert found["T1"].level == 0
    assert found["B6"].level == pytest.approx(0.05)
    there = judge(p | {"B6": 0.03}, member, SERIAL)
    assert there["T1"].level == pytest.approx(0.025)
    assert there["T2"].level == pytest.approx(0.05)
    assert there["T1"].p_adjusted == pytest.approx(0.03)  # not before the gate


def test_a_family_that_cannot_be_tested_passes_its_level_on():
    found = judge({"T1": 0.04}, {"T1": "T cells"}, SERIAL)
    assert found["T1"].level == pytest.approx(0.05)
    assert found["T1"].n_family == 1
    assert judge({}, {}, SERIAL) == {}


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="no family is called NK; there are depletion, T cells"):
        judge({"Q": 0.1}, {"Q": "NK"}, SERIAL)


def test_the_shipped_families_share_the_level_without_a_circle():
    assert sum(family.share for family in FAMILIES) == pytest.approx(1)
    seen = []
    for family in FAMILIES:
        assert not set(family.passes) & {family.name, *seen}
        seen.append(family.name)


@pytest.mark.parametrize("true", [range(5), [0, 1], [1, 3, 4], [4]])
def test_any_false_claim_is_as_rare_as_the_level(true):
    """4,000 draws of two depletions and three others, of which some are true nulls; 0.05 and three standard errors."""
    rng = np.random.default_rng(7)
    member = dict(zip("01234", ("depletion",) * 2 + ("T cells",) * 3, strict=True))
    wrong = 0
    for _ in range(4000):
        p = {str(i): rng.random() if i in true else rng.random() * 1e-3 for i in range(5)}
        found = judge(p, member, FAMILIES)
        wrong += any(p[str(i)] <= found[str(i)].level for i in true)
    assert wrong / 4000 <= 0.061
