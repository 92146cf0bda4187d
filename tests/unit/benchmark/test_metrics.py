"""What the benchmark of the annotation measures itself, against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from benchmark import annotation_metrics as metrics
from benchmark import annotation_peers


def test_calibration_error_is_the_mean_gap_weighted_by_cells():
    # bin 0.9-1.0: three cells, mean 0.95, two right; bin 0.5-0.6: one cell, 0.55, wrong
    error = metrics.calibration_error([0.92, 0.95, 0.98, 0.55], [True, True, False, False])
    assert error == pytest.approx((3 * (0.95 - 2 / 3) + 0.55) / 4)


def test_calibration_error_is_zero_when_bins_keep_their_word():
    assert metrics.calibration_error([1.0, 1.0, 0.5, 0.5], [True, True, True, False]) == 0.0


def test_overconfidence_does_not_make_up_for_timidity_in_another_bin():
    assert metrics.calibration_error([0.95, 0.55], [False, True]) == pytest.approx((0.95 + 0.45) / 2)


def test_false_calls_are_per_thousand_of_the_others():
    called = np.array([True] * 3 + [False] * 7)
    truth = np.array([True] * 2 + [False] * 8)
    assert metrics.false_calls(called, truth) == pytest.approx(125.0)


def test_share_ratio_is_in_doublings_and_bears_an_empty_class():
    assert metrics.log2_share_ratio(np.ones(15), np.arange(15) < 7) == pytest.approx(np.log2(15.5 / 7.5))
    assert metrics.log2_share_ratio(np.zeros(10), np.zeros(10)) == 0.0


def test_share_change_pairs_donors_whatever_the_order_of_samples():
    sheet = pd.DataFrame(
        {"donor": ["a", "a", "b", "b"], "visit": ["baseline", "month6", "month6", "baseline"]},
        index=["a0", "a6", "b6", "b0"],
    )
    counts = pd.DataFrame(
        {"Treg": [9.5, 19.5, 39.5, 9.5], "CD4 memory": [89.5, 79.5, 59.5, 89.5]},
        index=["a0", "a6", "b6", "b0"],
    )
    change = metrics.log_share_change(
        counts.loc[["b0", "a6", "b6", "a0"]], sheet, part="Treg", contrast=("month6", "baseline")
    )
    assert change.to_dict() == pytest.approx({"a": np.log(2), "b": np.log(4)})


def test_recovered_is_a_ratio_of_means():
    assert metrics.recovered([0.1, 0.3], [0.0, 0.5]) == pytest.approx(0.8)


def test_nearest_finds_the_cell_that_another_is_a_part_of():
    reference = sp.csr_matrix([[4.0, 0, 1], [0, 3, 3], [1, 1, 0]])
    assert metrics.nearest(sp.csr_matrix([[0, 1.0, 1], [8, 0, 2]]), reference).tolist() == [1, 0]


def test_flattened_lists_take_the_branch_where_the_truth_has_no_more(populations):
    markers = {node["name"]: node["markers"] for node in populations["nodes"] if node["level"] != "subset"}
    classes = {"CD8": ("CD8 naive", "CD8 memory"), "Treg": ("Treg",)}
    own, belongs = annotation_peers.flatten(populations, classes, lists="own")
    assert own == {name: markers[name] for name in ("CD8 naive", "CD8 memory", "Treg")}
    assert belongs == {"CD8 naive": "CD8", "CD8 memory": "CD8", "Treg": "Treg"}
    path, _ = annotation_peers.flatten(populations, classes, lists="path")
    assert set(path["Treg"]) == {*markers["Treg"], *markers["CD4 T"], *markers["T"]}
    branch, belongs = annotation_peers.flatten(populations, classes, lists="class")
    assert branch == {"CD8 T": markers["CD8 T"], "Treg": markers["Treg"]}
    assert belongs["CD8 T"] == "CD8"
