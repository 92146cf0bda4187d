"""Scores against a loop over cells."""

from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from program_cells import CATALOGUE, GENES, POPULATIONS, cells, collect, score

from cd20scope.programs import scores
from cd20scope.programs.controls import rank_controls, subtract_controls


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


def controls_of(table, program, population):
    """Draw the weights again and read the controls off them."""
    sums = collect(table)
    inside = sums.select(POPULATIONS, population)
    mean = sums.add_up(inside, value="lognorm").sum(axis=0) / sums.n_cells(inside).sum()
    reserved = {gene for entry in CATALOGUE["programs"] for gene in entry["genes"]}
    weights = subtract_controls(
        np.isin(GENES, program["genes"]) / 4,
        mean,
        ranked=rank_controls(mean, eligible=~np.isin(GENES, list(reserved))),
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
    ranked = rank_controls(mean, eligible=eligible)
    result = subtract_controls(weights, mean, ranked=ranked, rng=np.random.default_rng(0), n_controls=20)
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
    ranked = rank_controls(np.arange(4.0), eligible=eligible)
    result = subtract_controls(weights, np.arange(4.0), ranked=ranked, rng=rng, n_controls=50)
    assert result.tolist() == [1, -0.5, -0.5, 0]
    with pytest.raises(ValueError, match="no gene is left to serve as a control"):
        rank_controls(np.arange(4.0), eligible=weights > 1)


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


def test_genes_missing_from_one_reference_lower_the_coverage():
    table = cells()
    sums = collect(table, n_samples=table["sample"].nunique() - 1)
    assert len(sums.genes) == 0
