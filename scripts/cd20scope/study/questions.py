"""The catalogue of questions as one row per claim, which is what the engine judges and the report shows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cd20scope.study.families import Family
from cd20scope.study.question_rules import EXPLORATORY

OF_QUESTION = ("claims", "question", "family", "id")
"""Keys of a question that its rows have in another form."""


def claim_rows(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the claims of a catalogue, each with what its question estimates.

    Parameters
    ----------
    data
        The catalogue, checked.

    Returns
    -------
    One row per claim in the order of the file: its own keys and those of its question; ``question``, the id of the
    question, which is that of its first claim; ``asks``, the question in words; ``family``, confirmatory or
    exploratory; and ``stage``, the name of the confirmatory family, empty if exploratory.
    """
    rows = []
    for entry in data["questions"]:
        explored = entry["family"] == EXPLORATORY
        shared = {key: value for key, value in entry.items() if key not in OF_QUESTION}
        shared |= {"question": entry["id"], "asks": entry["question"]}
        shared |= {"family": EXPLORATORY if explored else "confirmatory"}
        shared |= {"stage": "" if explored else entry["family"]}
        rows += [{"id": claim["id"], **shared, **claim} for claim in entry["claims"]]
    return rows


def read_families(data: Mapping[str, Any]) -> list[Family]:
    """Families of a catalogue that was checked, in its order."""
    return [
        Family(
            entry["name"], float(entry["share"]), {k: float(v) for k, v in entry.get("passes", {}).items()}
        )
        for entry in data["families"]
    ]


def digest(data: Mapping[str, Any]) -> str:
    """SHA-256 of what a catalogue says; comments, layout and the order of keys do not count."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
