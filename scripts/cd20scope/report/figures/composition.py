"""Composition of the cells of every donor before and after treatment: tables in, figure out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from cd20scope.report.colours import FAINT, MUTED
from cd20scope.report.figures.style import WIDTH, message_figure, name_columns, styled
from cd20scope.study.nouns import noun, visit

REST = "other and unassigned"
"""Cells of the denominator that belong to none of the populations."""
ALL = "median"
"""Bar of all donors."""
LEGEND = 2.2
"""Inches right of the bars for the legend."""


def composition(
    donors: pd.DataFrame, *, whole: str, order: Sequence[str], visits: Sequence[str]
) -> pd.DataFrame:
    """Share of each population in all cells, per donor and visit, and the median over donors.

    Parameters
    ----------
    donors
        ``abundance/donors.tsv``.
    whole
        Denominator of all cells.
    order
        Populations, which do not overlap, in the order in which they are stacked.
    visits
        In the order of time.

    Returns
    -------
    ``donor visit population n_cells n_whole percent``. The last population of each bar is what is left of all cells.
    Donor ``median``: median percentage over donors, scaled so that the bar sums to 100.
    """
    keys = ["donor", "visit"]
    counted = donors[donors["denominator"] == whole].drop_duplicates(["sample"])
    total = counted.astype({"donor": str}).groupby(keys)["n_denominator"].sum()
    cells = donors[donors["population"].isin(order)].drop_duplicates(["sample", "population"])
    wide = cells.astype({"donor": str}).pivot_table(
        index=keys, columns="population", values="n_cells", aggfunc="sum"
    )
    wide = wide.reindex(
        index=total.index[total > 0], columns=[name for name in order if name in wide]
    ).fillna(0)
    total = total.reindex(wide.index)
    wide[REST] = (total - wide.sum(axis=1)).clip(lower=0)
    percent = wide.div(total, axis=0) * 100
    median = percent.groupby("visit").median()
    median = median.div(median.sum(axis=1), axis=0) * 100
    own = wide.melt(var_name="population", value_name="n_cells", ignore_index=False).reset_index()
    own["n_whole"] = total.reindex(pd.MultiIndex.from_frame(own[keys])).to_numpy()
    own["percent"] = 100 * own["n_cells"] / own["n_whole"]
    both = median.melt(var_name="population", value_name="percent", ignore_index=False).reset_index()
    table = pd.concat([own, both.assign(donor=ALL)], ignore_index=True)
    return table[table["visit"].isin(visits)]


@styled
def stacked(table: pd.DataFrame, *, whole: str, visits: Sequence[str], colours: Mapping[str, str]) -> Figure:
    """One row of bars per visit: the median over donors, then every donor; an empty place where a visit is missing.

    Parameters
    ----------
    table
        From :func:`composition`.
    colours
        Colour of each population.
    """
    if table.empty:
        return message_figure("No cell was counted.")
    figure = Figure(figsize=(WIDTH, 1.45 * len(visits) + 1.0))
    axes = figure.subplots(len(visits), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    donors = sorted(set(table["donor"]) - {ALL})
    places = {ALL: 0.0} | {name: number + 1.6 for number, name in enumerate(donors)}
    populations = list(dict.fromkeys(table["population"]))
    shades = {name: FAINT if name == REST else colours.get(name, MUTED) for name in populations}
    for ax, name in zip(axes, visits, strict=True):
        own = table[table["visit"] == name]
        draw_bars(ax, own, places=places, shades=shades)
        n = len(set(own["donor"]) - {ALL})
        ax.set_title(f"{visit(name)} (n = {n})")
        ax.set_ylabel(f"% of {noun(whole)}")
    axes[0].set_xlim(-0.6, max(places.values()) + 0.6)
    axes[0].set_ylim(0, 100)
    for ax in axes[:-1]:
        ax.tick_params(axis="x", which="both", length=0, labelbottom=False)
    name_columns(axes[-1], list(places), inches=WIDTH - LEGEND - 0.6, places=list(places.values()))
    handles = [
        Patch(fc=shades[name], label=name if name == REST else noun(name)) for name in populations[::-1]
    ]
    figure.legend(handles=handles, loc="outside right upper", handlelength=1.0, handleheight=1.0)
    return figure


def draw_bars(ax: Axes, own: pd.DataFrame, *, places: Mapping[str, float], shades: Mapping[str, str]) -> None:
    """Bars of one visit."""
    wide = own.pivot_table(index="donor", columns="population", values="percent").reindex(
        columns=list(shades)
    )
    where = np.array([places[str(name)] for name in wide.index])
    bottom = np.zeros(len(wide))
    look: dict[str, Any] = {"width": 0.86, "ec": "white", "lw": 0.25}
    for name, colour in shades.items():
        height = wide[name].fillna(0).to_numpy()
        ax.bar(where, height, bottom=bottom, color=colour, **look)
        bottom += height
    for name, place in places.items():
        if name not in wide.index:
            words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6, "color": MUTED}
            ax.text(place, 50, "no sample", rotation=90, **words)
