"""All kept cells of a study as one AnnData file, written part by part so that memory does not grow with cells."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import sparse_dataset, write_elem
from scipy import sparse

from cd20scope.counts.matrix import Genes, log_normalise
from cd20scope.counts.store import COMPRESSION
from cd20scope.export.growing import GrowingTable, begin, grow, plain

LAYER = "counts"
"""Layer of the raw counts; ``X`` is log-normalised."""

QUALITY = ("n_counts", "n_genes", "percent_mito")
LABELS = (
    *("population", "lineage", "subset", "probability", "subset_probability"),
    *("likeliest", "doublet", "cd20_t"),
)
"""Columns of the labels, in the order of the exported table."""

UNASSIGNED = "unknown"
"""Cell type without an ontology term, as CELLxGENE writes it."""


TERM = "cell_type_ontology_term_id"
OWN = ("barcode", *QUALITY, *LABELS, TERM)
"""Columns of the exported cells that the sheet does not give."""


def free_names(columns: Iterable[str], taken: Collection[str]) -> list[str]:
    """Names of columns of the sheet beside those that are taken: ``population`` becomes ``population_in_sheet``."""
    return [f"{column}_in_sheet" if column in taken else column for column in columns]


@dataclass(frozen=True)
class Part:
    """Kept cells of one sample: all of them, or some.

    Attributes
    ----------
    counts
        Raw counts, cells x the sample's genes.
    genes
        Names of the columns of ``counts``.
    cells
        One row per cell, see :func:`describe_cells`.
    """

    counts: sparse.csr_matrix
    genes: Sequence[str]
    cells: pd.DataFrame


def unite_genes(lists: Iterable[Genes]) -> pd.DataFrame:
    """List every gene that any sample has, in the order of first appearance.

    Returns
    -------
    pandas.DataFrame
        Index ``gene``; ``gene_id``, empty where no sample gives one, and ``n_samples``, the number of samples whose
        reference has the gene.
    """
    parts = [pd.DataFrame(dict(genes)).astype(object) for genes in lists]
    every = pd.concat(parts, ignore_index=True).reindex(columns=["gene", "gene_id"])
    # the first id that any sample gives: one without has none to say
    grouped = every.assign(gene_id=every["gene_id"].astype(object).replace("", None)).groupby(
        "gene", sort=False
    )["gene_id"]
    return pd.DataFrame({"gene_id": grouped.first().fillna(""), "n_samples": grouped.size()})


def describe_cells(
    quality: pd.DataFrame, labels: pd.DataFrame, *, terms: Mapping[str, str], sample: Mapping[str, str]
) -> pd.DataFrame:
    """Join what is known of the kept cells of a sample.

    Parameters
    ----------
    quality, labels
        One row per cell of the sample, barcodes as index.
    terms
        Cell Ontology term of each population and, as ``population / subset``, of each subset.
    sample
        Row of the sample sheet: ``sample``, ``donor``, ``visit`` and what else it says.

    Returns
    -------
    pandas.DataFrame
        Index ``<sample>_<barcode>``, unique in a study; ``barcode``, the columns of the sheet (:func:`free_names`),
        :data:`QUALITY`, :data:`LABELS` and ``cell_type_ontology_term_id``, which is the subset's where one is told.
    """
    kept = quality.index[quality["keep"].to_numpy(bool)]
    quality, labels = quality.loc[kept], labels.reindex(kept)
    cells = pd.DataFrame({"barcode": kept.astype(object)}, index=kept)
    for column, value in zip(free_names(sample, OWN), sample.values(), strict=True):
        cells[column] = value
    cells[list(QUALITY)] = quality[list(QUALITY)]
    cells[list(LABELS)] = labels[list(LABELS)]
    of_population = [terms.get(name, UNASSIGNED) for name in cells["population"]]
    told = [
        terms.get(f"{name} / {subset}", general)
        for name, subset, general in zip(cells["population"], cells["subset"], of_population, strict=True)
    ]
    cells[TERM] = told
    cells.index = pd.Index([f"{sample['sample']}_{barcode}" for barcode in kept], name="cell")
    return cells


def ontology_terms(populations: Mapping[str, Any]) -> dict[str, str]:
    """Cell Ontology terms of a population tree, by ``population`` and ``population / subset``."""
    terms = {}
    for node in populations["nodes"]:
        if node.get("cl"):
            subset = node["level"] == "subset"
            terms[f"{node['parent']} / {node['name']}" if subset else node["name"]] = node["cl"]
    return terms


def order_of_tree(populations: Mapping[str, Any]) -> dict[str, list[str]]:
    """Order of the categories of labels: that of the population tree."""
    names = [node["name"] for node in populations["nodes"] if node["level"] == "population"]
    return {
        "lineage": [lineage["name"] for lineage in populations["lineages"]],
        "population": names,
        "likeliest": names,
    }


def write_cells(
    path: Path | str,
    parts: Iterable[Part],
    *,
    genes: pd.DataFrame,
    stored: int,
    embedding: pd.DataFrame,
    unstructured: Mapping[str, Any],
    order: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Write all cells as h5ad, one part in memory at a time, and return their number.

    Parameters
    ----------
    path
        To write to; an existing file is replaced.
    parts
        In the order of the cells; may be a generator.
    genes
        As :func:`unite_genes` gives them.
    stored
        Number of counts above zero, or more: decides the type of the pointers, which tools expect to be that of the
        indices.
    embedding
        ``sample``, ``barcode``, ``x``, ``y`` of the cells of the map; others have none, which is NaN.
    unstructured
        Tables and values for ``uns``.
    order
        Values of a column of the cells in the order of its categories; others are sorted.
    """
    written = 0
    names = embedding["sample"].astype(str) + "_" + embedding["barcode"].astype(str)
    places = embedding.set_index(names)[["x", "y"]].astype(np.float32)
    with h5py.File(path, "w") as file:
        begin(file)
        table = GrowingTable(file, "obs", plain=["barcode"], order=order)
        for part in parts:
            counts = _spread(part, genes.index)
            for place, key, matrix in ((file["layers"], LAYER, counts), (file, "X", log_normalise(counts))):
                if key in place:
                    held: Any = sparse_dataset(place[key])
                    held.append(matrix)
                else:
                    write_elem(place, key, with_pointers(matrix, stored), dataset_kwargs=COMPRESSION)
            table.append(part.cells)
            # cells that were not drawn into the map have no coordinates
            grow(file["obsm"], "X_umap", places.reindex(part.cells.index).to_numpy())
            written += len(part.cells)
        table.finish()
        write_elem(file, "var", plain(genes.rename_axis("gene")), dataset_kwargs=COMPRESSION)
        for name, value in unstructured.items():
            write_elem(file["uns"], name, _numbered(value))
    return written


def _spread(part: Part, genes: pd.Index) -> sparse.csr_matrix:
    """Place the counts of a part in the order of the genes of the study."""
    place = genes.get_indexer(pd.Index(part.genes))
    shape = (part.counts.shape[0], len(genes))
    spread: sparse.csr_matrix = sparse.csr_matrix(
        (part.counts.data, place[part.counts.indices].astype(np.int32), part.counts.indptr), shape=shape
    )
    spread.sum_duplicates()
    return spread


def with_pointers(matrix: sparse.csr_matrix, stored: int) -> sparse.csr_matrix:
    """Give a matrix indices and pointers of one type that takes as many stored values: 32 bits, or 64."""
    kind = np.int32 if stored < 2**31 else np.int64
    matrix.indptr, matrix.indices = matrix.indptr.astype(kind), matrix.indices.astype(kind)
    return matrix


def _numbered(value: object) -> object:
    """Give a table for ``uns`` the numbers of its rows as index, as text; other values as they are."""
    if not isinstance(value, pd.DataFrame):
        return value
    return plain(value.set_axis(pd.Index(range(len(value))).astype(str), axis=0))
