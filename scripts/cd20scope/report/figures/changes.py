"""Change of every donor in every confirmatory question, as one heat map."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from cd20scope.report import claims
from cd20scope.report.colours import FAINT, INK, MUTED
from cd20scope.report.figures.style import WIDTH, message_figure, name_columns, styled
from cd20scope.report.figures.verdicts import clear_of, name_rows, number_of, write_verdict
from cd20scope.report.results import Judged

WHOLE = ("main", "change")
"""Parts of the ledger that are the change of a question itself, and not one step of an order of events."""
LIMIT = 2.0
"""Typical changes at which the colours end; of eight donors that change alike, none is beyond."""
COLOURS = "RdBu_r"
"""Two hues that all kinds of colour vision tell apart, pale where there is no change."""
NAMES, VERDICTS = 3.1, 2.1
"""Inches left of the cells for the questions, and right of them for donors and verdicts."""


def standardised(run: Judged) -> pd.DataFrame:
    """Change of every donor in every confirmatory question, over the typical size of the changes in its test.

    That size, the root mean square over donors, leaves 0 at no change and tells donors apart where all change much more
    than they differ, which their standard deviation would not.

    Returns
    -------
    ``id label donor contrast change unit typical standardised enters reason``, one row per question and donor, in the
    order of the story. ``standardised`` is missing where a donor is not in the test, or where nothing changes at all.
    """
    asked = run.verdicts[claims.leads(run.verdicts) & (run.verdicts["family"] == "confirmatory")]
    ledger = run.statistics["ledger"]
    own = ledger[ledger["part"].isin(WHOLE) & ledger["id"].isin(asked["id"])]
    table = asked[["id", "label"]].merge(own, on="id").drop_duplicates(["id", "donor"])
    table["donor"] = table["donor"].astype(str)
    change = table["change"].astype(float).where(table["enters"] == "yes")
    typical = np.sqrt((change**2).groupby(table["id"]).transform("mean"))
    table = table.assign(typical=typical, standardised=change / typical.where(typical > 0))
    names = [
        "id",
        "label",
        "donor",
        "contrast",
        "change",
        "unit",
        "typical",
        "standardised",
        "enters",
        "reason",
    ]
    return table[names]


@styled
def donor_changes(run: Judged) -> Figure:
    """Draw :func:`standardised`: questions in rows; donors in columns, the lowest in the first question first."""
    table = standardised(run)
    if not table["standardised"].notna().any():
        return message_figure("No confirmatory question has a change of a donor.")
    asked = run.verdicts[run.verdicts["id"].isin(table["id"])]
    cells = table.pivot_table(index="id", columns="donor", values="standardised")
    cells = cells.reindex(index=asked["id"], columns=run.donor_names)
    first = cells[cells.notna().any(axis=1)].iloc[0]
    cells = cells[first.sort_values(kind="stable", na_position="last").index]
    figure = Figure(figsize=(WIDTH, 0.27 * len(cells) + 2.1))
    ax = figure.subplots()
    look: dict[str, Any] = {
        "cmap": COLOURS,
        "vmin": -LIMIT,
        "vmax": LIMIT,
        "cbar": False,
        "linecolor": "white",
    }
    sns.heatmap(cells, ax=ax, lw=0.5, xticklabels=False, yticklabels=False, **look)
    mark_missing(ax, cells)
    rows = asked.to_dict("records")
    clear = clear_of(map(number_of, rows))
    for height, row in enumerate(rows):
        write_verdict(ax, row, height=height + 0.5, number=number_of(row), clear=clear)
    ax.set(xlabel="", ylabel="")
    name_rows(ax, asked, middle=0.5)
    width = WIDTH - NAMES - VERDICTS
    places = [number + 0.5 for number in range(len(cells.columns))]
    name_columns(ax, list(cells.columns), inches=width, places=places)
    explain(figure, ax)
    return figure


def mark_missing(ax: Axes, cells: pd.DataFrame) -> None:
    """Hatch the cells without a value, and say so in words across a row that has none at all."""
    look: dict[str, Any] = {"fc": "#ececee", "ec": "#9a9da3", "hatch": "/////", "lw": 0}
    empty = cells.isna().all(axis=1).to_numpy()
    for y, x in np.argwhere(cells.isna().to_numpy()):
        if not empty[y]:
            ax.add_patch(Rectangle((x, y), 1, 1, **look))
    for y in np.flatnonzero(empty).tolist():
        ax.add_patch(Rectangle((0, y), cells.shape[1], 1, fc="#ececee", ec=FAINT, lw=0.5))
        words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "color": MUTED}
        ax.text(cells.shape[1] / 2, y + 0.5, "not tested", **words)


def explain(figure: Figure, ax: Axes) -> None:
    """Scale of the colours, and what hatching means."""
    scale = ScalarMappable(norm=Normalize(-LIMIT, LIMIT), cmap=COLOURS)
    bar = figure.colorbar(scale, ax=ax, location="bottom", shrink=0.5, aspect=40, extend="both", pad=0.02)
    bar.set_label("Change of the donor over the typical change in the question (blue: down, red: up)")
    missing = Patch(fc="#ececee", ec="#9a9da3", hatch="/////", lw=0, label="donor not in the test")
    figure.legend(handles=[missing], loc="outside lower right", labelcolor=INK)
