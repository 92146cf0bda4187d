"""Sums over cells, added up per donor and visit: the common ground of expression and programs.

Every number here is a sum over the leaves (population, subset) of the population tree, so that any
population, and any set of them, is a sum of rows that were written once per sample.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.study import catalogue

READ = ("population", "subset", "gene", "counts", "lognorm")
"""Columns of a table of sums that the tests rest on."""


def read(
    path: Path | str, columns: Sequence[str] = READ, *, filters: list[tuple[str, str, Any]] | None = None
) -> pd.DataFrame:
    """Read columns of a table of sums. Names stay Arrow's: pandas would check the 30,000 genes of each table anew."""
    return pd.read_parquet(path, columns=list(columns), filters=filters, dtype_backend="pyarrow")


def stack(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Concatenate the cell counts of all samples, with the name of the sample in a column ``sample``.

    For the small tables of cells per leaf; summed expression goes to :meth:`LeafSums.collect` sample by sample.

    Raises
    ------
    ValueError
        If there is no table.
    """
    if not tables:
        raise ValueError("stack: no table was given; the sample sheet must list at least one sample.")
    return pd.concat([table.assign(sample=name) for name, table in tables.items()], ignore_index=True)


def merge_visits(sheet: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Give each donor-visit of a sample sheet a number; samples of one donor and visit share it.

    Returns
    -------
    units
        One row per donor and visit: ``sample`` (comma-joined), ``donor``, ``visit``; index 0, 1, ...
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
    return units[["sample", "donor", "visit"]], unit


def count_cells(
    leaves: pd.DataFrame, *, unit: pd.Series, value: Literal["n_cells", "expected"] = "n_cells"
) -> tuple[NDArray[Any], pd.DataFrame]:
    """Count kept cells per donor-visit and leaf.

    Parameters
    ----------
    leaves
        ``population``, ``subset``, ``sample`` and the column ``value``; one row per sample and leaf, zeros included.
    unit
        Sample -> donor-visit number, from :func:`merge_visits`.
    value
        ``n_cells`` (default) for called cells, ``expected`` for those estimated from probabilities.

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
    index = (_unit_of(leaves, unit, name="cells per leaf"), _leaf_of(leaves, tree, name="cells per leaf"))
    np.add.at(cells, index, leaves[value].to_numpy(dtype=kind))
    return cells, tree


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
    """

    units: pd.DataFrame
    leaves: pd.DataFrame
    genes: pd.Index
    cells: NDArray[np.int64]
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
            schema.require_columns(table, READ, name=name)
            number = _unit_of(pd.DataFrame({"sample": [sample]}), unit, name="summed expression")[0]
            blocks[sample] = _block(table, number, tree=tree, genes=numbers, name=name)
        if missing := [sample for sample in unit.index if sample not in blocks]:
            raise ValueError(
                f"summed expression: no table for sample(s) {', '.join(missing)} of the sample sheet. "
                "Run the step that sums their counts again."
            )
        return cls(
            units=units, leaves=tree, genes=symbols[everywhere], cells=cells, _blocks=tuple(blocks.values())
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
            _unit_of(cells, unit, name="cells by other labels"),
            _leaf_of(cells, self.leaves, name="cells by other labels"),
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
        codes, listed = _coded(values, name=name)
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
    leaf = _leaf_of(table, tree, name=name)[kept]
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


def _unit_of(table: pd.DataFrame, unit: pd.Series, *, name: str) -> NDArray[np.int64]:
    """Donor-visit number of each row of a table with a ``sample`` column."""
    samples = table["sample"].astype("category")
    numbers = unit.reindex(samples.cat.categories.astype(str))
    if numbers.isna().any():
        raise ValueError(
            f"{name}: sample(s) {', '.join(numbers.index[numbers.isna()])} are not in the sample sheet, "
            f"which lists {', '.join(unit.index)}. Remove the stale file or add the sample to the sheet."
        )
    return numbers.to_numpy(dtype=np.int64)[samples.cat.codes.to_numpy()]


def _leaf_of(table: pd.DataFrame, tree: pd.DataFrame, *, name: str) -> NDArray[np.int64]:
    """Row in ``tree`` of each row's leaf; factorised first, as the tables are long and the tree is short."""
    codes, pairs = [], []
    for column in ("population", "subset"):
        code, listed = _coded(table[column], name=name)
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


def _coded(values: pd.Series, *, name: str) -> tuple[NDArray[np.integer], pa.Array]:
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
