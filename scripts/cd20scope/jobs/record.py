"""What the results of a study were made with, kept beside them.

Snakemake keeps that in ``.snakemake``, for each job. Where this is lost, or results were copied without it, Snakemake
takes results of other settings for up to date; the record tells.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

type State = Mapping[str, Any]
"""What results depend on, by its name in messages: settings by their keys, digests of what is larger."""

PLACE = "results/made_with.json"


def digest(value: object) -> str:
    """Twelve hexadecimal digits of anything that JSON can hold."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def flatten(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Name settings by their place in the configuration: ``{"qc": {"min_genes": 5}}`` is ``{"qc > min_genes": 5}``."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        place = f"{above} > {key}" if above else str(key)
        flat |= flatten(value, place) if isinstance(value, Mapping) else {place: value}
    return flat


def differences(states: Sequence[State], now: State) -> list[str]:
    """Names of what differs between what results were made with and what a run would make them with.

    Parameters
    ----------
    states
        As :func:`read` gives them.
    now
        Of the run.
    """
    # as it is read again: JSON has no tuples, and its keys are text
    wanted = json.loads(json.dumps(now, default=str))
    names = dict.fromkeys(name for state in (*states, wanted) for name in state)
    return [name for name in names if any(state.get(name) != wanted.get(name) for state in states)]


def read(path: Path) -> list[dict[str, Any]]:
    """Read the states in which results were begun since all of them were last complete; none without a record."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [dict(state) for state in found]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"{path}: not what a run wrote ({error}). Remove it together with the folder of the results."
        ) from None


def note(path: Path, now: State, *, complete: bool) -> None:
    """Add the state of a run to the record: the only one where all results are complete, else one of several.

    Parameters
    ----------
    path
        The record.
    now
        Of the run.
    complete
        Whether every result was made, or found to be made, in this state.
    """
    states = [] if complete else read(path)
    if not states or differences(states[-1:], now):
        states.append(dict(now))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".partial-{path.name}")
    aside.write_text(json.dumps(states, indent=1, default=str) + "\n", encoding="utf-8")
    aside.replace(path)
