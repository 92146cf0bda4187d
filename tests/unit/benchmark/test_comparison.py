"""The comparison of methods: its own tests against other implementations, its cohorts, and its counts of calls."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, special, stats

from benchmark import comparison_cohorts, comparison_methods, comparison_tables, comparison_truth
from cd20scope.expression import moderated_t

RNG = np.random.default_rng(4)
POPULATIONS = [f"population {i}" for i in range(40)]


def test_moderated_variances_are_those_of_the_other_implementation_without_a_trend():
    n = 8
    scale = np.sqrt(6 / RNG.chisquare(6, 40))
    difference = pd.DataFrame(RNG.normal(0.1, scale, (n, 40)), columns=POPULATIONS)
    own = comparison_methods.moderated(difference)
    variance = difference.var().to_numpy()
    (shrunk,), (df,) = moderated_t.moderate_variances(variance[None], df=n - 1, mean=np.zeros(40))
    t = difference.mean() / np.sqrt(shrunk / n)
    np.testing.assert_allclose(own["p_value"], 2 * stats.t.sf(t.abs(), df), rtol=1e-6)


def test_equal_variances_are_pooled():
    difference = pd.DataFrame(RNG.normal(0, 1, (8, 40)), columns=POPULATIONS)
    difference = (difference - difference.mean()) / difference.std() + 0.5
    own = comparison_methods.moderated(difference)
    # one variance for all: their geometric mean, freed of the bias of a log variance with seven degrees of freedom
    pooled = np.exp(np.log(3.5) - special.digamma(3.5))
    np.testing.assert_allclose(own["p_value"], 2 * stats.t.sf(0.5 * np.sqrt(8 / pooled), 7 * 40))


def test_a_paired_test_takes_the_donors_with_both_visits():
    before = pd.DataFrame({"B": [1.0, 2.0, 3.0, 9.0]}, index=["a", "b", "c", "d"])
    later = pd.DataFrame({"B": [2.0, 2.5, 4.5]}, index=["a", "b", "c"])
    found = comparison_methods.paired_t_test(later, before)
    oracle = stats.ttest_rel(later["B"], before["B"][:3])
    assert found.loc["B", "p_value"] == pytest.approx(oracle.pvalue)
    assert found.loc["B", "effect"] == pytest.approx(1.0)


def test_molecules_are_thinned_at_their_rate_and_the_first_donor_keeps_its_chemistry():
    counts = sparse.csr_matrix(np.full((50, 40), 20))
    rng = np.random.default_rng(1)
    shallow = comparison_cohorts.shallower(rng)
    assert shallow(counts, "month6", False).sum() / counts.sum() == pytest.approx(0.25, abs=0.01)
    assert (shallow(counts, "week2", False) != counts).nnz == 0
    change = comparison_cohorts.other_chemistry(rng, 40)
    spread = [
        np.asarray(change(counts, visit, first).sum(0)).std() / counts.sum(0).mean()
        for visit, first in (("month6", False), ("month6", True), ("baseline", False))
    ]
    assert spread[0] > 0.2
    assert max(spread[1:]) < 0.05


PROGRAMS = {"T activation": ["A", "B", "C", "D"], "other": ["A", "X", "Y"], "third": ["X", "Y"]}


def test_what_was_planted_is_read_from_either_generator():
    built = comparison_truth.truth_of_built_in(
        [
            {"population": "B naive", "program": None, "contrast": "week2-baseline", "direction": "down"},
            {"population": "B memory", "program": None, "contrast": "week2-baseline", "direction": "down"},
            {
                "population": "CD4 memory",
                "program": "T activation",
                "contrast": "month6-baseline",
                "direction": "down",
            },
        ],
        PROGRAMS,
    )
    drawn = comparison_truth.truth_of_sorted(
        {
            "abundance": {"B": {"week2": 0.03}},
            "programmes": [
                {"visit": "month6", "labels": ["CD4 memory"], "fold": 0.6, "genes": ["A", "B", "C", "D"]}
            ],
        }
    )
    for truth in (built, drawn):
        share = [
            comparison_truth.state_of_share(truth, "week2-baseline", name)
            for name in ("B cells", "B naive / transitional", "NK")
        ]
        assert share == ["down", "down", ""]
        program = [
            comparison_truth.state_of_program(truth, "month6-baseline", "CD4 memory", genes)
            for genes in PROGRAMS.values()
        ]
        assert program == ["down", "mixed", ""]
        assert comparison_truth.state_of_program(truth, "month6-baseline", "NK", PROGRAMS["third"]) == ""


def test_calls_are_counted_by_what_was_planted_and_by_their_direction():
    rows = [
        # planted, effect, called
        ("down", -1.0, True),
        ("down", 1.0, True),
        ("up", 1.0, False),
        ("mixed", 1.0, True),
        ("", 1.0, True),
        ("", 1.0, False),
    ]
    table = pd.DataFrame(rows, columns=["planted", "effect", "called"])
    table = table.assign(kind="shares", plan="treated, built-in", method="m", cohort="c")
    counts = comparison_tables.summarise(table)
    assert counts.index.tolist() == [("shares", "built-in", "m")]
    (row,) = counts.to_dict("records")
    assert row == {"treated (1): false": "1 of 2", "treated (1): hits": "1 of 3"}
