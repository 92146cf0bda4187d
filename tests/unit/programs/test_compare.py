"""Scores against a loop over cells, the split of a change against its definition, tests against scipy."""

import numpy as np
import pandas as pd
import pytest
from program_cells import WEEK2, cells, score
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cd20scope.programs import compare as programs
from cd20scope.programs import scores


def test_a_change_is_exactly_composition_plus_within():
    rng = np.random.default_rng(0)
    n0, n1 = rng.integers(0, 40, (2, 30, 6)).astype(float)
    n0[:, 0], n1[:5, 1], n0[:5, 1] = 0, 0, 0
    m0, m1 = rng.normal(size=(2, 30, 6))
    m0[n0 == 0], m1[n1 == 0] = np.nan, np.nan
    composition, within = programs.split_change(n0, n1, m0, m1)
    total = np.nansum(n1 * m1, axis=1) / n1.sum(axis=1) - np.nansum(n0 * m0, axis=1) / n0.sum(axis=1)
    assert composition + within == pytest.approx(total, abs=1e-12)


def test_pure_cases_of_the_split():
    two = np.array([[10.0, 30.0]])
    composition, within = programs.split_change(two, two, np.array([[1.0, 2.0]]), np.array([[2.0, 3.0]]))
    assert (composition.item(), within.item()) == pytest.approx((0, 1))
    mean = np.array([[4.0, 1.0]])
    composition, within = programs.split_change(two, np.array([[0.0, 30.0]]), mean, np.array([[np.nan, 1.0]]))
    # A quarter of the cells with mean 4 is gone: 1.75 before, 1 after, all of it composition.
    assert (composition.item(), within.item()) == pytest.approx((-0.75, 0))


def test_cells_without_a_label_change_the_composition_only():
    """B cells that lose their label: MHC-II of `unassigned` rises, and no cell has changed."""
    before, after = np.array([[20.0, 75.0, 5.0]]), np.array([[10.0, 75.0, 15.0]])
    mean = np.array([[4.0, 1.0, 1.0]]), np.array([[4.0, 1.0, 3.0]])
    whole = 0.75 + 0.4 + 0.45 - (0.8 + 0.75 + 0.05)
    composition, within = programs.split_change(before, after, *mean, mixed=np.array([False, False, True]))
    assert (composition.item(), within.item()) == pytest.approx((whole, 0))
    _, as_member = programs.split_change(before, after, *mean)
    assert as_member.item() == pytest.approx(0.2)


def test_the_table_takes_unassigned_for_no_population():
    rows = [
        (f"D{i}", visit, member, cells, mean + 0.01 * i)
        for i in range(8)
        for visit, late in (("baseline", 0), ("week2", 1))
        for member, cells, mean in (("NK", 80, 1.0), ("unassigned", 20, 1.0 + late))
    ]
    members = pd.DataFrame(rows, columns=["donor", "visit", "member", "n_cells", "mean"])
    score = members["mean"] * members["n_cells"] / 100
    block = members.assign(score=score).groupby(["donor", "visit"], as_index=False)["score"].sum()
    block = block.assign(n_cells=100, coverage=1.0, n_genes=5, unusable="")
    made = programs.measure_change(block, members, contrast=WEEK2, baseline="baseline")
    assert made["within"].values == pytest.approx(np.zeros(8), abs=1e-9)
    assert made["composition"].values == pytest.approx(made["total"].values)


def compare(cohort, **options):
    options = {"contrasts": [WEEK2], "baseline": "baseline"} | options
    table = programs.compare(cohort[1], cohort[2], **options)
    return table.set_index(["population", "program", "component"]).sort_index()


def tail_by_draws(row, at):
    """Share of (mean - T se) sqrt(W / k) below a value, mean and error over the SD at baseline, k + 1 donors there."""
    rng = np.random.default_rng(0)
    t, w = rng.standard_t(row["df"], 200_000), rng.chisquare(row["n_pairs"] - 1, 200_000)
    return np.mean((row["estimate"] - t * row["se"]) * np.sqrt(w / (row["n_pairs"] - 1)) < at)


def test_a_contrast_is_a_paired_t_in_baseline_sds(cohort):
    result = compare(cohort)
    tested = result[result["status"] == "tested"]
    totals = tested[tested.index.get_level_values("component") == "total"]
    for (_population, _program, _), row in totals.iterrows():
        wide = (
            cohort[1]
            .query("population == @_population and program == @_program")
            .set_index(["visit", "donor"])["score"]
        )
        oracle = stats.ttest_rel(wide["week2"], wide["baseline"])
        sd = wide["baseline"].std(ddof=1)
        assert row["p_value"] == pytest.approx(oracle.pvalue)
        assert row["baseline_sd"] == pytest.approx(sd)
        assert row["change"] == pytest.approx((wide["week2"] - wide["baseline"]).mean())
        below = [tail_by_draws(row, at) for at in (row["ci_low"], row["ci_high"])]
        assert below == pytest.approx([0.025, 0.975], abs=0.002)
    assert tested.loc[("CD4 memory", "Th1", "total"), "estimate"] > 1
    assert list(programs.compare(*cohort[1:], contrasts=[WEEK2], baseline="baseline")) == list(
        programs.PROGRAM_COLUMNS
    )


def test_controls_change_nothing_in_the_treated(cohort):
    scored, parts = cohort[1:]
    alone = programs.compare(scored, parts, contrasts=[WEEK2], baseline="baseline")
    rng = np.random.default_rng(0)
    others = {"donor": "C" + scored["donor"], "control": "placebo"}
    controls = scored.assign(**others, score=scored["score"] + rng.normal(0, 5, len(scored)))
    both = programs.compare(
        pd.concat([scored, controls]),
        pd.concat([parts, parts.assign(donor="C" + parts["donor"], control="placebo")]),
        contrasts=[WEEK2],
        baseline="baseline",
    )
    pd.testing.assert_frame_equal(both.drop(columns="dropped"), alone.drop(columns="dropped"))
    assert "control arm (placebo)" in both["dropped"][0]


def test_components_add_up_in_the_table(cohort):
    result = compare(cohort).loc[("PBMC", "Th1")]
    for column in ("estimate", "change"):
        assert result.loc["composition", column] + result.loc["within", column] == pytest.approx(
            result.loc["total", column]
        )
    # B cells have more of every gene and leave: composition falls. CD4 memory gains the programme: within rises.
    assert result.loc["composition", "estimate"] < 0 < result.loc["within", "estimate"]
    assert result["baseline_sd"].tolist() == [result.loc["total", "baseline_sd"]] * 3


def test_confounders_are_tested_and_stay_out_of_the_correction(cohort):
    result = compare(cohort).reset_index()
    tested = result[(result["status"] == "tested") & (result["role"] == "endpoint")]
    assert tested["p_adjusted"].tolist() == pytest.approx(
        multipletests(tested["p_value"], method="fdr_bh")[1]
    )
    steroid = result[result["program"] == "steroid"].iloc[0]
    assert np.isfinite(steroid["p_value"])
    assert np.isnan(steroid["p_adjusted"])


def test_programmes_with_few_measured_genes_are_not_estimable(cohort):
    result = compare(cohort)
    assert result.loc[("CD4 memory", "half", "total"), "reason"] == (
        "not estimable: 2 genes of the programme are in every sample (40%, 50% needed)"
    )
    assert result.loc[("CD4 memory", "lost", "total"), "reason"].startswith("not estimable: 0 genes")
    assert result.loc[("CD4 memory", "half", "total"), ["estimate", "p_value"]].isna().all()
    assert compare(cohort, min_coverage=0.4).loc[("CD4 memory", "half", "total"), "status"] == "tested"


def test_few_pairs_are_described_and_missing_scores_named():
    scored, parts = score(cells(5), tests=[("CD4 memory", "Th1"), ("NK", "Th1")], min_cells=14)
    result = programs.compare(scored, parts, contrasts=[WEEK2], baseline="baseline").set_index("population")
    assert result["status"].tolist() == ["not testable"] * 2
    assert result.loc["CD4 memory", "reason"] == "5 complete pairs, 6 needed"
    assert result.loc["CD4 memory", "estimate"] > 0
    assert np.isnan(result.loc["CD4 memory", "p_value"])
    assert result.loc["NK", "dropped"].startswith(
        "D0: week2 has only 12 cells, baseline has only 12 cells; D1: "
    )


def test_without_a_baseline_there_is_no_scale(cohort):
    result = compare(cohort, baseline="before")
    assert result.loc[("CD4 memory", "Th1", "total"), "reason"] == (
        "not estimable: 0 donors with a score at before show no spread to scale by"
    )


def test_the_same_change_in_every_donor_is_not_tested(cohort):
    table = cohort[1].query("program == 'Th1' and population == 'NK'").copy()
    before = table.loc[table["visit"] == "baseline"].set_index("donor")["score"]
    table.loc[table["visit"] == "week2", "score"] = (before + 1).to_numpy()
    row = programs.compare(table, cohort[2].iloc[:0], contrasts=[WEEK2], baseline="baseline").iloc[0]
    assert "no spread to test" in row["reason"]
    assert row["change"] == pytest.approx(1)


def test_unchanged_programmes_are_called_at_the_nominal_rate():
    """500 programmes of 10 donors, visit noise half the spread of donors; 0.05 and three SEs of 0.0097."""
    rng = np.random.default_rng(7)
    donor = np.repeat(rng.normal(0, 1, (500, 10, 1)), 2, axis=2) + rng.normal(0, 0.5, (500, 10, 2))
    grid = pd.MultiIndex.from_product([range(500), [f"D{i}" for i in range(10)], ["baseline", "week2"]])
    table = pd.DataFrame(
        {"score": donor.ravel(), "program": grid.get_level_values(0), "donor": grid.get_level_values(1)}
    ).assign(
        visit=grid.get_level_values(2),
        sample="",
        population="NK",
        n_cells=50,
        unusable="",
        n_genes=5,
        coverage=1.0,
        role="endpoint",
    )
    parts = pd.DataFrame(columns=list(scores.PART_COLUMNS))
    result = programs.compare(table, parts, contrasts=[WEEK2], baseline="baseline")
    assert abs((result["p_value"] < 0.05).mean() - 0.05) < 0.029
