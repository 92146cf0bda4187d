"""Every figure draws what stands in its table, all of it and nothing else."""

import annotation_tables
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import report_page
import report_tables as made_up
import statistics_tables
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle

from cd20scope.report import claims
from cd20scope.report.colours import VERDICT_STYLE, population_colours
from cd20scope.report.figures import cohort
from cd20scope.report.figures import donors as donor_figures
from cd20scope.report.figures import verdicts as verdict_figures
from cd20scope.report.figures.style import spread
from cd20scope.schema import VERDICTS
from cd20scope.verdict.endpoints.catalogue import BY_NAME

VISITS = made_up.VISITS
COLOURS = population_colours(annotation_tables.tree())
ORDER = ["B cells", *COLOURS]


@pytest.fixture(scope="module")
def verdicts():
    return report_page.judged(report_page.tables(n_cells=20, n_genes=12)).verdicts


@pytest.fixture(scope="module")
def donors():
    return made_up.donors()


def dots_of(ax):
    return sum(len(c.get_offsets()) for c in ax.collections if isinstance(c, PathCollection))


def words_of(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


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


def test_embedding_draws_every_cell_once_by_population_and_once_per_visit():
    cells = made_up.embedding(n_cells=300)
    figure = cohort.embedding(cells, visits=VISITS, colours=COLOURS)
    assert [dots_of(ax) for ax in figure.axes] == [300] * 4
    assert all(c.get_rasterized() for ax in figure.axes for c in ax.collections)
    for name, n in cells["population"].value_counts().items():
        assert (f"{name} ({n:,})" in words_of(figure)) == (name != "unassigned")


def test_shares_draw_one_dot_per_sample_and_population(donors):
    figure = cohort.shares(donors, visits=VISITS, order=ORDER)
    assert dots_of(figure.axes[0]) == len(donors)
    strip = 100 * donors.loc[donors["n_cells"] > 0, "fraction"].min() / 3
    at = np.concatenate(
        [c.get_offsets()[:, 0] for c in figure.axes[0].collections if isinstance(c, PathCollection)]
    )
    assert np.isclose(at, strip).sum() == (donors["n_cells"] == 0).sum() > 0
    assert "regulatory T cells, % of CD4 T cells" in words_of(figure)


def test_programme_changes_show_each_estimate_and_hatch_what_was_not_testable():
    programs = made_up.programs()
    contrasts = [f"{later}-{earlier}" for later, earlier in made_up.CONTRASTS]
    figure = cohort.programme_changes(programs, contrasts=contrasts)
    for ax, contrast in zip(figure.axes, contrasts, strict=False):
        rows = programs[programs["contrast"] == contrast]
        drawn = np.ma.compressed(ax.collections[0].get_array())
        np.testing.assert_allclose(sorted(drawn), sorted(rows["estimate"].dropna()))
        hatched = [p for p in ax.patches if isinstance(p, Rectangle) and p.get_hatch()]
        assert len(hatched) == (rows["status"] == "not testable").sum() > 0
        dots = [text for text in ax.texts if text.get_text() == "•"]
        assert len(dots) == (rows["p_adjusted"] < 0.05).sum()


def test_volcanoes_draw_every_gene_and_a_p_of_zero_at_a_finite_height():
    genes, _ = made_up.expression(n_genes=40)
    contrast = "month6-baseline"
    rows = genes[genes["contrast"] == contrast]
    assert (rows["p_value"] == 0).any()
    figure = cohort.volcanoes(genes, contrast=contrast, alpha=0.05, order=ORDER)
    drawn = list(figure.axes)
    assert [dots_of(ax) for ax in drawn] == [40] * rows["population"].nunique()
    for ax in drawn:
        for dots in ax.collections:
            assert np.isfinite(dots.get_offsets()).all()
    called = (rows["p_adjusted"] < 0.05).groupby(rows["population"]).sum()
    coloured = [sum(len(dots.get_offsets()) for dots in ax.collections[1:]) for ax in drawn]
    assert sorted(coloured) == sorted(called)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: verdict_figures.forest(made_up.verdicts().assign(label="").head(0)),
        lambda: verdict_figures.arm_grid(
            claims.in_story_order(made_up.verdicts()), statistics_tables.arms().head(0)
        ),
        lambda: cohort.embedding(made_up.embedding(n_cells=5).head(0), visits=VISITS, colours=COLOURS),
        lambda: cohort.shares(made_up.donors().head(0), visits=VISITS, order=ORDER),
        lambda: cohort.programme_changes(made_up.programs().head(0), contrasts=["week2-baseline"]),
        lambda: cohort.volcanoes(made_up.expression(n_genes=12)[0], contrast="none", alpha=0.05, order=ORDER),
        lambda: donor_figures.donor_shares(made_up.donors(), visits=VISITS, populations=["none"], log=True),
        lambda: donor_figures.programme_scores(made_up.scores(), visits=VISITS, pairs=[]),
    ],
)
def test_an_empty_table_gives_a_figure_that_says_so(draw):
    figure = draw()
    assert not figure.axes
    assert len(words_of(figure)) == 1


@pytest.mark.parametrize("wanted", [[0.1, 0.1, 0.1], [0.95, 0.97, 1.0], [0.0, 0.5, 0.52, 0.9], []])
def test_spread_keeps_the_order_and_the_distance(wanted):
    placed = spread(np.array(wanted), gap=0.075)
    assert len(placed) == len(wanted)
    assert (np.diff(placed) >= 0.075 - 1e-12).all()
    assert (placed <= 1).all()


def test_drawing_leaves_the_settings_of_matplotlib_alone(verdicts):
    before = dict(mpl.rcParams)
    verdict_figures.forest(verdicts.head(2))
    assert dict(mpl.rcParams) == before


def test_a_dollar_in_a_name_is_a_dollar(donors):
    named = donors.assign(donor=donors["donor"].replace("D01", "$x_1$"))
    figure = donor_figures.donor_shares(named, visits=VISITS, populations=["Treg"], log=False)
    shown = [text for text in figure.findobj(mpl.text.Text) if text.get_text() == "$x_1$"]
    assert shown
    assert not any(text.get_parse_math() for text in shown)


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
