"""Results that are whole or not there: written under another name, then renamed, their size noted in the step's log.

A job that is killed, runs out of disk or sees its input replaced leaves no result. A result that was cut short later
on is known by its size.
"""

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PARTIAL = ".partial-"
"""What the names of unfinished files begin with."""
NOTE = re.compile(r"^\S+ INFO wrote (?P<path>.+), (?P<size>\d+) bytes$", flags=re.M)
"""What the log says of each result."""
SOURCE = re.compile(r"^\S+ INFO read (?P<path>.+), (?P<size>\d+) bytes of (?P<time>\d+)$", flags=re.M)
"""What the log says of each file that was read and is no result."""


class ReplacedError(ValueError):
    """An input is no longer what the job began with."""


@contextmanager
def written(inputs: Iterable[str], outputs: Any, *, sources: Iterable[str] = ()) -> Iterator[Any]:  # noqa: ANN401
    """Give the outputs of a job other names to write to; they get their own when all are written.

    Parameters
    ----------
    inputs
        Files and folders that the job reads.
    outputs
        Files and folders that it writes, a named list of Snakemake; they get a place in the same folder, so that
        renaming moves no data.
    sources
        Inputs that are no results, such as count files: their size and time are noted in the log, since Snakemake makes
        a result younger than an input that was replaced just after the job read it.

    Yields
    ------
    snakemake.iocontainers.Namedlist
        The same names and order as ``outputs``, other paths.

    Raises
    ------
    ReplacedError
        When an input was changed in the meantime: what was read may be of two versions.
    """
    before = {path: _looks(Path(path)) for path in inputs}
    folders: dict[Path, Path] = {}
    owner = Path(outputs[0]).name
    for folder in {Path(path).parent: None for path in outputs}:
        folder.mkdir(parents=True, exist_ok=True)
        # what a killed attempt left; should it still run, it must not finish after this one
        for stale in folder.glob(f"{PARTIAL}{owner}-*"):
            shutil.rmtree(stale, ignore_errors=True)
        folders[folder] = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}{owner}-", dir=folder))
    try:
        partial = type(outputs)(
            toclone=outputs, custom_map=lambda path: str(folders[Path(path).parent] / Path(path).name)
        )
        yield partial
        for path, seen in before.items():
            if _looks(Path(path)) != seen:
                raise ReplacedError(
                    f"{path} was replaced or removed while it was read. Run again, so that it is read anew."
                )
        for source in sources:
            for name, size, time, _ in before[source]:
                if name == source:  # the files of a folder are sources, too
                    logging.getLogger("cd20scope").info("read %s, %d bytes of %d", name, size, time)
        for source, output in zip(partial, outputs, strict=True):
            _put(Path(source), Path(output))
    finally:
        for made in folders.values():
            shutil.rmtree(made, ignore_errors=True)


def find_damaged(logs: Iterable[Path]) -> dict[str, str]:
    """Results that are not what their step wrote, or that it made of files that are others now.

    Parameters
    ----------
    logs
        Log files; other lines are ignored.

    Returns
    -------
    dict
        Path of each as the log gives it, and what is wrong with it.
    """
    found = {}
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")
        made = {
            note["path"]: int(note["size"]) for note in NOTE.finditer(text) if Path(note["path"]).exists()
        }
        for name, size in made.items():
            if (now := _size(Path(name))) != size:
                found[name] = f"has {now} bytes and was written with {size}"
        youngest = max((Path(name).stat().st_mtime_ns for name in made), default=0)
        for note in SOURCE.finditer(text):
            # a younger one Snakemake sees by itself
            for _, size, time, _ in _looks(Path(note["path"])):
                if time <= youngest and (size, time) != (int(note["size"]), int(note["time"])):
                    found |= dict.fromkeys(made, f"was made of another {note['path']}")
    return found


def _put(source: Path, path: Path) -> None:
    """Bring a result to the disk, note its size and give it its name."""
    if not source.exists():
        return  # Snakemake says which output is missing
    for part in _files(source):
        # else a power cut may leave the name without the content
        with part.open("rb") as file:
            os.fsync(file.fileno())
    # noted first: without the note a cut result would pass, a note without the result harms nothing
    logging.getLogger("cd20scope").info("wrote %s, %d bytes", path, _size(source))
    if path.is_dir():
        shutil.rmtree(path)
    source.replace(path)


def _files(path: Path) -> list[Path]:
    """Return a file itself, or the files of a folder."""
    return [part for part in sorted(path.rglob("*")) if part.is_file()] if path.is_dir() else [path]


def _size(path: Path) -> int:
    """Bytes of a file, or of the files of a folder."""
    return sum(part.stat().st_size for part in _files(path))


def _looks(path: Path) -> list[tuple[str, int, int, int]]:
    """Name, size, time and number of a file or of the files of a folder; empty if there is none."""
    if not path.exists():
        return []
    stats = [(str(part), part.stat()) for part in _files(path)]
    return [(name, seen.st_size, seen.st_mtime_ns, seen.st_ino) for name, seen in stats]
