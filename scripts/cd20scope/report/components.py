"""Whole changes of programmes, and their parts: composition, and change within cells."""

from typing import Any

import pandas as pd

WHOLE = ("", "total")
"""Values of ``component`` for a whole change; tables on disk may also leave it empty."""


def part_name(component: Any) -> str:  # noqa: ANN401  (a cell of a table)
    """Name of a part of a change; empty for a whole change."""
    return component if isinstance(component, str) and component not in WHOLE else ""


def whole_changes(programs: pd.DataFrame) -> pd.Series:
    """Mask of the rows that are whole changes."""
    return programs["component"].isin(WHOLE) | programs["component"].isna()
