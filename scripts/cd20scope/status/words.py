"""Text of the status of a study: state of the run, time left, and the next step."""

from dataclasses import dataclass
from pathlib import Path

from cd20scope.status.progress import Progress

QUIET = 600
"""Seconds without a change after which a run is taken for one that stopped, or waits in a queue."""

MOST = 10
"""Failures and open jobs that are shown."""


@dataclass(frozen=True)
class Commands:
    """Commands that a user is given.

    Attributes
    ----------
    preflight, run, unlock
        To check the study, to run it, and to remove the lock of a run that was killed.
    """

    preflight: str
    run: str
    unlock: str


def unfinished(progress: Progress) -> list[str]:
    """Name the samples that wait, and the jobs that failed, each with its reason and what to do, as lines."""
    lines = []
    if progress.samples and progress.waiting:
        rest = f", and {len(progress.waiting) - MOST} more" if len(progress.waiting) > MOST else ""
        lines.append(f"Samples not finished: {', '.join(progress.waiting[:MOST])}{rest}")
    for failure in progress.failures[:MOST]:
        unit = f" ({failure.unit})" if failure.unit else ""
        lines += [f"\nFailed: {failure.rule}{unit}, log {failure.log}", f"  {failure.message}"]
        lines += [f"  To do: {failure.cure}"] if failure.cure else []
    if len(progress.failures) > MOST:
        lines.append(f"\n{len(progress.failures) - MOST} more jobs failed.")
    return lines


def next_step(progress: Progress, *, commands: Commands, report: Path, now: float) -> str:
    """Say whether a run seems to be active, and what to do next.

    Parameters
    ----------
    progress
        State of the study.
    commands
        To name.
    report
        Path of the report.
    now
        Seconds since 1970.
    """
    if progress.complete:
        return f"All results are there. Report: {report}"
    if progress.last_sign is None:
        return f"Next: no run was begun. Check the study ({commands.preflight}), then run it: {commands.run}"
    age = max(0.0, now - progress.last_sign)
    since = duration(age)
    if progress.failures:
        return (
            f"Next: do what the messages say, wait for the end of a run that still goes on (last change {since} ago), "
            f"and run again; what is finished stays: {commands.run}"
        )
    begun = f" Begun and not ended: {', '.join(progress.open_jobs[:MOST])}." if progress.open_jobs else ""
    if age < QUIET:
        return f"A run seems to be active: last change {since} ago. {time_left(progress)}{begun}"
    return (
        f"Nothing has changed for {since}: jobs wait in a queue, one takes long, or the run was stopped.{begun} Next: "
        f"if no run is active (ps, squeue), remove its lock with {commands.unlock} and run again: {commands.run}"
    )


def time_left(progress: Progress) -> str:
    """Say what the samples still take; what follows depends on cells and cores, and was measured in minutes."""
    if not progress.samples or not progress.waiting:
        return "All samples are labelled; the joint steps take a few minutes in all (docs/performance.md)."
    if progress.seconds_left is None:
        return "Time left: not known before three samples are read."
    return f"Time left: about {duration(progress.seconds_left)} for the samples at this pace, then the joint steps."


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
