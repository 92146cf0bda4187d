"""Every figure of the labels draws what stands in its table, all of it and nothing else."""

from itertools import pairwise

import annotation_tables as made_up
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import report_tables
from matplotlib.collections import PathCollection

from cd20scope.report import marker_panel
from cd20scope.report.figures import agreement, labels
from cd20scope.report.sections import labels as annotation_section
from cd20scope.schema import UNASSIGNED
from cd20scope.study import catalogue

VISITS = report_tables.VISITS
ORDER = catalogue.rows_of(made_up.tree())


def words_of(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]


def labels_of(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.fixture(scope="module")
def dots():
    table = made_up.markers()
    panel = marker_panel.choose_panel(made_up.tree(), table)
    return table, panel, labels.marker_dots(table, panel=panel)


def test_a_dot_for_every_gene_and_population_by_area_and_colour(dots):
    table, panel, figure = dots
    ax = figure.axes[0]
    genes = [gene for own in panel.values() for gene in own]
    rows = list(dict.fromkeys(table["population"]))
    assert labels_of(ax.xaxis) == genes
    assert labels_of(ax.yaxis) == [f"{name} ({made_up.sizes()[name]:,})" for name in rows]
    drawn = next(c for c in ax.collections if isinstance(c, PathCollection))
    assert len(drawn.get_offsets()) == len(genes) * len(rows)
    values = table.set_index(["population", "gene"])
    areas, colours = drawn.get_sizes(), drawn.get_array()
    for (x, y), area, colour in zip(drawn.get_offsets(), areas, colours, strict=True):
        gene = genes[int(x)]
        row = values.loc[(rows[int(y)], gene)]
        of_gene = values.xs(gene, level="gene")["mean"]
        assert area / areas.max() == pytest.approx(row["share_on"] / table["share_on"].max(), rel=0.05)
        scaled = (row["mean"] - of_gene.min()) / (of_gene.max() - of_gene.min())
        assert colour == pytest.approx(scaled)


def test_markers_stand_under_the_name_of_their_node(dots):
    _, panel, figure = dots
    assert set(panel) <= set(words_of(figure))
    assert max(map(len, panel.values())) == 3
    assert 40 <= sum(map(len, panel.values())) <= 64


def test_names_of_nodes_and_genes_do_not_overlap(dots):
    figure = dots[2]
    figure.canvas.draw()
    ax = figure.axes[0]
    for texts in (ax.texts, ax.get_xticklabels()):
        boxes = [text.get_window_extent() for text in texts]
        assert all(left.x1 <= right.x0 + 1 for left, right in pairwise(boxes))


def test_a_handful_of_cells_has_no_row():
    table = made_up.markers()
    few = table.assign(n_cells=table["n_cells"].where(table["population"] != "DC", 9))
    figure = labels.marker_dots(few, panel={"DC": ["FCER1A"], "NK": ["KLRF1"]})
    assert not any(label.startswith("DC") for label in labels_of(figure.axes[0].yaxis))


def test_a_gene_that_is_the_same_everywhere_is_drawn_pale():
    table = pd.DataFrame(
        {"population": ["NK", "DC"], "gene": "G", "n_cells": 50, "share_on": 1.0, "mean": 2.0}
    )
    figure = labels.marker_dots(table, panel={"NK": ["G"]})
    assert figure.axes[0].collections[0].get_array().tolist() == [0, 0]


def test_bars_of_probability_add_up_to_all_cells_of_a_population():
    table = made_up.probabilities()
    figure = labels.probabilities(table)
    ax = figure.axes[0]
    names = list(dict.fromkeys(table["population"]))
    assert labels_of(ax.yaxis) == [f"{name} ({made_up.sizes()[name]:,})" for name in names]
    width = np.zeros(len(names))
    for bars in ax.containers:
        width += [bar.get_width() for bar in bars]
    np.testing.assert_allclose(width, 100)
    surest = [bar.get_width() for bar in ax.containers[-1]]
    own = table[table["population"] == "CD4 memory"]
    share = 100 * own.loc[own["bin_low"] >= 0.95, "n_cells"].sum() / own["n_cells"].sum()
    assert surest[names.index("CD4 memory")] == pytest.approx(share)
    assert ax.containers[0][names.index(UNASSIGNED)].get_width() == 100  # below 0.5, all of them


def test_one_marker_per_sample_in_each_panel_and_the_interval_of_the_soup():
    samples = annotation_section.by_sample(made_up.every())
    figure = labels.by_sample(samples, visits=VISITS)
    assert len(figure.axes) == 3
    for ax, name in zip(figure.axes, ("unassigned", "soup", "cd20_t"), strict=True):
        points = [line for line in ax.lines if line.get_marker() != "None"]
        heights = [line.get_ydata()[0] for line in points]
        np.testing.assert_allclose(sorted(heights), sorted(100 * samples[name]))
        places = [line.get_xdata()[0] for line in points]
        assert len(set(np.round(places, 6))) == len(samples)  # none hides another
        assert labels_of(ax.xaxis) == ["baseline", "week 2", "month 6"]
    upright = [
        line
        for line in figure.axes[1].lines
        if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
    ]
    drawn = sorted(tuple(line.get_ydata()) for line in upright)
    np.testing.assert_allclose(drawn, sorted(zip(100 * samples["low"], 100 * samples["high"], strict=True)))


def test_thresholds_of_quality_are_drawn_where_samples_come_near_and_told_elsewhere():
    samples = annotation_section.by_sample(made_up.every())
    near = samples.assign(soup=samples["soup"] + 0.15, low=samples["low"], high=samples["high"] + 0.15)
    figure = labels.by_sample(near, visits=VISITS)
    lines = [[line for line in ax.lines if line.get_linestyle() == "--"] for ax in figure.axes]
    assert [[line.get_ydata()[0] for line in own] for own in lines] == [[], [20.0], []]
    assert any("threshold 20 %" in text for text in words_of(figure.axes[0]))
    assert not any("threshold" in text for text in words_of(figure.axes[2]))


def test_many_donors_have_no_band_in_the_legend_of_markers():
    samples = annotation_section.by_sample(made_up.every())
    many = pd.concat([samples.assign(donor=samples["donor"] + f" {number}") for number in range(3)])
    assert not any("percentile" in text for text in words_of(labels.by_sample(many, visits=VISITS)))


def test_what_no_sample_has_gets_no_panel():
    samples = annotation_section.by_sample(made_up.every()).assign(soup=np.nan)
    figure = labels.by_sample(samples, visits=VISITS)
    assert len(figure.axes) == 2
    assert not any("Ambient" in text for text in words_of(figure))


def test_agreement_shows_the_share_of_each_row():
    made = made_up.agreement()
    figure = agreement.agreement(made["agreement"], made["agreement_summary"], order=ORDER)
    ax = figure.axes[0]
    names = [name for name in ORDER if name in made_up.sizes()]
    assert labels_of(ax.yaxis) == labels_of(ax.xaxis) == names
    drawn = np.asarray(ax.collections[0].get_array()).reshape(len(names), len(names))
    np.testing.assert_allclose(drawn.sum(axis=1), 100)
    own = made["agreement"][made["agreement"]["population_a"] == "CD4 memory"].set_index("population_b")
    expected = 100 * own.loc["Treg", "n_cells"] / own["n_cells"].sum()
    assert drawn[names.index("CD4 memory"), names.index("Treg")] == pytest.approx(expected)
    assert "84 % of 11,800 cells alike, kappa 0.81" in words_of(figure)


def test_agreement_has_a_panel_per_pair_and_keeps_labels_outside_the_tree():
    made = made_up.agreement()
    other = [table.assign(judge_b="celltypist") for table in made.values()]
    pairs = pd.concat([made["agreement"], other[0].replace({"population_b": {"NK": "ILC"}})])
    figure = agreement.agreement(pairs, pd.concat([made["agreement_summary"], other[1]]), order=ORDER)
    assert {"label by reference", "label by celltypist"} <= set(words_of(figure))
    assert labels_of(figure.axes[1].xaxis)[-1] == "ILC"


def test_protein_is_averaged_over_samples_by_their_cells_with_controls_last():
    table = made_up.protein()
    table.loc[table["sample"] == "D01_week2", "n_cells"] = 120
    figure = agreement.protein_means(table, order=ORDER)
    ax = figure.axes[0]
    assert labels_of(ax.xaxis) == ["CD3", "CD4", "CD19", "CD20", "IgG1 isotype"]
    names = labels_of(ax.yaxis)
    assert names == [name for name in ORDER if name in made_up.sizes()]
    drawn = np.asarray(ax.collections[0].get_array()).reshape(len(names), -1)
    nk = table[table["population"] == "NK"]
    for column, antibody in enumerate(labels_of(ax.xaxis)):
        rows = nk[nk["protein"] == antibody]
        expected = np.average(rows["mean"], weights=rows["n_cells"])
        assert drawn[names.index("NK"), column] == pytest.approx(expected)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: labels.marker_dots(made_up.markers().head(0), panel={}),
        lambda: labels.probabilities(made_up.probabilities().head(0)),
        lambda: labels.by_sample(annotation_section.by_sample(made_up.every()).head(0), visits=VISITS),
        lambda: agreement.agreement(*(table.head(0) for table in made_up.agreement().values()), order=ORDER),
        lambda: agreement.protein_means(made_up.protein().head(0), order=ORDER),
    ],
)
def test_an_empty_table_gives_a_figure_that_says_so(draw):
    figure = draw()
    assert not figure.axes
    assert len(words_of(figure)) == 1
