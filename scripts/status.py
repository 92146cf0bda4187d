"""Tell in the terminal how far a study has come; see :mod:`cd20scope.status.progress`."""

import argparse
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import places
from cd20scope.status.progress import Progress, look

QUIET = 600
"""Seconds without a change after which a run is taken for one that stopped, or waits in a queue."""

MOST = 10
"""Failures and open jobs that are shown."""


class RefusedError(Exception):
    """A study that cannot be looked at; the message has the reason and what to do."""


def run(options: argparse.Namespace) -> int:
    """Print the state of a study; gives 0 where all results are there, 1 where jobs failed, 3 otherwise.

    Raises
    ------
    RefusedError
        When there is no such study.
    """
    if not options.study.exists():
        raise RefusedError(
            f"{options.study}: not there. Give the configuration file of the study, or its folder."
        )
    folder = places.results_folder(options.study, options.directory)
    try:
        progress = look(folder)
    except ValueError as error:
        raise RefusedError(str(error)) from None
    console = Console(highlight=False, soft_wrap=True)
    console.print(steps_table(progress), soft_wrap=False)
    if progress.samples and progress.waiting:
        rest = f", and {len(progress.waiting) - MOST} more" if len(progress.waiting) > MOST else ""
        console.print(f"Samples not finished: {', '.join(progress.waiting[:MOST])}{rest}", markup=False)
    for failure in progress.failures[:MOST]:
        unit = f" ({failure.unit})" if failure.unit else ""
        console.print(f"\n[bold red]Failed:[/] {escape(failure.rule + unit)}, log {escape(failure.log)}")
        console.print(f"  {failure.message}", markup=False)
        if failure.cure:
            console.print(f"  To do: {failure.cure}", markup=False)
    if len(progress.failures) > MOST:
        console.print(f"\n{len(progress.failures) - MOST} more jobs failed.")
    console.print(
        f"\n{next_step(progress, folder=folder, config=options.study, now=time.time())}", markup=False
    )
    if progress.complete:
        return 0
    return 1 if progress.failures else 3


def steps_table(progress: Progress) -> Table:
    """Table of the steps, each with what is done of it."""
    title = f"{len(progress.samples)} samples" if progress.samples else "No sample begun"
    table = Table("step", "done", "", title=title, title_justify="left")
    for step in progress.steps:
        filled = round(20 * step.done / step.total)
        table.add_row(step.name, f"{step.done} of {step.total}", "█" * filled + "░" * (20 - filled))
    return table


def next_step(progress: Progress, *, folder: Path, config: Path, now: float) -> str:
    """Say whether a run seems to be active, and what to do next."""
    given = "" if config.is_dir() else f" --configfile {config}"
    command = places.run_command(config, folder)
    if progress.complete:
        return f"All results are there. Report: {(folder / 'results/report/report.html').resolve()}"
    if progress.last_sign is None:
        return f"Next: no run was begun. Check the study (./cd20scope preflight {config}), then run it: {command}"
    age = max(0.0, now - progress.last_sign)
    since = f"{age:.0f} s" if age < 120 else f"{age / 60:.0f} min" if age < 7200 else f"{age / 3600:.0f} h"
    if progress.failures:
        return (
            f"Next: do what the messages say, wait for the end of a run that still goes on (last change {since} ago), "
            f"and run again; what is finished stays: {command}"
        )
    begun = f" Begun and not ended: {', '.join(progress.open_jobs[:MOST])}." if progress.open_jobs else ""
    if age < QUIET:
        return f"A run seems to be active: last change {since} ago.{begun}"
    return (
        f"Nothing has changed for {since}: jobs wait in a queue, one takes long, or the run was stopped.{begun} Next: "
        f"if no run is active (ps, squeue), remove its lock with {places.snakemake()} --unlock{given} --directory "
        f"{folder} and run again: {command}"
    )
