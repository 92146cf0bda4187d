"""Genes that change: tables in, :class:`matplotlib.figure.Figure` out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cd20scope.report.colours import DOWN, UP
from cd20scope.report.figures.style import dots, grid, margin_labels, message_figure, styled
from cd20scope.study.nouns import contrast as between

ROOM = 1.9
"""Width of a panel over that of its genes: the names stand at both sides."""
FARTHEST = 0.999
"""Part of the genes whose fold changes lie within the axes: a gene of few counts must not press all others together."""


@styled
def volcanoes(
    expression: pd.DataFrame, *, contrast: str, alpha: float, order: Sequence[str], labelled: int = 8
) -> Figure:
    """Fold change against p-value of every gene, one panel per population, the ``labelled`` smallest p-values by name.

    All panels have the same axes, those of all contrasts (:func:`limits`), so that their heights can be compared.

    Parameters
    ----------
    expression
        ``expression/expression.tsv.gz``; genes without a p-value are left out.
    contrast
        The contrast that is drawn.
    order
        Of the populations; others follow.
    """
    known = expression[expression["p_value"].notna()]
    genes = known[known["contrast"] == contrast]
    names = [name for name in order if (genes["population"] == name).any()]
    names += [name for name in genes["population"].unique() if name not in names]
    if not names:
        return message_figure(f"No population could be tested for {between(contrast)}.")
    figure, axes = grid(len(names), columns=3, height=2.6)
    farthest = limits(known)
    for ax, name in zip(axes, names, strict=True):
        rows = genes[genes["population"] == name]
        draw_genes(ax, rows, farthest=farthest, alpha=alpha, labelled=labelled)
        ax.set_title(f"{name}\n", fontsize=8.5)
    figure.supxlabel(f"log2 fold change, {between(contrast)}", fontsize=8)
    figure.supylabel("−log10 p-value", fontsize=8)
    return figure


def draw_genes(
    ax: Axes, rows: pd.DataFrame, *, farthest: tuple[float, float], alpha: float, labelled: int
) -> None:
    """Genes of one population, and how many of them changed."""
    reach, height = farthest
    points = pd.DataFrame({"x": rows["log2_fold_change"], "text": rows["gene"], "p": rows["p_value"]})
    points["x"] = points["x"].clip(-reach, reach)
    # a p-value of 0 is drawn at the smallest other one
    points["y"] = -np.log10(rows["p_value"].clip(lower=10.0**-height))
    called = rows["p_adjusted"] < alpha
    down, up = called & (points["x"] < 0), called & (points["x"] > 0)
    for chosen, colour, size in ((~called, "#b4b8bf", 3), (down, DOWN, 7), (up, UP, 7)):
        dots(ax, points[chosen], colour=colour, size=size)
    ax.set_xlim(-ROOM * reach, ROOM * reach)
    ax.set_ylim(0, 1.08 * height)
    margin_labels(ax, points[called].nsmallest(labelled, "p"))
    counts = f"{down.sum()} down, {up.sum()} up, {rows['n_pairs'].iloc[0]:.0f} donors"
    ax.text(0, 1.03, counts, transform=ax.transAxes, fontsize=7)


def limits(genes: pd.DataFrame) -> tuple[float, float]:
    """Fold change and -log10 p that the axes reach: of all genes of all contrasts, without the few farthest folds.

    Genes beyond are drawn at the edge. A p-value of 0 sets no limit.
    """
    fold = float(genes["log2_fold_change"].astype(float).abs().quantile(FARTHEST))
    positive = genes.loc[genes["p_value"] > 0, "p_value"].astype(float)
    return max(fold, 0.1), max(float(-np.log10(positive.min())) if len(positive) else 0.0, 0.1)
