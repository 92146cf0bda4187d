"""Evidence of each verdict: rule, donors, arms, conflicting claims, rows of the tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cd20scope import schema
from cd20scope.report import claims, hypothesis_words, wording
from cd20scope.report.colours import VERDICT_STYLE
from cd20scope.report.results import Results
from cd20scope.report.tables import listings
from cd20scope.report.wording import Row
from cd20scope.verdict.endpoints.catalogue import endpoint_of


def cards(run: Results, *, sentences: Mapping[str, str]) -> list[dict[str, Any]]:
    """Collect the card of every hypothesis, in story order."""
    ledger = {str(name): rows for name, rows in run.statistics["ledger"].groupby("id", sort=False)}
    arms = {str(name): rows for name, rows in run.statistics["arms"].groupby("id", sort=False)}
    parts = {str(name): of for name, of in run.statistics["parts"].groupby("id", sort=False)}
    rows = run.verdicts.to_dict("records")
    entries = []
    for row in rows:
        name = str(row["id"])
        own_arms = arms.get(name, run.statistics["arms"].iloc[:0])
        entries.append(
            claims.claim(row, ledger=ledger.get(name, run.statistics["ledger"].iloc[:0]))
            | {
                "label": row["label"],
                "sentence": sentences[name],
                "rule": rule(row, config=run.config),
                "conflicts": conflicts(row, rows),
                "arms": listings.tabulate(own_arms.drop(columns="id"), name="own_arms")
                if len(own_arms)
                else None,
                "parts": listings.tabulate(parts[name], name="parts") if name in parts else None,
                "row": [
                    (key, wording.text_of(value))
                    for key, value in row.items()
                    if key not in ("theme", "label")
                ],
                "tables": [
                    "verdict/verdicts.tsv",
                    "verdict/ledger.tsv",
                    "verdict/arms.tsv",
                    *(["verdict/parts.tsv"] if name in parts else []),
                    *endpoint_of(row).files,
                ],
            }
        )
    return entries


def conflicts(row: Row, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Other claims on the same estimate, of which one at most is supported: statement, verdict and source."""
    found = [other for other in rows if other["id"] != row["id"] and other["question"] == row["question"]]
    return [
        {
            **{key: other[key] for key in ("id", "statement", "verdict")},
            "shown": hypothesis_words.verdict_text(other),
            **VERDICT_STYLE[other["verdict"]],
            "anchor": schema.anchor(other["id"]),
            "source": wording.link_dois(other["source"]),
        }
        for other in found
    ]


def rule(row: Row, *, config: Mapping[str, Any]) -> str:
    """Write the rule that decided the hypothesis, with the numbers of the run."""
    level: str = "" if pd.isna(row["level"]) else f", at the level {row['level']:.2g} that its family leaves"
    pairs = int(config["verdict"]["min_pairs"])
    endpoint = endpoint_of(row)
    return f"{endpoint.rule(row)}{level}; at least {pairs} donors with {endpoint.visits} visits."
