"""Genes compared between arms: what both do cancels, what the treated do alone is found, the design is estimable."""

import numpy as np
import pandas as pd
import pytest
from pseudobulk_tables import simulated

from cd20scope.expression import control_arms, deseq, fit

MONTH6 = ("month6", "baseline")
CONTRASTS = [("week2", "baseline"), MONTH6, ("month6", "week2")]


def in_arms(*, both, seed=1, donors=12, n_control=6, missing=()):
    """The first 30 genes double at month 6 in the treated, and in the controls too where ``both``."""
    data = simulated(donors=donors, seed=seed, missing=missing)
    design = data.design
    design["control"] = np.where(design["donor"].str[1:].astype(int) >= donors - n_control, "placebo", "")
    counts = data.counts
    halved = (design["control"] != "") & (design["visit"] == "month6")
    if not both:
        rng = np.random.default_rng(seed)
        where = np.ix_(halved, np.arange(counts.shape[1]) < 30)
        kept = counts.to_numpy(copy=True)
        kept[where] = rng.binomial(kept[where], 0.5)
        counts = pd.DataFrame(kept, columns=counts.columns)
    return fit.Pseudobulk(counts, design)


def fitted(data, **rules):
    genes, summary = control_arms.fit_difference(
        data, population="Treg", contrasts=CONTRASTS, min_count=10, **rules
    )
    return genes, summary.set_index("contrast")


def planted(genes):
    own = genes[genes["contrast"] == "month6-baseline"].set_index("gene")
    return own[own.index.isin([f"G{i}" for i in range(30)])], own[
        ~own.index.isin([f"G{i}" for i in range(30)])
    ]


def test_genes_of_the_treated_alone_are_found_with_their_size():
    genes, summary = fitted(in_arms(both=False))
    changed, others = planted(genes)
    assert changed["log2_fold_change"].mean() == pytest.approx(1.0, abs=0.1)
    assert (changed["p_adjusted"] < 0.05).mean() > 0.8
    assert (others["p_adjusted"] < 0.05).mean() < 0.03
    assert summary.loc["month6-baseline", "n_significant"] >= 24
    assert tuple(genes.columns) == control_arms.COLUMNS


def test_genes_that_change_in_both_arms_cancel():
    genes, _ = fitted(in_arms(both=True))
    changed, others = planted(genes)
    assert changed["log2_fold_change"].mean() == pytest.approx(0.0, abs=0.1)
    # 30 genes at .05, at most 5 of them with probability .98
    assert (changed["p_value"] < 0.05).sum() <= 5
    # of 270 unchanged genes the share below .05
    assert 0.01 < (others["p_value"] < 0.05).mean() < 0.1


def test_the_contrast_is_the_difference_of_two_separate_changes():
    """Size factors apart, the coefficient is the change in one arm less that in the other."""
    data = in_arms(both=False)
    genes, _ = fitted(data)
    changes = {}
    for arm in ("", "placebo"):
        rows = data.design["control"] == arm
        own = fit.Pseudobulk(data.counts[rows], data.design[rows].assign(control=""))
        table, _ = fit.fit_population(own, population="Treg", contrasts=[MONTH6])
        changes[arm] = table.set_index("gene")["log2_fold_change"]
    expected = (changes[""] - changes["placebo"]).dropna()
    ours = genes[genes["contrast"] == "month6-baseline"].set_index("gene")["log2_fold_change"]
    both = ours.index.intersection(expected.index)
    assert len(both) > 250
    # other dispersions weigh the donors of a gene otherwise
    assert np.median(np.abs(ours[both] - expected[both])) < 0.05
    assert np.corrcoef(ours[both], expected[both])[0, 1] > 0.97


def test_the_design_is_of_full_rank_and_its_arm_is_in_the_donors():
    data = in_arms(both=True, missing=((1, "week2"), (10, "month6")))
    matrix = control_arms.design_matrix(data.design)
    assert np.linalg.matrix_rank(matrix) == matrix.shape[1]
    aliased = matrix.assign(arm=(data.design["control"] == "").astype(float))
    assert np.linalg.matrix_rank(aliased) == matrix.shape[1]
    vector = control_arms.contrast_vector(matrix, ("month6", "week2"))
    named = dict(zip(matrix.columns, vector, strict=True))
    assert {name: value for name, value in named.items() if value} == {
        "treated:visit month6": 1.0,
        "treated:visit week2": -1.0,
    }
    assert deseq.design_matrix(data.design).shape[1] + 2 == matrix.shape[1]


def test_an_arm_with_few_donors_is_not_tested():
    genes, summary = fitted(in_arms(both=False, n_control=3))
    assert genes.empty
    assert set(summary["status"]) == {"not testable"}
    assert summary["reason"].iloc[0] == "3 control donors with both visits, 4 needed in each arm"


def test_a_visit_that_an_arm_has_not_holds_up_that_contrast_alone():
    gone = tuple((donor, "week2") for donor in range(6, 12))
    genes, summary = fitted(in_arms(both=False, missing=gone))
    assert summary["status"].to_dict() == {
        "week2-baseline": "not testable",
        "month6-baseline": "tested",
        "month6-week2": "not testable",
    }
    assert set(genes["contrast"]) == {"month6-baseline"}


def test_too_few_genes_are_told():
    _, summary = fitted(in_arms(both=False), min_genes=1000)
    assert summary["reason"].str.contains("genes reach 10 counts").all()
