"""Lines of the donors show every sample, and where no cell was found."""

import annotation_tables
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import report_tables as made_up
from drawn_figures import words_of

from cd20scope.report.colours import population_colours
from cd20scope.report.figures import cohort
from cd20scope.report.figures import donors as donor_figures

VISITS = made_up.VISITS
COLOURS = population_colours(annotation_tables.tree())
ORDER = ["B cells", *COLOURS]


def test_donor_lines_show_every_sample_and_those_without_a_cell_in_a_strip_below_all_others(donors):
    figure = donor_figures.donor_shares(
        donors, visits=VISITS, populations=("B cells", "B naive", "none such"), log=True
    )
    assert len(figure.axes) == 2
    for ax, population in zip(figure.axes, ("B cells", "B naive"), strict=True):
        rows = donors[donors["population"] == population]
        points = [line for line in ax.lines if line.get_marker() != "None"]
        assert sum(len(line.get_ydata()) for line in points) == len(rows)
        opened = [line for line in points if line.get_markerfacecolor() == "white"]
        zeros = rows[rows["n_cells"] == 0]
        assert len(zeros) > 0
        heights = {height for line in opened for height in line.get_ydata()}
        assert sum(len(line.get_ydata()) for line in opened) == len(zeros)
        assert len(heights) == 1
        assert heights.pop() < 100 * rows.loc[rows["n_cells"] > 0, "fraction"].min()
        # no line leads to the strip
        joined = [line for line in ax.lines if line.get_linestyle() in "-:" and line.get_marker() == "None"]
        low = 100 * rows.loc[rows["n_cells"] > 0, "fraction"].min()
        assert all(np.nanmin(line.get_ydata(), initial=low) >= low for line in joined)
        assert "0 cells" in words_of(ax)


def test_n_counts_what_is_drawn(donors):
    scores = made_up.scores()
    scores.loc[(scores["donor"].isin(["D01", "D02"])) & (scores["visit"] == "week2"), "score"] = np.nan
    figure = donor_figures.programme_scores(scores, visits=VISITS, pairs=[("Treg", "Treg suppression")])
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["baseline\nn = 8", "week 2\nn = 5", "month 6\nn = 8"]  # D05 has no week 2


def test_a_class_that_no_sample_has_is_not_told_apart_and_has_no_limit(donors):
    rows = donors["population"] == "Treg"
    none = donors.assign(n_cells=donors["n_cells"].mask(rows, 0), fraction=donors["fraction"].mask(rows, 0.0))
    ax = donor_figures.donor_shares(none, visits=VISITS, populations=["Treg"], log=True).axes[0]
    assert any("not told" in text for text in words_of(ax))
    assert ax.get_yticks().size == 0  # no scale without a value
    assert any(
        "(not told apart" in text.replace("\n", " ")
        for text in words_of(cohort.shares(none, visits=VISITS, order=ORDER))
    )


def test_the_band_of_many_donors_counts_those_without_a_cell(donors):
    """Where most have no cell, the median is in the strip and not that of the few with one."""
    rows = donors[donors["population"] == "Treg"]
    many = pd.concat([rows.assign(donor=rows["donor"] + f" {number}") for number in range(5)])
    gone = (many["visit"] == "week2") & ~many["donor"].str.startswith(("D01", "D02"))
    none = many.assign(n_cells=many["n_cells"].mask(gone, 0), fraction=many["fraction"].mask(gone, 0.0))
    ax = donor_figures.donor_shares(none, visits=VISITS, populations=["Treg"], log=True).axes[0]
    (median,) = [line for line in ax.lines if line.get_lw() == 1.8]
    assert median.get_ydata()[1] == pytest.approx(100 * none.loc[~gone, "fraction"].min() / 3)
    assert median.get_ydata()[0] == pytest.approx(
        100 * many.loc[many["visit"] == "baseline", "fraction"].median()
    )


def test_forty_donors_are_a_band_and_long_names_are_broken(donors):
    many = pd.concat([donors.assign(donor=donors["donor"] + f" {'x' * 60} {number}") for number in range(5)])
    ax = donor_figures.donor_shares(many, visits=VISITS, populations=["Treg"], log=False).axes[0]
    assert len({line.get_color() for line in ax.lines}) == 2  # grey donors and their median
    named = [text for text in words_of(ax.figure) if "xx" in text]
    assert named == []
    few = donor_figures.donor_shares(
        donors.assign(donor=donors["donor"] + "y" * 60), visits=VISITS, populations=["Treg"], log=False
    )
    assert max(len(line) for text in words_of(few) for line in text.split("\n")) < 40


def test_a_line_across_a_missing_visit_is_dotted(donors):
    figure = donor_figures.donor_shares(donors, visits=VISITS, populations=["Treg"], log=False)
    dotted = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert [tuple(line.get_xdata()) for line in dotted] == [(0, 2)]  # D05, without week 2
    solid = [line for line in figure.axes[0].lines if line.get_linestyle() == "-"]
    across = next(line for line in solid if np.isnan(line.get_xdata()).any())
    np.testing.assert_array_equal(across.get_xdata(), [0, np.nan, 2])


def test_programme_scores_are_in_sd_between_donors_at_baseline_on_one_scale():
    scores = made_up.scores()
    pairs = [("Treg", "Treg suppression"), ("CD4 memory", "Th17")]
    figure = donor_figures.programme_scores(scores, visits=VISITS, pairs=pairs)
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    own = scores[(scores["population"] == "Treg") & (scores["program"] == "Treg suppression")]
    start = own.loc[own["visit"] == "baseline", "score"]
    points = [line for line in figure.axes[0].lines if line.get_marker() != "None"]
    drawn = sorted(height for line in points for height in line.get_ydata())
    np.testing.assert_allclose(drawn, sorted((own["score"] - start.mean()) / start.std(ddof=1)))


def test_a_score_without_a_spread_at_baseline_says_so():
    scores = made_up.scores()
    scores.loc[(scores["visit"] == "baseline") & (scores["donor"] != "D01"), "score"] = np.nan
    figure = donor_figures.programme_scores(scores, visits=VISITS, pairs=[("Treg", "Treg suppression")])
    assert "too few donors at\nthe first visit" in words_of(figure)


def test_programme_scores_have_a_panel_per_pair_and_a_point_per_sample():
    scores = made_up.scores()
    pairs = [("Treg", "Treg suppression"), ("CD4 memory", "Th17"), ("Treg", "no such programme")]
    figure = donor_figures.programme_scores(scores, visits=VISITS, pairs=pairs)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "Treg suppression\nin regulatory T cells",
        "Th17\nin memory CD4 T cells",
    ]
    points = [line for line in figure.axes[0].lines if line.get_marker() != "None"]
    assert sum(len(line.get_ydata()) for line in points) == len(made_up.sheet())


def test_a_dollar_in_a_name_is_a_dollar(donors):
    named = donors.assign(donor=donors["donor"].replace("D01", "$x_1$"))
    figure = donor_figures.donor_shares(named, visits=VISITS, populations=["Treg"], log=False)
    shown = [text for text in figure.findobj(mpl.text.Text) if text.get_text() == "$x_1$"]
    assert shown
    assert not any(text.get_parse_math() for text in shown)
