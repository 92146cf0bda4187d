"""The verdicts of a run as Markdown and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.report import answer, claims, wording
from cd20scope.report.colours import VERDICT_STYLE
from cd20scope.schema import VERDICTS, contrast_name
from cd20scope.study import themes
from cd20scope.verdict.endpoints.catalogue import endpoint_of

SCHEMA = 3
"""Edition of the form of ``verdicts.json``; raised when a key changes its meaning or goes."""

NUMBERS = (
    "margin",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "p_adjusted",
    "level",
    "level_same",
    "p_exact",
    "smallest_effect_low",
    "smallest_effect_high",
)
TEXTS = (
    *(
        "id",
        "family",
        "statement",
        "verdict",
        "reason",
        "endpoint",
        "population",
        "denominator",
        "program",
        "component",
    ),
    *(
        "contrast",
        "direction",
        "strength",
        "question",
        "test",
        "reach",
        "source",
        "note",
        "caution",
        "beside",
    ),
)


def collect(
    verdicts: pd.DataFrame,
    *,
    abundance: pd.DataFrame,
    ledger: pd.DataFrame,
    parts: pd.DataFrame,
    depletions: Mapping[str, tuple[str, str]],
    asked: Mapping[str, Any],
    config: Mapping[str, Any],
    version: str,
    code: str,
) -> dict[str, Any]:
    """Put the verdicts of a run into the form of ``workflow/schemas/verdicts.schema.json``.

    Parameters
    ----------
    verdicts, abundance, ledger, parts
        The tables of their steps.
    depletions
        From :func:`cd20scope.study.themes.depletions`.
    asked
        From :func:`cd20scope.study.history.tell`.
    config
        Of the run.
    version, code
        Of the workflow, and the digest of its library.
    """
    contrasts = [(later, earlier) for later, earlier in config["contrasts"]]
    alpha = float(config["verdict"]["alpha"])
    rows = claims.in_story_order(verdicts)
    sentences = answer.sentences(
        rows, abundance=abundance, ledger=ledger, depletions=depletions, contrasts=contrasts, alpha=alpha
    )
    return {
        "schema": SCHEMA,
        "title": config["report"]["title"],
        "cd20scope": version,
        "code": code,
        "simulated": "simulate" in config,
        "alpha": alpha,
        "visits": list(config["visits"]),
        "contrasts": [contrast_name(contrast) for contrast in contrasts],
        "donors": int(ledger["donor"].nunique()),
        "catalogue": {key: value for key, value in asked.items() if key != "warning"},
        "warning": text(asked["warning"]),
        "questions": ask(rows),
        "hypotheses": [
            entry(row, sentence=sentences[str(row["id"])], parts=parts[parts["id"] == row["id"]])
            for row in rows.to_dict("records")
        ],
    }


def ask(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """List the questions, each with its family and the claims on its estimate, the first one first."""
    first = rows[claims.leads(rows)].to_dict("records")
    named = rows.groupby("question")["id"].agg(list)
    return [
        {
            "id": str(row["id"]),
            "question": text(row["asks"]),
            "family": text(row["stage"]) or str(row["family"]),
            "claims": sorted(named[row["id"]], key=lambda name: name != row["id"]),
        }
        for row in first
    ]


def entry(row: wording.Row, *, sentence: str, parts: pd.DataFrame) -> dict[str, Any]:
    """Put one hypothesis into the form; what is missing is null."""
    n_arms = row["arms_asked"]
    return {
        **{key: text(row[key]) for key in TEXTS},
        "technical": row["technical"] == "yes",
        "theme": row["theme"],
        "sentence": sentence.replace("\N{NO-BREAK SPACE}", " "),
        "unit": endpoint_of(row).unit.name,
        **{key: number(row[key]) for key in NUMBERS},
        "n_pairs": int(row["n_pairs"]),
        "donors": [name.strip() for name in wording.text_of(row["donors"]).split(",") if name.strip()],
        "left_out": text(row["dropped"]),
        "parts": [
            {
                **{key: text(part[key]) for key in ("part", "statement", "unit", "holds")},
                **{key: number(part[key]) for key in ("estimate", "limit", "margin", "p_value")},
            }
            for part in parts.to_dict("records")
        ]
        or None,
        "arms": None
        if pd.isna(n_arms) or not n_arms
        else {
            "held": int(row["arms_held"]),
            "asked": int(n_arms),
            "against": [name for name in wording.text_of(row["arms_against"]).split("; ") if name],
        },
    }


def text(value: object) -> str | None:
    """Text of a cell; null where it is empty."""
    return None if pd.isna(value) or value == "" else str(value)  # type: ignore[call-overload]


def number(value: float) -> float | None:
    """Write a number as JSON can; null where it is missing or infinite."""
    return float(value) if np.isfinite(value) else None


def format_markdown(summary: Mapping[str, Any], *, preflight: pd.DataFrame, inputs: pd.DataFrame) -> str:
    """Write what :func:`collect` returns as Markdown.

    Parameters
    ----------
    summary
        The verdicts.
    preflight
        Warnings: ``level about text``.
    inputs
        ``sample path sha256 bytes``.
    """
    lines = [f"# {escape(summary['title'])}", ""]
    if summary["simulated"]:
        lines += ["**Simulated data.** This is the built-in cohort; it says nothing about patients.", ""]
    if summary["warning"]:
        lines += [f"**{escape(summary['warning'])}**", ""]
    for family in ("confirmatory", "exploratory"):
        own = [
            row for row in summary["hypotheses"] if row["family"] == family and row["id"] == row["question"]
        ]
        if own:
            lines += [f"Of {len(own)} {family} questions, {tally(own)}.", ""]
    for family, heading in (("confirmatory", "The answer"), ("exploratory", "Exploratory questions")):
        lines += [f"## {heading}", ""]
        for anchor, theme, _ in themes.THEMES:
            own = [row for row in summary["hypotheses"] if row["family"] == family and row["theme"] == anchor]
            if own:
                lines += [f"### {theme}", "", *(line for row in own for line in bullet(row)), ""]
    lines += ["## Warnings from the preflight", ""]
    found = [f"- {escape(row.about)}: {escape(row.text)}" for row in preflight.itertuples()]
    lines += [*(found or ["None."]), "", "## Inputs", "", "| sample | file | SHA-256 |", "|---|---|---|"]
    lines += [
        f"| {escape(row.sample)} | {escape(row.path)} | `{row.sha256}` |" for row in inputs.itertuples()
    ]
    asked = summary["catalogue"]
    footer = (
        f"Questions: version {asked['version']}, SHA-256 `{asked['digest']}`, first used {asked['first_used']}. "
        f"Made by cd20scope {summary['cd20scope']} (code {summary['code']}); `report.html` has the evidence."
    )
    return "\n".join([*lines, "", footer, ""])


def tally(rows: Sequence[Mapping[str, Any]]) -> str:
    """Count verdicts in their order."""
    counts = ((sum(row["verdict"] == verdict for row in rows), verdict) for verdict in VERDICTS)
    return ", ".join(f"{n} {verdict}" for n, verdict in counts if n)


def bullet(row: Mapping[str, Any]) -> list[str]:
    """One hypothesis: its verdict, its effect, what was claimed, how robust it is."""
    sign = VERDICT_STYLE[row["verdict"]]["symbol"]
    arms = row["arms"]
    verb = "As measured, the same verdict" if row["technical"] else "The same verdict"
    held = f" {verb} in {arms['held']} of {arms['asked']} robustness arms." if arms else ""
    if arms and arms["against"]:
        held = f"{held.removesuffix('.')}; not: {', '.join(arms['against'])}."
    shown = f"{row['verdict']} (technical)" if row["technical"] else row["verdict"]
    lines = [
        f"- {sign} **{shown}** ({escape(row['id'])}): {escape(row['sentence'])}",
        f"  Claim: {escape(row['statement'] + held)}",
    ]
    if row["question"] != row["id"]:
        lines.append(f"  On the same estimate as {escape(row['question'])}.")
    if row["technical"]:
        lines.append(f"  (!) {escape(wording.sentence(row['reason']))}")
    if row["caution"]:
        lines.append(f"  (!) {escape(wording.sentence(row['caution']))}")
    return lines


def escape(value: object) -> str:
    """Keep what Markdown and HTML would read as markup as the text that it is."""
    text = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in ("\\", "`", "*", "_", "[", "]", "|"):
        text = text.replace(sign, f"\\{sign}")
    return text
