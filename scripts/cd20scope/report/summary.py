"""The verdicts of a run as Markdown and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.report import alerts, answer, claims, hypothesis_words, opening, reasons, wording
from cd20scope.report.colours import VERDICT_STYLE
from cd20scope.report.results import Judged
from cd20scope.schema import VERDICTS
from cd20scope.study import themes
from cd20scope.verdict.endpoints.catalogue import endpoint_of

SCHEMA = 4
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
    "decide_low",
    "decide_high",
    "coverage",
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
    run: Judged,
    *,
    sheet: pd.DataFrame,
    populations: Mapping[str, Any],
    quality: pd.DataFrame,
    sexes: pd.DataFrame,
    asked: Mapping[str, Any],
    version: str,
    code: str,
) -> dict[str, Any]:
    """Put the verdicts of a run into the form of ``workflow/schemas/verdicts.schema.json``.

    Parameters
    ----------
    run
        The verdicts and what they rest on.
    sheet, populations
        Of the run.
    quality, sexes
        Of the samples, as :func:`cd20scope.report.alerts.collect` takes them.
    asked
        From :func:`cd20scope.study.history.tell`.
    version, code
        Of the workflow, and the digest of its library.
    """
    sentences, parts = answer.sentences(run), run.statistics["parts"]
    known = alerts.collect(run, sheet=sheet, warning=str(asked["warning"]), quality=quality, sexes=sexes)
    return {
        "schema": SCHEMA,
        "title": run.config["report"]["title"],
        "cd20scope": version,
        "code": code,
        "simulated": "simulate" in run.config,
        "alpha": run.alpha,
        "visits": list(run.visits),
        "contrasts": run.contrast_names,
        "donors": len(run.donor_names),
        "catalogue": {key: value for key, value in asked.items() if key != "warning"},
        "warning": text(asked["warning"]),
        "alerts": [
            {"kind": alert.kind, "text": alert.text, "contrasts": list(alert.contrasts)} for alert in known
        ],
        "checked": alerts.format_checks(known, quality, sexes, run.verdicts),
        "answer": [
            {"about": part["about"], "text": plain(part["text"])}
            for part in opening.answer(run, sheet=sheet, populations=populations)
        ],
        "questions": ask(run.verdicts),
        "hypotheses": [
            entry(row, sentence=sentences[str(row["id"])], parts=parts[parts["id"] == row["id"]])
            for row in run.verdicts.to_dict("records")
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
        "steroids": hypothesis_words.steroid_mark(row),
        "shown": hypothesis_words.verdict_text(row),
        "tested": wording.sentence(hypothesis_words.claim_text(row)),
        "robustness": wording.sentence(hypothesis_words.arms_text(row)),
        "theme": row["theme"],
        "sentence": plain(sentence),
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


def plain(words: str) -> str:
    """Write a sentence of the page with ordinary blanks."""
    return words.replace("\N{NO-BREAK SPACE}", " ")


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
    lines += [f"- (!) **{alert['kind']}.** {escape(alert['text'])}" for alert in summary["alerts"]]
    lines += ["", "## Answer", ""] if summary["alerts"] else ["## Answer", ""]
    lines += [
        line for part in summary["answer"] for line in (f"**{part['about']}.** {escape(part['text'])}", "")
    ]
    lines += [escape(summary["checked"]), ""] if summary["checked"] else []
    for family in ("confirmatory", "exploratory"):
        own = [
            row for row in summary["hypotheses"] if row["family"] == family and row["id"] == row["question"]
        ]
        if own:
            lines += [f"{wording.plural(len(own), f'{family} question')}: {tally(own)}.", ""]
    for family, heading in (
        ("confirmatory", "Confirmatory questions"),
        ("exploratory", "Exploratory questions"),
    ):
        lines += [f"## {heading}", ""]
        for anchor, theme, _ in themes.THEMES:
            own = [row for row in summary["hypotheses"] if row["family"] == family and row["theme"] == anchor]
            if own:
                lines += [
                    f"### {theme}",
                    "",
                    *(line for row in own for line in bullet(row, summary["visits"])),
                    "",
                ]
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
    """Count verdicts in their order, those that technique or steroids take back apart, as on the page."""
    shown = sorted({(VERDICTS.index(row["verdict"]), row["shown"]) for row in rows})
    return ", ".join(f"{sum(row['shown'] == name for row in rows)} {name}" for _, name in shown)


def bullet(row: Mapping[str, Any], visits: Sequence[str]) -> list[str]:
    """One hypothesis: its verdict, its effect, what was claimed, how robust it is."""
    sign = VERDICT_STYLE[row["verdict"]]["symbol"]
    robust = f" {row['robustness']}" if row["robustness"] else ""
    lines = [
        f"- {sign} **{row['shown']}** ({escape(row['id'])}): {escape(row['sentence'])}",
        f"  Claim: {escape(row['statement'])} Tested: {escape(row['tested'] + robust)}",
    ]
    if row["question"] != row["id"]:
        lines.append(f"  On the same estimate as {escape(row['question'])}.")
    if row["technical"]:
        lines.append(f"  (!) {escape(plain(reasons.write(row['reason'], visits)))}")
    if row["caution"]:
        lines.append(f"  (!) {escape(plain(reasons.write(row['caution'], visits)))}")
    return lines


def escape(value: object) -> str:
    """Keep what Markdown and HTML would read as markup as the text that it is."""
    text = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in ("\\", "`", "*", "_", "[", "]", "|"):
        text = text.replace(sign, f"\\{sign}")
    return text
