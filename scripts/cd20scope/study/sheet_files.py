"""Checks of the files that a sample sheet names: that they are there, may be fetched, and are of one sample each.

Imported while Snakemake parses the workflow, as :mod:`cd20scope.study.sheet_checks`.
"""

import stat
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from cd20scope.study.cell_choice import parse_cells, write_cells
from cd20scope.study.names import shown
from cd20scope.study.sheet_checks import SCHEME, Problems, cells_of, is_remote


def _is_there(path: str) -> bool:
    """Whether a file or folder is there; a pipe or a device is none."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):  # a name too long, a folder that may not be entered, a NUL in the name
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def check_paths(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that files are there, and that no two samples are the same cells."""
    first: dict[tuple[str, str], int] = {}
    chosen = sheet["cells"] if "cells" in sheet else pd.Series("", index=sheet.index)
    for row, path in cells_of(sheet, "path"):
        if not path:
            continue
        key = (path, _same(chosen[row]))
        other = first.get((path, ""), first.setdefault(key, row))
        if other != row:
            problems.add(
                f"{shown(path)} is also in row {other}. Each sample has a file of its own, or cells of its own in "
                "a file, named in the column cells: correct one.",
                row=row,
                column="path",
            )
        elif not SCHEME.match(path) and not _is_there(path):
            problems.add(
                f"{path} is not there. Correct it; a path starts from the folder of the sheet.",
                row=row,
                column="path",
            )


def _same(cells: str) -> str:
    """Write a choice of cells in one way, whatever the order of its parts."""
    try:
        return write_cells(dict(sorted(parse_cells(cells).items())))
    except ValueError:  # told elsewhere
        return cells


def check_raw(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that unfiltered matrices are there, and others than the filtered ones."""
    for row, path in cells_of(sheet, "raw"):
        if path and not _is_there(path):
            problems.add(
                f"{path} is not there. Give the unfiltered matrix of the sample's run, a file or folder on disk, or "
                "leave it empty.",
                row=row,
                column="raw",
            )
        elif path and path == sheet["path"][row]:
            problems.add(
                "the same file as in the column path. Give the filtered matrix there and the unfiltered one here.",
                row=row,
                column="raw",
            )


def check_addresses(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that what is fetched can be, and can be compared with a checksum."""
    for row, path in cells_of(sheet, "path"):
        if not SCHEME.match(path):
            continue
        if not is_remote(path):
            problems.add(
                f"{shown(path)} is no address that files are fetched from. Write https://..., s3://bucket/key, or the "
                "path of a file.",
                row=row,
                column="path",
            )
            continue
        if urlsplit(path).path.endswith(("/", ".mtx", ".mtx.gz", ".zarr")):
            problems.add(
                f"{shown(path)}: a folder cannot be fetched. Give a single file (10x HDF5, h5ad, loom, .rds, a table), "
                "or download it.",
                row=row,
                column="path",
            )
        sha256 = str(sheet["sha256"][row]).lower() if "sha256" in sheet else ""
        if not sha256:
            problems.add(
                f"{shown(path)} is fetched, and what arrives must be compared with a checksum. Write its SHA-256 "
                "here (sha256sum).",
                row=row,
                column="sha256",
            )


def check_sums(sheet: pd.DataFrame, problems: Problems) -> None:
    """Check that rows of one file state one checksum: a row that states none takes that of the others."""
    stated: dict[str, str] = {}
    for row, sha256 in cells_of(sheet, "sha256"):
        path = sheet["path"][row]
        if sha256 and stated.setdefault(path, sha256.lower()) != sha256.lower():
            problems.add(
                f"{shown(path)} has another SHA-256 in an earlier row. Correct one.",
                row=row,
                column="sha256",
            )
