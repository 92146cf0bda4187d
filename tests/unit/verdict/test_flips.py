"""Flipped visits: patterns of signs, detection limits that turn with them, and rates under no change."""

import numpy as np
import pytest
from leaf_tables import POPULATIONS, WEEK2, cohort, random_cohort
from verdict_cases import change, hypothesis, share

from cd20scope.abundance import compare, shares
from cd20scope.stats import changes, pairs, sign_flips
from cd20scope.verdict import flips


def test_all_patterns_where_they_are_few_and_random_ones_beyond():
    rng = np.random.default_rng(0)
    signs = sign_flips.flip_signs(4, limit=16, rng=rng)
    assert len(np.unique(signs, axis=0)) == 16
    many = sign_flips.flip_signs(12, limit=500, rng=rng)
    assert many.shape == (500, 12)
    assert set(np.unique(many)) == {-1.0, 1.0}
    assert abs(many.mean()) < 0.05


def test_a_flip_is_the_change_of_a_cohort_whose_visits_were_exchanged():
    counts = random_cohort(6, seed=3)
    turned = {f"D{i}" for i in (1, 4)}
    other = {"baseline": "week2", "week2": "baseline"}
    exchanged = {(d, other[v] if d in turned else v): cells for (d, v), cells in counts.items()}

    def measure(cells):
        sheet, leaves = cohort(cells)
        tests = [("B naive", "PBMC")]
        rows = shares.donor_table(leaves, sheet=sheet, populations=POPULATIONS, tests=tests)
        return compare.measure_change(rows, contrast=WEEK2)

    signs = np.array([-1.0 if f"D{i}" in turned else 1.0 for i in range(6)])
    flipped, expected = measure(counts).flip(signs), measure(exchanged)
    for name in ("values", "floor", "ceiling"):
        assert getattr(flipped, name) == pytest.approx(getattr(expected, name))
    again = flipped.flip(signs)
    assert again.values == pytest.approx(measure(counts).values)


def ask(made, claims, **options):
    table = flips.decide_flipped(claims, made, **{"alpha": 0.05, "min_pairs": 6, "seed": 0} | options)
    assert tuple(table.columns) == flips.COLUMNS
    return table.set_index("id")


def test_a_strong_effect_supports_itself_only_where_signs_agree():
    table = ask(share("Treg", estimate=1.0, se=0.05), [hypothesis("up")])
    assert table.loc["up", "n_flips"] == 256
    assert table.loc["up", "supported_real"] == 1
    # the pattern that changes nothing, and the eight that turn one donor: then t = 0.75 / 0.25 = 3 on 7 df
    assert table.loc["up", "supported_flipped"] == pytest.approx(9 / 256)
    assert table.loc["up", "contradicted_flipped"] == pytest.approx(9 / 256)
    assert table.loc["any confirmatory", "verdict"] == "1 of 1 supported"
    assert np.isnan(table.loc["any exploratory", "supported_flipped"])


def test_what_cannot_be_tested_is_not_flipped():
    table = ask(share("Treg") | share("NK", n=5), [hypothesis("a"), hypothesis("b", population="NK")])
    assert table.loc["b", ["n_flips", "verdict"]].tolist() == [0, "not testable"]
    assert table.loc["any confirmatory", "verdict"] == "1 of 1 supported"


def test_unchanged_cohorts_are_rarely_supported_under_flips():
    rng = np.random.default_rng(7)
    paired = pairs.Pairs(tuple(f"D{i}" for i in range(9)))
    claims = [hypothesis(f"H{i}", population=f"P{i}") for i in range(5)]
    rates = []
    for _ in range(8):
        made = {}
        for i in range(5):
            values = rng.normal(0, 0.5, 9)
            made |= {
                ("abundance", f"P{i}", "PBMC", "month6-baseline"): changes.Change.unlimited(paired, values)
            }
        rates.append(ask(made, claims, limit=600).loc["any confirmatory", "supported_flipped"])
    # a rise only, in a two-sided family of five at 0.05
    assert np.mean(rates) < 0.05


def test_claims_of_no_change_are_left_out_of_the_family():
    same = hypothesis("same", direction="none", margin=3)
    table = ask({next(iter(share("Treg"))): change(0.0, 0.02)}, [same, hypothesis("up")])
    assert table.loc["same", "supported_flipped"] == 1
    assert table.loc["any confirmatory", "supported_flipped"] < 0.05


def test_either_direction_of_unchanged_shares_is_called_at_the_level_of_the_family():
    """Three populations, each claimed up and down: two-sided tests, so at most 0.05 of the flips in the mean."""
    rng = np.random.default_rng(11)
    paired = pairs.Pairs(tuple(f"D{i}" for i in range(7)))
    claims = [
        hypothesis(f"{way}{i}", population=f"P{i}", direction=way, margin=1.01, question=f"P{i}")
        for i in range(3)
        for way in ("up", "down")
    ]
    rates = []
    for _ in range(24):
        made = {
            ("abundance", f"P{i}", "PBMC", "month6-baseline"): changes.Change.unlimited(
                paired, rng.normal(0, 0.5, 7)
            )
            for i in range(3)
        }
        table = ask(made, claims)
        assert table.loc["up0", "n_flips"] == 128
        # a pattern and its mirror image call opposite claims
        assert table.loc["up0", "supported_flipped"] == table.loc["down0", "supported_flipped"]
        assert table.loc["up0", "supported_flipped"] == table.loc["up0", "contradicted_flipped"]
        rates.append(table.loc["any confirmatory", "supported_flipped"])
    # three standard errors of the mean of the 24 rates, about 0.006 each
    assert 0.03 < np.mean(rates) < 0.05 + 3 * np.std(rates, ddof=1) / np.sqrt(24)
