"""SHA-256 of the count files of a study, and of files that came over the network."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cd20scope.counts.matrix import IngestError
from cd20scope.jobs.files import checksum, size


def tabulate(samples: Sequence[str], paths: Sequence[str], *, files: Sequence[str]) -> pd.DataFrame:
    """Sum the file of each sample, every file once.

    Parameters
    ----------
    samples, paths
        As the sheet gives them.
    files
        Where each path lies on disk: the path itself, or what was fetched from it.

    Returns
    -------
    One row per sample: ``sample path sha256 bytes``.
    """
    sums = {file: checksum(file) for file in dict.fromkeys(files)}
    sizes = {file: size(file) for file in sums}
    rows = [
        (sample, path, sums[file], sizes[file])
        for sample, path, file in zip(samples, paths, files, strict=True)
    ]
    return pd.DataFrame(rows, columns=["sample", "path", "sha256", "bytes"])


def check_stated(file: Path, *, sha256: str, name: str) -> str:
    """Sum a file, and compare that with what the sheet states.

    Parameters
    ----------
    file
        Where it lies.
    sha256
        As the sheet states it, in either case.
    name
        What the sheet calls the file, for the error.

    Returns
    -------
    The sum.

    Raises
    ------
    IngestError
        When it is another.
    """
    found = checksum(file)
    if found != sha256.lower():
        raise IngestError(
            f"{name}: its SHA-256 is {found}, and the sheet says {sha256}. Copy the file again, or correct the sheet."
        )
    return found


TAKEN = ("format", "place", "n_cells", "n_genes", "n_proteins", "left_out", "others")
"""What the first look at a count file says of it; see :class:`cd20scope.ingest.look.Header`."""


def add_taken(sums: pd.DataFrame, looks: pd.DataFrame, *, cells: Sequence[str]) -> pd.DataFrame:
    """Add what is taken of each file: place, cells, genes, and what is left out.

    Parameters
    ----------
    sums
        As :func:`tabulate` gives them.
    looks
        ``sample`` and :data:`TAKEN`; a sample that cannot be read is not among them.
    cells
        Which cells of its file each sample is, as the sheet has it; empty for all.

    Returns
    -------
    ``sample path cells sha256 bytes`` and :data:`TAKEN`.
    """
    table = sums.merge(looks[["sample", *TAKEN]], on="sample", how="left")
    table.insert(2, "cells", list(cells))
    return table


def take_in(arrived: Path, path: Path, *, sha256: str, address: str) -> int:
    """Copy a file that came over the network to its place, if it is whole.

    A file with another checksum is removed, so that the next attempt brings it anew: Snakemake takes for whole what an
    interrupted download left behind.

    Parameters
    ----------
    arrived
        What was downloaded.
    path
        Where to put it.
    sha256
        As the sample sheet states it.
    address
        Where it came from, for the error.

    Returns
    -------
    Bytes of the file.

    Raises
    ------
    IngestError
        When the checksum is another.
    """
    found, n_bytes = checksum(arrived), size(arrived)
    if found != sha256.lower():
        arrived.unlink()
        raise IngestError(
            f"{address}: what arrived ({n_bytes:,} bytes) has the SHA-256 {found}, and the sheet says {sha256}. If the "
            "download was cut short, run again; else correct the sheet."
        )
    shutil.copyfile(arrived, path)
    return n_bytes
