"""Sums over cells, added up per donor and visit: the common ground of expression and programs.

Every number here is a sum over the leaves (population, subset) of the population tree, so that any
population, and any set of them, is a sum of rows that were written once per sample.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.pseudobulk.leaves import (
    count_cells,
    encode,
    merge_visits,
    number_leaves,
    number_units,
    shallow_units,
)
from cd20scope.study import catalogue

TESTED_COLUMNS = ("population", "subset", "gene", "counts", "lognorm")
"""Columns of a table of sums that the tests rest on."""


def read_sums(
    path: Path | str,
    columns: Sequence[str] = TESTED_COLUMNS,
    *,
    filters: list[tuple[str, str, Any]] | None = None,
) -> pd.DataFrame:
    """Read columns of a table of sums. Names stay Arrow's: pandas would check the 30,000 genes of each table anew."""
    return pd.read_parquet(path, columns=list(columns), filters=filters, dtype_backend="pyarrow")


@dataclass(frozen=True)
class LeafSums:
    """Cells and summed expression per donor-visit and leaf, ready to be added up over any selector.

    Attributes
    ----------
    units
        One row per donor and visit: ``sample``, ``donor``, ``visit``.
    leaves
        The leaves: ``population``, ``subset``.
    genes
        Genes in the reference of every sample; others would read as lost where they were never measured.
    cells
        Shape (units, leaves): kept cells.
    shallow
        Shape (units,): whether a donor-visit is too shallow for its expression to be compared.
    """

    units: pd.DataFrame
    leaves: pd.DataFrame
    genes: pd.Index
    cells: NDArray[np.int64]
    shallow: NDArray[np.bool_]
    _blocks: tuple[Mapping[str, Any], ...]

    @classmethod
    def collect(
        cls,
        sums: Iterable[tuple[str, pd.DataFrame]],
        *,
        leaves: pd.DataFrame,
        sheet: pd.DataFrame,
        genes: pd.DataFrame,
    ) -> Self:
        """Take in the summed expression of all samples, one sample at a time.

        Parameters
        ----------
        sums
            Sample and its table, with the columns of :data:`schema.SUMS`; rows with zero counts may be absent.
            May be a generator that reads one file after the other: 12 bytes per row are kept.
        leaves
            Columns of :data:`schema.CELLS` and ``sample``; one row per sample and leaf, zeros included.
        sheet
            Sample sheet: ``sample``, ``donor``, ``visit``.
        genes
            Columns ``gene`` and ``n_samples``, the number of samples whose reference has the gene.

        Raises
        ------
        ValueError
            If a sample of the sheet has no leaves or no sums, a table names a sample that the sheet does not
            list, or sums name a gene or a leaf that the other tables do not.
        """
        schema.require_columns(genes, ("gene", "n_samples"), name="genes")
        units, unit = merge_visits(sheet)
        cells, tree = count_cells(leaves, unit=unit)
        everywhere = (genes["n_samples"] == len(unit)).to_numpy()
        symbols = pd.Index(genes["gene"].astype(str))
        # Genes missing from some reference are left out; the others are numbered anew.
        numbers = _Numbers(symbols, np.where(everywhere, np.cumsum(everywhere) - 1, -1))
        blocks: dict[str, dict[str, Any]] = {}
        for sample, table in sums:
            name = f"summed expression of {sample}"
            schema.require_columns(table, TESTED_COLUMNS, name=name)
            number = number_units(pd.DataFrame({"sample": [sample]}), unit, name="summed expression")[0]
            blocks[sample] = _block(table, number, tree=tree, genes=numbers, name=name)
        if missing := [sample for sample in unit.index if sample not in blocks]:
            raise ValueError(
                f"summed expression: no table for sample(s) {', '.join(missing)} of the sample sheet. "
                "Run the step that sums their counts again."
            )
        return cls(
            units=units,
            leaves=tree,
            genes=symbols[everywhere],
            cells=cells,
            shallow=shallow_units(leaves, unit=unit),
            _blocks=tuple(blocks.values()),
        )

    def with_differences(
        self, sums: Iterable[tuple[str, pd.DataFrame]], *, cells: pd.DataFrame, sheet: pd.DataFrame
    ) -> Self:
        """Add what other labels would add to these sums, or take from them; nothing is copied.

        Parameters
        ----------
        sums
            Sample and its table with the columns ``population``, ``subset``, ``gene`` and ``lognorm``, signed; genes
            that are not among :attr:`genes` are left out.
        cells
            ``population``, ``subset``, ``n_cells``, signed, and ``sample``; leaves without a difference may be absent.
        sheet
            The sample sheet that the sums were collected with.

        Returns
        -------
        Sums of log-normalised values; raw counts are those of the labels proper.
        """
        _, unit = merge_visits(sheet)
        genes = _Numbers(self.genes, np.arange(len(self.genes)))
        blocks = [
            _block(table, int(unit[sample]), tree=self.leaves, genes=genes, name=f"other labels of {sample}")
            for sample, table in sums
        ]
        other = self.cells.copy()
        place = (
            number_units(cells, unit, name="cells by other labels"),
            number_leaves(cells, self.leaves, name="cells by other labels"),
        )
        np.add.at(other, place, cells["n_cells"].to_numpy(dtype=np.int64))
        return replace(self, cells=other, _blocks=(*self._blocks, *blocks))

    def select(self, populations: Mapping[str, Any], selector: str) -> NDArray[np.bool_]:
        """Leaves that a selector names, shape (leaves,)."""
        return catalogue.select(populations, selector, self.leaves).to_numpy(dtype=bool)

    def n_cells(self, selected: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Cells per donor-visit over the selected leaves, shape (units,)."""
        total: NDArray[np.int64] = self.cells[:, selected].sum(axis=1)
        return total

    def unusable(self, n_cells: NDArray[np.int64], *, min_cells: int) -> pd.Series:
        """Say why donor-visits cannot be compared: too few cells or too shallow; empty where they can."""
        few = pd.Series(n_cells, index=self.units.index)
        reason = few.map("only {} cells".format).where(few < max(min_cells, 1), "")
        return reason.mask(self.shallow, schema.TOO_SHALLOW)

    def add_up(self, selected: NDArray[np.bool_], *, value: str) -> NDArray[np.float64]:
        """Sum ``counts`` or ``lognorm`` over the selected leaves, shape (units, genes)."""
        total: NDArray[np.float64] = np.zeros((len(self.units), len(self.genes)))
        for block in self._blocks:
            # other labels change no raw count
            if value not in block or not (runs := block["runs"][selected[block["leaf"]]]).size:
                continue
            gene, added = (
                np.concatenate([block[column][start:stop] for start, stop in runs])
                for column in ("gene", value)
            )
            total[block["unit"]] += np.bincount(gene, weights=added, minlength=total.shape[1])
        return total


class _Numbers:
    """Number of each gene. Tables of one reference list the same genes, which are looked up once."""

    def __init__(self, genes: pd.Index, numbers: NDArray[np.int64]) -> None:
        self._genes = genes
        self._numbers = np.append(numbers, -1)  # the last is that of a gene which is not among them
        self._listed: tuple[pa.Array, NDArray[np.int64]] | None = None

    def look_up(self, values: pd.Series, *, name: str, strict: bool) -> NDArray[np.int64]:
        """Look up the number of the gene of each row, -1 for one that has none; with ``strict``, all must be known."""
        codes, listed = encode(values, name=name)
        if self._listed is None or not self._listed[0].equals(listed):
            self._listed = (
                listed,
                self._genes.get_indexer(pd.Index(listed.to_pylist(), dtype=self._genes.dtype)),
            )
        at = self._listed[1][codes]
        if strict and (at < 0).any():
            raise ValueError(
                f"{name}: {values.iloc[int(np.argmax(at < 0))]} is not in the gene table. "
                "Both are written by the same run; remove them and run again."
            )
        found: NDArray[np.int64] = self._numbers[at]
        return found


def _block(
    table: pd.DataFrame, number: int, *, tree: pd.DataFrame, genes: _Numbers, name: str
) -> dict[str, Any]:
    """Rows of one sample: its donor-visit, and per row gene, counts (not of a difference) and lognorm.

    Rows of one leaf follow each other: with ``leaf`` of each such run stand its first row and that after its last.
    """
    # a difference may hold genes that are left out of the sums; the sums themselves may hold no unknown gene
    gene = genes.look_up(table["gene"], name=name, strict="counts" in table)
    kept = gene >= 0
    leaf = number_leaves(table, tree, name=name)[kept]
    first = np.flatnonzero(np.diff(leaf, prepend=-1))
    block = {
        "unit": number,
        "leaf": leaf[first],
        "runs": np.column_stack([first, np.append(first, len(leaf))[1:]]),
        "gene": gene[kept].astype(np.int32),
        "lognorm": table["lognorm"].to_numpy(dtype=np.float32)[kept],
    }
    if "counts" in table:
        counts = table["counts"].to_numpy(dtype=np.int64)[kept]
        # sums of a sample's cells fit into half, but for a sample of millions
        narrow = counts.size and counts.max() <= np.iinfo(np.int32).max
        block["counts"] = counts.astype(np.int32) if narrow else counts
    return block
