"""Forest plot and grid of arms draw every verdict, all of it and nothing else."""

import annotation_tables
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import report_tables as made_up
import statistics_tables
from drawn_figures import words_of
from matplotlib.patches import Rectangle

from cd20scope.report.colours import VERDICT_STYLE, population_colours
from cd20scope.report.figures import verdicts as verdict_figures
from cd20scope.schema import VERDICTS
from cd20scope.verdict.endpoints.catalogue import BY_NAME

VISITS = made_up.VISITS
COLOURS = population_colours(annotation_tables.tree())
ORDER = ["B cells", *COLOURS]


def test_every_verdict_has_a_look_of_its_own():
    assert list(VERDICT_STYLE) == list(VERDICTS)
    for part in ("color", "symbol"):
        assert len({look[part] for look in VERDICT_STYLE.values()}) == len(VERDICTS)


def test_forest_has_one_row_per_hypothesis_with_estimate_interval_and_verdict(verdicts):
    figure = verdict_figures.forest(verdicts)
    shares, programs = figure.axes[:2]
    units = verdicts["endpoint"].map({name: endpoint.unit.name for name, endpoint in BY_NAME.items()})
    for ax, unit in ((shares, "log odds"), (programs, "baseline SD")):
        rows = verdicts[units == unit]
        assert [" ".join(label.get_text().split()) for label in ax.get_yticklabels()] == rows[
            "label"
        ].tolist()
        points = [line for line in ax.lines if line.get_marker() != "None"]
        np.testing.assert_allclose(
            [line.get_xdata()[0] for line in points], rows["estimate"].dropna(), err_msg=unit
        )
        flat = [line for line in ax.lines if len(line.get_ydata()) == 2 and np.ptp(line.get_ydata()) == 0]
        drawn = [tuple(line.get_xdata()) for line in flat]
        for row in rows.dropna(subset=["ci_low", "ci_high"]).itertuples():
            assert (row.ci_low, row.ci_high) in drawn
            assert (row.decide_low, row.decide_high) in drawn
    told = [text.removesuffix(" (!)").removesuffix(" (steroids?)")[2:] for text in words_of(figure)]
    assert sorted(text for text in told if text in VERDICTS) == sorted(verdicts["verdict"])
    assert sum(text.endswith(" (!)") for text in words_of(figure)) == (verdicts["caution"] != "").sum() == 1


def test_forest_draws_the_margin_on_the_side_that_was_stated(verdicts):
    row = verdicts[verdicts["id"] == "B1"]
    ax = verdict_figures.forest(row).axes[0]
    upright = [line for line in ax.lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    assert any(line.get_xdata()[0] == pytest.approx(-np.log(5)) for line in upright)


def test_forest_draws_no_change_as_a_band_with_the_margin_at_both_sides(verdicts):
    ax = verdict_figures.forest(verdicts[verdicts["id"] == "R4"]).axes[0]
    (band,) = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert (band.get_x(), band.get_width()) == pytest.approx((-np.log(1.2), 2 * np.log(1.2)))
    arrows = {round(text.xy[0], 6): text.get_text() for text in ax.texts if text.get_text() in "▸◂"}
    assert arrows == {round(-np.log(1.2), 6): "▸", round(np.log(1.2), 6): "◂"}


@pytest.mark.parametrize("read", [lambda table: table, lambda table: table.replace("", np.nan)])
def test_the_grid_shows_every_arm_of_every_decided_hypothesis(verdicts, read):
    arms = statistics_tables.arms()
    ax = verdict_figures.arm_grid(verdicts, read(arms)).axes[0]
    merged = arms.assign(arm=arms["arm"].str.replace(r"^denominator .*", "other denominators", regex=True))
    cells = merged.groupby(["id", "arm"])["holds"].agg(list)
    drawn = {marker: [line for line in ax.lines if line.get_marker() == marker] for marker in "os_"}
    assert len(drawn["o"]) == sum("no" not in holds and "yes" in holds for holds in cells)
    assert len(drawn["s"]) == sum("no" in holds for holds in cells) == 2
    assert len(drawn["_"]) == sum(set(holds) == {""} for holds in cells) > 0
    labels = [" ".join(label.get_text().split()) for label in ax.get_yticklabels()]
    assert labels == verdicts.loc[verdicts["verdict"] != "not testable", "label"].tolist()
    row = labels.index(verdicts.set_index("id").loc["T1", "label"])
    columns = [label.get_text() for label in ax.get_xticklabels()]
    failed = {columns[int(line.get_xdata()[0])] for line in drawn["s"] if line.get_ydata()[0] == row}
    assert failed == {"leave one donor out", "adjusted for steroid score"}
    assert "4 of 6" in words_of(ax)


def test_other_denominators_hold_when_each_that_could_be_asked_does():
    rows = [("A", "denominator x", "yes"), ("A", "denominator y", "no"), ("B", "denominator x", "yes")]
    rows += [("B", "denominator y", ""), ("C", "denominator x", "")]
    arms = pd.DataFrame(rows, columns=["id", "arm", "holds"]).assign(verdict="supported")
    merged = verdict_figures.merge_denominators(arms).set_index("id")["holds"]
    assert merged.to_dict() == {"A": "no", "B": "yes", "C": ""}


def test_forest_marks_a_fall_that_only_the_detection_limit_bounds(verdicts):
    row = verdicts[verdicts["id"] == "B3"]
    assert row["ci_low"].isna().all()
    markers = [line.get_marker() for line in verdict_figures.forest(row).axes[0].lines]
    assert "<" in markers


def test_drawing_leaves_the_settings_of_matplotlib_alone(verdicts):
    before = dict(mpl.rcParams)
    verdict_figures.forest(verdicts.head(2))
    assert dict(mpl.rcParams) == before


def test_short_names_tell_opposing_claims_apart(verdicts):
    assert verdicts["label"].is_unique
    assert (
        pd.Series(
            [
                f"Regulatory T cells, % of CD4 T cells: {change}, month 6 vs baseline"
                for change in ("rise", "fall", "no change")
            ]
        )
        .isin(verdicts["label"])
        .all()
    )
