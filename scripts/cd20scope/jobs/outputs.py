"""Results that are whole or not there: written under another name, then renamed.

A job that is killed, runs out of disk or sees its input replaced leaves no result.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cd20scope.jobs import files

PARTIAL = ".partial-"
"""What the names of unfinished files begin with."""


class ReplacedError(ValueError):
    """An input is no longer what the job began with."""


@contextmanager
def written(inputs: Iterable[str], outputs: Any) -> Iterator[Any]:  # noqa: ANN401
    """Give the outputs of a job other names to write to; they get their own when all are written.

    Parameters
    ----------
    inputs
        Files and folders that the job reads.
    outputs
        Files and folders that it writes, a named list of Snakemake; they get a place in the same folder, so that
        renaming moves no data.

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
        for source, output in zip(partial, outputs, strict=True):
            _put(Path(source), Path(output))
    finally:
        for made in folders.values():
            shutil.rmtree(made, ignore_errors=True)


def remove_unfinished(results: Path) -> None:
    """Remove unfinished files anywhere below a folder, once no job runs.

    A job removes its own; one that was killed cannot, nor one that HDF5 ends when the disk is full.
    """
    for left in list(results.rglob(f"{PARTIAL}*")):
        shutil.rmtree(left, ignore_errors=True)


def _put(source: Path, path: Path) -> None:
    """Bring a result to the disk and give it its name."""
    if not source.exists():
        return  # Snakemake says which output is missing
    for part in files.parts(source):
        # else a power cut may leave the name without the content
        with part.open("rb") as file:
            os.fsync(file.fileno())
    if path.is_dir():
        shutil.rmtree(path)
    source.replace(path)


def _looks(path: Path) -> list[tuple[str, int, int, int]]:
    """Name, size, time and number of a file or of the files of a folder; empty if there is none."""
    if not path.exists():
        return []
    stats = [(str(part), part.stat()) for part in files.parts(path)]
    return [(name, seen.st_size, seen.st_mtime_ns, seen.st_ino) for name, seen in stats]
