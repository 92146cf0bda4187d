"""Why a job failed, by its log, and what to do about it."""

import re
from dataclasses import dataclass
from pathlib import Path

TAIL = 64_000
"""Bytes of the end of a log that are read: a traceback with its message is shorter."""

LONGEST = 1_500
"""Characters of a message that are shown."""

BEGIN = "Traceback (most recent call last):\n"

WRITTEN_ON = re.compile(r"^\d\d:\d\d:\d\d [A-Z]+ ", flags=re.M)
"""Start of a line of the log, as :func:`cd20scope.jobs.logs.logged` writes it."""

OWN = re.compile(r"(?:cd20scope\.[\w.]+|ValueError): ")
"""Start of a message of the project, which says itself what to do."""

CURES = {
    r"No space left on device|Disk quota exceeded|File too large|errno = (?:28|122|27)\b": (
        "Make room on the disk of the results, then run again."
    ),
    r"MemoryError|Unable to allocate|std::bad_alloc|cannot allocate": (
        "Give the job more memory, as in --set-resources {rule}:mem_mb=8000 on a cluster, or run fewer jobs side by "
        "side (--cores), then run again."
    ),
    r"PermissionError|Permission denied": "Give this user the right to read or write that file, then run again.",
    r"ModuleNotFoundError|ImportError": (
        "The environment lacks a package: set it up again (make .venv/installed), then run again."
    ),
}
"""What to do about errors of the machine, by a pattern of their text."""

UNKNOWN = "This error is not foreseen. Run again; if it returns, report it with this log."


@dataclass(frozen=True)
class Failure:
    """A job whose last attempt failed.

    Attributes
    ----------
    rule, unit
        Name of the rule, and the sample or part, empty for a rule of the whole study.
    log
        Path of the log, relative to the folder of the study.
    message
        The error, without its traceback.
    cure
        What to do; empty where the message says it.
    """

    rule: str
    unit: str
    log: str
    message: str
    cure: str


def read_failure(log: Path, folder: Path) -> Failure | None:
    """Read why a job failed; None where its log ends without an error.

    Parameters
    ----------
    log
        ``results/logs/<step>/<rule>.log``, or ``<rule>/<unit>.log`` there.
    folder
        Of the study.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    message = _of_python(text) or _of_r(text)
    if not message:
        return None
    place = log.relative_to(folder / "results/logs").with_suffix("").parts
    rule, unit = place[1], "/".join(place[2:])
    cure = next((words for pattern, words in CURES.items() if re.search(pattern, message)), "")
    if not cure and not OWN.match(message):
        cure = UNKNOWN
    shown = OWN.sub("", message, count=1) if OWN.match(message) else message
    if len(shown) > LONGEST:
        shown = f"{shown[:LONGEST]} ..."
    return Failure(rule, unit, log.relative_to(folder).as_posix(), shown, cure.format(rule=rule))


def _of_python(text: str) -> str:
    """Error of the traceback with which a log ends: what follows the indented lines; empty without one."""
    _, begin, rest = text.rpartition(BEGIN)
    # a job that wrote on had caught its error, such as that of one file among others
    if not begin or WRITTEN_ON.search(rest):
        return ""
    lines = rest.splitlines()
    start = next(
        (number for number, line in enumerate(lines) if line and not line.startswith(" ")), len(lines)
    )
    return "\n".join(lines[start:]).strip()


def _of_r(text: str) -> str:
    """Error of a script of R, which ends with it: ``Error: reason`` or ``Error in f(): reason``; empty without one."""
    found = re.search(
        r"^Error(?: in [^\n]*?)?: ?(.*?)(?:\nCalls: [^\n]*)?(?:\nExecution halted)?\s*\Z",
        text,
        flags=re.M | re.S,
    )
    return f"ValueError: {found[1].strip()}" if found else ""
