"""Questions of another tissue: asked of its own samples alone, typed where they cannot be, without verdicts."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from verdict_cases import hypothesis

from cd20scope.abundance.log_odds import log_odds
from cd20scope.verdict import measure, tissues

CONTRAST = ("month6", "baseline")
SETTINGS = measure.Settings([CONTRAST], "baseline")
NONE = pd.DataFrame(columns=["population", "program", "control"])
RISES, FALLS = hypothesis("rises"), hypothesis("falls") | {"population": "B cells"}


def counts(population, cells, *, change=0.0, n=8, seed=1, logit=-3.0, controls=0):
    """Cells of a population at both visits of each donor; ``change`` of the log odds in the treated."""
    rng = np.random.default_rng(seed)
    rows = []
    for donor in [f"D{i}" for i in range(n)] + [f"P{i}" for i in range(controls)]:
        own = rng.normal(logit, 0.3)
        for visit in ("baseline", "month6"):
            odds = own + rng.normal(0, 0.1) + change * (visit == "month6") * (not donor.startswith("P"))
            x = rng.binomial(cells, 1 / (1 + np.exp(-odds)))
            rows.append((donor, visit, "placebo" if donor.startswith("P") else "", x, cells))
    table = pd.DataFrame(rows, columns=["donor", "visit", "control", "n_cells", "n_denominator"])
    logits = log_odds(table["n_cells"].to_numpy(), table["n_denominator"].to_numpy())
    return table.assign(population=population, denominator="PBMC", logit=logits, unusable="")


def ask(donors, claims=(RISES,), *, scores=NONE, tissue="CSF", **level):
    changes = measure.measure_needed(claims, donors=donors, scores=scores, parts=NONE, settings=SETTINGS)
    return tissues.ask_tissue(claims, changes, tissue=tissue, **level).set_index("id")


def test_the_numbers_are_those_of_a_paired_t_test():
    table = counts("Treg", 3000, change=0.6)
    row = ask(table).loc["rises"]
    wide = table.pivot_table(index="donor", columns="visit", values="logit")
    expected = stats.ttest_rel(wide["month6"], wide["baseline"])
    low, high = expected.confidence_interval(0.95)
    assert row[["estimate", "ci_low", "ci_high", "p_value"]].tolist() == pytest.approx(
        [(wide["month6"] - wide["baseline"]).mean(), low, high, expected.pvalue]
    )
    assert (row["status"], row["n_pairs"], row["tissue"], row["unit"]) == ("rose", 8, "CSF", "log odds")


def test_false_discovery_is_controlled_over_the_tissue():
    claims = [hypothesis(f"q{i}") | {"population": f"T{i}"} for i in range(12)]
    tables = [counts(f"T{i}", 2000, change=0.5 * (i < 4), seed=i) for i in range(12)]
    asked = ask(pd.concat(tables), claims)
    expected = stats.false_discovery_control(asked["p_value"].to_numpy(), method="bh")
    np.testing.assert_allclose(asked["p_adjusted"], expected)
    assert ((asked["p_adjusted"] <= 0.05) == (asked["status"] == "rose")).all()
    assert set(asked["status"]) == {"rose", "no change shown"}


def test_a_tissue_without_a_change_is_rarely_called():
    claims = [hypothesis(f"q{i}") | {"population": f"T{i}"} for i in range(10)]
    called = 0
    for seed in range(100):
        tables = [counts(f"T{i}", 1500, seed=1000 * seed + i) for i in range(10)]
        called += (ask(pd.concat(tables), claims)["p_adjusted"] <= 0.05).any()
    # at most 5 % of such tissues have any call; 11 of 100 is beyond the 99.5 % point of that
    assert called <= 11


@pytest.mark.parametrize(("n", "status"), [(5, "not testable"), (6, "rose")])
def test_too_few_donors_are_not_testable(n, status):
    row = ask(counts("Treg", 3000, change=0.8, n=n)).loc["rises"]
    assert row["status"] == status
    if status == "not testable":
        assert row["reason"] == "5 complete pairs, 6 needed"
        assert row[["estimate", "ci_low", "ci_high", "p_value", "p_adjusted"]].isna().all()


def test_too_few_cells_are_not_testable_whatever_they_say():
    """B cells of 40 cells of CSF: an expected two per donor, lost at month 6, are no depletion."""
    row = ask(counts("B cells", 40, change=-4, logit=-3), [FALLS]).loc["falls"]
    assert row["status"] == "not testable"
    assert "cells of B cells per donor expected" in row["reason"]
    assert np.isnan(row["estimate"])
    tiny = ask(counts("B cells", 15, change=-4, logit=0), [FALLS]).loc["falls"]
    assert tiny["reason"] == "0 complete pairs, 6 needed"
    assert "only 15 cells in the denominator" in tiny["dropped"]


def test_enough_cells_of_the_same_change_are_a_fall():
    assert ask(counts("B cells", 400, change=-4, logit=-2), [FALLS]).loc["falls", "status"] == "fell"


def test_donors_of_a_control_arm_enter_no_change():
    table = counts("Treg", 3000, change=0.6, controls=6)
    alone, beside = ask(table[table["control"] == ""]).loc["rises"], ask(table).loc["rises"]
    numbers = ["estimate", "ci_low", "ci_high", "p_value", "n_pairs", "donors"]
    assert alone[numbers].tolist() == beside[numbers].tolist()
    assert "P0: control arm (placebo)" in beside["dropped"]


def test_one_visit_is_not_testable():
    table = counts("Treg", 3000)
    row = ask(table[table["visit"] == "baseline"]).loc["rises"]
    assert (row["status"], row["reason"]) == ("not testable", "0 complete pairs, 6 needed")
    assert row["dropped"].startswith("D0: no month6")


def test_a_change_is_asked_of_once_and_the_order_of_events_not_at_all():
    cells = {"population": "B cells", "denominator": "PBMC", "first": "month6-baseline", "fall": 5}
    order = hypothesis("order", "biphasic", depletion=cells)
    claims = [RISES, RISES | {"id": "again", "question": "again"}, RISES | {"id": "twin"}, order]
    changes = measure.measure_needed(
        claims, donors=counts("Treg", 3000), scores=NONE, parts=NONE, settings=SETTINGS
    )
    assert tissues.ask_tissue(claims, changes, tissue="CSF")["id"].tolist() == ["rises"]


def test_the_samples_are_listed_with_their_cells():
    sheet = pd.DataFrame(
        {
            "sample": ["a", "b"],
            "donor": ["D1", "D1"],
            "visit": ["baseline", "month6"],
            "tissue": "CSF",
            "control": "",
        }
    )
    leaves = pd.DataFrame({"sample": ["a", "a"], "population": ["B", "T"], "subset": "", "n_cells": [3, 40]})
    table = tissues.tabulate_samples(sheet, leaves)
    assert table["n_cells"].tolist() == [43, 0]
    assert tuple(table.columns) == tissues.SAMPLE_COLUMNS
