"""Which cells of a file are a sample, as the sheet says it. Imported while Snakemake parses the workflow."""

import re
from collections.abc import Mapping

PART = re.compile(r"""\s*([^=;"]+?)\s*=\s*("(?:[^"]|"")*"|[^;]*?)\s*(?:;|$)""")
"""A column, and a value that stands in quotes where it holds a semicolon; a quote within is doubled."""


def parse_cells(text: str) -> dict[str, str]:
    """Read a choice of cells: ``column=value``, several with semicolons between them.

    Parameters
    ----------
    text
        A value may stand in double quotes, and must where it holds a semicolon: ``donor="a; b"``.

    Raises
    ------
    ValueError
        When a part is not of that form, or a column is named twice.
    """
    wanted: dict[str, str] = {}
    place, end = 0, len(text.rstrip("; "))
    while place < end:
        part = PART.match(text, place)
        column, value = part.groups() if part else ("", "")
        if len(value) > 1 and value.startswith('"') and value.endswith('"'):
            value = value[1:-1].replace('""', '"')
        if not part or not value or column in wanted:
            raise ValueError(f"{text!r} does not read like 'sample_id=P01' or 'donor=P01; visit=0M'")
        wanted[column] = value
        place = part.end()
    return wanted


def write_cells(wanted: Mapping[str, str]) -> str:
    """Write a choice of cells as :func:`parse_cells` reads it, with quotes where they are needed."""
    return "; ".join(f"{column}={_quoted(value)}" for column, value in wanted.items())


def _quoted(value: str) -> str:
    plain = ";" not in value and '"' not in value and value == value.strip()
    return value if plain else '"' + value.replace('"', '""') + '"'
