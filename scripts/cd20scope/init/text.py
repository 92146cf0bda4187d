"""Texts that init writes: sample sheet, configuration, and the summary for the user."""

import csv
import io
import os
import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import yaml

from cd20scope.counts.matrix import CONTROL
from cd20scope.init.found import Found
from cd20scope.init.names import Guess, count
from cd20scope.init.rows import UNKNOWN, Row
from cd20scope.init.study import Study
from cd20scope.init.visits import Visits

WIDTH = 110
HEAD = """\
## Inferred from the data. Check all lines with CHECK or TO FILL IN, and samples.tsv. Plan the run without starting it:
##   snakemake --dry-run --configfile {config} --directory {folder}
## All keys below are shown with their defaults, commented out. To change a value, remove the `#` from its line and from
## the line of its section. Threads, memory and folders are set by the profile and the command line.
"""
VISITS_HEAD = """\
## Visits in order of time, each with its names in the sheet. The first is the baseline. Case is ignored. Hypotheses
## refer to {named}; a visit that the study lacks stays empty.
"""
DONORS_HEAD = """\
## Donors with more than one name in the sheet, each with its other names. Case is ignored.
## CHECK: similar names without a common visit. If these are different donors, delete the line.
"""


def sheet_text(study: Study, *, folder: Path) -> str:
    """Write the sample sheet.

    Parameters
    ----------
    study
        As guessed.
    folder
        Where the sheet will lie; paths to files below the folder above it are relative, others absolute.

    Returns
    -------
    Tab-separated text; copies of samples stand behind ``#``.
    """
    rows = [_cells(row, folder) for row in study.rows]
    apart = [_cells(row, folder) for row in study.apart]
    header = [name for name in _header(study) if any(row.get(name) for row in rows + apart)]
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(header)
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    for row in apart:
        out.write("# ")
        writer.writerow([row.get(name, "") for name in header])
    return out.getvalue()


def _header(study: Study) -> list[str]:
    extras = [name for row in study.rows for name in row.extras if name != "tissue"]
    first = ["sample", "donor", "visit", "path", "cells", "library", "format", "raw", "sha256", "tissue"]
    return [*first, *dict.fromkeys(extras), "name_as_found"]


def _cells(row: Row, folder: Path) -> dict[str, str]:
    sample = row.sample or re.sub(r"[^A-Za-z0-9._-]+", "_", row.name or row.donor)
    as_found = row.name if row.name and not row.cells and row.name != sample else ""
    # an R file is known by its name alone
    format = row.file.format if row.file.format == "seurat" and row.file.path.suffix.lower() != ".rds" else ""
    return {
        "sample": sample,
        "donor": row.donor,
        "visit": row.visit,
        "path": relative(row.file.path, folder),
        "cells": row.cells,
        "library": row.library,
        "format": format,
        "sha256": row.file.sha256,
        "raw": relative(row.file.raw, folder) if row.file.raw else "",
        "name_as_found": as_found,
        **row.extras,
        "tissue": row.tissue,
    }


def relative(path: Path, folder: Path) -> str:
    """Path as the sheet gives it: relative where the file and the sheet are likely to move together."""
    there, here = Path(os.path.abspath(path)), Path(os.path.abspath(folder))  # noqa: PTH100 - links stay links
    return os.path.relpath(there, here) if there.is_relative_to(here.parent) else str(there)


def config_text(study: Study, template: str, *, config: str, folder: str) -> str:
    """Write the configuration: what was guessed, then every other key with its default, commented out.

    Parameters
    ----------
    study
        As guessed.
    template
        Text of config/config.yaml: blocks of comments and a key, with empty lines between them.
    config, folder
        Names for the command that the head shows.

    Raises
    ------
    ValueError
        When the template lacks a block that is replaced.
    """
    blocks = template.strip().split("\n\n")
    own = {
        "samples": "## Sample sheet; docs/your-data.md describes its columns.\nsamples: samples.tsv",
        "visits": _visits_text(study.visits, study.guesses),
        "donors": _donors_text(study.donors),
    }
    for key, text in own.items():
        found = [i for i, block in enumerate(blocks) if re.search(rf"^#?{key}:", block, flags=re.MULTILINE)]
        if len(found) != 1:
            raise ValueError(f"the template of the configuration has {len(found)} blocks {key!r}, not one")
        if text:
            blocks[found[0]] = text
    blocks[0] = HEAD.format(config=shlex.quote(config), folder=shlex.quote(folder)).rstrip()
    return "\n\n".join(blocks) + "\n"


def _visits_text(visits: Visits, guesses: Sequence[Guess]) -> str:
    found = {guess.what.removeprefix("visit "): guess for guess in guesses}
    named = [visit for visit in visits.names if visit in ("baseline", "week2", "month6")]
    lines = [VISITS_HEAD.format(named=", ".join(named)).rstrip()]
    if visits.unknown:
        shown = ", ".join(map(repr, visits.unknown))
        lines += _wrapped(
            f"TO FILL IN: which visit is {shown}? Write each into the brackets of one, as in {named[-1]}: "
            f"[{_flow(visits.unknown[0])}]; or give it a line of its own, in the order of time. Until then the run "
            "stops and says so."
        )
    lines.append("visits:")
    for visit, words in visits.names.items():
        for word in words:
            guess = found.get(word)
            if guess and guess.sure != "sure":
                start = "CHECK: " if guess.sure == "check" else ""
                lines += _wrapped(f"{start}{word!r}: {guess.why}.", "  ")
        lines.append(f"  {_flow(visit)}: {_flow(words)}")
    return "\n".join(lines)


def _donors_text(donors: dict[str, list[str]]) -> str:
    if not donors:
        return ""
    return (
        DONORS_HEAD
        + "donors:\n"
        + "\n".join(f"  {_flow(first)}: {_flow(others)}" for first, others in donors.items())
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    return [f"##{indent} {line}" for line in textwrap.wrap(text, WIDTH - len(indent), break_on_hyphens=False)]


def _flow(value: str | list[str]) -> str:
    """Write a value on one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def format_summary(
    study: Study,
    files: Sequence[Found],
    left_out: Sequence[tuple[Path, str]],
    *,
    data: Path,
    sheet: Path,
    config: Path,
    min_pairs: int = 6,
    snakemake: str = "snakemake",
) -> str:
    """Summarise what was read and guessed, how sure it is, what to fill in, what was left out, and what to do next."""
    lines = [_read(files, data), "", "Guessed"]
    width = min(30, max((len(guess.what) for guess in study.guesses), default=0))
    for guess in sorted(study.guesses, key=lambda guess: ("sure", "likely", "check").index(guess.sure)):
        shown = guess.sure.upper() if guess.sure == "check" else guess.sure
        lines += _hung(f"{shown:<6}  {guess.what:<{width}}  ", f"{guess.found}: {guess.why}")
    if not study.guesses:
        lines.append("  nothing: donors and visits were found in no column and no name")
    for head, texts in (
        ("To fill in, or the run will stop", study.todo),
        ("Good to know", [*study.notes, *_left(left_out), *_worth_adding(study)]),
    ):
        if texts:
            lines += ["", head]
            for text in texts:
                lines += _hung("- ", text)
    lines += ["", *_grid(study, min_pairs), "", "Written", f"  {sheet}", f"  {config}", "", "Next"]
    run = f"--configfile {shlex.quote(str(config))} --directory {shlex.quote(str(config.parent))}"
    lines += [
        f"  1. look at both files{', and fill in what is missing' if study.todo else ''}",
        f"  2. check both and the first cells of each file: ./cd20scope preflight {shlex.quote(str(config))}",
        f"  3. run: {snakemake} --cores 8 {run} --workflow-profile workflow/profiles/default",
    ]
    return visible("\n".join(lines))


def visible(text: str) -> str:
    """Write characters that steer a terminal, or turn the direction of text, by their code points."""
    lines = (
        CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), line)
        for line in text.split("\n")
    )
    return "\n".join(lines)


def _read(files: Sequence[Found], data: Path) -> str:
    formats = Counter(file.format for file in files)
    cells = sum(file.n_cells for file in files)
    shown = ", ".join(f"{n} {format}" for format, n in sorted(formats.items()))
    return (
        f"Read {data}: {shown if len(files) > 1 else files[0].format}{f', {cells:,} cells' if cells else ''}"
    )


def _left(left_out: Sequence[tuple[Path, str]], most: int = 5) -> list[str]:
    shown = [f"left out {path}: {why}" for path, why in left_out[:most]]
    return shown + ([f"and {len(left_out) - most} more files."] if len(left_out) > most else [])


def _hung(start: str, text: str) -> list[str]:
    """Wrap a text behind its start, further lines below the text."""
    lines = textwrap.wrap(text, WIDTH - len(start), break_long_words=False, break_on_hyphens=False)
    return [f"  {start if i == 0 else ' ' * len(start)}{line}" for i, line in enumerate(lines)]


def _grid(study: Study, min_pairs: int) -> list[str]:
    """Donors of each visit, and those that the visit shares with the baseline."""
    visit_of = {word: visit for visit, words in study.visits.names.items() for word in [visit, *words]}
    donor_of = {other: first for first, others in study.donors.items() for other in others}
    donors: dict[str, set[str]] = {}
    for row in study.rows:
        visit = visit_of.get(row.visit, row.visit)
        donors.setdefault(visit, set()).add(donor_of.get(row.donor, row.donor))
    everyone = set().union(*donors.values())
    baseline = next(iter(study.visits.names))
    parts = []
    for visit in [*study.visits.names, *(name for name in donors if name not in study.visits.names)]:
        own = donors.get(visit, set())
        pairs = (
            f", {len(own & donors.get(baseline, set()))} of them also {baseline}"
            if visit != baseline and own
            else ""
        )
        shown = f"{visit!r} (which visit?)" if visit in study.visits.unknown or visit == UNKNOWN else visit
        parts.append(f"  {shown}: {count(len(own), 'donor')}{pairs}" if own else f"  {shown}: none")
    lines = [f"{count(len(study.rows), 'sample')} of {count(len(everyone), 'donor')}", *parts]
    most = max(
        (len(own & donors.get(baseline, set())) for v, own in donors.items() if v != baseline), default=0
    )
    if most < min_pairs:
        lines.append(
            f"  A verdict needs {min_pairs} donors with both visits; with fewer it says 'not testable'."
        )
    return lines


def _worth_adding(study: Study) -> list[str]:
    columns = {name for row in study.rows for name in row.extras}
    lacking = {
        "sex": "used to detect swapped samples",
        "hours_since_steroid": "steroids before an infusion change lymphocytes within hours",
        "drawn_at": "lymphocyte subsets vary over the day",
        "batch": "corrected for on the map of the cells, and compared with the visits",
    }
    missing = {name: why for name, why in lacking.items() if name not in columns}
    if not missing:
        return []
    shown = "; ".join(f"{name} ({why})" for name, why in missing.items())
    return [f"Not found in the data, and worth a column in the sheet: {shown}."]
