"""Tell in the terminal how far a study has come; see :mod:`cd20scope.status.progress`."""

import argparse
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

import places
from cd20scope.status.progress import Progress, look
from cd20scope.status.words import QUIET, Commands, next_step, unfinished

EVERY = 2.0
"""Seconds between two looks of ``--follow``."""


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
    for line in unfinished(progress):
        console.print(line, markup=False)
    console.print(f"\n{said_next(progress, folder, options.study)}", markup=False)
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
            live.update(Group(steps_table(progress), Text(said_next(progress, folder, config))), refresh=True)
            if progress.complete or now - (progress.last_sign or now) > QUIET:
                break
            time.sleep(EVERY)
    return progress


def steps_table(progress: Progress) -> Table:
    """Table of the steps, each with what is done of it."""
    title = f"{len(progress.samples)} samples" if progress.samples else "No sample begun"
    table = Table("step", "done", "", title=title, title_justify="left")
    for step in progress.steps:
        filled = round(20 * step.done / step.total)
        table.add_row(step.name, f"{step.done} of {step.total}", "█" * filled + "░" * (20 - filled))
    return table


def said_next(progress: Progress, folder: Path, config: Path) -> str:
    """Say what to do next, with the commands of this clone."""
    given = "" if config.is_dir() else f" --configfile {config}"
    commands = Commands(
        preflight=f"./cd20scope preflight {config}",
        run=places.run_command(config, folder),
        unlock=f"{places.snakemake()} --unlock{given} --directory {folder}",
    )
    report = (folder / "results/report/report.html").resolve()
    return next_step(progress, commands=commands, report=report, now=time.time())
