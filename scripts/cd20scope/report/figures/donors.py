"""Figures of single donors over the visits: tables in, :class:`matplotlib.figure.Figure` out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from cd20scope.report.colours import DONOR_COLOURS, FAINT, INK, MUTED
from cd20scope.report.figures.style import grid, message_figure, shortened, styled, wrapped
from cd20scope.study.nouns import noun, visit

DONOR_MARKERS = ("o", "s", "^", "D", "v", "P")
MANY = 15
"""Donors above which lines are grey behind a band: no eye tells more colours and markers apart."""
GREY = "#a9adb5"
BAND = (10, 90)
"""Percentiles of the donors that the band spans."""
NOT_TOLD = "not told apart in this run"
"""Written where no sample has a cell of a population."""
FEW = "too few donors at the first visit"
"""Written where the spread between donors at the first visit is not known."""
LEAST = 0.5
"""Cells, summed over their posteriors, below which none was found."""


def donor_styles(donors: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour and marker of each donor; all alike where they are many."""
    if len(donors) > MANY:
        return {donor: {"color": GREY, "marker": "o", "ms": 2.2, "mew": 0.7} for donor in donors}
    return {
        donor: {
            "color": DONOR_COLOURS[i % 8],
            "marker": DONOR_MARKERS[(i + i // 8) % 6],
            "ms": 3.6,
            "mew": 0.9,
        }
        for i, donor in enumerate(donors)
    }


def donor_legend(figure: Figure, styles: Mapping[str, Mapping[str, Any]], *, band: bool = True) -> None:
    """Name every donor once, under the panels; of many, what line and band are.

    ``band``: whether the panels draw the median and the band of many (:func:`draw_band`), or markers alone.
    """
    if len(styles) > MANY:
        dot: dict[str, Any] = {"color": GREY, "marker": "o", "ms": 2.2}
        handles = [
            Line2D([], [], lw=0.7 if band else 0, **dot),
            Line2D([], [], color=INK if band else MUTED, lw=1.8 if band else 1.0),
            Line2D([], [], color=FAINT, lw=7),
        ]
        names = ["donor", "median", f"{BAND[0]}th to {BAND[1]}th percentile"]
        shown = 3 if band else 2
        figure.legend(handles[:shown], names[:shown], loc="outside lower center", ncols=3)
        return
    handles = [Line2D([], [], lw=1.0, **style) for style in styles.values()]
    names = [wrapped(shortened(name, 28), 14) for name in styles]
    columns = 8 if max(map(len, styles), default=0) <= 8 else 4
    figure.legend(handles, names, loc="outside lower center", ncols=min(len(styles), columns), title="Donor")


def donor_lines(
    ax: Axes,
    table: pd.DataFrame,
    *,
    value: str,
    visits: Sequence[str],
    styles: Mapping[str, Any],
    floor: float | None = None,
) -> None:
    """One line per donor over the visits; no line leads to a sample in which nothing was found.

    Parameters
    ----------
    table
        ``donor visit`` and ``value``; rows with ``none`` True are open markers at ``floor``, or at 0 without one.
    floor
        Height of the strip for samples without such a cell.
    """
    place = {name: number for number, name in enumerate(visits)}
    many = len(styles) > MANY
    aside = dict(zip(styles, np.linspace(-0.1, 0.1, len(styles)), strict=True))
    for donor, rows in table.groupby("donor", sort=True):
        points = rows.assign(place=rows["visit"].map(place)).sort_values("place")
        style = styles[str(donor)]
        none = points["none"].to_numpy(dtype=bool)
        where, height = points["place"].to_numpy(dtype=float), points[value].to_numpy(dtype=float)
        shown = np.isfinite(height) & ~none if floor is not None else np.isfinite(height)
        draw_line(ax, where[shown], height[shown], colour=style["color"], thin=many)
        if (shown & ~none).any():
            ax.plot(where[shown & ~none], height[shown & ~none], mfc=style["color"], ls="", **style)
        if none.any():  # side by side, as all are at one height
            at = height[none] if floor is None else np.full(int(none.sum()), floor)
            ax.plot(where[none] + aside[str(donor)], at, mfc="white", ls="", **style)
    if many:
        draw_band(ax, table, value=value, visits=visits, floor=floor)
    drawn = table[table["none"].astype(bool) | np.isfinite(table[value].astype(float))]
    n = drawn.groupby("visit")["donor"].nunique()
    ax.set_xticks(
        range(len(visits)), [f"{wrapped(visit(name), 12)}\nn = {n.get(name, 0)}" for name in visits]
    )
    ax.set_xlim(-0.25, len(visits) - 0.75)


def draw_line(ax: Axes, where: np.ndarray, height: np.ndarray, *, colour: str, thin: bool) -> None:
    """Line of one donor, dotted across a visit that is missing."""
    missing = np.flatnonzero(np.diff(where) > 1) + 1
    line: dict[str, Any] = {"color": colour, "lw": 0.5 if thin else 0.9, "alpha": 0.7 if thin else 0.85}
    ax.plot(np.insert(where, missing, np.nan), np.insert(height, missing, np.nan), "-", **line)
    for after in missing:
        ax.plot(where[after - 1 : after + 1], height[after - 1 : after + 1], ":", **line)


def draw_band(
    ax: Axes, table: pd.DataFrame, *, value: str, visits: Sequence[str], floor: float | None
) -> None:
    """Median of many donors at each visit and the band of most of them; in the strip where those have no cell."""
    least = 0.0 if floor is None else floor
    known = table.assign(value=table[value].astype(float).where(~table["none"].astype(bool), least))
    groups = [known.loc[known["visit"] == name, "value"].dropna() for name in visits]
    places = [number for number, group in enumerate(groups) if len(group)]
    if not places:
        return
    low, middle, high = np.transpose(
        [np.percentile(groups[number], [BAND[0], 50, BAND[1]]) for number in places]
    )
    ax.fill_between(places, low, high, color=FAINT, alpha=0.6, lw=0, zorder=0)
    ax.plot(places, middle, color=INK, lw=1.8, zorder=4)


def share_axis(ax: Axes, values: pd.Series, none: pd.Series) -> float | None:
    """Make the axis of shares logarithmic, with a strip for samples without such a cell below all values.

    Returns
    -------
    float or None
        Height of the strip; None where every sample has such a cell.
    """
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    found = values[~none & (values > 0)]
    low, high = (float(found.min()), float(found.max())) if len(found) else (0.1, 1.0)
    ax.set_ylim(low / 1.5, high * 1.5)
    if not none.any():
        return None
    floor = low / 3
    ax.set_ylim(bottom=floor / 1.6)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}" if y > 1.6 * floor else ""))
    ax.axhspan(floor / 1.6, floor * 1.6, color=FAINT, alpha=0.45, lw=0, zorder=0)
    words: dict[str, Any] = {"fontsize": 6.5, "color": MUTED, "va": "center", "ha": "left"}
    ax.text(0.02, floor, "0 cells", transform=ax.get_yaxis_transform(), zorder=0.5, **words)
    return floor


def percent_found(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Share of each row of ``abundance/donors.tsv`` in percent, and whether no cell was found."""
    return 100 * rows["fraction"].astype(float), rows["n_cells"] < LEAST


@styled
def donor_shares(
    donors: pd.DataFrame, *, visits: Sequence[str], populations: Sequence[str], log: bool
) -> Figure:
    """Draw the share of each population per donor and visit.

    Parameters
    ----------
    donors
        ``abundance/donors.tsv``.
    log
        Whether the axis is logarithmic, as vanishing populations need; samples without a cell are in a strip then.
    """
    shown = [name for name in populations if (donors["population"] == name).any()]
    if not shown:
        return message_figure(f"No sample counts {', '.join(populations)}.")
    styles = donor_styles(sorted(donors["donor"].astype(str).unique()))
    figure, axes = grid(len(shown), columns=min(max(2, len(shown)), 4), height=3.0)
    for ax, population in zip(axes, shown, strict=True):
        rows = donors[donors["population"] == population]
        percent, none = percent_found(rows)
        floor = share_axis(ax, percent, none) if log else None
        table = rows.assign(percent=percent, none=none)
        donor_lines(ax, table, value="percent", visits=visits, styles=styles, floor=floor)
        name = noun(population)
        ax.set_title(wrapped(f"{name[:1].upper()}{name[1:]}", 24))
        if none.all():
            say_not_told(ax)
        ax.set_ylabel(f"% of {noun(rows['denominator'].iloc[0])}")
        if not log:
            ax.set_ylim(bottom=0)
    donor_legend(figure, styles)
    return figure


def say_not_told(ax: Axes) -> None:
    """Say that no sample has a class that the labels did not find: it has no detection limit, and no scale."""
    ax.set_yticks([])
    ax.set_yticks([], minor=True)
    words: dict[str, Any] = {"ha": "center", "va": "center", "color": MUTED}
    ax.text(0.5, 0.5, wrapped(NOT_TOLD, 18), transform=ax.transAxes, **words)


@styled
def programme_scores(
    scores: pd.DataFrame, *, visits: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> Figure:
    """Draw the score of each (population, programme) of ``pairs`` per donor and visit, all panels on one scale.

    The scale is that of the tests: SD between donors at the first visit, 0 at their mean there (:func:`in_sd`).
    """
    panels = [
        (population, program, in_sd(rows, visits[0]))
        for population, program in pairs
        if len(rows := scores[(scores["population"] == population) & (scores["program"] == program)])
    ]
    if not panels:
        return message_figure("No programme was scored.")
    styles = donor_styles(sorted(scores["donor"].astype(str).unique()))
    figure, axes = grid(len(panels), columns=4, height=2.3)
    known = pd.concat([rows["sd"] for *_, rows in panels]).dropna()
    low, high = (min(known.min(), -1.0), max(known.max(), 1.0)) if len(known) else (-1.0, 1.0)
    for number, (ax, (population, program, rows)) in enumerate(zip(axes, panels, strict=True)):
        donor_lines(ax, rows.assign(none=False), value="sd", visits=visits, styles=styles)
        ax.set_title(f"{wrapped(program, 22)}\nin {wrapped(noun(population), 22)}")
        ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        ax.axhline(0, color=MUTED, lw=0.6, zorder=0)
        ax.grid(axis="y", color=FAINT, lw=0.5)
        ax.set_ylabel("baseline SD" if number % 4 == 0 else "")
        if rows["sd"].isna().all():
            words: dict[str, Any] = {"ha": "center", "va": "center", "color": MUTED}
            ax.text(0.5, 0.5, wrapped(FEW, 18), transform=ax.transAxes, **words)
    donor_legend(figure, styles)
    return figure


def in_sd(scores: pd.DataFrame, first: str) -> pd.DataFrame:
    """Add ``sd``: the score less its mean at the ``first`` visit, over its SD between the donors there.

    It is missing where fewer than three donors have a score at that visit, whose SD could be anything, or all have the
    same.
    """
    start = scores.loc[scores["visit"] == first, "score"].astype(float)
    spread = float(start.std(ddof=1)) if start.notna().sum() > 2 else float("nan")
    return scores.assign(sd=(scores["score"] - start.mean()) / (spread or float("nan")))
