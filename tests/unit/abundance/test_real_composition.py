"""Depletion planted in a real composition of eight donors at three visits (Hao 2021), counted by protein gates.

The donors were vaccinated, so their cells change for real between the days (intermediate monocytes rise); what is asked
is whether planting depletion changes anything for other populations.
"""

import itertools

import numpy as np
import pandas as pd
import pytest
import yaml
from reference_data import locate

from cd20scope.abundance import compare
from cd20scope.abundance.shares import donor_table
from cd20scope.stats import paired_tests
from cd20scope.study import catalogue
from workflow.running import ROOT

HAO = "hao_8donors_counts.csv"
TREE = yaml.safe_load((ROOT / "config/populations.yaml").read_text())
LEAVES = {
    "naive B": ("B naive", "unassigned"),
    "memory B": ("B memory", "unassigned"),
    "naive CD4": ("CD4 naive", "unassigned"),
    "memory CD4": ("CD4 memory", "unassigned"),
    "Treg": ("Treg", "unassigned"),
    "naive CD8": ("CD8 naive", "unassigned"),
    "memory CD8": ("CD8 memory", "unassigned"),
    "CD16+ NK": ("NK", "CD56dim"),
    "CD16- NK": ("NK", "CD56bright"),
    "classical monocyte": ("Monocyte", "classical"),
    "intermediate monocyte": ("Monocyte", "intermediate"),
    "non-classical CD16+ monocyte": ("Monocyte", "non-classical"),
    "myeloid DC": ("DC", "unassigned"),
    "plasmacytoid DC": ("pDC", "unassigned"),
    "undefined": ("unassigned", "unassigned"),
}
VISITS = {0: "baseline", 3: "week2", 7: "month6"}
CONTRASTS = [("week2", "baseline"), ("month6", "baseline")]
B = ("B cells", "B naive", "B memory")

pytestmark = pytest.mark.cohort(HAO)


def shares(kept):
    """Shares per donor and visit, after a part of the B cells was kept at the later visits."""
    rng = np.random.default_rng(8)
    wide = pd.read_csv(locate(HAO))
    sheet = pd.DataFrame({"donor": wide["donor"], "visit": wide["day"].map(VISITS)})
    sheet.insert(0, "sample", sheet["donor"] + "_" + sheet["visit"])
    later = (sheet["visit"] != "baseline").to_numpy()
    tree = catalogue.leaves(TREE)
    blocks = []
    for column, (population, subset) in LEAVES.items():
        n = wide[column].to_numpy().copy()
        if population.startswith("B ") and kept < 1:
            n = np.where(later, rng.binomial(n, kept), n)
        blocks.append(sheet[["sample"]].assign(population=population, subset=subset, n_cells=n))
    cells = pd.concat(blocks).groupby(["sample", "population", "subset"])["n_cells"].sum()
    every = pd.MultiIndex.from_tuples(
        [(s, *leaf) for s in sheet["sample"] for leaf in tree.itertuples(index=False, name=None)],
        names=cells.index.names,
    )
    leaves = cells.reindex(every, fill_value=0).reset_index()
    leaves["posterior"] = leaves["n_cells"].astype(float)
    leaves["shallow"] = False
    tests = catalogue.selectors(TREE)
    return donor_table(leaves, sheet=sheet, populations=TREE, tests=tests)


@pytest.fixture(scope="module")
def results():
    return {
        name: compare.compare(shares(kept), contrasts=CONTRASTS).set_index(["population", "contrast"])
        for name, kept in (("as it is", 1.0), ("depleted", 0.04))
    }


def test_planted_depletion_is_called(results):
    for population in B:
        for contrast in ("week2-baseline", "month6-baseline"):
            row = results["depleted"].loc[(population, contrast)]
            assert row["p_adjusted"] < 1e-4
            assert row["fell_at_least"] > 0.8
            assert results["as it is"].loc[(population, contrast), "odds_ratio"] > 0.5


def test_nothing_else_changes_by_it(results):
    """B cells are in no denominator but their own: every other row is the same to the last digit."""
    columns = ["estimate", "se", "p_value", "ci_low", "ci_high"]
    for name in ("as it is", "depleted"):
        assert results[name].loc[("Treg", "month6-baseline"), "status"] == "tested"
    others = [key for key in results["depleted"].index if not key[0].startswith(("B ", "Plasma"))]
    assert len(others) > 20
    one, two = (results[name].loc[others, columns] for name in ("as it is", "depleted"))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_no_other_population_is_called_beyond_its_rate_when_visits_are_flipped():
    """All 2^8 patterns on the depleted table; real changes of the vaccinated donors are flipped with it."""
    donors = shares(0.04)
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=8)))
    rates = []
    for (population, _), rows in donors.groupby(["population", "denominator"]):
        change = compare.measure_change(rows, contrast=("month6", "baseline"))
        if population.startswith(("B ", "Plasma")) or not change.measured:
            continue
        p = [paired_tests.paired_t(change.values * pattern).p_value for pattern in signs]
        rates.append(np.mean(np.array(p) < 0.05))
    assert len(rates) > 10
    assert np.mean(rates) <= 0.07


def test_counted_in_all_cells_the_same_planting_calls_others():
    """Why no other population is counted in all mononuclear cells: CD4 T rise by closure alone."""
    raised = []
    for kept in (1.0, 0.04):
        table = shares(kept)
        cells = table[(table["population"] == "CD4 T")].set_index(["visit", "donor"])["n_cells"]
        whole = table[(table["population"] == "B cells")].set_index(["visit", "donor"])["n_denominator"]
        y = np.log((cells + 0.5) / (whole.loc[cells.index] - cells + 0.5))
        raised.append(float((y["month6"] - y["baseline"]).mean()))
    assert raised[1] - raised[0] > 0.05
