"""The study in one picture: B cells, T activation and regulatory T cells of every donor over time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from scipy.special import expit

from cd20scope import schema
from cd20scope.report import claims
from cd20scope.report.colours import FAINT, INK, MUTED, VISIT_COLOURS
from cd20scope.report.figures.donors import GREY, LEAST, say_not_told
from cd20scope.report.figures.style import WIDTH, message_figure, styled
from cd20scope.report.figures.timeline import places_of, time_axis
from cd20scope.report.reference import Band, band_of
from cd20scope.report.results import Judged
from cd20scope.report.wording import Row
from cd20scope.study.nouns import noun
from cd20scope.verdict.endpoints.catalogue import endpoint_of

THEMES = ("depletion", "helper", "treg")
"""Themes of the panels, each by its first confirmatory question."""
NONE_FOUND = "0 cells"
REFERENCE_COLOUR = "#009E73"
BAND = 0.18
"""Colour and opacity of the range of healthy donors."""


@styled
def storyboard(run: Judged) -> Figure:
    """Draw one panel per theme: donors in grey, their mean with the interval that decides, counts at each visit."""
    panels = panels_of(run)
    if not panels:
        return message_figure("No confirmatory question on B cells or T cells.")
    figure = Figure(figsize=(0.62 * WIDTH, 1.55 * len(panels) + 0.7))
    axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    for ax, row in zip(axes, panels, strict=True):
        draw_panel(ax, row, run, labelled=ax is axes[-1])
    handles = [
        Line2D([], [], color=GREY, lw=0.9, marker="o", ms=2.4, label="donor"),
        Line2D([], [], color=VISIT_COLOURS[2], lw=1.8, marker="o", ms=4, label="mean, interval that decides"),
    ]
    if not any(points for _, points in (drawn_of(row, run) for row in panels)):
        handles = handles[:1]
    if len(run.reference):
        handles.append(
            Line2D([], [], color=REFERENCE_COLOUR, lw=5, alpha=0.4, label="healthy donors, range and median")
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=max(2, len(handles)))
    if not places_of(run.visits)[1]:
        axes[-1].set_xlabel("visits in order, not to scale", labelpad=26)
    return figure


def panels_of(run: Judged) -> list[Row]:
    """Question of each panel."""
    return [row for theme in THEMES if (row := first_question(run.verdicts, theme)) is not None]


def drawn_of(row: Row, run: Judged) -> tuple[pd.DataFrame, list[tuple[str, float, float, float]]]:
    """Values of the donors (:func:`values_of`) and their means (:func:`means`), as one panel shows them."""
    shares = not endpoint_of(row).scored
    values = values_of(row, run, shares=shares)
    return values, means(row, values, run, shares=shares)


def first_question(verdicts: pd.DataFrame, theme: str) -> Row | None:
    """First confirmatory question of a theme that was tested, or else that was asked."""
    own = verdicts[
        claims.leads(verdicts) & (verdicts["theme"] == theme) & (verdicts["family"] == "confirmatory")
    ]
    rows = own.to_dict("records")
    tested = [row for row in rows if not pd.isna(row["estimate"])]
    return next(iter(tested or rows), None)


def draw_panel(ax: Axes, row: Row, run: Judged, *, labelled: bool) -> None:
    """Draw what one question measured over all visits."""
    shares = not endpoint_of(row).scored
    values, points = drawn_of(row, run)
    places = dict(zip(run.visits, places_of(run.visits)[0], strict=True))
    floor = None
    if shares:
        found = values.loc[~values["none"], "value"]
        low = float(np.nanmin(found)) if len(found) else 0.1
        floor = low / 3 if values["none"].any() else None
    for _, own in values.groupby("donor", sort=True):
        line(ax, own, places=places, floor=floor)
    if floor is not None:
        some = values["none"] & (not values["none"].all())
        for name, n_none in values.loc[some, "visit"].value_counts().items():
            ax.annotate(
                f"{n_none}",
                (places[str(name)], floor),
                (5, 0),
                textcoords="offset points",
                fontsize=6.5,
                va="center",
            )
    draw_means(ax, points, places=places)
    what = noun(row["population"])
    if shares:
        ax.set_title(f"{what[:1].upper()}{what[1:]}")
        ax.set_ylabel(f"% of {noun(row['denominator'])}")
        share_scale(ax, floor, wide=floor is not None or ratio(values) > 5)
        if len(values) and values["none"].all():
            say_not_told(ax)
        draw_reference(ax, band_of(run.reference, str(row["population"]), str(row["denominator"])))
    else:
        ax.set_title(f"{row['program']} in {what}")
        ax.set_ylabel("score per cell")
    n = values.groupby("visit")["donor"].nunique()
    labels = [f"n = {n.get(name, 0)}" for name in run.visits] if labelled else [""] * len(run.visits)
    if labelled:
        time_axis(ax, run.visits, labels)
    else:
        ax.tick_params(axis="x", labelbottom=False)
    ax.text(
        1.0,
        1.02,
        ", ".join(str(n.get(name, 0)) for name in run.visits) + " donors",
        transform=ax.transAxes,
        ha="right",
        va="bottom",
        fontsize=6.5,
        color=MUTED,
    )


def draw_reference(ax: Axes, band: Band | None) -> None:
    """Draw range and median of healthy donors behind the lines."""
    if band is None:
        return
    bottom, top = ax.get_ylim()
    # a logarithmic axis has no 0
    low = max(band.low, bottom)
    ax.axhspan(low, band.high, color=REFERENCE_COLOUR, alpha=BAND, lw=0, zorder=0)
    ax.axhline(band.median, color=REFERENCE_COLOUR, lw=0.9, ls=(0, (4, 2)), zorder=0.5)
    ax.set_ylim(bottom, max(top, 1.1 * band.high))


def ratio(values: pd.DataFrame) -> float:
    """Largest value over the smallest that is not 0."""
    found = values.loc[values["value"] > 0, "value"]
    return float(found.max() / found.min()) if len(found) else 1.0


def share_scale(ax: Axes, floor: float | None, *, wide: bool) -> None:
    """Axis of shares, logarithmic where they span much, with a strip for samples without such a cell below it."""
    if not wide:
        ax.set_ylim(bottom=0)
        return
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 3), numticks=8))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    if floor is None:
        return
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}" if y > 1.5 * floor else ""))
    ax.axhspan(floor / 1.5, floor * 1.5, color=FAINT, alpha=0.45, lw=0, zorder=0)
    ax.text(
        1.01, floor, NONE_FOUND, transform=ax.get_yaxis_transform(), fontsize=6.5, color=MUTED, va="center"
    )
    ax.set_ylim(bottom=floor / 1.6)


def line(ax: Axes, own: pd.DataFrame, *, places: Mapping[str, float], floor: float | None) -> None:
    """One donor; no line leads to a sample without such a cell, which stands in the strip."""
    rows = own.assign(place=own["visit"].map(places)).sort_values("place")
    value = rows["value"].where(~rows["none"])
    look: dict[str, Any] = {"color": GREY, "lw": 0.8, "zorder": 1}
    ax.plot(rows["place"], value, "-o", ms=2.2, **look)
    if floor is not None and rows["none"].any():
        ax.plot(
            rows.loc[rows["none"], "place"], [floor] * int(rows["none"].sum()), "v", ms=3, mfc="white", **look
        )


def values_of(row: Row, run: Judged, *, shares: bool) -> pd.DataFrame:
    """Value of every donor and visit: ``donor visit value``, percent or score; ``none`` where no cell was found."""
    table, keys = (
        (run.donors, ("population", "denominator")) if shares else (run.scores, ("population", "program"))
    )
    own: pd.DataFrame = table[(table[list(keys)] == [row[key] for key in keys]).all(axis=1)]
    if not shares:
        own = own[own["score"].notna()]
        return own.assign(value=own["score"], none=False)
    own = own.groupby(["donor", "visit"], as_index=False)[["n_cells", "n_denominator"]].sum()
    own = own[own["n_denominator"] > 0]
    return own.assign(value=100 * own["n_cells"] / own["n_denominator"], none=own["n_cells"] < LEAST)


def means(
    row: Row, values: pd.DataFrame, run: Judged, *, shares: bool
) -> list[tuple[str, float, float, float]]:
    """Mean at each visit with the limits of its change from baseline: visit, mean, low, high.

    The change is that of the question on this visit, with the interval that decides it, or else of the table of tests.
    """
    baseline = run.visits[0]
    own = values.loc[values["visit"] == baseline]
    if own.empty:
        return []
    if shares:
        x, n = own["n_cells"], own["n_denominator"]
        start = float(np.log((x + 0.5) / (n - x + 0.5)).mean())
    else:
        start = float(own["value"].mean())
    scale = 1.0 if shares else float(own["value"].std(ddof=1))
    found = [(baseline, start, start, start)]
    for visit in run.visits[1:]:
        change = change_of(row, run, schema.contrast_name((visit, baseline)), shares=shares)
        if change is not None:
            found.append((visit, *(start + scale * np.asarray(change)).tolist()))
    if len(found) == 1:  # no change was tested, and a mean alone would look like one
        return []
    return [(name, *(100 * expit(np.array(of)) if shares else np.array(of)).tolist()) for name, *of in found]


def change_of(row: Row, run: Judged, contrast: str, *, shares: bool) -> tuple[float, float, float] | None:
    """Change and limits of what a question measured, over one contrast; None where it was not tested."""
    same = ["population", "denominator"] if shares else ["population", "program"]
    asked = run.verdicts[
        (run.verdicts[same] == pd.Series({key: row[key] for key in same})).all(axis=1)
        & (run.verdicts["contrast"] == contrast)
        & (run.verdicts["endpoint"] == row["endpoint"])
        & claims.leads(run.verdicts)
        & run.verdicts["decide_high"].notna()
    ]
    if "component" in run.verdicts and not shares:
        asked = asked[asked["component"].fillna("").isin(("", "total"))]
    if len(asked):
        one = asked.iloc[0]
        return float(one["estimate"]), float(one["decide_low"]), float(one["decide_high"])
    table = run.abundance if shares else run.programs
    tested = table[
        (table[same] == pd.Series({key: row[key] for key in same})).all(axis=1)
        & (table["contrast"] == contrast)
        & (table["status"] == "tested")
    ]
    if tested.empty:
        return None
    one = tested.iloc[0]
    return float(one["estimate"]), float(one["ci_low"]), float(one["ci_high"])


def draw_means(
    ax: Axes, points: Sequence[tuple[str, float, float, float]], *, places: Mapping[str, float]
) -> None:
    """Mean over the visits, with the interval of its change; without a lower limit the bar has an arrow."""
    if not points:
        return
    colour = VISIT_COLOURS[2]
    where = [places[name] for name, *_ in points]
    ax.plot(where, [mean for _, mean, _, _ in points], "-o", color=colour, lw=1.8, ms=4.2, zorder=4)
    for place, (_, mean, low, high) in zip(where, points, strict=True):
        start = mean if np.isnan(low) else low
        ax.plot([place, place], [start, high], color=colour, lw=1.6, zorder=3)
    ax.spines["bottom"].set_color(INK)
