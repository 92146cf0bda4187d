"""Figures of the labels beside other evidence: a second judge, surface protein. Tables in, figures out."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cd20scope.report import wording
from cd20scope.report.colours import AMOUNT, INK, MUTED
from cd20scope.report.figures.style import WIDTH, grid, message_figure, styled


@styled
def agreement(pairs: pd.DataFrame, summary: pd.DataFrame, *, order: Sequence[str]) -> Figure:
    """Heat maps of two judges' labels: of the cells of a row, the share that the other judge gives each label.

    Parameters
    ----------
    pairs
        ``annotate/agreement.tsv``: ``judge_a judge_b population_a population_b n_cells``.
    summary
        ``annotate/agreement_summary.tsv``: ``judge_a judge_b n_assigned agree kappa ari``; what agrees is of the
        cells that both assign.
    order
        Populations in the order of the tree; other names come after them.
    """
    if pairs.empty:
        return message_figure("One judge labelled the cells; there is nothing to compare it with.")
    judged = [(key, rows) for key, rows in pairs.groupby(["judge_a", "judge_b"], sort=False)]
    by_judges = summary.set_index(["judge_a", "judge_b"])
    named = set(pairs["population_a"]) | set(pairs["population_b"])
    names = [name for name in order if name in named] + sorted(named - set(order))
    figure, axes = grid(len(judged), columns=min(2, len(judged)), height=0.2 * len(names) + 1.9)
    for ax, (key, rows) in zip(axes, judged, strict=True):
        _compare(ax, rows, names=names)
        row = by_judges.loc[[key]].iloc[0]
        ax.set_title(
            f"{wording.percent(row['agree'])} of {wording.count(row['n_assigned'])} cells alike, "
            f"kappa {wording.number(row['kappa'])}"
        )
        ax.set(xlabel=f"label by {key[1]}", ylabel=f"label by {key[0]}")
    colours = mpl.cm.ScalarMappable(norm=Normalize(0, 100), cmap=AMOUNT)
    bar = figure.colorbar(colours, ax=axes, location="bottom", shrink=0.4, aspect=40)
    bar.set_label("% of the cells of a row")
    return figure


def _compare(ax: Axes, rows: pd.DataFrame, *, names: Sequence[str]) -> None:
    """Draw the labels of one pair of judges; the same label by both is framed."""
    counts = rows.pivot_table(index="population_a", columns="population_b", values="n_cells", aggfunc="sum")
    counts = counts.reindex(index=list(names), columns=list(names)).fillna(0)
    given = 100 * counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)
    labels = given.map(lambda value: f"{value:.0f}" if value >= 5 else "")
    style = {"cmap": AMOUNT, "vmin": 0, "vmax": 100, "lw": 0.5, "linecolor": "white"}
    sns.heatmap(
        given,
        ax=ax,
        annot=labels.to_numpy(),
        fmt="",
        annot_kws={"fontsize": 6},
        cbar=False,
        square=True,
        **style,
    )
    for at in range(len(names)):
        ax.add_patch(Rectangle((at, at), 1, 1, fill=False, ec=MUTED, lw=0.6))
    ax.set_xticks(np.arange(len(names)) + 0.5, names, rotation=90)
    ax.set_yticks(np.arange(len(names)) + 0.5, names, rotation=0)
    ax.tick_params(length=0)


@styled
def protein_means(protein: pd.DataFrame, *, order: Sequence[str]) -> Figure:
    """Heat map of mean normalised protein by population, over all samples that have it; isotype controls last.

    Parameters
    ----------
    protein
        ``annotate/protein.tsv``: ``population protein control n_cells mean``; samples count by their cells.
    order
        Populations in the order of the tree, and last the cells without one.
    """
    if protein.empty:
        return message_figure("No sample has protein counts.")
    targets = [*dict.fromkeys(protein.loc[~protein["control"].astype(bool), "protein"])]
    controls = [*dict.fromkeys(protein.loc[protein["control"].astype(bool), "protein"])]
    weighed = protein.assign(total=protein["mean"] * protein["n_cells"])
    total, n_cells = (
        weighed.pivot_table(index="population", columns="protein", values=value, aggfunc="sum")
        for value in ("total", "n_cells")
    )
    rows = [name for name in order if name in total.index]
    mean = (total / n_cells).reindex(index=rows, columns=targets + controls)
    width = min(WIDTH, 1.4 + 0.42 * mean.shape[1])
    figure = Figure(figsize=(max(width, 4.0), 0.19 * len(mean) + 1.9))
    ax = figure.subplots()
    most = max(float(np.nanquantile(mean.to_numpy(), 0.98)), 0.1)
    sns.heatmap(mean, ax=ax, cmap=AMOUNT, vmin=0, vmax=most, cbar=False, lw=0.4, linecolor="white")
    if controls:
        ax.axvline(len(targets), color=INK, lw=1.0)
    ax.set(xlabel="", ylabel="")
    size = 7.5 if len(mean.columns) <= 45 else 5.5
    ax.set_xticks(np.arange(len(mean.columns)) + 0.5, mean.columns, rotation=90, fontsize=size)
    for label in ax.get_xticklabels()[len(targets) :]:
        label.set(color=MUTED, style="italic")
    ax.set_yticks(np.arange(len(mean)) + 0.5, mean.index, rotation=0)
    ax.tick_params(length=0)
    colours = mpl.cm.ScalarMappable(norm=Normalize(0, most), cmap=AMOUNT)
    bar = figure.colorbar(colours, ax=ax, location="bottom", shrink=0.5, aspect=30, extend="max")
    bar.set_label("Mean centred log ratio of the counts")
    return figure
