"""Which questions a study was asked, since when, and whether they changed after verdicts had been made.

The table is written once per study and carried along: a further version of the questions adds a row, and no row is
changed or removed.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

COLUMNS = ("digest", "version", "first_used", "after_verdicts")
"""Columns of ``results/verdict/questions.tsv``: SHA-256 of what the catalogue says, its version, the time (UTC) when
the study first used it, and whether there were verdicts by then."""

SHORT = 12
"""Letters of a digest that are shown."""


def note(history: pd.DataFrame, *, digest: str, version: int, now: str, verdicts: bool) -> pd.DataFrame:
    """Add a version of the questions to those that a study has used.

    Parameters
    ----------
    history
        :data:`COLUMNS`, all text; empty at first.
    digest, version
        Of the catalogue of this run.
    now
        Time in ISO 8601.
    verdicts
        Whether the study has verdicts already.

    Returns
    -------
    :data:`COLUMNS`, one row per version in the order of their first use; a version that was used before keeps its row.
    """
    if digest in set(history["digest"]):
        return history
    row = {"digest": digest, "version": str(version), "first_used": now}
    row["after_verdicts"] = "yes" if verdicts else "no"
    return pd.concat([history, pd.DataFrame([row])], ignore_index=True)[list(COLUMNS)]


def tell(history: pd.DataFrame, digest: str) -> dict[str, Any]:
    """Say which version of the questions decided, and what else the study was asked.

    Parameters
    ----------
    history
        From :func:`note`.
    digest
        Of the catalogue of this run.

    Returns
    -------
    ``digest``, ``version``, ``first_used``; ``after_verdicts``, whether it was first used when there were verdicts
    already; ``others``, the other versions in the order of their first use, with the same four keys; and ``warning``,
    a text where there are others, else empty.

    Raises
    ------
    ValueError
        When the history lacks this version.
    """
    rows = [_entry(row) for row in history.to_dict("records")]
    own = [row for row in rows if row["digest"] == digest]
    if not own:
        raise ValueError(
            f"results/verdict/questions.tsv has no row for the questions of this run ({digest[:SHORT]}). Restore the "
            "file as it was, or remove it and run again."
        )
    others = [row for row in rows if row["digest"] != digest]
    return own[0] | {"others": others, "warning": _warn(own[0], others)}


def _entry(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "digest": str(row["digest"]),
        "version": int(row["version"]),
        "first_used": str(row["first_used"]),
        "after_verdicts": row["after_verdicts"] == "yes",
    }


def _warn(own: Mapping[str, Any], others: list[dict[str, Any]]) -> str:
    if not others:
        return ""
    listed = "; ".join(
        f"version {row['version']} ({row['digest'][:SHORT]}), first used {row['first_used']}"
        for row in others
    )
    if own["after_verdicts"]:
        return (
            f"The questions were changed after verdicts had been made: those of this report were first used "
            f"{own['first_used']}. Before: {listed}."
        )
    if any(row["after_verdicts"] for row in others):
        return f"The study was also asked other questions, after verdicts had been made: {listed}."
    return f"The questions were changed before any verdict was made. Also used: {listed}."
