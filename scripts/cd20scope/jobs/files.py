"""Files and folders alike: their parts, size and SHA-256."""

import glob
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

BLOCK = 1 << 20
SMALL = 1 << 20
"""Bytes up to which an input counts by its content and not by its times, as Snakemake itself does it."""
BUNDLE = ("features.tsv", "genes.tsv", "barcodes.tsv")
"""Files that belong to a matrix.mtx with a prefix in its name, which stands before theirs, too."""


def checksum(path: Path | str) -> str:
    """SHA-256 of a file, or of the files of a folder in order of their names."""
    digest = hashlib.sha256()
    for part in parts(path):
        with part.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def size(path: Path | str) -> int:
    """Bytes of a file, or of the files of a folder; 0 when there is none."""
    return sum(part.stat().st_size for part in parts(path) if part.exists())


def parts(path: Path | str) -> list[Path]:
    """Files that a path stands for: itself, or the files of a folder in order of their names, links followed."""
    path = Path(path)
    return sorted(_walk(path, set())) if path.is_dir() else [path]


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    """Files below a folder; a folder that links to one above it is passed once."""
    there = os.path.realpath(folder)
    if there in seen:
        return
    for part in folder.iterdir():
        if part.is_dir():
            yield from _walk(part, {*seen, there})
        elif part.is_file():
            yield part


def fingerprint(path: Path | str) -> str:
    """Digest of an input of any form, for the params of each rule that reads it: another one is another input.

    Snakemake itself sees an input that is younger than a result. This sees one that is older, too, and any part of a
    folder.

    Parameters
    ----------
    path
        A file, a folder (zarr, 10x MTX), or the matrix of three files with a common prefix. Where it lies does not
        count.

    Returns
    -------
    Twelve hexadecimal digits: of names and contents of the parts up to :data:`SMALL` bytes, of names, sizes and
    times above; empty when there is nothing.
    """
    path = Path(path)
    own = parts(path) if path.exists() else []
    if own and not path.is_dir() and "matrix.mtx" in path.name:
        prefix = path.name.split("matrix.mtx")[0]
        own += [part for name in BUNDLE for part in path.parent.glob(f"{glob.escape(prefix + name)}*")]
    if not own:
        return ""
    top = path if path.is_dir() else path.parent
    seen = [(part.relative_to(top).as_posix(), part.stat()) for part in own]
    total = hashlib.sha256()
    small = sum(found.st_size for _, found in seen) <= SMALL and all(part.is_file() for part in own)
    for part, (name, found) in zip(own, seen, strict=True):
        state = checksum(part) if small else f"{found.st_size} {found.st_mtime_ns}"
        # of a single file the name does not count: the sheet gives it
        total.update(f"{name if len(own) > 1 else ''}\0{state}\0".encode("utf-8", "surrogateescape"))
    return total.hexdigest()[:12]
