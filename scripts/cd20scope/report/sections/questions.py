"""Section of the questions: one row each, with the claims on its estimate and all that its verdict rests on."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cd20scope import schema
from cd20scope.report import alerts, claims, hypothesis_words, reasons, untestable, wording
from cd20scope.report.colours import VERDICT_STYLE
from cd20scope.report.results import Results
from cd20scope.report.sections.technique import name_of
from cd20scope.report.tables import listings
from cd20scope.report.wording import Row
from cd20scope.study.nouns import contrast
from cd20scope.study.numbers import level
from cd20scope.study.themes import THEMES
from cd20scope.verdict.endpoints.catalogue import endpoint_of


def themes(
    run: Results, *, sentences: Mapping[str, str], known: Sequence[alerts.Alert]
) -> list[dict[str, Any]]:
    """List the questions by theme, in the order of the story; within a theme the confirmatory ones come first.

    Parameters
    ----------
    run
        The run.
    sentences
        Effect of each hypothesis, from :func:`cd20scope.report.answer.sentences`.
    known
        Alerts; those on a contrast stand at each of its questions.
    """
    parts, arms, ledger = (
        dict(iter(run.statistics[name].groupby("id", sort=False))) for name in ("parts", "arms", "ledger")
    )
    found = []
    for anchor, heading, _ in THEMES:
        own = run.verdicts[run.verdicts["theme"] == anchor]
        rows = own[claims.leads(own)].sort_values("family", kind="stable").to_dict("records")
        questions = []
        for row in rows:
            asked = run.verdicts[run.verdicts["question"] == row["id"]].to_dict("records")
            asked.sort(key=lambda one: one["id"] != row["id"])
            questions.append(
                question(row, run=run, ledger=ledger.get(row["id"], run.statistics["ledger"].iloc[:0]))
                | {
                    "sentence": sentences[str(row["id"])],
                    "claims": [claim(one, run=run, arms=arms.get(one["id"])) for one in asked],
                    "alerts": alerts.touching(known, str(row["contrast"])),
                    "parts": listings.tabulate(parts[row["id"]], name="parts")
                    if row["id"] in parts
                    else None,
                }
            )
        if questions:
            found.append({"anchor": anchor, "heading": heading, "questions": questions})
    return found


def question(row: Row, *, run: Results, ledger: pd.DataFrame) -> dict[str, Any]:
    """Write one question and what its estimate rests on; ``row`` is its first claim."""
    names = list(run.visits)
    return {
        "id": row["id"],
        "asks": row["asks"],
        "family": row["family"],
        "verdict": row["verdict"],
        "label": row["label"],
        "anchor": schema.anchor(row["id"]),
        **look(row),
        "contrast": contrast(row["contrast"]),
        "tested": not pd.isna(row["estimate"]),
        "estimate": f"{wording.number(row['estimate'])} {endpoint_of(row).unit.name}",
        "deciding": interval(row["decide_low"], row["decide_high"], row["coverage"]),
        "usual": interval(row["ci_low"], row["ci_high"], 1 - run.alpha),
        "exact": claims.exact(row),
        "beside": wording.true_minus(row["beside"]),
        "power": hypothesis_words.power_text(row),
        "pairs": untestable.plain(claims.pairs(row, ledger), names),
        "ledger": claims.format_ledger(
            ledger.assign(
                reason=[untestable.plain(wording.text_of(text), names) for text in ledger["reason"]]
            )
        ),
        "technique": technique(run.statistics["technique"], str(row["contrast"])),
        "test": wording.text_of(row["test"]),
        "tables": [
            *("verdict/verdicts.tsv", "verdict/ledger.tsv", "verdict/arms.tsv"),
            *(["verdict/parts.tsv"] if endpoint_of(row).part_names else []),
            *endpoint_of(row).files,
        ],
    }


def look(row: Row) -> dict[str, Any]:
    """Colour, sign and name of a verdict, with what takes it back."""
    return {
        "shown": hypothesis_words.verdict_text(row),
        "steroids": hypothesis_words.steroid_mark(row),
        "technical": row["technical"] == "yes",
        **VERDICT_STYLE[row["verdict"]],
    }


def claim(row: Row, *, run: Results, arms: pd.DataFrame | None) -> dict[str, Any]:
    """Write one claim on the estimate of a question, its verdict and its source."""
    names = list(run.visits)
    return {
        **{key: row[key] for key in ("id", "statement", "verdict")},
        **look(row),
        "anchor": schema.anchor(row["id"]),
        "change": hypothesis_words.change_text(row),
        "tested": wording.sentence(hypothesis_words.claim_text(row)),
        "rule": rule(row, config=run.config),
        "reason": reasons.write(hypothesis_words.reason_text(row), names),
        "caution": reasons.write(row["caution"], names),
        "p": f"{p_name(row)} {wording.p_value(row['p_adjusted'])}" if not pd.isna(row["p_adjusted"]) else "",
        "robustness": hypothesis_words.arms_text(row),
        "arms": listings.tabulate(arms.drop(columns="id"), name="own_arms", visits=names)
        if arms is not None
        else None,
        "source": wording.link_dois(row["source"]),
        "note": wording.text_of(row["note"]),
        "row": [(key, wording.text_of(value)) for key, value in row.items() if key not in ("theme", "label")],
    }


def p_name(row: Row) -> str:
    """Name the p-value of a claim by its null hypothesis."""
    if row["direction"] == "none":
        return "p of no change, adjusted"
    return (
        "p against the margin, adjusted" if row["strength"] == "strong" else "p against no change, adjusted"
    )


def interval(low: float, high: float, coverage: float) -> str:
    """Write an interval with its coverage; with one limit, the detection limit decides."""
    covered = level(coverage)
    if pd.isna(high):
        return "described only"
    if pd.isna(low):
        return f"upper {covered} confidence limit {wording.number(high)}"
    return f"{covered} CI {wording.interval(low, high)}"


def technique(table: pd.DataFrame, contrast: str) -> str:
    """Write which technical quantities differ between the visits of a contrast beyond their size."""
    own = table[table["contrast"] == contrast]
    if own.empty:
        return ""
    moved = own.loc[own["moved"] == "yes", "quantity"].map(name_of).tolist()
    return f"{len(moved)} of {len(own)} quantities differ beyond their size" + (
        f": {', '.join(moved)}" if moved else ""
    )


def rule(row: Row, *, config: Mapping[str, Any]) -> str:
    """Write the rule that decides a claim, with the numbers of the run."""
    at: str = "" if pd.isna(row["level"]) else f", at level {row['level']:.3g}"
    pairs, endpoint = int(config["verdict"]["min_pairs"]), endpoint_of(row)
    return f"{endpoint.rule(row)}{at}; at least {pairs} donors with {endpoint.visits} visits."
