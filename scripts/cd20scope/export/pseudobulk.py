"""Sums of raw counts per sample and population as one AnnData, with the design of the tests."""

from collections.abc import Iterable, Mapping, Sequence

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from cd20scope.export.cells import free_names
from cd20scope.export.growing import arrange, as_objects, text_columns

DESIGN = "~ donor + visit"
"""Design of the tests of genes, in the formula of R: visits are compared within donors."""


def tabulate_sums(
    sums: Iterable[tuple[str, pd.DataFrame]],
    cells: pd.DataFrame,
    *,
    sheet: pd.DataFrame,
    genes: pd.DataFrame,
    order: Mapping[str, Sequence[str]],
) -> ad.AnnData:
    """Sum the leaves of each population of each sample.

    Parameters
    ----------
    sums
        Sample and its sums over cells: ``population``, ``gene``, ``counts``; may be a generator.
    cells
        One row per sample and leaf: ``sample``, ``population``, ``n_cells``, ``shallow``.
    sheet
        Sample sheet, one row per sample: ``sample``, ``donor``, ``visit`` and what else it says.
    genes
        ``gene`` and ``n_samples``, the number of samples whose reference has the gene.
    order
        Values of a column in the order of its categories: the first visit is the one that others are compared with.

    Returns
    -------
    anndata.AnnData
        One row per sample and population with at least one cell; integer counts at equal depth in ``X``;
        ``population``, ``n_cells``, ``shallow`` and the columns of the sheet in ``obs``; ``uns['design']``.
    """
    sheet = sheet.set_index("sample", drop=False)
    grouped = cells.groupby(["sample", "population"], sort=False, observed=True)
    units = grouped.agg(n_cells=("n_cells", "sum"), shallow=("shallow", "any"))
    units = units[units["n_cells"] > 0].reset_index()
    own = {str(sample): rows for sample, rows in units.groupby("sample", sort=False)}
    column_of = pd.Index(genes["gene"].astype(str))
    # one sample after the other: entries of leaves and genes take several times the memory of their sums
    counted = {
        sample: _add_up(table, own[sample]["population"], columns=column_of)
        for sample, table in sums
        if sample in own
    }
    none = {
        sample: sparse.csr_matrix((len(rows), len(column_of)), dtype=np.int64) for sample, rows in own.items()
    }
    units = pd.concat(own.values(), ignore_index=True)
    beside = sheet.drop(columns="sample")
    obs = units.join(
        beside.set_axis(free_names(map(str, beside.columns), list(map(str, units.columns))), axis=1),
        on="sample",
    )
    obs.index = as_objects(units["sample"] + " / " + units["population"]).rename("unit")
    for column in text_columns(obs):
        text = as_objects(obs[column].fillna("").astype(str))
        obs[column] = pd.Categorical(text, categories=as_objects(arrange(text, order.get(column, ()))))
    table = ad.AnnData(
        sparse.vstack([counted.get(sample, none[sample]) for sample in own], format="csr"),
        obs=obs,
        var=pd.DataFrame(
            {"n_samples": genes["n_samples"].to_numpy()}, index=as_objects(column_of).rename("gene")
        ),
    )
    table.uns["design"] = DESIGN
    return table


def _add_up(table: pd.DataFrame, populations: pd.Series, *, columns: pd.Index) -> sparse.csr_matrix:
    """Add up the entries of a sample by population and gene; those of leaves and of one gene are several."""
    row_of = {name: row for row, name in enumerate(populations)}
    given = {name: row_of.get(name, -1) for name in table["population"].unique()}
    rows = table["population"].map(given).to_numpy(np.int64)
    at = columns.get_indexer(pd.Index(table["gene"].astype(str)))
    held = (rows >= 0) & (at >= 0)
    added: sparse.csr_matrix = sparse.csr_matrix(
        (table["counts"].to_numpy(np.int64)[held], (rows[held], at[held])), shape=(len(row_of), len(columns))
    )
    return added
