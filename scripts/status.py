"""Tell in the terminal how far a study has come; see :mod:`cd20scope.status.progress`."""

import argparse
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

import places
from cd20scope.status.progress import Progress, look

QUIET = 600
"""Seconds without a change after which a run is taken for one that stopped, or waits in a queue."""

EVERY = 2.0
"""Seconds between two looks of ``--follow``."""

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
    console = Console(highlight=False, soft_wrap=True)
    progress = look_at(folder)
    if options.follow and console.is_terminal:
        progress = follow(folder, config=options.study)
    console.print(steps_table(progress), soft_wrap=False)
    if progress.samples and progress.waiting:
        rest = f", and {len(progress.waiting) - MOST} more" if len(progress.waiting) > MOST else ""
        console.print(f"Samples not finished: {', '.join(progress.waiting[:MOST])}{rest}", markup=False)
    print_failures(console, progress)
    console.print(
        f"\n{next_step(progress, folder=folder, config=options.study, now=time.time())}", markup=False
    )
    if progress.complete:
        return 0
    return 1 if progress.failures else 3


def look_at(folder: Path) -> Progress:
    """Look at the results of a study.

    Raises
    ------
    RefusedError
        When the record of its run is damaged.
    """
    try:
        return look(folder)
    except ValueError as error:
        raise RefusedError(str(error)) from None


def follow(folder: Path, *, config: Path) -> Progress:
    """Show the state again and again, until the study is done, seems to stand still, or Ctrl-C; gives the last one."""
    # wraps long lines, unlike the console whose lines are copied from
    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False, transient=True) as live, suppress(KeyboardInterrupt):
        while True:
            progress, now = look_at(folder), time.time()
            said = next_step(progress, folder=folder, config=config, now=now)
            live.update(Group(steps_table(progress), Text(said)), refresh=True)
            if progress.complete or now - (progress.last_sign or now) > QUIET:
                break
            time.sleep(EVERY)
    return progress


def print_failures(console: Console, progress: Progress) -> None:
    """Print the jobs that failed, each with its reason and what to do."""
    for failure in progress.failures[:MOST]:
        unit = f" ({failure.unit})" if failure.unit else ""
        console.print(f"\n[bold red]Failed:[/] {escape(failure.rule + unit)}, log {escape(failure.log)}")
        console.print(f"  {failure.message}", markup=False)
        if failure.cure:
            console.print(f"  To do: {failure.cure}", markup=False)
    if len(progress.failures) > MOST:
        console.print(f"\n{len(progress.failures) - MOST} more jobs failed.")


def steps_table(progress: Progress) -> Table:
    """Table of the steps, each with what is done of it."""
    title = f"{len(progress.samples)} samples" if progress.samples else "No sample begun"
    table = Table("step", "done", "", title=title, title_justify="left")
    for step in progress.steps:
        filled = round(20 * step.done / step.total)
        table.add_row(step.name, f"{step.done} of {step.total}", "█" * filled + "░" * (20 - filled))
    return table


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def time_left(progress: Progress) -> str:
    """Say what the samples still take; what follows depends on cells and cores, and was measured in minutes."""
    if not progress.samples or not progress.waiting:
        return "All samples are labelled; the joint steps take a few minutes in all (docs/performance.md)."
    if progress.seconds_left is None:
        return "Time left: not known before three samples are read."
    return f"Time left: about {duration(progress.seconds_left)} for the samples at this pace, then the joint steps."


def next_step(progress: Progress, *, folder: Path, config: Path, now: float) -> str:
    """Say whether a run seems to be active, and what to do next."""
    given = "" if config.is_dir() else f" --configfile {config}"
    command = places.run_command(config, folder)
    if progress.complete:
        return f"All results are there. Report: {(folder / 'results/report/report.html').resolve()}"
    if progress.last_sign is None:
        return f"Next: no run was begun. Check the study (./cd20scope preflight {config}), then run it: {command}"
    age = max(0.0, now - progress.last_sign)
    since = duration(age)
    if progress.failures:
        return (
            f"Next: do what the messages say, wait for the end of a run that still goes on (last change {since} ago), "
            f"and run again; what is finished stays: {command}"
        )
    begun = f" Begun and not ended: {', '.join(progress.open_jobs[:MOST])}." if progress.open_jobs else ""
    if age < QUIET:
        return f"A run seems to be active: last change {since} ago. {time_left(progress)}{begun}"
    return (
        f"Nothing has changed for {since}: jobs wait in a queue, one takes long, or the run was stopped.{begun} Next: "
        f"if no run is active (ps, squeue), remove its lock with {places.snakemake()} --unlock{given} --directory "
        f"{folder} and run again: {command}"
    )
