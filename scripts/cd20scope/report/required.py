"""Tables that a section of the report reads: checked, and empty where a run has none."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cd20scope.schema import require_columns


def complete(
    needed: Mapping[str, Sequence[str]], tables: Mapping[str, pd.DataFrame], *, folder: str = ""
) -> dict[str, pd.DataFrame]:
    """Check the tables of a section, and put an empty one where a run has none.

    Parameters
    ----------
    needed
        Columns that the section reads, by the name of the table.
    tables
        Those that there are.
    folder
        Of the tables, for the error; empty (default) where it is not told.

    Raises
    ------
    ValueError
        Where a table lacks a column.
    """
    for name, table in tables.items():
        require_columns(table, needed[name], name=f"{folder}{name}.tsv")
    return {
        name: tables[name] if name in tables else pd.DataFrame(columns=list(columns))
        for name, columns in needed.items()
    }
