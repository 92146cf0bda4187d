"""Text files that a user writes or hands in: read whole, with an error that names the file and what it is instead."""

import stat
from pathlib import Path

LARGEST = 1 << 28
"""Bytes above which a file is no sheet, configuration, catalogue or collection of gene sets; the largest have 40 MB."""
INSTEAD = {
    b"\x1f\x8b": ("gzipped", "Unpack it (gunzip)"),
    b"PK\x03\x04": ("a zip archive or a spreadsheet", "Save it as plain text"),
    b"\xff\xfe": ("in UTF-16", "Save it as text in UTF-8"),
    b"\xfe\xff": ("in UTF-16", "Save it as text in UTF-8"),
}


class TextError(ValueError):
    """A file that is no readable text; the message names it and says what to do."""


def read_text(path: Path | str) -> str:
    """Read a file of text in UTF-8, with a byte-order mark or without.

    Raises
    ------
    TextError
        For what is not there, no regular file, too large, compressed, or text of another encoding.
    """
    path = Path(path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, socket or device"
            raise TextError(f"{path}: {what}, no file. Give the path of a text file.")
        if found.st_size > LARGEST:
            raise TextError(
                f"{path}: {found.st_size:,} bytes, and {LARGEST:,} are the most. Give the file of text that is meant."
            )
        content = path.read_bytes()
    except OSError as error:
        raise TextError(f"{path}: cannot be read ({error.strerror}). Correct the path.") from error
    for start, (what, cure) in INSTEAD.items():
        if content.startswith(start):
            raise TextError(f"{path}: not UTF-8 text, but {what}. {cure}.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(
            f"{path}: not UTF-8 text (byte {error.start + 1}). Save it as text in UTF-8."
        ) from error
