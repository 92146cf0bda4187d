"""Figures of the labels: tables in, :class:`matplotlib.figure.Figure` out; no files, no statistics."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cd20scope.report.colours import AMOUNT, FAINT, INK, MUTED
from cd20scope.report.figures.donors import donor_legend, donor_styles
from cd20scope.report.figures.style import WIDTH, grid, message_figure, styled, wrapped
from cd20scope.report.marker_panel import MIN_CELLS
from cd20scope.report.sections.samples import CHECKS
from cd20scope.study.nouns import visit as when

STEPS = (0.5, 0.7, 0.8, 0.9, 0.95)
"""Limits between the shades of the bars of probability."""
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Shares of cells in the legend of the dot plot."""
NEAR = 0.4
"""Part of a threshold above which samples come near it."""
PANELS = {
    "unassigned": "Cells left unassigned\n% of kept cells",
    "soup": "Ambient RNA, with 95 % interval\n% of the molecules",
    "cd20_t": "T cells with MS4A1, no other B gene\n% of T cells",
}
"""Panels of the figure with a marker per sample."""


@styled
def marker_dots(markers: pd.DataFrame, *, panel: Mapping[str, Sequence[str]]) -> Figure:
    """Dot plot of markers by label: area for the share of cells with the gene, colour for its mean expression.

    Parameters
    ----------
    markers
        ``annotate/markers.tsv``. Populations of fewer than
        :data:`cd20scope.report.marker_panel.MIN_CELLS` cells are left out.
    panel
        Genes to show by the node that they mark. The mean of a gene is scaled to 0 in the lowest population and 1 in
        the highest, since genes differ more in level than populations do.
    """
    shown = markers[markers["n_cells"] >= MIN_CELLS]
    genes = [gene for own in panel.values() for gene in own]
    if shown.empty or not genes:
        return message_figure(f"No population has {MIN_CELLS} cells and a marker.")
    rows = list(dict.fromkeys(shown["population"]))
    sizes = shown.drop_duplicates("population").set_index("population")["n_cells"]
    share, mean = (
        shown.pivot_table(index="population", columns="gene", values=value).reindex(rows, columns=genes)
        for value in ("share_on", "mean")
    )
    span = (mean.max() - mean.min()).replace(0, 1)
    scaled = (mean - mean.min()) / span
    figure = Figure(figsize=(WIDTH, 0.185 * len(rows) + 2.0))
    parts = figure.subplot_mosaic("aa;bc", height_ratios=[0.185 * len(rows) + 1.4, 0.35])
    ax = parts["a"]
    largest = (72 * min((WIDTH - 1.55) / len(genes), 0.17)) ** 2
    x, y = np.meshgrid(range(len(genes)), range(len(rows)))
    ax.scatter(
        x.ravel(),
        y.ravel(),
        s=largest * share.to_numpy().ravel(),
        c=scaled.to_numpy().ravel(),
        cmap=AMOUNT,
        vmin=0,
        vmax=1,
        edgecolors=MUTED,
        lw=0.3,
    )
    ax.set_xticks(range(len(genes)), genes, rotation=90, fontsize=6.5, style="italic")
    ax.set_yticks(range(len(rows)), [f"{name} ({sizes[name]:,})" for name in rows])
    ax.set_xlim(-0.8, len(genes) - 0.2)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(length=0, pad=2)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    _name_groups(ax, panel)
    _explain_dots(parts["b"], parts["c"], largest=largest)
    return figure


def _name_groups(ax: Axes, panel: Mapping[str, Sequence[str]]) -> None:
    """Put the name of each node over its genes, with a bracket, and a band behind every other group."""
    start = 0
    for number, (name, genes) in enumerate(panel.items()):
        end = start + len(genes)
        if number % 2 == 0:
            ax.axvspan(start - 0.5, end - 0.5, color="#f5f6f8", lw=0, zorder=0)
        across = ax.get_xaxis_transform()
        ax.plot([start - 0.3, end - 0.7], [1.015] * 2, color=MUTED, lw=0.8, transform=across, clip_on=False)
        ax.text(
            (start + end - 1) / 2,
            1.035,
            name,
            transform=across,
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=7,
            color=INK,
        )
        start = end


def _explain_dots(left: Axes, right: Axes, *, largest: float) -> None:
    """Draw the two legends of the dot plot: areas on the left, colours on the right."""
    for ax in (left, right):
        ax.set_yticks([])
        ax.tick_params(length=0)
        for side in ax.spines.values():
            side.set_visible(False)
    left.scatter(range(len(SHARES)), [0] * len(SHARES), s=largest * np.array(SHARES), c="#9a9da3", lw=0)
    left.set_xticks(range(len(SHARES)), [f"{100 * share:g}" for share in SHARES])
    left.set_xlim(-4, len(SHARES) + 3)
    left.set_xlabel("% of cells with the gene")
    right.imshow(np.linspace(0, 1, 64)[None], cmap=AMOUNT, aspect="auto", extent=(0, 1, 0, 1))
    right.set_xlim(-1, 2)
    right.set_xticks([0, 1], ["lowest", "highest"])
    right.set_xlabel("Mean expression of the gene, over populations")


@styled
def probabilities(table: pd.DataFrame) -> Figure:
    """Bars of the kept cells of each population, split by the probability of their label.

    Parameters
    ----------
    table
        ``annotate/probabilities.tsv``; for the cells without a population, the probability of the likeliest.
    """
    if table.empty:
        return message_figure("No cell was labelled.")
    steps = table.assign(step=np.searchsorted(STEPS, table["bin_low"] + 1e-9))
    counts = steps.pivot_table(
        index="population", columns="step", values="n_cells", aggfunc="sum", fill_value=0, sort=False
    )
    counts = counts.reindex(columns=range(len(STEPS) + 1), fill_value=0)
    sizes = counts.sum(axis=1)
    percent = 100 * counts.div(sizes, axis=0)
    figure = Figure(figsize=(WIDTH, 0.2 * len(counts) + 1.1))
    ax = figure.subplots()
    limits = ["0", *(f"{step:g}" for step in STEPS), "1"]
    shades = mpl.colormaps[AMOUNT](np.linspace(0.95, 0.12, len(STEPS) + 1))
    left = np.zeros(len(counts))
    for number, colour in enumerate(shades):
        width = percent[number].to_numpy()
        label = f"{limits[number]} to {limits[number + 1]}"
        ax.barh(range(len(counts)), width, left=left, height=0.78, color=colour, label=label, lw=0)
        left += width
    ax.set_yticks(range(len(counts)), [f"{name} ({sizes[name]:,})" for name in counts.index])
    ax.set_ylim(len(counts) - 0.4, -0.6)
    ax.set_xlim(0, 100)
    ax.set_xlabel("% of the cells with this label")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    figure.legend(loc="outside upper right", ncols=len(shades), title="Probability of the label")
    return figure


@styled
def by_sample(samples: pd.DataFrame, *, visits: Sequence[str]) -> Figure:
    """Draw what the labels of each sample suffer from: cells left unassigned, ambient RNA, T cells with MS4A1.

    Parameters
    ----------
    samples
        One row per sample: ``sample donor visit unassigned soup low high cd20_t``, all shares; a column that is
        missing everywhere has no panel.
    visits
        Visits in the order of time; within each, samples stand side by side in the order of the donors.
    """
    panels = [(name, title) for name, title in PANELS.items() if samples[name].notna().any()]
    if not panels:
        return message_figure("No sample has a kept cell.")
    donors = sorted(samples["donor"].unique())
    styles = donor_styles(donors)
    limits = {check.column.removesuffix("_rate"): check.limit for check in CHECKS}
    figure, axes = grid(len(panels), columns=len(panels), height=3.0)
    shift = np.linspace(-0.32, 0.32, len(donors)) if len(donors) > 1 else [0.0]
    for ax, (name, title) in zip(axes, panels, strict=True):
        for number, visit in enumerate(visits):
            rows = samples[samples["visit"] == visit]
            for row in rows.to_dict("records"):
                x = number + shift[donors.index(row["donor"])]
                look = styles[row["donor"]]
                if name == "soup":
                    ax.plot([x, x], [100 * row["low"], 100 * row["high"]], color=look["color"], lw=0.9)
                ax.plot(x, 100 * row[name], **look)
            median = 100 * rows[name].median()
            ax.plot([number - 0.4, number + 0.4], [median] * 2, color=MUTED, lw=1.0, zorder=0)
        ax.set_title(title + (f"; threshold {100 * limits[name]:g} %" if name in limits else ""))
        ax.set_xticks(range(len(visits)), [wrapped(when(visit), 12) for visit in visits])
        ax.set_xlim(-0.6, len(visits) - 0.4)
        draw_limit(ax, limits.get(name))
        top = max(ax.get_ylim()[1], 0.1)
        ax.set_ylim(-0.03 * top, top)  # a marker at zero is seen whole
        ax.spines["bottom"].set_position(("data", 0))
        ax.grid(axis="y", color=FAINT, lw=0.5)
    donor_legend(figure, styles, band=False)
    return figure


def draw_limit(ax: Axes, limit: float | None) -> None:
    """Draw the threshold of quality, which the title names, as a line where samples come near it."""
    if limit is not None and ax.get_ylim()[1] > NEAR * 100 * limit:
        ax.axhline(100 * limit, color=INK, lw=0.9, ls=(0, (4, 2)), zorder=0)
