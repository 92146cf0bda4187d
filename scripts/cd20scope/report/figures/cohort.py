"""Figures of the report: tables in, :class:`matplotlib.figure.Figure` out; no files, no statistics.

Every function draws one figure from the tables that the steps write. Colours are safe for colour-blind
readers (Okabe and Ito) and never carry a meaning alone. Nothing is jittered: same tables, same picture.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, cycle, islice
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from cd20scope.report.colours import DOWN, FAINT, INK, MUTED, VISIT_COLOURS
from cd20scope.report.components import whole_changes
from cd20scope.report.figures.donors import NOT_TOLD, percent_found
from cd20scope.report.figures.style import WIDTH, dots, message_figure, styled, wrapped
from cd20scope.study.nouns import contrast as between
from cd20scope.study.nouns import noun
from cd20scope.study.nouns import visit as when

LETTER, LINE = 0.0125, 0.034
"""Width of a letter and height of a line of the names on the map, over its span."""
TILES = 30
"""Squares along the map, in which cells are counted to find where a population is densest."""
ROUNDS = 200
"""Most rounds in which names are moved apart; a few are enough."""
SEED = 1
"""Of the order in which cells are drawn: the same table gives the same picture."""


@styled
def embedding(cells: pd.DataFrame, *, visits: Sequence[str], colours: Mapping[str, str]) -> Figure:
    """Cells on their two coordinates: once by population, once per visit before the grey of all others.

    Parameters
    ----------
    cells
        One row per cell with ``x``, ``y``, ``population``, ``visit``. Points are rasterised.
    colours
        Colour of each population, in the order of the tree.
    """
    if cells.empty:
        return message_figure("No cell was embedded.")
    figure = Figure(figsize=(WIDTH, 8.2))
    rows = figure.add_gridspec(2, len(visits), height_ratios=[2.1, 1])
    size = float(np.clip(12_000 / len(cells), 0.4, 6))
    main = figure.add_subplot(rows[0, :])
    # in random order, so that no population covers another
    mixed = cells.sample(frac=1, random_state=SEED)
    shades = mixed["population"].map(colours).fillna(FAINT)
    main.scatter(mixed["x"], mixed["y"], s=size, c=list(shades), lw=0, rasterized=True)
    main.set_title(f"Population ({len(cells):,} cells)")
    main.set_aspect("equal")
    name_populations(figure, main, cells, colours=colours)
    for number, visit in enumerate(visits):
        ax = figure.add_subplot(rows[1, number], aspect="equal", xlim=main.get_xlim(), ylim=main.get_ylim())
        here = cells["visit"] == visit
        dots(ax, cells[~here], colour=FAINT, size=size / 2)
        dots(ax, cells[here], colour=DOWN, size=size / 2)
        ax.set_title(f"{when(visit)} ({int(here.sum()):,} cells)")
    for ax in figure.axes:
        ax.set_axis_off()
    return figure


def name_populations(figure: Figure, ax: Axes, cells: pd.DataFrame, *, colours: Mapping[str, str]) -> None:
    """Name each population at its densest place, and with its cells and colour right of the map."""
    sizes = cells["population"].value_counts()
    order = [name for name in colours if name in sizes]
    rest = [name for name in sizes.index if name not in colours]
    dot: dict[str, Any] = {"marker": "o", "ls": "", "ms": 4.5}
    handles = [Line2D([], [], color=colours.get(name, FAINT), **dot) for name in (*order, *rest)]
    names = [f"{name} ({sizes[name]:,})" for name in (*order, *rest)]
    figure.legend(handles, names, loc="outside right upper")
    box: dict[str, Any] = {"fc": "white", "ec": "none", "alpha": 0.75, "pad": 0.6}
    for name, (x, y) in zip(order, places_of_names(cells, order).tolist(), strict=True):
        words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "color": INK, "zorder": 5}
        ax.text(x, y, wrapped(name, 20), bbox=box, **words)


def places_of_names(cells: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Densest place of each population on the map, moved up or down where names would cover each other.

    A name would hide few cells in one place, and stands above them.

    Returns
    -------
    numpy.ndarray
        Names x 2, on the coordinates of the cells.
    """
    span = max(float(np.ptp(cells["x"])), float(np.ptp(cells["y"]))) or 1.0
    placed = []
    for name in names:
        own = cells.loc[cells["population"] == name, ["x", "y"]].to_numpy(dtype=float)
        tiles = np.floor(own / (span / TILES))
        _, which, counts = np.unique(tiles, axis=0, return_inverse=True, return_counts=True)
        place = own[which.ravel() == int(counts.argmax())].mean(axis=0)
        if np.ptp(own[np.abs(own - place).max(axis=1) < 3 * LINE * span][:, 1]) < 2 * LINE * span:
            place[1] += 1.2 * LINE * span
        placed.append(place)
    found = np.array(placed).reshape(-1, 2)
    wide = np.array([min(len(name), 20) for name in names]) * LETTER * span
    for _ in range(ROUNDS):
        moved = False
        for one, other in combinations(np.argsort(found[:, 1]).tolist(), 2):
            gap = found[other] - found[one]
            lack = LINE * span - abs(gap[1])
            if abs(gap[0]) < (wide[one] + wide[other]) / 2 and lack > 1e-9 * span:
                found[[one, other], 1] += np.array([-lack, lack]) / 2
                moved = True
        if not moved:
            break
    return found


@styled
def shares(donors: pd.DataFrame, *, visits: Sequence[str], order: Sequence[str]) -> Figure:
    """Share of everything in ``order`` in its own denominator: one dot per sample, one bar at the median, by visit.

    Samples without such cells are open dots in a strip at the left; the median is of all samples, none where most have
    no such cell.
    """
    names = [name for name in order if (donors["population"] == name).any()]
    if not names:
        return message_figure("No share was counted.")
    figure = Figure(figsize=(WIDTH, 0.42 * len(names) + 1.1))
    ax = figure.subplots()
    found = donors[donors["population"].isin(names)]
    percent, none = percent_found(found)
    strip = float(percent[~none].min()) / 3 if none.any() and (~none).any() else None
    draw_samples(ax, found, names=names, visits=visits, strip=strip)
    if strip is not None:
        ax.axvspan(strip / 1.5, strip * 1.5, color=FAINT, alpha=0.45, lw=0, zorder=0)
        words: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 6.5, "color": MUTED}
        ax.text(strip, -0.005, "0 cells", transform=ax.get_xaxis_transform(), **words)
    of = donors.drop_duplicates("population").set_index("population")["denominator"]
    ax.set_yticks(
        range(len(names)),
        [
            wrapped(
                f"{noun(name)}, % of {noun(of[name])}"
                + (f" ({NOT_TOLD})" if none[found["population"] == name].all() else ""),
                44,
            )
            for name in names
        ],
    )
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.set_xlabel("Share of the denominator (%, logarithmic)", labelpad=8)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color=FAINT, lw=0.5)
    for edge in np.arange(0.5, len(names) - 1):
        ax.axhline(edge, color=FAINT, lw=0.4)
    handles = [
        Line2D([], [], marker="o", ls="", ms=4, color=c) for c in islice(cycle(VISIT_COLOURS), len(visits))
    ]
    n = donors.groupby("visit")["sample"].nunique()
    legend = [f"{when(visit)} (n = {n.get(visit, 0)} samples)" for visit in visits]
    figure.legend(handles, legend, loc="outside upper right", ncols=len(visits))
    return figure


def draw_samples(
    ax: Axes, found: pd.DataFrame, *, names: Sequence[str], visits: Sequence[str], strip: float | None
) -> None:
    """Dots of the samples and bar of their median, by visit within each population; ``strip`` is for 0 cells."""
    step = 0.62 / len(visits)
    percent, none = percent_found(found)
    for number, (visit, colour) in enumerate(zip(visits, cycle(VISIT_COLOURS), strict=False)):
        for row, name in enumerate(names):
            own = (found["population"] == name) & (found["visit"] == visit)
            height = row + (number - (len(visits) - 1) / 2) * step
            look: dict[str, Any] = {"s": 11, "edgecolors": [colour], "lw": 0.7, "alpha": 0.8}
            for chosen, face in ((own & ~none, colour), (own & none, "white")):
                values = percent[chosen] if face == colour else percent[chosen] * 0 + (strip or 0.01)
                ax.scatter(values, [height] * int(chosen.sum()), c=[face] * int(chosen.sum()), **look)
            median = percent[own].median()
            if median > 0 and not none[own].mean() > 0.5:
                ax.plot([median] * 2, [height - step / 2.2, height + step / 2.2], color=colour, lw=1.8)


@styled
def programme_changes(programs: pd.DataFrame, *, contrasts: Sequence[str]) -> Figure:
    """Heat map of the change of each programme in each population, one panel per contrast.

    A dot marks an adjusted p-value below 0.05; hatching with a cross marks what was not testable; blank
    was not tested. ``programs`` is ``programs/programs.tsv``.
    """
    if programs.empty:
        return message_figure("No programme was tested.")
    whole = whole_changes(programs)
    where = programs["population"].where(
        whole, programs["population"] + ", " + programs["component"].astype(str)
    )
    table = programs.assign(where=where)
    rows = table.sort_values("role", ascending=False, kind="stable")["program"].unique()
    columns = table["where"].unique()
    beside = len(columns) * len(contrasts) <= 48
    shape = (1, len(contrasts)) if beside else (len(contrasts), 1)
    figure = Figure(figsize=(WIDTH, (0.23 * len(rows) + 0.3) * shape[0] + 1.9))
    panels = figure.subplots(*shape, squeeze=False, sharex=True, sharey=True).ravel()
    limit = max(1.0, float(table["estimate"].abs().quantile(0.98)))
    norm = TwoSlopeNorm(0, -limit, limit)
    for ax, contrast in zip(panels, contrasts, strict=True):
        cells = table[table["contrast"] == contrast].drop_duplicates(["program", "where"])
        cells = cells.set_index(["program", "where"]).reindex(pd.MultiIndex.from_product([rows, columns]))
        box = (len(rows), len(columns))
        change = pd.DataFrame(cells["estimate"].to_numpy().reshape(box), index=rows, columns=columns)
        mark = np.where(cells["p_adjusted"] < 0.05, "•", "").reshape(box)
        # seaborn looks for limits where none are stated, and warns of a panel without a change
        scale: dict[str, Any] = {"cmap": "RdBu_r", "norm": norm, "vmin": -limit, "vmax": limit, "cbar": False}
        sns.heatmap(change, ax=ax, annot=mark, fmt="", lw=0.6, linecolor="white", **scale)
        untested = (cells["status"] == "not testable").to_numpy().reshape(box)
        for y, x in np.argwhere(untested):
            ax.add_patch(Rectangle((x, y), 1, 1, fc="#ececee", ec="#9a9da3", hatch="/////", lw=0))
            ax.text(x + 0.5, y + 0.5, "×", ha="center", va="center", color=INK)
        pairs = cells.loc[cells["status"] == "tested", "n_pairs"]
        n = " to ".join(f"{size:.0f}" for size in sorted({pairs.min(), pairs.max()}) if len(pairs))
        ax.set(title=f"{between(contrast)}\nn = {n or 0} donors", xlabel="", ylabel="")
        ax.tick_params(length=0)
        for x in range(1, len(columns)):
            ax.axvline(x, color=FAINT, lw=0.3, zorder=0)
    colours = mpl.cm.ScalarMappable(norm=norm, cmap="RdBu_r")
    bar = figure.colorbar(colours, ax=list(panels), location="bottom", shrink=0.4, aspect=40, extend="both")
    bar.set_label("Change, SD between donors at baseline (blue: down, red: up)")
    return figure
