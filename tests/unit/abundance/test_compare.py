"""Tests of shares, held against scipy and statsmodels, and their error rate by simulation."""

import numpy as np
import pandas as pd
import pytest
from leaf_tables import POPULATIONS, WEEK2, cohort, random_cohort
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cd20scope import schema
from cd20scope.abundance import compare, shares
from cd20scope.abundance.log_odds import log_odds
from cd20scope.stats import paired_tests


def table(counts: dict[tuple[str, str], list[int]], *tests: tuple[str, str]) -> pd.DataFrame:
    sheet, leaves = cohort(counts)
    return shares.donor_table(leaves, sheet=sheet, populations=POPULATIONS, tests=tests)


def test_a_contrast_is_a_paired_t_of_the_logits():
    donors = table(random_cohort(), ("B naive", "PBMC"), ("Treg", "CD4 T"), ("NK", "PBMC"))
    result = compare.compare(donors, contrasts=[WEEK2]).set_index("population")
    for population, row in result.iterrows():
        logits = donors[donors["population"] == population].set_index(["visit", "donor"])["logit"]
        oracle = stats.ttest_rel(logits["week2"], logits["baseline"])
        assert row["p_value"] == pytest.approx(oracle.pvalue)
        assert row["odds_ratio"] == pytest.approx(np.exp((logits["week2"] - logits["baseline"]).mean()))
        assert row["upper_bound"] == pytest.approx(oracle.confidence_interval(0.90).high)
        assert row["donors"] == "D0, D1, D2, D3, D4, D5, D6, D7"
    assert result["p_adjusted"].tolist() == pytest.approx(
        multipletests(result["p_value"], method="fdr_bh")[1]
    )
    assert set(result["status"]) == {"tested"}
    assert list(compare.compare(donors, contrasts=[WEEK2]).columns) == list(compare.ABUNDANCE_COLUMNS)


def test_controls_change_nothing_in_the_treated():
    donors = table(random_cohort(), ("B naive", "PBMC"), ("NK", "PBMC"))
    alone = compare.compare(donors, contrasts=[WEEK2])
    controls = donors.assign(donor="C" + donors["donor"], control="placebo", logit=donors["logit"] + 9)
    both = compare.compare(pd.concat([donors, controls]), contrasts=[WEEK2])
    pd.testing.assert_frame_equal(both.drop(columns="dropped"), alone.drop(columns="dropped"))
    assert both["dropped"][0].startswith("CD0: control arm (placebo); CD1: control arm (placebo)")


def test_geometric_mean_fractions():
    donors = table(
        {
            **{(donor, "baseline"): [9, 0, 0, 90, 0, 0] for donor in "AB"},
            **{(donor, "week2"): [1, 0, 0, 98, 0, 0] for donor in "AB"},
        },
        ("B naive", "PBMC"),
    )
    row = compare.compare(donors, contrasts=[WEEK2], min_pairs=2).iloc[0]
    assert row[["fraction_before", "fraction_after"]].tolist() == pytest.approx([0.095, 0.015])


def test_a_fall_is_never_claimed_beyond_the_detection_limit():
    # 100 of 1,000 before and none of 1,000 to 1,007 after: 3 in 1,000 may be there, so at most a fall by 97 %.
    counts = {(f"D{i}", "baseline"): [100, 0, 0, 900, 0, 0] for i in range(8)}
    counts |= {(f"D{i}", "week2"): [0, 0, 0, 1000 + i, 0, 0] for i in range(8)}
    row = compare.compare(table(counts, ("B naive", "PBMC")), contrasts=[WEEK2]).iloc[0]
    floor = np.mean([np.log((3 / (1000 + i)) / (100.5 / 1000)) for i in range(8)])
    assert row["floor"] == pytest.approx(floor)
    assert row["ceiling"] == pytest.approx(np.mean([np.log((0.5 / (1000 + i)) / 0.003) for i in range(8)]))
    assert row["upper_bound"] < floor
    assert row["fell_at_least"] == pytest.approx(1 - np.exp(floor))
    assert np.isnan(row["ci_low"])
    assert row["ci_high"] == pytest.approx(floor)


def test_a_rise_has_no_least_fall():
    donors = table(random_cohort(), ("B naive", "PBMC"))
    row = compare.compare(donors, contrasts=[("baseline", "week2")]).iloc[0]
    assert row["estimate"] > 2
    assert np.isnan(row["fell_at_least"])
    assert np.isfinite(row["ci_low"])


def reason(counts: dict[tuple[str, str], list[int]], population: str = "B naive", **options: float) -> str:
    row = compare.compare(table(counts, (population, "PBMC")), contrasts=[WEEK2], **options).iloc[0]
    assert row["status"] == "not testable"
    assert row[["p_value", "p_adjusted", "ci_low", "ci_high"]].isna().all()
    return row["reason"]


def test_too_few_pairs_are_described_and_not_tested():
    counts = random_cohort(5)
    assert reason(counts) == "5 complete pairs, 6 needed"
    row = compare.compare(table(counts, ("B naive", "PBMC")), contrasts=[WEEK2]).iloc[0]
    assert row["estimate"] < 0


def test_missing_visits_and_thin_denominators_drop_donors_with_reasons():
    counts = random_cohort(8)
    del counts[("D3", "week2")]
    counts[("D5", "baseline")] = [2, 1, 0, 5, 3, 0]
    row = compare.compare(table(counts, ("B naive", "PBMC")), contrasts=[WEEK2]).iloc[0]
    assert row["n_pairs"] == 6
    assert row["dropped"] == "D3: no week2; D5: baseline has only 11 cells in the denominator"


def test_no_pair_at_all():
    assert reason({("D1", "baseline"): [100] * 6, ("D2", "week2"): [100] * 6}) == "0 complete pairs, 6 needed"


def test_a_population_that_is_never_there_is_not_testable():
    counts = {key: [0, *cells[1:]] for key, cells in random_cohort().items()}
    assert reason(counts) == "no cell of B naive at either visit in any of the 8 pairs"


def test_a_population_of_single_cells_is_not_testable():
    counts = {key: [int(key[0] in ("D1", "D2")), *cells[1:]] for key, cells in random_cohort().items()}
    assert reason(counts).startswith(
        "0.24 cells of B naive per donor expected at the visit with fewer, 3 needed"
    )
    tested = compare.compare(table(counts, ("B naive", "PBMC")), contrasts=[WEEK2], least_expected=0.1)
    assert tested["status"].item() == "tested"


def test_a_population_that_is_all_of_its_denominator_is_not_testable():
    assert "PBMC outside PBMC" in reason(random_cohort(), "PBMC")


def test_a_change_without_spread_is_not_testable():
    counts = {(f"D{i}", visit): [10, 0, 0, 90, 0, 0] for i in range(8) for visit in ("baseline", "week2")}
    assert "no spread" in reason(counts)


@pytest.mark.parametrize("n_donors", [6, 10, 15])
def test_unchanged_populations_are_called_at_the_nominal_rate_while_b_cells_vanish(n_donors):
    """1,000 cohorts; B cells fall by 95 %, Treg and memory CD4 T cells do not change.

    Bounds: 0.05 and three standard errors of a rate over 1,000 cohorts (0.0069) to either side. The same Treg over
    all PBMC, where the loss of B cells raises every other share, must show the fault that the rule avoids.
    """
    rng = np.random.default_rng(20 + n_donors)
    share = np.array(
        [0.25, 0.04, 0.31, 0.40]
    )  # B, Treg, memory CD4, rest; a quarter B to make the fault plain
    shape = (1000, n_donors, 2, 4)
    rate = share * np.exp(rng.normal(0, 0.4, (1000, n_donors, 1, 4)) + rng.normal(0, 0.08, shape))
    rate[:, :, 1, 0] *= 0.05
    size = rng.lognormal(np.log(5000), 0.4, (1000, n_donors, 2)).astype(int)
    x = rng.multinomial(size, rate / rate.sum(axis=-1, keepdims=True))
    cd4 = x[..., 1] + x[..., 2]
    p = {}
    for name, denominator in (("CD4 T", cd4), ("PBMC", x.sum(axis=-1))):
        y = log_odds(x[..., 1], denominator)
        p[name] = np.array([paired_tests.paired_t(d).p_value for d in y[:, :, 1] - y[:, :, 0]])
    assert abs((p["CD4 T"] < 0.05).mean() - 0.05) < 0.021
    assert (p["PBMC"] < 0.05).mean() > 0.5


def test_shares_are_sums_of_posteriors_and_calls_are_an_arm():
    sheet, leaves = cohort(random_cohort())
    later = leaves["sample"].str.endswith("week2") & (leaves["population"] == "B naive")
    leaves["posterior"] = leaves["n_cells"] * np.where(later, 0.5, 1.0)
    asked = {"sheet": sheet, "populations": POPULATIONS, "tests": [("B naive", "PBMC")]}
    changes = []
    for value in ("posterior", "n_cells"):
        donors = shares.donor_table(leaves, **asked, value=value)
        changes.append(compare.compare(donors, contrasts=[WEEK2]).iloc[0]["estimate"])
        assert (donors["fraction"] <= 1).all()
    assert changes[0] < changes[1] - 0.5
    nothing = leaves.iloc[:0][["sample", "population", "subset", "n_cells"]].assign(arm="")
    arms = shares.arm_table(leaves, nothing, **asked, others=[])
    called = arms[arms["arm"] == schema.CALLS_ARM]
    assert compare.compare(called, contrasts=[WEEK2]).iloc[0]["estimate"] == pytest.approx(changes[1])


def test_a_shallow_visit_stays_out_of_what_follows_depth_only():
    sheet, leaves = cohort(random_cohort())
    leaves["shallow"] = leaves["sample"] == "D3_week2"
    tests = [("Treg", "CD4 T"), ("CD4 T", "PBMC"), ("Treg / effector", "CD4 T"), ("NK", "PBMC")]
    donors = shares.donor_table(leaves, sheet=sheet, populations=POPULATIONS, tests=tests)
    told = donors[donors["unusable"] != ""]
    assert set(told["sample"]) == {"D3_week2"}
    assert set(told["population"]) == {"Treg", "Treg / effector"}
    table = compare.compare(donors, contrasts=[WEEK2]).set_index("population")
    assert table["n_pairs"].to_dict() == {"Treg": 7, "CD4 T": 8, "Treg / effector": 7, "NK": 8}
    assert "too shallow" in table.loc["Treg", "dropped"]
