"""The heat map of the donors has the changes of the ledger, over their typical size, and says what is missing."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import report_page
from drawn_figures import words_of
from matplotlib.patches import Rectangle

from cd20scope.report.figures import changes


@pytest.fixture(scope="module")
def run():
    return report_page.judged(report_page.tables(n_cells=20, n_genes=12))


def many(run, n):
    """The same donors several times, each with a long name."""
    ledger, donors = run.statistics["ledger"], run.donors
    names = [f" {'x' * 57} {number}" for number in range(n)]
    copies = [
        [table.assign(donor=table["donor"].astype(str) + name) for name in names]
        for table in (ledger, donors)
    ]
    more = dict(run.statistics) | {"ledger": pd.concat(copies[0], ignore_index=True)}
    return dataclasses.replace(run, statistics=more, donors=pd.concat(copies[1], ignore_index=True))


def test_each_change_is_that_of_the_ledger_over_its_typical_size(run):
    table = changes.standardised(run).set_index(["id", "donor"])
    ledger = run.statistics["ledger"].query("id == 'T1' and part == 'main' and enters == 'yes'")
    typical = np.sqrt(np.mean(np.square(ledger["change"])))
    for row in ledger.itertuples():
        assert table.loc[("T1", row.donor), "standardised"] == pytest.approx(row.change / typical)
    assert set(table.index.get_level_values("id")) <= set(run.verdicts["question"])
    out = table[table["enters"] != "yes"]
    assert len(out) > 0
    assert out["standardised"].isna().all()


def test_the_heat_map_draws_every_value_and_hatches_those_that_are_missing(run):
    ax = changes.donor_changes(run).axes[0]
    table = changes.standardised(run)
    drawn = np.ma.compressed(ax.collections[0].get_array())
    np.testing.assert_allclose(sorted(drawn), sorted(table["standardised"].dropna()))
    hatched = [patch for patch in ax.patches if isinstance(patch, Rectangle) and patch.get_hatch()]
    tested = table.groupby("id")["standardised"].transform("count") > 0
    assert len(hatched) == (table["standardised"].isna() & tested).sum() > 0
    assert words_of(ax).count("not tested") == table.loc[~tested, "id"].nunique()
    assert "donor not in the test" in words_of(ax.figure)


def test_donors_stand_in_the_order_of_the_first_question(run):
    ax = changes.donor_changes(run).axes[0]
    first = ax.collections[0].get_array()[0]
    known = np.ma.compressed(first)
    assert (np.diff(known) >= 0).all()


def test_sixty_donors_with_long_names_are_told_apart_by_short_ones(run):
    figure = changes.donor_changes(many(run, 8))
    ax = figure.axes[0]
    labels = [*ax.get_xticklabels(), *ax.get_xticklabels(minor=True)]
    assert len({label.get_text() for label in labels}) == 64
    assert max(len(label.get_text()) for label in labels) <= 9
    assert min(label.get_fontsize() for label in labels) >= 5.5


def test_without_any_change_nothing_is_standardised(run):
    ledger = run.statistics["ledger"].copy()
    ledger.loc[ledger["id"] == "T1", "change"] = 0.0
    alike = dataclasses.replace(run, statistics=dict(run.statistics) | {"ledger": ledger})
    table = changes.standardised(alike)
    assert table.loc[table["id"] == "T1", "standardised"].isna().all()
    nothing = dataclasses.replace(run, statistics=dict(run.statistics) | {"ledger": ledger.head(0)})
    assert "has a change of a donor" in words_of(changes.donor_changes(nothing))[0]
