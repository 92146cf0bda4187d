"""What one hypothesis rests on, as a figure: each donor's values at the visits, and each donor's change."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cd20scope.report.colours import FAINT, INK, MUTED, VERDICT_STYLE
from cd20scope.report.components import part_name
from cd20scope.report.figures.donors import MANY, donor_lines, donor_styles, percent_found, share_axis
from cd20scope.report.figures.style import WIDTH, message_figure, shortened, styled, wrapped
from cd20scope.report.hypothesis_words import margin_of
from cd20scope.report.wording import Row, text_of
from cd20scope.study.nouns import contrast, noun
from cd20scope.study.numbers import level
from cd20scope.verdict.endpoints.catalogue import PART_NAMES

HIGH = 4.2
"""A share or score is drawn on a logarithmic axis where it moves by more than this factor."""


@styled
def evidence(
    row: Row,
    *,
    values: Sequence[tuple[str, pd.DataFrame]],
    ledger: pd.DataFrame,
    visits: Sequence[str],
    donors: Sequence[str],
) -> Figure:
    """Draw the donors of one hypothesis: their values over its visits at the left, their changes at the right.

    Parameters
    ----------
    row
        Of ``verdicts.tsv``.
    values
        What is measured, by its axis label: ``donor visit value none``, ``none`` where no such cell was found. Empty
        where only changes are known, as of the parts of a programme over PBMC.
    ledger
        Rows of ``verdict/ledger.tsv`` of this hypothesis.
    visits
        In the order of time, those of the hypothesis alone.
    donors
        All donors of the study, which keep their colour and marker from figure to figure.
    """
    changes = [(part, own) for part, own in ledger.groupby("part", sort=False) if own["change"].notna().any()]
    shown = [(label, table) for label, table in values if len(table)]
    if not changes and not shown:
        return message_figure("No donor has a value.")
    styles = donor_styles(donors)
    n_donors = ledger["donor"].nunique()
    height = 3.2 if n_donors > MANY else max(2.5, 0.95 + 0.17 * n_donors)
    if len(shown) + len(changes) <= 2:
        n = len(shown) + len(changes)
        figure = Figure(figsize=(WIDTH * (0.9 if n == 2 else 0.5), height))
        axes = figure.subplots(1, n, squeeze=False)[0].tolist()
    else:  # values above, changes below, those of an order of events in two rows
        below = [len(changes)] if len(changes) < 4 else [2, len(changes) - 2]
        figure = Figure(figsize=(WIDTH, 2.5 + height * len(below)))
        rows = figure.add_gridspec(1 + len(below), 1, height_ratios=[2.5, *[height] * len(below)])
        axes = []
        for place, size in enumerate((len(shown), *below)):
            inner = rows[place].subgridspec(1, max(size, 1))
            axes += [figure.add_subplot(inner[0, number]) for number in range(size)]
    for ax, (label, table) in zip(axes, shown, strict=False):
        draw_values(ax, table, label=label, visits=visits, styles=styles)
    for ax, (part, own) in zip(axes[len(shown) :], changes, strict=True):
        draw_changes(ax, own, part=str(part), row=row, styles=styles)
    return figure


def draw_values(
    ax: Axes, table: pd.DataFrame, *, label: str, visits: Sequence[str], styles: Mapping[str, Any]
) -> None:
    """Paired lines of the donors."""
    positive = table.loc[~table["none"] & (table["value"] > 0), "value"]
    floor = None
    if label.startswith("%") and len(positive) and positive.max() > HIGH * positive.min():
        floor = share_axis(ax, table["value"], table["none"])
    donor_lines(ax, table, value="value", visits=visits, styles=styles, floor=floor)
    ax.set_ylabel(wrapped(label, 42))
    if label.startswith("%") and ax.get_yscale() == "linear":
        ax.set_ylim(bottom=0)
    ax.set_title("Value at each visit")


def draw_changes(ax: Axes, own: pd.DataFrame, *, part: str, row: Row, styles: Mapping[str, Any]) -> None:
    """Change of each donor by name, above their mean with its interval; the margin is the short bar."""
    many = own["donor"].nunique() > MANY
    rows = own.sort_values("donor", key=lambda names: names.astype(str), kind="stable")
    if many:  # by size, without names: the ledger has them
        rows = rows.dropna(subset="change").sort_values("change", kind="stable")
    names = rows["donor"].astype(str).tolist()
    for place, (name, change, enters) in enumerate(zip(names, rows["change"], rows["enters"], strict=True)):
        style = styles.get(name, {"color": MUTED, "marker": "o", "ms": 3.6, "mew": 0.9})
        ax.plot(change, place, ls="", **style | {"mfc": style["color"] if enters == "yes" else "white"})
    ax.axvline(0, color=MUTED, lw=0.8, zorder=0)
    labels = [
        wrapped(shortened(name, 28) if enters == "yes" else f"({shortened(name, 28)})", 16)
        if not many
        else ""
        for name, enters in zip(names, rows["enters"], strict=True)
    ]
    if part in ("main", "change") and not pd.isna(row["estimate"]):
        place = len(names) * 1.04 + 0.3
        draw_mean(ax, row, place=place)
        named = "mean" if pd.isna(row["decide_high"]) else f"mean, {level(row['coverage'])} CI"
        labels, places = [*labels, named], [*range(len(names)), place]
    else:
        places = list(range(len(names)))
    ax.set_yticks(places, labels)
    edge = 0.7 if not many else 0.03 * len(names) + 0.7
    ax.set_ylim(max(places) + edge, -edge)
    ax.tick_params(axis="y", length=0)
    if not many:
        ax.grid(axis="y", color=FAINT, lw=0.4)
    ax.spines["left"].set_visible(False)
    drawn = int(rows["change"].notna().sum())
    n = int(((rows["enters"] == "yes") & rows["change"].notna()).sum())
    counted = f"n = {n}" if n == drawn else f"n = {n} in the test, {drawn} drawn"
    ax.set_xlabel(f"{rows['unit'].iloc[0]} ({counted})")
    ax.set_title(f"{PART_NAMES.get(part, 'change').capitalize()}, {contrast(rows['contrast'].iloc[0])}")


def draw_mean(ax: Axes, row: Row, *, place: float) -> None:
    """Estimate, interval and margin of the hypothesis."""
    style = VERDICT_STYLE[row["verdict"]]
    if not pd.isna(row["decide_high"]):
        low = row["estimate"] if pd.isna(row["decide_low"]) else row["decide_low"]
        ax.plot([low, row["decide_high"]], [place, place], color=style["color"], lw=1.8)
    face = style["color"] if style["filled"] else "white"
    ax.plot(row["estimate"], place, style["marker"], ms=6, mew=1.3, color=style["color"], mfc=face)
    margin = margin_of(row)
    for at in (-margin, margin) if row["direction"] == "none" else (margin,):
        ax.add_patch(Rectangle((at, place - 0.4), 0, 0.8, ec=INK, fc=INK, lw=1.2))


def values_of(
    row: Row,
    *,
    donors: pd.DataFrame,
    scores: pd.DataFrame,
    depletion: tuple[str, str] | None,
    visits: Sequence[str],
) -> list[tuple[str, pd.DataFrame]]:
    """Pick what a hypothesis measured in each donor and visit, as :func:`evidence` takes it.

    Parameters
    ----------
    row
        Of ``verdicts.tsv``.
    donors, scores
        ``abundance/donors.tsv`` and ``programs/scores.tsv``.
    depletion
        Population and denominator of the depletion of a claim about the order of events.
    visits
        Those of the hypothesis; other rows are left out.
    """
    donors, scores = (table[table["visit"].isin(visits)] for table in (donors, scores))
    found: list[tuple[str, pd.DataFrame]] = []
    if text_of(row["denominator"]):
        found.append(shares(donors, str(row["population"]), str(row["denominator"])))
    if depletion:
        found.append(shares(donors, *depletion))
    if not text_of(row["program"]) or part_name(row["component"]):
        return found
    own = scores[(scores["population"] == row["population"]) & (scores["program"] == row["program"])]
    found.append((f"{row['program']}, mean score per cell", own.assign(value=own["score"], none=False)))
    return found


def shares(donors: pd.DataFrame, population: str, denominator: str) -> tuple[str, pd.DataFrame]:
    """Share in percent of each donor and visit, and where no cell was found."""
    own = donors[(donors["population"] == population) & (donors["denominator"] == denominator)]
    percent, none = percent_found(own)
    name = noun(population)
    return f"% of {noun(denominator)}: {name}", own.assign(value=percent, none=np.asarray(none, dtype=bool))
