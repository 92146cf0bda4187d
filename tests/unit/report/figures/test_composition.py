"""Stacked bars have every cell of a donor and visit once."""

import annotation_tables
import numpy as np
import pandas as pd
import pytest
import report_tables
from drawn_figures import words_of

from cd20scope.report.colours import population_colours
from cd20scope.report.figures import composition
from cd20scope.report.figures.style import shortened
from cd20scope.study import catalogue

VISITS = report_tables.VISITS
ORDER = list(catalogue.lineage_of(annotation_tables.tree()))
COLOURS = population_colours(annotation_tables.tree())


def made(donors):
    return composition.composition(donors, whole="PBMC", order=ORDER, visits=VISITS)


@pytest.fixture(scope="module")
def donors():
    return report_tables.donors()


def test_shares_of_a_donor_are_counts_over_all_cells_and_sum_to_all(donors):
    table = made(donors)
    assert table.groupby(["donor", "visit"])["percent"].sum().to_numpy() == pytest.approx(100)
    one = table.set_index(["donor", "visit", "population"]).loc[("D02", "month6", "Treg"), "percent"]
    own = donors.query("donor == 'D02' and visit == 'month6'").set_index("population")
    assert one == pytest.approx(100 * own.loc["Treg", "n_cells"] / own.loc["B cells", "n_denominator"])


def test_two_libraries_of_a_visit_are_one_bar(donors):
    again = donors.query("donor == 'D02' and visit == 'month6'").assign(sample="D02_month6_b")
    table = made(pd.concat([donors, again])).set_index(["donor", "visit", "population"])
    before = made(donors).set_index(["donor", "visit", "population"])
    at = ("D02", "month6", "NK")
    assert table.loc[at, "n_cells"] == 2 * before.loc[at, "n_cells"]
    assert table.loc[at, "percent"] == pytest.approx(before.loc[at, "percent"])


def test_the_first_bar_is_the_median_over_donors(donors):
    table = made(donors)
    own = table[(table["visit"] == "baseline") & (table["donor"] != composition.ALL)]
    median = own.groupby("population")["percent"].median()
    drawn = table[(table["visit"] == "baseline") & (table["donor"] == composition.ALL)]
    found = drawn.set_index("population")["percent"]
    np.testing.assert_allclose(found, 100 * median[found.index] / median.sum())


def test_a_bar_per_donor_and_visit_and_a_word_where_a_visit_is_missing(donors):
    figure = composition.stacked(made(donors), whole="PBMC", visits=VISITS, colours=COLOURS)
    names = made(donors)["population"].nunique()
    bars = [len(ax.patches) / names for ax in figure.axes]
    assert bars == [9, 8, 9]  # D05 has no week 2
    assert [words_of(ax).count("no sample") for ax in figure.axes] == [0, 1, 0]
    for ax in figure.axes:
        assert max(bar.get_y() + bar.get_height() for bar in ax.patches) == pytest.approx(100)


def test_without_a_count_of_all_cells_the_figure_says_so(donors):
    nothing = made(donors.assign(denominator="other"))
    figure = composition.stacked(nothing, whole="PBMC", visits=VISITS, colours=COLOURS)
    assert words_of(figure) == ["No cell was counted."]


def test_a_long_name_keeps_its_start_and_its_end():
    assert shortened("D01", 18) == "D01"
    assert shortened("a donor of the second site 17", 18) == "a donor …d site 17"
    assert len(shortened("x" * 60, 9)) == 9
