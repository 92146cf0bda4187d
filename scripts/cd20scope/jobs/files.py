"""SHA-256 of count files: what a run has read, and that what came over the network is what was stated."""

import hashlib
from pathlib import Path

BLOCK = 1 << 20


def checksum(path: Path | str) -> str:
    """SHA-256 of a file, or of the files of a folder in order of their names."""
    digest = hashlib.sha256()
    for part in parts(path):
        with part.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def parts(path: Path | str) -> list[Path]:
    """Files that a count file is made of: itself, or those of a folder in order of their names."""
    path = Path(path)
    return sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
