"""Hypotheses and their verdicts: order of the story, counts, exact p-values, ledgers."""

from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

from cd20scope.report import hypothesis_words, wording
from cd20scope.report.colours import VERDICT_STYLE
from cd20scope.schema import VERDICTS
from cd20scope.study import nouns
from cd20scope.study.themes import THEMES, theme_of
from cd20scope.verdict.endpoints.catalogue import PART_NAMES


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


def leads(verdicts: pd.DataFrame) -> pd.Series:
    """Mark the first claim of each question, whose verdict is the question's; the others read the same estimate."""
    return verdicts["id"] == verdicts["question"]


def tally(verdicts: pd.DataFrame, *, family: str) -> list[tuple[int, str]]:
    """Count the questions of a family by verdict, those that technique or steroids take back apart."""
    own = verdicts[(verdicts["family"] == family) & leads(verdicts)]
    return [(entry["n"], entry["shown"]) for entry in counts(own)]


def counts(leading: pd.DataFrame) -> list[dict[str, Any]]:
    """Count questions by verdict in the order of the verdicts; ``leading`` has the first claim of each."""
    rows = leading.to_dict("records")
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (str(row["verdict"]), hypothesis_words.verdict_text(row))
        found[key] = found.get(key, 0) + 1
    order = sorted(found, key=lambda key: (VERDICTS.index(key[0]), key[1]))
    return [{"n": found[key], "verdict": key[0], "shown": key[1], **VERDICT_STYLE[key[0]]} for key in order]


def chapters(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the confirmatory questions of each theme by verdict, in the order of the story."""
    own = verdicts[(verdicts["family"] == "confirmatory") & leads(verdicts)]
    counted = [
        {"anchor": anchor, "heading": heading, "counts": counts(own[own["theme"] == anchor])}
        for anchor, heading, _ in THEMES
    ]
    return [chapter for chapter in counted if chapter["counts"]]


def exact(row: wording.Row) -> str:
    """Write the p-value of all sign flips, and what so few pairs cannot reach; empty where nothing was tested."""
    if pd.isna(row["p_exact"]):
        return ""
    reach = wording.text_of(row["reach"])
    return f"p {wording.p_value(row['p_exact'])} against no change, by all sign flips of the donors" + (
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
        f"{f'{PART_NAMES[part]}, ' if several and part in PART_NAMES else ''}{nouns.contrast(contrast)}, {unit}"
        for part, contrast, unit in parts
    ]
    return {"head": head, "rows": rows}
