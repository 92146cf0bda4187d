"""SHA-256 of count files, and copies that are only taken when it is the one that was stated."""

import hashlib
import shutil
from pathlib import Path

from cd20scope.counts import IngestError

BLOCK = 1 << 20


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of the files of a folder in order of their names.

    Parameters
    ----------
    path
        File or folder; read a block at a time.
    """
    digest = hashlib.sha256()
    parts = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    for part in parts:
        with part.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


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
    found, size = checksum(arrived), arrived.stat().st_size
    if found != sha256.lower():
        arrived.unlink()
        raise IngestError(
            f"{address}: what arrived ({size:,} bytes) has the SHA-256 {found}, and the sheet says {sha256}. If the "
            "download was cut short, run again; else correct the sheet."
        )
    shutil.copyfile(arrived, path)
    return size
