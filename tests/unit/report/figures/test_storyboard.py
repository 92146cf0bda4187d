"""The study in one picture: every donor, the mean of the questions, and visits where their names put them."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import report_page
import report_states
import report_tables as made_up
from scipy.special import expit

from cd20scope.report.figures import storyboard, timeline


@pytest.fixture(scope="module")
def run():
    return report_page.judged(report_page.tables(n_cells=20, n_genes=12))


def lines_of(ax, colour):
    return [line for line in ax.lines if mpl.colors.same_color(line.get_color(), colour)]


def test_each_panel_has_every_donor_and_a_mean_over_all_visits(run):
    axes = storyboard.storyboard(run).axes
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles[0] == "B cells"
    assert len(axes) == 3
    for ax in axes:
        grey = [line for line in lines_of(ax, storyboard.GREY) if line.get_linestyle() == "-"]
        assert len(grey) == 8
        (mean,) = [line for line in ax.lines if line.get_lw() == 1.8]
        np.testing.assert_allclose(mean.get_xdata(), [0, 14, 182.625])


def test_the_bars_are_the_limits_of_the_questions(run):
    row = run.verdicts.set_index("id").loc["B1"]
    values = storyboard.values_of(row, run, shares=True)
    points = {name: limits for name, *limits in storyboard.means(row, values, run, shares=True)}
    own = made_up.donors().query("population == 'B cells' and visit == 'baseline'")["logit"].mean()
    expected = 100 * expit(own + np.array([row["estimate"], row["decide_low"], row["decide_high"]]))
    np.testing.assert_allclose(points["week2"], expected)
    np.testing.assert_allclose(points["baseline"], 100 * expit(own))


def test_no_line_leads_to_a_sample_without_such_a_cell(run):
    donors = run.donors.copy()
    gone = (donors["donor"] == "D01") & (donors["visit"] == "week2") & (donors["population"] == "B cells")
    donors.loc[gone, "n_cells"] = 0
    ax = storyboard.storyboard(replace(run, donors=donors)).axes[0]
    strip = [line for line in lines_of(ax, storyboard.GREY) if line.get_marker() == "v"]
    assert sum(len(line.get_xdata()) for line in strip) >= 1
    assert "0 cells" in [text.get_text() for text in ax.texts]


def test_healthy_donors_are_a_band_behind_the_lines(run):
    row = run.verdicts.set_index("id").loc["B1"]
    same = {"population": row["population"], "denominator": row["denominator"], "visit": "baseline"}
    shares = [4.0, 9.0, 21.0, 12.0]
    healthy = pd.DataFrame([{"donor": f"H{i}", "percent": x} | same for i, x in enumerate(shares)])
    drawn, plain = storyboard.storyboard(replace(run, reference=healthy)), storyboard.storyboard(run)
    (band,) = [patch for patch in drawn.axes[0].patches if patch.get_alpha() == storyboard.BAND]
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((4.0, 21.0))
    assert drawn.axes[0].get_ylim()[1] >= 21
    (median,) = lines_of(drawn.axes[0], storyboard.REFERENCE_COLOUR)
    assert median.get_ydata()[0] == pytest.approx(10.5)
    assert "healthy donors" in " ".join(text.get_text() for text in drawn.legends[0].texts)
    assert "healthy" not in " ".join(text.get_text() for text in plain.legends[0].texts)
    assert not lines_of(drawn.axes[1], storyboard.REFERENCE_COLOUR)


@pytest.mark.parametrize(
    ("visits", "days"),
    [
        (["baseline", "week2", "month6"], [0, 14, 182.625]),
        (["pre", "d3", "6 months"], [0, 3, 182.625]),
        (["baseline", "V2", "V3"], None),
        (["month6", "week2"], None),
        (["V1"], None),
    ],
)
def test_visits_are_to_scale_where_their_names_tell_when_they_were(visits, days):
    found = timeline.days_of(visits)
    assert found == (pytest.approx(days) if days else None)
    assert timeline.places_of(visits)[1] == bool(days)


def test_without_a_question_the_picture_says_so(run):
    figure = storyboard.storyboard(replace(run, verdicts=run.verdicts.iloc[:0]))
    assert not figure.axes


def test_without_a_test_there_is_no_mean():
    made = report_states.cohort(2, testable=False)
    figure = storyboard.storyboard(report_page.judged(made))
    assert [line for ax in figure.axes for line in ax.lines if line.get_lw() == 1.8] == []
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["donor"]
