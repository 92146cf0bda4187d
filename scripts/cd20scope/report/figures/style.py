"""What the figures share: the style, panels, labels that never overlap."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cd20scope.report.colours import INK, MUTED

WIDTH = 8.8
"""Width of every figure in inches."""

MOST_LETTERS = 18
"""Letters of an upright name below a column; the data of the figure have it whole."""
LETTER_OF_COLUMN, LEAST_SIZE = 0.82, 5.5
"""Height of upright letters over the width of their column, and points below which they are too small to read."""

UNHINTED: Any = {"text.hinting": "none"}
"""Letters are not bent to the grid of pixels: at 150 dots per inch and more it does not show, and takes a tenth of the
time of a figure."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure with its title, alternative text and data.

    Attributes
    ----------
    figure
        As drawn.
    title
        Its heading where it stands alone, outside the page.
    alt
        What a reader who cannot see it is told.
    data
        What it shows, one row per value.
    """

    figure: Figure
    title: str
    alt: str
    data: pd.DataFrame


STYLE: Any = {
    # seaborn's theme "ticks", as a context: its set_theme would change the settings of whoever imports this
    **sns.axes_style("ticks"),
    # two axes and small type, since many panels share the width of a page; ink as on the page
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "lines.linewidth": 1.0,
    "font.family": "DejaVu Sans",  # its letters are wide, so that text fits whatever face the page sets
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "text.parse_math": False,  # a donor called "$1$" stays what it is
    "axes.titley": 1.0,  # fixed, since matplotlib's search for overlapping ticks costs 10 % of draw time
}


def styled[**P](draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in the report's style without changing matplotlib's settings for anyone else."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return inside


def settle(figure: Figure) -> None:
    """Lay the panels out once and for all; matplotlib would do it anew, twice, each time that the figure is saved."""
    if figure.axes and (engine := figure.get_layout_engine()) is not None:
        # with hinting, the width of text is of whole pixels: at few to the inch it is measured too small, and cut
        with mpl.rc_context(UNHINTED):
            engine.execute(figure)
    # no engine at all: of "none", a placeholder stays, for which every figure is drawn once more as it is saved
    with mpl.rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
        figure.set_layout_engine(None)


def wrapped(text: object, width: int) -> str:
    """Break a long name into lines, within a word where it must be."""
    return "\n".join(textwrap.wrap(str(text), width, break_long_words=True)) or str(text)


def name_columns(ax: Axes, names: Sequence[str], *, inches: float, places: Sequence[float]) -> None:
    """Write names upright below columns that share a width, in two rows by turns where one would be too small to read.

    Long names are shortened.
    """
    room = LETTER_OF_COLUMN * 72 * inches / max(len(names), 1)
    rows = 1 if room >= LEAST_SIZE else 2
    size = min(7.0, rows * room)
    short = [shortened(name, MOST_LETTERS // rows) for name in names]
    pad = 2 + 0.68 * size * max(map(len, short[::rows]), default=0)
    for row, minor in zip(range(rows), (False, True), strict=False):
        ax.set_xticks(list(places[row::rows]), short[row::rows], rotation=90, fontsize=size, minor=minor)
    ax.tick_params(axis="x", which="major", length=0, pad=2)
    ax.tick_params(axis="x", which="minor", length=0, pad=pad)


def shortened(name: str, most: int) -> str:
    """Leave out the middle of a long name: names of donors begin alike or end alike."""
    half = most // 2
    return name if len(name) <= most else f"{name[: most - 1 - half]}…{name[-half:]}"


def grid(n: int, *, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """Lay out ``n`` panels, ``columns`` to a row; ``height`` of a row in inches."""
    rows = -(-n // columns)
    figure = Figure(figsize=(WIDTH, max(rows, 1) * height))
    axes = [figure.add_subplot(max(rows, 1), columns, number + 1) for number in range(n)]
    return figure, axes


def message_figure(text: str) -> Figure:
    """Figure that says why there is nothing to draw."""
    figure = Figure(figsize=(WIDTH, 0.8))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=MUTED)
    return figure


def margin_labels(ax: Axes, points: pd.DataFrame) -> None:
    """Write the ``text`` of each point at the inner edge of the panel, with a thin line to its ``x``, ``y``.

    Labels on the left belong to points left of the middle and cannot cover one another. The axis must leave room.
    """
    low, high = ax.get_ylim()
    middle = sum(ax.get_xlim()) / 2
    for side, edge, anchor in (("left", 0.01, "left"), ("right", 0.99, "right")):
        rows = points[(points["x"] < middle) == (side == "left")].sort_values("y")
        wanted = ((rows["y"] - low) / (high - low)).to_numpy()
        for text, x, y, height in zip(
            rows["text"], rows["x"], rows["y"], spread(wanted, gap=0.075, most=0.96), strict=True
        ):
            ax.annotate(
                text,
                xy=(x, y),
                xytext=(edge, height),
                textcoords="axes fraction",
                ha=anchor,
                va="center",
                fontsize=6.5,
                color=INK,
                arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.4, "shrinkA": 1, "shrinkB": 1},
            )


def dots(ax: Axes, points: pd.DataFrame, *, colour: str, size: float) -> None:
    """Draw points as pixels, so that a figure of many cells or genes stays small."""
    ax.scatter(points["x"], points["y"], s=size, color=colour, lw=0, rasterized=True)


def spread(wanted: np.ndarray, *, gap: float, most: float = 1.0) -> np.ndarray:
    """Heights near the ascending ``wanted`` (0 to 1), at least ``gap`` apart and at most ``most`` where they fit."""
    placed = np.array(wanted, dtype=float)
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gap)
    if len(placed) and placed[-1] > most:
        placed[-1] = most
        for i in range(len(placed) - 2, -1, -1):
            placed[i] = min(placed[i], placed[i + 1] - gap)
    return placed
