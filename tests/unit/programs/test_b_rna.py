"""B-cell RNA in other cells: planted, measured, taken out of scores and their split, and its uncertainty."""

import numpy as np
import pytest
from scipy import stats
from soup_cells import B_GENES, GENES, MHC, POPULATIONS, PROGRAMS, collect, draw_cells, profiles

from cd20scope.programs import b_rna, scores
from cd20scope.programs.compare import SHARED_ERROR, measure_change
from cd20scope.programs.without_b_rna import WithoutBRna, profile_of, score_arm, score_without_b_rna

OPTIONS = {
    "populations": POPULATIONS,
    "programs": PROGRAMS,
    "tests": [("PBMC", "MHC-II"), ("CD4 memory", "MHC-II"), ("Monocyte", "MHC-II"), ("B cells", "MHC-II")],
    "seed": 1,
    "split": ["PBMC"],
    "not_controls": B_GENES,
    "n_controls": 20,
}
CONTRAST = ("week2", "baseline")


def both(**of):
    """Scores and parts of a cohort with soup, as they are and without B-cell RNA."""
    sums = collect(*draw_cells(**of))
    profile = profile_of(sums, populations=POPULATIONS, baseline="baseline")
    return scores.score_programs(sums, **OPTIONS), score_without_b_rna(sums, profile, **OPTIONS)


def change_of(tables, population, component="total"):
    table, parts = (part[part["population"] == population] for part in tables)
    split = parts if population == "PBMC" else None
    return measure_change(table, split, contrast=CONTRAST, baseline="baseline")[component]


def t_of(change):
    return stats.ttest_1samp(change.values, 0).statistic


@pytest.mark.parametrize("mean", [0.0, 0.003, 0.4, 3.0, 29.0, 31.0, 200.0])
@pytest.mark.parametrize("m", [0.5, 3.0, 20.0])
def test_the_expected_logarithm_is_the_sum_over_the_distribution(mean, m):
    k = np.arange(600)
    known = np.sum(stats.poisson.pmf(k, mean) * np.log1p(m * k))
    assert b_rna.expected_log(np.array([mean]), m)[0] == pytest.approx(known, rel=1e-3, abs=1e-9)


def test_the_expected_logarithm_goes_on_below_zero():
    assert b_rna.expected_log(np.array([-1e-5]), 3.0)[0] == pytest.approx(-1e-5 * np.log(4), rel=1e-3)


@pytest.mark.parametrize("soup", [0.02, 0.1])
def test_planted_soup_is_measured(soup):
    sums = collect(*draw_cells(soup=soup))
    profile = profile_of(sums, populations=POPULATIONS, baseline="baseline")
    counts = sums.add_up(sums.select(POPULATIONS, "CD4 memory"), value="counts")
    found = b_rna.b_share(counts, profile)
    first = (sums.units["visit"] == "baseline").to_numpy()
    assert found[first].mean() == pytest.approx(soup, rel=0.1)
    assert found[~first].max() == 0


@pytest.mark.parametrize("soup", [0.02, 0.1])
@pytest.mark.parametrize(
    ("population", "component"), [("CD4 memory", "total"), ("Monocyte", "total"), ("PBMC", "within")]
)
def test_a_fall_that_soup_makes_is_taken_out(soup, population, component):
    raw, cleared = (change_of(tables, population, component) for tables in both(soup=soup))
    if population != "Monocyte":  # their own MHC-II hides most of it
        assert t_of(raw) < -5
    assert abs(t_of(cleared)) < 3
    assert abs(cleared.values.mean()) < 0.15 * abs(raw.values.mean()) + 0.2


def test_a_fall_inside_cells_stays():
    raw, cleared = (change_of(tables, "CD4 memory") for tables in both(soup=0.02, within=-1.0))
    clean, _ = (change_of(tables, "CD4 memory") for tables in both(soup=0.0, within=-1.0))
    assert t_of(cleared) < -5
    assert cleared.values.mean() == pytest.approx(clean.values.mean(), rel=0.35)
    assert raw.values.mean() < cleared.values.mean()


def test_nothing_changes_where_no_b_cell_gene_is_seen():
    (table, parts), (cleared, cleared_parts) = both(soup=0.0)
    own = table[table["population"] != "B cells"].reset_index(drop=True)
    assert cleared["score"].tolist() == pytest.approx(own["score"].tolist(), abs=1e-12)
    assert cleared_parts["mean"].tolist() == pytest.approx(parts["mean"].tolist(), abs=1e-12, nan_ok=True)
    assert cleared[SHARED_ERROR].abs().max() == 0


def test_b_cells_and_their_raw_counts_are_left_alone():
    sums = collect(*draw_cells(soup=0.1))
    profile = profile_of(sums, populations=POPULATIONS, baseline="baseline")
    mhc = np.isin(GENES, MHC)
    cleared = WithoutBRna.clear(sums, profile, populations=POPULATIONS, read=mhc)
    for selector, value in (("B cells", "lognorm"), ("CD4 memory", "counts")):
        chosen = sums.select(POPULATIONS, selector)
        np.testing.assert_array_equal(cleared.add_up(chosen, value=value), sums.add_up(chosen, value=value))
    with_t = sums.select(POPULATIONS, "CD4 memory")
    less, own = (each.add_up(with_t, value="lognorm") for each in (cleared, sums))
    assert less[:, mhc].sum() < own[:, mhc].sum()
    # genes that are not read are left alone
    np.testing.assert_array_equal(less[:, ~mhc], own[:, ~mhc])
    everything = np.ones(len(GENES), dtype=bool)
    whole = WithoutBRna.clear(sums, profile, populations=POPULATIONS, read=everything)
    np.testing.assert_array_equal(whole.add_up(with_t, value="lognorm")[:, mhc], less[:, mhc])


def test_the_error_of_the_profile_is_one_that_donors_share():
    b = profiles()["B naive"]
    rng = np.random.default_rng(4)
    alone = np.isin(GENES, B_GENES)
    alike, unlike = (
        b_rna.profile_b_cells(
            [rng.poisson(30_000 * b * np.where(alone, rng.lognormal(0, sd), 1)) for _ in range(8)], GENES
        )
        for sd in (0.01, 0.5)
    )
    assert unlike.log_se > 3 * alike.log_se
    sums = collect(*draw_cells(soup=0.1))
    tables = [score_without_b_rna(sums, profile, **OPTIONS) for profile in (alike, unlike)]
    errors = [change_of(found, "CD4 memory").shared_se for found in tables]
    assert errors[1] > 3 * errors[0] > 0
    within = [change_of(found, "PBMC", "within").shared_se for found in tables]
    assert within[1] > 3 * within[0] > 0


def test_too_few_b_cells_or_genes_are_refused():
    b = profiles()["B naive"]
    sums = np.random.default_rng(0).poisson(5000 * b, (3, len(GENES)))
    with pytest.raises(b_rna.NoProfileError, match="1 of 3 donors have 1000 molecules"):
        b_rna.profile_b_cells(sums * [[1], [0], [0]], GENES)
    with pytest.raises(b_rna.NoProfileError, match="2 of 11 genes that B cells alone have"):
        b_rna.profile_b_cells(sums, [*B_GENES[:2], *(f"X{i}" for i in range(len(GENES) - 2))])


def test_the_arm_has_the_scores_or_the_reason_why_there_are_none():
    counts, told = draw_cells(soup=0.02, donors=3)
    arm, parts, reason = score_arm(collect(counts, told), OPTIONS, baseline="baseline")
    assert reason == ""
    assert set(arm["arm"]) == set(parts["arm"]) == {"without_b_rna"}
    assert "B cells" not in set(arm["population"])
    gone = ((told["population"] != "B naive") | (told["visit"] != "baseline")).to_numpy()
    arm, parts, reason = score_arm(
        collect(counts[gone], told[gone].reset_index(drop=True)), OPTIONS, baseline="baseline"
    )
    assert (len(arm), len(parts)) == (0, 0)
    assert reason.startswith("B-cell profile: 0 of 3 donors have 1000 molecules")


def test_scores_whose_correction_is_exact_have_no_shared_error():
    table, _ = score_without_b_rna(
        sums := collect(*draw_cells(soup=0.02)),
        profile_of(sums, populations=POPULATIONS, baseline="baseline"),
        **OPTIONS,
    )
    own = table[table["population"] == "CD4 memory"].assign(**{SHARED_ERROR: np.nan})
    change = measure_change(own, None, contrast=CONTRAST, baseline="baseline")["total"]
    assert change.shared_se == 0
    assert np.isfinite(change.values).all()
