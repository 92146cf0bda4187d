"""Cells per leaf of the population tree, counted per donor-visit; the numbers of donor-visits and leaves."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cd20scope import schema


def stack_cells(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Concatenate the cell counts of all samples, with the name of the sample in a column ``sample``.

    For the small tables of cells per leaf; summed expression goes to :meth:`LeafSums.collect` sample by sample.

    Raises
    ------
    ValueError
        If there is no table.
    """
    if not tables:
        raise ValueError("stack_cells: no table was given; the sample sheet must list at least one sample.")
    return pd.concat([table.assign(sample=name) for name, table in tables.items()], ignore_index=True)


def merge_visits(sheet: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Give each donor-visit of a sample sheet a number; samples of one donor and visit share it.

    Returns
    -------
    units
        One row per donor and visit: ``sample`` (comma-joined), ``donor``, ``visit``, and ``control``, the control arm
        of the donor, empty if treated; index 0, 1, ...
    unit
        Sample -> its row in ``units``.
    """
    schema.require_columns(sheet, ("sample", "donor", "visit"), name="sample sheet")
    named = sheet[["sample", "donor", "visit"]].astype(str)
    units = named.groupby(["donor", "visit"], sort=True)["sample"].agg(", ".join).reset_index()
    number = {(row.donor, row.visit): index for index, row in enumerate(units.itertuples())}
    unit = pd.Series(
        [number[row.donor, row.visit] for row in named.itertuples()], index=named["sample"], dtype=np.int64
    )
    level = dict(zip(named["donor"], sheet.get(schema.CONTROL, [""] * len(sheet)), strict=True))
    units[schema.CONTROL] = units["donor"].map(level).astype(str)
    return units[["sample", "donor", "visit", schema.CONTROL]], unit


def count_cells(
    leaves: pd.DataFrame, *, unit: pd.Series, value: Literal["n_cells", "posterior"] = "n_cells"
) -> tuple[NDArray[Any], pd.DataFrame]:
    """Count kept cells per donor-visit and leaf.

    Parameters
    ----------
    leaves
        ``population``, ``subset``, ``sample`` and the column ``value``; one row per sample and leaf, zeros included.
    unit
        Sample -> donor-visit number, from :func:`merge_visits`.
    value
        ``n_cells`` (default) for called cells, ``posterior`` for sums of their posteriors.

    Returns
    -------
    cells
        Shape (units, leaves).
    tree
        The leaves, ``population`` and ``subset``, in the order of the columns of ``cells``.

    Raises
    ------
    ValueError
        If a sample of the sheet has no row, or a row's sample is not in the sheet.
    """
    schema.require_columns(leaves, ("population", "subset", value, "sample"), name="cells per leaf")
    missing = sorted(set(unit.index) - set(leaves["sample"].astype(str)))
    if missing:
        raise ValueError(
            f"cells per leaf: no row for sample(s) {', '.join(missing)} of the sample sheet. "
            "Every sample has one row per leaf, also where no cell was kept; run its counting step again."
        )
    tree = leaves[["population", "subset"]].astype(str).drop_duplicates(ignore_index=True)
    kind = np.int64 if value == "n_cells" else np.float64
    cells = np.zeros((int(unit.max()) + 1, len(tree)), dtype=kind)
    index = (
        number_units(leaves, unit, name="cells per leaf"),
        number_leaves(leaves, tree, name="cells per leaf"),
    )
    np.add.at(cells, index, leaves[value].to_numpy(dtype=kind))
    return cells, tree


def shallow_units(leaves: pd.DataFrame, *, unit: pd.Series) -> NDArray[np.bool_]:
    """Whether a donor-visit holds a sample that is too shallow to be compared, shape (units,)."""
    schema.require_columns(leaves, ("shallow", "sample"), name="cells per leaf")
    found = np.zeros(int(unit.max()) + 1, dtype=bool)
    found[number_units(leaves[leaves["shallow"].astype(bool)], unit, name="cells per leaf")] = True
    return found


def number_units(table: pd.DataFrame, unit: pd.Series, *, name: str) -> NDArray[np.int64]:
    """Donor-visit number of each row of a table with a ``sample`` column."""
    samples = table["sample"].astype("category")
    numbers = unit.reindex(samples.cat.categories.astype(str))
    if numbers.isna().any():
        raise ValueError(
            f"{name}: sample(s) {', '.join(numbers.index[numbers.isna()])} are not in the sample sheet, "
            f"which lists {', '.join(unit.index)}. Remove the stale file or add the sample to the sheet."
        )
    return numbers.to_numpy(dtype=np.int64)[samples.cat.codes.to_numpy()]


def number_leaves(table: pd.DataFrame, tree: pd.DataFrame, *, name: str) -> NDArray[np.int64]:
    """Row in ``tree`` of each row's leaf; factorised first, as the tables are long and the tree is short."""
    codes, pairs = [], []
    for column in ("population", "subset"):
        code, listed = encode(table[column], name=name)
        codes.append(code)
        pairs.append(listed.to_pylist())
    number = {(row.population, row.subset): index for index, row in enumerate(tree.itertuples())}
    lookup = np.array([[number.get((p, s), -1) for s in pairs[1]] for p in pairs[0]], dtype=np.int64)
    found: NDArray[np.int64] = lookup.reshape(len(pairs[0]), len(pairs[1]))[codes[0], codes[1]]
    if (found < 0).any():
        row = table[["population", "subset"]].iloc[int(np.argmax(found < 0))]
        raise ValueError(
            f"{name}: leaf {row['population']} / {row['subset']} is not among the leaves of the cell counts. "
            "Both are written by the same step; remove them and run it again."
        )
    return found


def encode(values: pd.Series, *, name: str) -> tuple[NDArray[np.integer], pa.Array]:
    """Code of each row and the names that they stand for; of a column read as Arrow's dictionary, as it is."""
    arrow = pa.array(values.array, from_pandas=True)
    if isinstance(arrow, pa.ChunkedArray):
        arrow = arrow.unify_dictionaries().combine_chunks()
    if not pa.types.is_dictionary(arrow.type):
        arrow = arrow.cast(pa.string()).dictionary_encode()
    if arrow.null_count:
        raise ValueError(
            f"{name}: {arrow.null_count} of {len(arrow)} rows have no {values.name}. Remove the table and run the step "
            "that writes it again."
        )
    codes: NDArray[np.integer] = arrow.indices.to_numpy(zero_copy_only=False)
    return codes, arrow.dictionary.cast(pa.string())
