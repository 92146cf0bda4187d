"""Hypotheses and their verdicts as cards of the report: which are shown, in which order, in which words."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

from cd20scope import schema
from cd20scope.report import hypothesis_words, wording
from cd20scope.report.colours import VERDICT_STYLE
from cd20scope.schema import VERDICTS
from cd20scope.study.themes import THEMES, theme_of
from cd20scope.verdict.endpoints.catalogue import PART_NAMES, endpoint_of


def in_story_order(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Sort hypotheses by theme, then as in the catalogue; add ``theme`` and a short ``label``."""
    rows = verdicts.to_dict("records")
    order = [anchor for anchor, _, _ in THEMES]
    labelled = verdicts.assign(
        theme=[theme_of(row) for row in rows], label=[hypothesis_words.short_name(row) for row in rows]
    )
    return labelled.sort_values(
        "theme", key=lambda theme: theme.map(order.index), kind="stable", ignore_index=True
    )


def shown_first(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Pick the claims on confirmatory questions, and the parts of their totals."""
    family = verdicts["family"] == "confirmatory"
    split = pd.Index(
        verdicts[["endpoint", "population", "program", "contrast"]]
        .astype(object)
        .fillna("")
        .agg("|".join, axis=1)
    )
    part = split.isin(split[family]) & verdicts["component"].isin(["composition", "within"])
    shown: pd.DataFrame = verdicts.loc[family | part]
    return shown


def leads(verdicts: pd.DataFrame) -> pd.Series:
    """Mark the first claim of each question, whose verdict is the question's; the others read the same estimate."""
    return verdicts["id"] == verdicts["question"]


def tally(verdicts: pd.DataFrame, *, family: str) -> list[tuple[int, str, int]]:
    """Count the questions of a family by verdict: how many, which, and how many of them with a caution."""
    own = verdicts[(verdicts["family"] == family) & leads(verdicts)]
    warned = own["caution"].astype(object).fillna("") != ""  # a column without any text is read as numbers
    return [
        (n, verdict, int((warned & (own["verdict"] == verdict)).sum()))
        for verdict in VERDICTS
        if (n := int((own["verdict"] == verdict).sum()))
    ]


def chapters(answer: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the confirmatory questions of each theme by verdict, in the order of the story."""
    own = answer[(answer["family"] == "confirmatory") & leads(answer)]
    counted = []
    for anchor, heading, _ in THEMES:
        sizes = own.loc[own["theme"] == anchor, "verdict"].value_counts()
        counts = [
            {"n": int(sizes[verdict]), "verdict": verdict, **VERDICT_STYLE[verdict]}
            for verdict in VERDICTS
            if verdict in sizes
        ]
        if counts:
            counted.append({"anchor": anchor, "heading": heading, "counts": counts})
    return counted


def themes(answer: pd.DataFrame, *, ledger: pd.DataFrame) -> list[dict[str, Any]]:
    """Claims by theme; a group is all claims on one question, side by side."""
    entries = {str(name): rows for name, rows in ledger.groupby("id", sort=False)}
    nothing = ledger.iloc[:0]
    shown = []
    for anchor, heading, _ in THEMES:
        rows = answer[answer["theme"] == anchor].to_dict("records")
        if rows:
            claims = [claim(row, ledger=entries.get(str(row["id"]), nothing)) for row in rows]
            shown.append({"anchor": anchor, "heading": heading, "groups": group(claims)})
    return shown


def group(claims: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Put the claims on one question into one group, where its first one stood."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for own in claims:
        groups.setdefault(own["question"], []).append(own)
    return list(groups.values())


def claim(row: wording.Row, *, ledger: pd.DataFrame) -> dict[str, Any]:
    """Write one hypothesis and its verdict in the words of the page; ``ledger`` has the rows of this hypothesis."""
    limits = wording.interval(row["ci_low"], row["ci_high"])
    return {
        **{
            key: row[key]
            for key in ("id", "statement", "verdict", "family", "question", "asks", "contrast", "direction")
        },
        **{key: wording.text_of(row[key]) for key in ("dropped", "test", "note")},
        "shown": hypothesis_words.verdict_text(row),
        "technical": row["technical"] == "yes",
        "beside": wording.true_minus(row["beside"]),
        "caution": wording.sentence(wording.true_minus(row["caution"])),
        "reason": wording.sentence(wording.text_of(row["reason"])),
        **VERDICT_STYLE[row["verdict"]],
        "anchor": schema.anchor(row["id"]),
        "tested": not pd.isna(row["estimate"]),
        "estimate": f"{wording.number(row['estimate'])} {endpoint_of(row).unit.name}",
        "interval": "described only" if limits == wording.NOTHING else f"95 % CI {limits}",
        "p": wording.p_value(row["p_adjusted"]),
        "claim": hypothesis_words.claim_text(row),
        "robustness": hypothesis_words.arms_text(row),
        "power": hypothesis_words.power_text(row),
        "exact": exact(row),
        "pairs": pairs(row, ledger),
        "ledger": format_ledger(ledger),
        "source": wording.link_dois(row["source"]),
    }


def exact(row: wording.Row) -> str:
    """Write the p-value of all sign flips, and what so few pairs cannot reach; empty where nothing was tested."""
    if pd.isna(row["p_exact"]):
        return ""
    reach = wording.text_of(row["reach"])
    return f"p {wording.p_value(row['p_exact'])} of no change, by all sign flips" + (
        f". {reach}" if reach else ""
    )


def pairs(row: wording.Row, ledger: pd.DataFrame) -> str:
    """Write how many donors enter, of how many, and why the others do not; without a test they are only complete."""
    donors = ledger["donor"].nunique()
    of_all = f" of {donors}" if donors else ""
    verb = "complete" if row["verdict"] == "not testable" else "enter"
    left_out = wording.text_of(row["dropped"])
    return f"{wording.count(row['n_pairs'])}{of_all} {verb}" + (f"; not {left_out}" if left_out else "")


def format_ledger(ledger: pd.DataFrame) -> dict[str, Any]:
    """Lay out the ledger of one hypothesis.

    Returns
    -------
    ``head``, one heading per change; ``rows`` of (donor, whether it enters, changes, reason).
    """
    parts = list(dict.fromkeys(zip(ledger["part"], ledger["contrast"], ledger["unit"], strict=True)))
    rows = []
    entries = ledger.dropna(subset="donor").sort_values("donor", kind="stable").to_dict("records")
    for donor, own in groupby(entries, key=itemgetter("donor")):
        of_donor = list(own)
        value = {entry["part"]: entry["change"] for entry in reversed(of_donor)}
        changes = [wording.number(value.get(part)) for part, _, _ in parts]
        reasons = dict.fromkeys(filter(None, (wording.text_of(entry["reason"]) for entry in of_donor)))
        enters = all(entry["enters"] == "yes" for entry in of_donor)
        rows.append((str(donor), enters, changes, "; ".join(reasons)))
    several = len(parts) > 1
    head = [
        f"{f'{PART_NAMES[part]}, ' if several and part in PART_NAMES else ''}{contrast}, {unit}"
        for part, contrast, unit in parts
    ]
    return {"head": head, "rows": rows}


def wide_ledger(ledger: pd.DataFrame, *, order: Sequence[str]) -> pd.DataFrame:
    """One row per hypothesis and part, one column per donor with its change; ``out`` names those left out.

    Changes of donors that do not enter are not shown.
    """
    rows: list[Mapping[str, Any]] = []
    kept = {name: number for number, name in enumerate(order)}
    for (name, part, contrast, unit), own in ledger.groupby(["id", "part", "contrast", "unit"], sort=False):
        enters = own["enters"] == "yes"
        out = own[~enters].groupby(own["reason"].astype(object).fillna(""), sort=False)["donor"]
        why = "; ".join(f"{', '.join(who.astype(str))}: {reason}" for reason, who in out)
        rows.append(
            {"id": name, "part": part, "contrast": contrast, "unit": unit, "n": int(enters.sum()), "out": why}
            | dict(zip(own["donor"].astype(str), own["change"].where(enters), strict=True))
        )
    donors = sorted(ledger["donor"].astype(str).unique())
    table = pd.DataFrame(rows, columns=["id", "part", "contrast", "unit", "n", *donors, "out"])
    return table.sort_values("id", key=lambda ids: ids.map(kept), kind="stable", ignore_index=True)
