"""Figures of the cohort draw what stands in their table, all of it and nothing else."""

import annotation_tables
import numpy as np
import pandas as pd
import pytest
import report_tables as made_up
import report_verdicts
import statistics_tables
from drawn_figures import dots_of, words_of
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle

from cd20scope.report import claims
from cd20scope.report.colours import population_colours
from cd20scope.report.figures import cohort, volcanoes
from cd20scope.report.figures import donors as donor_figures
from cd20scope.report.figures import verdicts as verdict_figures
from cd20scope.report.figures.style import spread

VISITS = made_up.VISITS
COLOURS = population_colours(annotation_tables.tree())
ORDER = ["B cells", *COLOURS]


def test_embedding_draws_every_cell_once_by_population_and_once_per_visit():
    cells = made_up.embedding(n_cells=300)
    figure = cohort.embedding(cells, visits=VISITS, colours=COLOURS)
    assert [dots_of(ax) for ax in figure.axes] == [300] * 4
    assert all(c.get_rasterized() for ax in figure.axes for c in ax.collections)
    for name, n in cells["population"].value_counts().items():
        assert f"{name} ({n:,})" in words_of(figure)
        assert (name in words_of(figure)) == (name != "unassigned")  # on the map


def test_names_on_the_map_stand_on_their_cells_and_cover_no_other():
    cells = pd.DataFrame(
        {"x": [0.0, 0.0, 9.0, 0.02, 10.0], "y": [0.0, 0.0, 9.0, 0.02, 10.0], "population": [*"AAABC"]}
    )
    places = cohort.places_of_names(cells, ["A", "B", "C"])
    np.testing.assert_allclose(places[:, 0], [0, 0.02, 10])  # where A is densest, not between its parts
    assert places[1, 1] - places[0, 1] == pytest.approx(cohort.LINE * 10)
    assert 10 < places[2, 1] < 11  # above the only cell, which it would hide
    same = cells.assign(x=0.0, y=0.0)
    tied = np.sort(cohort.places_of_names(same, ["A", "B", "C"])[:, 1])
    assert (np.diff(tied) > 0.9 * cohort.LINE).all()


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
    figure = volcanoes.volcanoes(genes, contrast=contrast, alpha=0.05, order=ORDER)
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
        lambda: verdict_figures.forest(report_verdicts.verdicts().assign(label="").head(0)),
        lambda: verdict_figures.arm_grid(
            claims.in_story_order(report_verdicts.verdicts()), statistics_tables.arms().head(0)
        ),
        lambda: cohort.embedding(made_up.embedding(n_cells=5).head(0), visits=VISITS, colours=COLOURS),
        lambda: cohort.shares(made_up.donors().head(0), visits=VISITS, order=ORDER),
        lambda: cohort.programme_changes(made_up.programs().head(0), contrasts=["week2-baseline"]),
        lambda: volcanoes.volcanoes(
            made_up.expression(n_genes=12)[0], contrast="none", alpha=0.05, order=ORDER
        ),
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
