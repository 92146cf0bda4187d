"""Scores against a loop over cells, the split of a change against its definition, tests against scipy."""

from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cd20scope.programs import compare as programs
from cd20scope.programs import scores
from cd20scope.pseudobulk.cohort import LeafSums

WEEK2 = ("week2", "baseline")
GENES = [f"G{i}" for i in range(60)]
POPULATIONS = {
    "nodes": [
        {"name": name, "level": "population", "parent": None} for name in ("B naive", "CD4 memory", "NK")
    ],
    "sets": [{"name": "PBMC", "members": ["B naive", "CD4 memory", "NK"]}],
}
CATALOGUE = {
    "programs": [
        {"name": "Th1", "genes": ["G3", "G20", "G41", "G55"], "role": "endpoint"},
        {"name": "steroid", "genes": ["G7", "G30"], "role": "confounder"},
        {"name": "half", "genes": ["G1", "G2", "absent 1", "absent 2", "absent 3"], "role": "endpoint"},
        {"name": "lost", "genes": ["absent 1"], "role": "endpoint"},
    ]
}
TESTS = [(population, "Th1") for population in ("CD4 memory", "NK", "PBMC")] + [
    ("CD4 memory", name) for name in ("steroid", "half", "lost")
]


def cells(n_donors=8, *, seed=0, b_kept=0.1):
    """Log-normalised cells with their sample, donor, visit and population; B cells fall, Th1 rises in CD4 memory."""
    rng = np.random.default_rng(seed)
    tables = []
    for donor in range(n_donors):
        level = rng.normal(0, 0.2, len(GENES))
        for visit in ("baseline", "week2"):
            n = {
                "B naive": 30 if visit == "baseline" else int(30 * b_kept),
                "CD4 memory": 40,
                "NK": 12 + donor,
            }
            for population, size in n.items():
                mean = 0.02 * np.arange(len(GENES)) + level + (0.8 if population == "B naive" else 0.0)
                if visit == "week2" and population == "CD4 memory":
                    mean[[3, 20, 41, 55]] += 0.5
                values = np.maximum(rng.normal(mean, 0.5, (size, len(GENES))), 0)
                # The first donor's baseline is spread over two samples.
                sample = (
                    np.where(np.arange(size) % 2 == 0, "", "b") if (donor, visit) == (0, "baseline") else ""
                )
                tables.append(
                    pd.DataFrame(values, columns=GENES).assign(
                        donor=f"D{donor}",
                        visit=visit,
                        population=population,
                        sample=np.char.add(f"D{donor}{visit}", sample),
                    )
                )
    return pd.concat(tables, ignore_index=True)


def collect(table, *, n_samples=None, shuffled=False):
    """Sum cells into the tables that the workflow writes, leaf by leaf or in any order."""
    sheet = table[["sample", "donor", "visit"]].drop_duplicates()
    counted = (
        table.groupby(["sample", "population"]).size().rename("n_cells").reset_index().assign(shallow=False)
    )
    grid = pd.MultiIndex.from_product([sheet["sample"], ["B naive", "CD4 memory", "NK"]])
    leaves = (
        counted.set_index(["sample", "population"])
        .reindex(grid, fill_value=0)
        .rename_axis(["sample", "population"])
    )
    summed = table.melt(["sample", "population"], GENES, "gene", "lognorm")
    summed = summed.groupby(["sample", "population", "gene"], as_index=False)["lognorm"].sum()
    summed = summed.query("lognorm > 0").assign(subset="unassigned", counts=1)
    summed = summed.sample(frac=1, random_state=0) if shuffled else summed
    return LeafSums.collect(
        summed.groupby("sample"),
        leaves=leaves.reset_index().assign(subset="unassigned"),
        sheet=sheet,
        genes=pd.DataFrame({"gene": GENES, "n_samples": n_samples or len(sheet)}),
    )


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("selector", ["CD4 memory", "NK", "PBMC"])
def test_sums_over_leaves_are_those_of_the_cells_whatever_the_order_of_rows(selector, shuffled):
    table = cells()
    sums = collect(table, shuffled=shuffled)
    inside = table if selector == "PBMC" else table[table["population"] == selector]
    known = inside.groupby(["donor", "visit"])[GENES].sum()
    units = pd.MultiIndex.from_frame(sums.units[["donor", "visit"]])
    found = sums.add_up(sums.select(POPULATIONS, selector), value="lognorm")
    np.testing.assert_allclose(found, known.loc[units], rtol=1e-5)


def score(table, **options):
    options = {"tests": TESTS, "seed": 1, "n_controls": 5} | options
    return scores.score_programs(
        collect(table), populations=POPULATIONS, programs=CATALOGUE, split=["PBMC"], **options
    )


@pytest.fixture(scope="module")
def cohort():
    table = cells()
    return table, *score(table)


def controls_of(table, program, population):
    """Draw the weights again and read the controls off them."""
    sums = collect(table)
    inside = sums.select(POPULATIONS, population)
    mean = sums.add_up(inside, value="lognorm").sum(axis=0) / sums.n_cells(inside).sum()
    reserved = {gene for entry in CATALOGUE["programs"] for gene in entry["genes"]}
    weights = scores.subtract_controls(
        np.isin(GENES, program["genes"]) / 4,
        mean,
        eligible=~np.isin(GENES, list(reserved)),
        rng=np.random.default_rng([1, crc32(program["name"].encode()), crc32(population.encode())]),
        n_controls=5,
    )
    return pd.Series(weights, index=GENES)


@pytest.mark.parametrize("population", ["CD4 memory", "NK"])
def test_scores_equal_the_mean_of_scores_of_single_cells(cohort, population):
    table, scored, _ = cohort
    program = CATALOGUE["programs"][0]
    weights = controls_of(table, program, population)
    controls = weights[weights < 0]
    assert not set(controls.index) & {gene for entry in CATALOGUE["programs"] for gene in entry["genes"]}
    rows = scored.query("population == @population and program == 'Th1'")
    assert len(rows) == 16
    for row in rows.itertuples():
        one_by_one = []
        for _, cell in table.query(
            "donor == @row.donor and visit == @row.visit and population == @population"
        ).iterrows():
            genes = np.mean([cell[gene] for gene in program["genes"]])
            background = sum(-weight * cell[gene] for gene, weight in controls.items())
            one_by_one.append(genes - background)
        # Sums are written in single precision.
        assert row.score == pytest.approx(np.mean(one_by_one), abs=1e-6)
        assert row.n_cells == len(one_by_one)
    assert rows["sample"].iloc[0] == "D0baseline, D0baselineb"
    assert list(scored.columns) == [*scores.SCORE_COLUMNS, "control"]


def test_weights_sum_to_zero_and_controls_match_in_expression():
    mean = np.linspace(0, 3, 400)
    weights = np.isin(np.arange(400), [0, 200, 399]) / 3
    eligible = weights == 0
    result = scores.subtract_controls(
        weights, mean, eligible=eligible, rng=np.random.default_rng(0), n_controls=20
    )
    assert result.sum() == pytest.approx(0)
    assert result[weights > 0] == pytest.approx(1 / 3)
    drawn = np.flatnonzero(result < 0)
    assert len(drawn) == 60
    # Each of the three bins holds the 40 eligible genes next to its gene.
    assert set(drawn) <= {*range(1, 41), *range(180, 221), *range(359, 399)}


def test_few_eligible_genes_all_serve_and_none_is_an_error():
    weights = np.array([1.0, 0, 0, 0])
    eligible = np.array([False, True, True, False])
    rng = np.random.default_rng(0)
    result = scores.subtract_controls(weights, np.arange(4.0), eligible=eligible, rng=rng, n_controls=50)
    assert result.tolist() == [1, -0.5, -0.5, 0]
    with pytest.raises(ValueError, match="no gene is left to serve as a control"):
        scores.subtract_controls(weights, np.arange(4.0), eligible=weights > 1, rng=rng, n_controls=50)


def test_controls_follow_the_seed_and_not_the_other_programmes(cohort):
    table, scored, _ = cohort
    alone, _ = score(table, tests=[("NK", "Th1")])
    mask = (scored["population"] == "NK") & (scored["program"] == "Th1")
    assert alone["score"].tolist() == scored.loc[mask, "score"].tolist()
    other, _ = score(table, tests=[("NK", "Th1")], seed=2)
    assert (other["score"] != alone["score"]).all()


def test_excluded_genes_are_never_controls(cohort):
    table, *_ = cohort
    allowed = {"G10", "G11", "G12"}
    scored, _ = score(table, tests=[("NK", "Th1")], not_controls=set(GENES) - allowed)
    nk = table[table["population"] == "NK"].groupby(["donor", "visit"])[GENES].mean()
    expected = nk[CATALOGUE["programs"][0]["genes"]].mean(axis=1) - nk[sorted(allowed)].mean(axis=1)
    assert scored["score"].tolist() == pytest.approx(expected.tolist())


def test_few_cells_give_no_score():
    scored, _ = score(cells(), tests=[("NK", "Th1")], min_cells=15)
    assert scored["score"].isna().tolist() == (scored["n_cells"] < 15).tolist()
    assert scored["score"].isna().sum() == 6


def test_a_split_population_is_the_plain_mean_over_its_cells(cohort):
    table, scored, _ = cohort
    plain = table.groupby(["donor", "visit"])[CATALOGUE["programs"][0]["genes"]].mean().mean(axis=1)
    assert scored.query("population == 'PBMC'")["score"].tolist() == pytest.approx(plain.tolist())


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


def test_genes_missing_from_one_reference_lower_the_coverage():
    table = cells()
    sums = collect(table, n_samples=table["sample"].nunique() - 1)
    assert len(sums.genes) == 0


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
