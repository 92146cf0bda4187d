"""Figures of all verdicts: the estimates against their margins, and the arms in which each verdict holds."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle

from cd20scope.report.colours import FAINT, INK, MUTED, UP, VERDICT_STYLE
from cd20scope.report.figures.style import WIDTH, message_figure, styled
from cd20scope.report.hypothesis_words import margin_of, verdict_text
from cd20scope.report.wording import Row
from cd20scope.schema import anchor
from cd20scope.verdict.endpoints.catalogue import BY_NAME
from cd20scope.verdict.endpoints.units import Unit

FOLDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
"""Ticks of the forest plot that a reader of fold changes knows."""

WARNED = " (!)"
"""Mark of a verdict with a caution."""

GAP, LETTER = 6.0, 4.4
"""Points between panel, numbers and verdicts, and points of a letter of the numbers (DejaVu Sans, 7 points)."""

LONGEST = 62
"""Letters of a line of a label, about a third of the width of a figure."""

OTHER_DENOMINATOR = "other denominators"
"""Column of the grid for all shares in other denominators together."""


@styled
def forest(verdicts: pd.DataFrame) -> Figure:
    """Estimate, both intervals, margin and verdict of every hypothesis, one panel per unit.

    Parameters
    ----------
    verdicts
        Rows of ``verdicts.tsv`` in reading order, with ``label``, the short name of each hypothesis.
    """
    of_unit: dict[Unit, list[str]] = {}
    for name, endpoint in BY_NAME.items():
        of_unit.setdefault(endpoint.unit, []).append(name)
    parts = [(unit, verdicts[verdicts["endpoint"].isin(names)]) for unit, names in of_unit.items()]
    shown = [(unit, rows) for unit, rows in parts if len(rows)]
    if not shown:
        return message_figure("No hypothesis to show.")
    heights = [len(rows) + 2.6 for _, rows in shown]
    figure = Figure(figsize=(WIDTH, 0.23 * sum(heights)))
    panels = figure.subplots(len(shown), 1, height_ratios=heights, squeeze=False)[:, 0]
    clear = clear_of(map(number_of, verdicts.to_dict("records")))
    for ax, (unit, rows) in zip(panels, shown, strict=True):
        for height, row in enumerate(rows.to_dict("records")):
            draw_margin(ax, row, height=height)
            draw_hypothesis(ax, row, height=height)
            write_verdict(ax, row, height=height, number=number_of(row), clear=clear)
            link_row(ax, row, height=height)
        ax.axvline(0, color=MUTED, lw=0.8, zorder=0)
        name_rows(ax, rows)
        ax.spines["left"].set_visible(False)
        ax.margins(x=0.04)
        ax.set_xlabel(unit.axis)
        if unit.fold_axis:
            folds = np.array([f for f in FOLDS if ax.get_xlim()[0] <= np.log(f) <= ax.get_xlim()[1]])
            top = ax.secondary_xaxis("top")
            top.set_xticks(np.log(folds), [f"{fold:g}" for fold in folds])
            top.set_xlabel(unit.fold_axis, color=MUTED)
            top.tick_params(colors=MUTED)
    return figure


def number_of(row: Row) -> str:
    """Donors of the estimate of a hypothesis; nothing where there is none."""
    return "" if pd.isna(row["n_pairs"]) or pd.isna(row["estimate"]) else f"n = {int(row['n_pairs'])}"


def two_lines(label: str) -> str:
    """Break a long label into two lines, and leave out the end of one that needs more; the table has it whole."""
    lines = textwrap.wrap(label, LONGEST, break_long_words=True) or [""]
    return "\n".join(lines if len(lines) < 3 else [lines[0], f"{lines[1][:-1]}…"])


def name_rows(ax: Axes, rows: pd.DataFrame, *, middle: float = 0.0) -> None:
    """Name each hypothesis at the left, the confirmatory ones in bold, the first at the top.

    ``middle`` is the height of the middle of the first row.
    """
    if not middle:
        ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks([row + middle for row in range(len(rows))], [two_lines(label) for label in rows["label"]])
    for label, family in zip(ax.get_yticklabels(), rows["family"], strict=True):
        label.set(fontweight="bold" if family == "confirmatory" else "normal")
    for label, name in zip(ax.get_yticklabels(), rows["id"], strict=True):
        label.set_url(f"#{anchor(name)}")
        label.set(fontsize=6.5, linespacing=0.95)
    ax.tick_params(axis="y", length=0)


def draw_margin(ax: Axes, row: Row, *, height: int) -> None:
    """Margin as a bar with an arrow in the stated direction; of no change, a band between two bars."""
    margin, none = margin_of(row), row["direction"] == "none"
    if none:
        box = Rectangle((-margin, height - 0.32), 2 * margin, 0.64, fc="#e4e6ea", ec="none", zorder=0.5)
        ax.add_patch(box)
    for place in (-margin, margin) if none else (margin,):
        ax.plot([place, place], [height - 0.32, height + 0.32], color=INK, lw=1.1, solid_capstyle="butt")
        right = (place > 0) != none  # what is claimed lies outside the margin, or between the two
        ax.annotate(
            "▸" if right else "◂",
            (place, height),
            xytext=(4 if right else -4, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
            color=INK,
        )


def draw_hypothesis(ax: Axes, row: Row, *, height: int) -> None:
    """One row of the forest plot: estimate, the 95 % interval (thick) and the one that decides (thin)."""
    style = VERDICT_STYLE[row["verdict"]]
    if not pd.isna(row["estimate"]):
        # with one limit only, the detection limit decides
        unbounded = pd.isna(row["ci_low"]) and not pd.isna(row["ci_high"])
        for low, high, width in (("decide_low", "decide_high", 0.9), ("ci_low", "ci_high", 2.6)):
            start = row["estimate"] if unbounded else row[low]
            line = {"color": style["color"], "lw": width, "zorder": 2, "solid_capstyle": "butt"}
            ax.plot([start, row[high]], [height, height], **line)
        point = {"color": style["color"], "mfc": style["color"] if style["filled"] else "white"}
        marker = "<" if unbounded else style["marker"]
        ax.plot(row["estimate"], height, marker, ms=5.5, mew=1.3, zorder=3, **point)


def link_row(ax: Axes, row: Row, *, height: int) -> None:
    """Make the whole row lead to the evidence of its hypothesis."""
    top, bottom = height - 0.5, height + 0.5
    corners = [(0, top), (1.5, top), (1.5, bottom), (0, bottom)]
    whole = Polygon(corners, transform=ax.get_yaxis_transform(), clip_on=False)
    whole.set(facecolor="white", edgecolor="none", alpha=0.0, zorder=5, url=f"#{anchor(row['id'])}")
    whole.set_in_layout(False)
    ax.add_patch(whole)


def clear_of(numbers: Iterable[str]) -> float:
    """Points from the panel to the verdicts, which stand below each other, clear of the longest number."""
    return 2 * GAP + LETTER * max(map(len, numbers), default=0)


def write_verdict(ax: Axes, row: Row, *, height: float, number: str, clear: float) -> None:
    """Write a number of a row right of the panel, and its verdict in its own colour, marked where it has a caution.

    They stand ``clear`` points from the panel, however narrow that is.
    """
    style = VERDICT_STYLE[row["verdict"]]
    warned = WARNED if isinstance(row["caution"], str) and row["caution"] else ""
    text = f"{style['symbol']} {verdict_text(row)}{warned}"
    place: dict[str, Any] = {
        "xy": (1, height),
        "xycoords": ax.get_yaxis_transform(),
        "textcoords": "offset points",
        "va": "center",
    }
    ax.annotate(number, xytext=(GAP, 0), color=MUTED, fontsize=7, **place)
    ax.annotate(text, xytext=(clear, 0), color=style["color"], fontsize=7.5, fontweight="bold", **place)


@styled
def arm_grid(verdicts: pd.DataFrame, arms: pd.DataFrame) -> Figure:
    """Draw for every decided hypothesis (row) and arm (column) whether the verdict holds there.

    A dot: the same verdict. A box with the sign of another verdict: that one instead. A dash: the arm could not be
    decided. Blank: it does not apply.

    Parameters
    ----------
    verdicts
        As for :func:`forest`.
    arms
        ``verdict/arms.tsv``.
    """
    table = merge_denominators(arms)
    rows = verdicts[verdicts["id"].isin(table["id"])]
    columns = [
        name for name in order_of(table) if name in set(table.loc[table["id"].isin(rows["id"]), "arm"])
    ]
    if rows.empty:
        return message_figure("No hypothesis was decided in an arm.")
    figure = Figure(figsize=(WIDTH, 0.225 * len(rows) + 2.1))
    ax = figure.subplots()
    found = {(row["id"], row["arm"]): row for row in table.to_dict("records")}
    shares = [
        "" if pd.isna(row["arms_asked"]) else f"{row['arms_held']:.0f} of {row['arms_asked']:.0f}"
        for row in rows.to_dict("records")
    ]
    for height, row in enumerate(rows.to_dict("records")):
        for place, arm in enumerate(columns):
            if (row["id"], arm) in found:
                cell = found[row["id"], arm]
                draw_arm(ax, cell["holds"], cell["verdict"], at=(place, height))
        write_verdict(ax, row, height=height, number=shares[height], clear=clear_of(shares))
        if height and row["theme"] != rows["theme"].iloc[height - 1]:
            ax.axhline(height - 0.5, color=MUTED, lw=0.6)
    name_rows(ax, rows)
    ax.set_xlim(-0.6, len(columns) - 0.4)
    ax.xaxis.tick_top()
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="left", rotation_mode="anchor")
    ax.tick_params(axis="x", length=0)
    for x in range(len(columns)):
        ax.axvline(x, color=FAINT, lw=0.5, zorder=0)
    ax.spines[:].set_visible(False)
    figure.legend(handles=legend_of_arms(), loc="outside lower center", ncols=4)
    return figure


def draw_arm(ax: Axes, holds: object, verdict: str, *, at: tuple[int, int]) -> None:
    """One cell of the grid."""
    if holds == "yes":
        ax.plot(*at, "o", ms=4.2, color=VERDICT_STYLE["supported"]["color"])
    elif holds == "no":
        ax.plot(*at, "s", ms=9, mfc="white", mec=UP, mew=1.4)
        words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6.5, "fontweight": "bold"}
        ax.text(*at, VERDICT_STYLE[verdict]["symbol"], color=INK, **words)
    else:
        ax.plot(*at, "_", ms=5, color=MUTED)


def legend_of_arms() -> list[Line2D]:
    """Legend of the signs of the grid."""
    box: dict[str, Any] = {"marker": "s", "ls": "", "ms": 8, "mfc": "white", "mec": UP, "mew": 1.4}
    signs = ", ".join(f"{style['symbol']} {verdict}" for verdict, style in VERDICT_STYLE.items())
    dot: dict[str, Any] = {"marker": "o", "ls": "", "ms": 4.2, "color": VERDICT_STYLE["supported"]["color"]}
    return [
        Line2D([], [], label="verdict unchanged", **dot),
        Line2D([], [], label=f"another verdict: {signs}", **box),
        Line2D([], [], label="not decidable", marker="_", ls="", ms=5, color=MUTED),
    ]


def order_of(table: pd.DataFrame) -> Sequence[str]:
    """Arms in the order of the table, those of which the most verdicts have first."""
    sizes = table["arm"].value_counts(sort=False)
    return sorted(sizes.index, key=lambda name: -int(sizes[name]))


def merge_denominators(arms: pd.DataFrame) -> pd.DataFrame:
    """One row per hypothesis for its other denominators: it holds when it does in each that could be decided."""
    other = arms["arm"].astype(str).str.startswith("denominator ")
    worst = {"no": 0, "yes": 1}
    table = arms[["id", "arm", "verdict", "holds"]].assign(
        arm=arms["arm"].mask(other, OTHER_DENOMINATOR), rank=arms["holds"].map(worst).fillna(2)
    )
    return table.sort_values("rank", kind="stable").drop_duplicates(["id", "arm"]).sort_index()
