"""Figures of single donors over the visits: tables in, :class:`matplotlib.figure.Figure` out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from cd20scope.report.colours import DONOR_COLOURS
from cd20scope.report.figures.style import grid, message_figure, styled

DONOR_MARKERS = ("o", "s", "^", "D", "v", "P")


def donor_styles(donors: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour and marker of each donor; a pair repeats only after 24 donors."""
    return {
        donor: {
            "color": DONOR_COLOURS[i % 8],
            "marker": DONOR_MARKERS[(i + i // 8) % 6],
            "ms": 3.6,
            "mew": 0.9,
        }
        for i, donor in enumerate(donors)
    }


def donor_legend(figure: Figure, styles: Mapping[str, Mapping[str, Any]]) -> None:
    """Name every donor once, under the panels."""
    handles = [Line2D([], [], lw=1.0, **style) for style in styles.values()]
    figure.legend(handles, list(styles), loc="outside lower center", ncols=min(len(styles), 8), title="Donor")


def donor_lines(
    ax: Axes, table: pd.DataFrame, *, value: str, visits: Sequence[str], styles: Mapping[str, Any]
) -> None:
    """One line per donor over the visits; rows with ``open`` True get an open marker."""
    place = {visit: number for number, visit in enumerate(visits)}
    for donor, rows in table.groupby("donor", sort=True):
        points = rows.assign(place=rows["visit"].map(place)).sort_values("place")
        style = styles[str(donor)]
        where, height = points["place"].to_numpy(dtype=float), points[value].to_numpy(dtype=float)
        missing = np.flatnonzero(np.diff(where) > 1) + 1  # a visit is missing in between
        line = {"color": style["color"], "lw": 0.9, "alpha": 0.85}
        ax.plot(np.insert(where, missing, np.nan), np.insert(height, missing, np.nan), "-", **line)
        for after in missing:
            ax.plot(where[after - 1 : after + 1], height[after - 1 : after + 1], ":", **line)
        is_open = points["open"].to_numpy(dtype=bool)
        for rows_of, face in ((~is_open, style["color"]), (is_open, "white")):
            if rows_of.any():
                ax.plot(where[rows_of], height[rows_of], mfc=face, ls="", **style)
    n = table.groupby("visit")["donor"].nunique()
    ax.set_xticks(range(len(visits)), [f"{visit}\nn = {n.get(visit, 0)}" for visit in visits])
    ax.set_xlim(-0.25, len(visits) - 0.75)


def share_axis(ax: Axes) -> None:
    """Make the axis of shares logarithmic, with ticks that people read."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def percent_or_limit(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Share of each row of ``abundance/donors.tsv`` in percent, and whether no cell was found.

    Where none was found, the share is at its detection limit, the one-sided 95 % upper limit.
    """
    none_found = rows["n_cells"] == 0
    return 100 * rows["fraction"].where(~none_found, rows["fraction_upper"]), none_found


@styled
def donor_shares(
    donors: pd.DataFrame, *, visits: Sequence[str], populations: Sequence[str], log: bool
) -> Figure:
    """Draw the share of each population per donor and visit, open and at its detection limit where zero.

    Parameters
    ----------
    donors
        ``abundance/donors.tsv``.
    log
        Whether the axis is logarithmic, as vanishing populations need.
    """
    shown = [name for name in populations if (donors["population"] == name).any()]
    if not shown:
        return message_figure(f"No sample counts {', '.join(populations)}.")
    styles = donor_styles(sorted(donors["donor"].unique()))
    figure, axes = grid(len(shown), columns=max(2, len(shown)), height=3.0)
    for ax, population in zip(axes, shown, strict=True):
        rows = donors[donors["population"] == population]
        percent, zero = percent_or_limit(rows)
        donor_lines(
            ax, rows.assign(percent=percent, open=zero), value="percent", visits=visits, styles=styles
        )
        ax.set_title(population)
        ax.set_ylabel(f"% of {rows['denominator'].iloc[0]}")
        if log:
            share_axis(ax)
        else:
            ax.set_ylim(bottom=0)
    donor_legend(figure, styles)
    return figure


@styled
def programme_scores(
    scores: pd.DataFrame, *, visits: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> Figure:
    """Draw the score of each (population, programme) of ``pairs`` per donor and visit."""
    panels = [
        (population, program, rows)
        for population, program in pairs
        if len(rows := scores[(scores["population"] == population) & (scores["program"] == program)])
    ]
    if not panels:
        return message_figure("No programme was scored.")
    styles = donor_styles(sorted(scores["donor"].unique()))
    figure, axes = grid(len(panels), columns=3, height=2.5)
    for ax, (population, program, rows) in zip(axes, panels, strict=True):
        donor_lines(ax, rows.assign(open=False), value="score", visits=visits, styles=styles)
        ax.set_title(f"{program}\nin {population}")
        ax.set_ylabel("mean score per cell")
    donor_legend(figure, styles)
    return figure
