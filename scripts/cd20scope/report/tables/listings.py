"""Tables of the report: which rows and columns are shown, under which headings, in which words."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from cd20scope.report import untestable, wording
from cd20scope.report.tables import columns as headings
from cd20scope.study import nouns

WRITERS: dict[str, Callable[[Any], str | Markup]] = {
    "text": lambda value: "" if pd.isna(value) else str(value),
    "key": lambda value: "" if pd.isna(value) else str(value),
    "visit": lambda value: "" if pd.isna(value) else nouns.visit(value),
    "contrast": lambda value: (
        "" if pd.isna(value) else ", ".join(map(nouns.contrast, str(value).split(", ")))
    ),
    "names": wording.names,
    "number": wording.number,
    "range": str,
    "count": wording.count,
    "percent": wording.percent,
    "p": wording.p_value,
}
"""How a column is written. A key is a short text that is kept on one line, as are visits and contrasts."""
KEYS = ("key", "visit", "contrast")
LONG_KEY = 16
"""Letters above which a key is broken into lines all the same: two of 28 made the table of samples
146 px wider than the page, two of 16 take 160 px less."""
TEXTS = ("text", "names")
VERBATIM = ("settings", "differing", "inputs", "versions")
"""Listings whose texts stand as they were given; those of others name visits as the page does."""
NUMBERS = ("number", "count", "percent", "p")


def tabulate(table: pd.DataFrame, *, name: str, visits: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Turn a table into the listing ``name``: ``head`` and ``rows`` of (text, kind of cell, what it is sorted by).

    A kind is ``key``, ``text`` or ``number`` and says how the cell is set; numbers are sorted by their value and not by
    how they are written, all else by its text, for which None stands. Columns that a table lacks are
    left out; columns without a heading in :data:`cd20scope.report.tables.columns.COLUMNS` are not shown. Texts name
    the ``visits`` of the run as people do, and have true minus signs.
    """
    writers = dict(WRITERS)
    if name not in VERBATIM:
        writers["text"] = lambda value: wording.true_minus(untestable.plain(WRITERS["text"](value), visits))
    if {"ci_low", "ci_high"} <= set(table.columns):
        limits = zip(table["ci_low"], table["ci_high"], strict=True)
        table = table.assign(interval=[wording.interval(low, high) for low, high in limits])
    columns = {key: value for key, value in columns_of(table, name=name).items() if key in table.columns}
    kinds = ["text" if kind in TEXTS else "key" if kind in KEYS else "number" for _, kind in columns.values()]
    cells = [
        [
            (
                text := writers[kind](value),
                "text" if own == "key" and len(text) > LONG_KEY else own,
                sorted_by(value, kind),
            )
            for value in table[key]
        ]
        for own, (key, (_, kind)) in zip(kinds, columns.items(), strict=True)
    ]
    names = [heading for heading, _ in columns.values()]
    return {
        "head": list(zip(names, kinds, strict=True)),
        "rows": [list(row) for row in zip(*cells, strict=True)],
    }


def sorted_by(value: object, kind: str) -> float | str | None:
    """Value that a cell is sorted by: that of a number, nothing for a missing one; None where its text will do."""
    if kind == "range":  # by the first number in it
        found = re.search(r"−?[\d,]+(\.\d+)?", str(value))
        return float(found.group().replace("−", "-").replace(",", "")) if found else ""
    if kind not in NUMBERS:
        return None
    return "" if pd.isna(value) else f"{float(value):.6g}"  # type: ignore[arg-type, call-overload]


def chosen(
    *,
    verdicts: pd.DataFrame,
    abundance: pd.DataFrame,
    programs: pd.DataFrame,
    expression: pd.DataFrame,
    fits: pd.DataFrame,
    qc: pd.DataFrame,
    labelled: pd.DataFrame,
    gates: pd.DataFrame,
    inputs: pd.DataFrame,
    preflight: pd.DataFrame,
    versions: Mapping[str, str],
    config: Mapping[str, Any],
    contrast: str,
) -> dict[str, pd.DataFrame]:
    """Pick the rows of every listing, by its name; top genes are those of ``contrast``."""
    alpha = float(config["verdict"]["alpha"])
    return {
        "entered": entered(abundance, programs, fits),
        "abundance": abundance[~abundance["population"].str.contains(" / ", regex=False)],
        "genes": top_genes(expression, contrast=contrast, alpha=alpha),
        "qc": qc,
        "labelled": labelled.assign(
            limits=[
                wording.share_interval(*pair) for pair in zip(labelled["low"], labelled["high"], strict=True)
            ]
        ),
        "gates": gates,
        "not_testable": not_testable(verdicts, abundance, programs, fits),
        "versions": pd.DataFrame(sorted(versions.items()), columns=["software", "version"]),
        "settings": pd.DataFrame(settings(config), columns=["setting", "value"]),
        "inputs": inputs,
        "preflight": preflight,
        "hypotheses": verdicts,
        "all_abundance": abundance,
        "all_programs": programs,
        "fits": fits,
    }


def columns_of(table: pd.DataFrame, *, name: str) -> dict[str, tuple[str, str]]:
    """Columns of a listing; that of quality control has one per reason to drop a cell."""
    if name != "qc":
        return headings.COLUMNS[name]
    first, last = headings.QC_FIRST, headings.QC_LAST
    own = [str(column) for column in table.columns if column not in first | last | {"beyond": None}]
    return first | {column: (f"Dropped: {column}", "count") for column in own} | last


def entered(abundance: pd.DataFrame, programs: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """Which donors entered each contrast: one row per set of donors, with the tests that rest on it."""
    parts = [
        abundance.assign(kind="shares", what=abundance["population"]),
        programs.assign(kind="programmes", what=programs["population"]),
        fits.assign(kind="genes", what=fits["population"]),
    ]
    columns = ["contrast", "donors", "dropped", "kind", "what"]
    tested = pd.concat([part.loc[part["status"] == "tested", columns] for part in parts])
    tested[["donors", "dropped"]] = tested[["donors", "dropped"]].fillna("")
    rows = []
    for key, group in tested.groupby(["contrast", "donors", "dropped"], sort=False):
        contrast, donors, dropped = map(str, key)
        tests = "; ".join(
            f"{kind}: {', '.join(dict.fromkeys(part['what']))}"
            for kind, part in group.groupby("kind", sort=False)
        )
        rows.append(
            (contrast, len([name for name in donors.split(",") if name.strip()]), donors, dropped, tests)
        )
    return pd.DataFrame(rows, columns=["contrast", "n", "donors", "dropped", "tests"]).sort_values(
        "contrast", kind="stable"
    )


def not_testable(
    verdicts: pd.DataFrame, abundance: pd.DataFrame, programs: pd.DataFrame, fits: pd.DataFrame
) -> pd.DataFrame:
    """Everything that could not be tested, with the reason: hypotheses first."""
    hypotheses = verdicts[verdicts["verdict"] == "not testable"]
    shares, scores, genes = (
        table[table["status"] == "not testable"] for table in (abundance, programs, fits)
    )
    parts = [
        hypotheses.assign(what="Hypothesis " + hypotheses["id"] + ": " + hypotheses["statement"]),
        shares.assign(what="Share of " + shares["population"] + " in " + shares["denominator"]),
        scores.assign(what="Programme " + scores["program"] + " in " + scores["population"]),
        genes.assign(what="Genes in " + genes["population"]),
    ]
    rows = pd.concat([part[["what", "contrast", "reason"]] for part in parts], ignore_index=True)
    rows["reason"] = rows["reason"].fillna("")
    grouped = rows.groupby(["what", "reason"], sort=False)["contrast"]
    return grouped.agg(lambda contrast: ", ".join(dict.fromkeys(contrast))).reset_index()


def top_genes(expression: pd.DataFrame, *, contrast: str, alpha: float, most: int = 10) -> pd.DataFrame:
    """Genes with the smallest p-values in each population, at most ``most`` of them."""
    called = expression[(expression["contrast"] == contrast) & (expression["p_adjusted"] < alpha)]
    return called.sort_values(["population", "p_value"], kind="stable").groupby("population").head(most)


def settings(config: Mapping[str, Any], *, above: str = "") -> Iterator[tuple[str, str]]:
    """Walk through a configuration: each setting by its full name, with its value as text."""
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from settings(value, above=f"{above}{key}.")
        elif isinstance(value, list | tuple):
            items = [
                " - ".join(map(str, item)) if isinstance(item, list | tuple) else str(item) for item in value
            ]
            yield f"{above}{key}", "; ".join(items)
        else:
            yield f"{above}{key}", str(value)
