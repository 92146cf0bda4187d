"""All kept cells of a study as one AnnData file, written sample by sample so that memory does not grow with cells."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
from anndata.io import sparse_dataset, write_elem
from scipy import sparse

from cd20scope.counts.matrix import Genes, log_normalise
from cd20scope.counts.store import COMPRESSION

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
class Sample:
    """The kept cells of one sample.

    Attributes
    ----------
    name
        Of the sample.
    counts
        Raw counts, kept cells x the sample's genes.
    genes
        Names of the columns of ``counts``.
    cells
        One row per kept cell, barcodes as index: quality and labels.
    """

    name: str
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
    of_subset = (cells["population"] + " / " + cells["subset"]).map(terms)
    told = of_subset.fillna(cells["population"].map(terms)).fillna(UNASSIGNED)
    cells[TERM] = told.to_numpy(object)
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


def write_cells(
    path: Path | str,
    samples: Iterable[Sample],
    *,
    genes: pd.DataFrame,
    embedding: pd.DataFrame,
    unstructured: Mapping[str, Any],
) -> int:
    """Write all cells as h5ad, one sample in memory at a time, and return their number.

    Parameters
    ----------
    path
        To write to; an existing file is replaced.
    samples
        The samples, in the order of the cells; may be a generator.
    genes
        As :func:`unite_genes` gives them.
    embedding
        ``sample``, ``barcode``, ``x``, ``y`` of the cells of the map; others have none, which is NaN.
    unstructured
        Tables and values for ``uns``.
    """
    width, described = len(genes), []
    with h5py.File(path, "w") as file:
        write_elem(file, "/", ad.AnnData(shape=(0, width)))
        for index, sample in enumerate(samples):
            counts = _spread(sample, genes.index)
            for place, key, matrix in ((file["layers"], LAYER, counts), (file, "X", log_normalise(counts))):
                if index:
                    held: Any = sparse_dataset(place[key])
                    held.append(matrix)
                else:
                    write_elem(place, key, _long(matrix), dataset_kwargs=COMPRESSION)
            described.append(sample.cells)
        cells = pd.concat(described)
        write_elem(file, "obs", _categorical(cells), dataset_kwargs=COMPRESSION)
        write_elem(file, "var", genes.rename_axis("gene"), dataset_kwargs=COMPRESSION)
        write_elem(file["obsm"], "X_umap", _place(cells, embedding), dataset_kwargs=COMPRESSION)
        for name, value in unstructured.items():
            write_elem(file["uns"], name, _plain(value))
    return len(cells)


def _spread(sample: Sample, genes: pd.Index) -> sparse.csr_matrix:
    """Place the counts of a sample in the order of the genes of the study."""
    place = genes.get_indexer(pd.Index(sample.genes))
    counts = sample.counts.tocoo()
    shape = (counts.shape[0], len(genes))
    spread: sparse.csr_matrix = sparse.csr_matrix((counts.data, (counts.row, place[counts.col])), shape=shape)
    spread.sort_indices()
    return spread


def _long(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Give a matrix pointers of 64 bits: those of a study may pass 2^31 stored values."""
    matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


def text_columns(table: pd.DataFrame) -> list[str]:
    """Columns of a table that hold neither numbers nor truth values."""
    return [str(column) for column in table if table[column].dtype.kind not in "biuf"]


def _categorical(cells: pd.DataFrame) -> pd.DataFrame:
    """Text as categories, as the field's tools expect groups; the barcode stays text."""
    text = [c for c in text_columns(cells) if c != "barcode"]
    return cells.assign(**{c: cells[c].fillna("").astype(str).astype("category") for c in text})


def _place(cells: pd.DataFrame, embedding: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Coordinates of every cell on the map, NaN for cells that were not drawn into it."""
    names = embedding["sample"].astype(str) + "_" + embedding["barcode"].astype(str)
    return embedding.set_index(names)[["x", "y"]].reindex(cells.index).to_numpy(np.float32)


def _plain(value: object) -> object:
    """Give a table text where text and missing values mix, which h5ad cannot hold."""
    if not isinstance(value, pd.DataFrame):
        return value
    text = text_columns(value)
    table = value.assign(**{c: value[c].fillna("").astype(str).astype(object) for c in text})
    return table.set_axis(pd.Index(range(len(table))).astype(str), axis=0)
