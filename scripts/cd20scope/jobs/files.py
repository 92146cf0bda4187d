"""Files and folders alike: their parts, size and SHA-256."""

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


def size(path: Path | str) -> int:
    """Bytes of a file, or of the files of a folder; 0 when there is none."""
    return sum(part.stat().st_size for part in parts(path) if part.exists())


def parts(path: Path | str) -> list[Path]:
    """Files that a path stands for: itself, or the files of a folder in order of their names."""
    path = Path(path)
    return sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
