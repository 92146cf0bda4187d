"""The exported cells in the form of CELLxGENE, written from ``cells.h5ad`` block by block."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem, sparse_dataset, write_elem
from scipy import sparse

from cd20scope.counts.store import COMPRESSION
from cd20scope.export.cells import LAYER, TERM, with_pointers
from cd20scope.export.cellxgene_terms import ORGANISM, TERMS, TRUTH
from cd20scope.export.growing import begin, plain

BLOCK = 10_000
"""Cells in memory at a time: about 150 MB at 1,500 genes per cell."""

HUMAN = r"ENSG00000\d{6}"
"""Pattern of the ids of human genes; all have these zeros, those of made-up genes do not."""

TAKEN = {
    *("assay", "cell_type", "development_stage", "disease", "self_reported_ethnicity", "sex", "tissue"),
    *("experimental_condition", "experimental_condition_ontology_term_id", "perturbation_types", "observation_joinid"),
    *("ethnicity", "ethnicity_ontology_term_id", "organism", "organism_ontology_term_id", "donor_id"),
    *("genetic_perturbation_id", "genetic_perturbation_strategy"),
}  # fmt: skip
"""Names of ``obs`` that CELLxGENE writes itself, has given up, or gives another meaning."""


class GeneIdError(ValueError):
    """Genes without the identifiers that CELLxGENE asks for."""


def name_genes(
    genes: pd.DataFrame, current: Mapping[str, str], listed: frozenset[str] | None = None
) -> pd.Series:
    """Choose the genes that CELLxGENE can name, by their Ensembl ids without version.

    Parameters
    ----------
    genes
        ``var`` of the exported cells: index of symbols, ``gene_id``.
    current
        Ids by symbol of the table of gene names. They take the place of those of the count files, which may be of an
        older Ensembl.
    listed
        Ids that the schema knows; all Ensembl ids when not given.

    Returns
    -------
    Ids by symbol, in the order of the genes: those that are Ensembl ids of human genes, of one gene each, and listed.

    Raises
    ------
    GeneIdError
        When no gene is left.
    """
    given = zip(genes.index, genes["gene_id"].astype(str), strict=True)
    ids = pd.Series([current.get(symbol, own) for symbol, own in given], genes.index, dtype=str)
    ids = ids.str.replace(r"\.\d+$", "", regex=True)
    chosen = ids[ids.str.fullmatch(HUMAN) & ~ids.duplicated(keep=False)]
    if listed is not None:
        chosen = chosen[chosen.isin(listed)]
    if chosen.empty:
        raise GeneIdError(
            f"none of {len(genes)} genes has an Ensembl id that CELLxGENE knows (export > cellxgene_genes of the "
            "configuration). Use count files that give ids, or correct the list."
        )
    return chosen


def describe_obs(cells: pd.DataFrame) -> pd.DataFrame:
    """Give the cells the columns of the schema; those of the sheet with a reserved name end in ``_in_sheet``."""
    obs = cells.rename(columns={c: f"{c}_in_sheet" for c in TAKEN.intersection(cells.columns)})
    obs["donor_id"] = obs["donor"]
    obs["is_primary_data"] = (
        obs["is_primary_data"].astype(str).str.lower().map(TRUTH).eq("True").to_numpy(bool)
    )
    for column in (*TERMS, TERM):
        if column != "is_primary_data":
            obs[column] = obs[column].astype(str).astype("category")
    return obs


def write_cellxgene(
    path: Path | str,
    exported: Path | str,
    *,
    title: str,
    current: Mapping[str, str],
    listed: frozenset[str] | None = None,
) -> tuple[int, int]:
    """Write an h5ad of the schema from the exported cells.

    ``raw.X`` holds the counts (32-bit floats, as the schema asks), ``X`` the normalised values, ``var`` Ensembl ids.

    Parameters
    ----------
    path
        To write to; an existing file is replaced.
    exported
        ``cells.h5ad``, see :func:`cd20scope.export.cells.write_cells`, with the columns of
        :data:`cd20scope.export.cellxgene_terms.TERMS` in ``obs``.
    title
        Of the data set.
    current, listed
        See :func:`name_genes`.

    Returns
    -------
    Numbers of genes written and left out.
    """
    with h5py.File(exported, "r") as source, h5py.File(path, "w") as file:
        genes: Any = read_elem(source["var"])
        ids = name_genes(genes, current, listed)
        columns = genes.index.get_indexer(ids.index)
        var = pd.DataFrame(
            {"gene": ids.index.to_numpy(object), "n_samples": genes["n_samples"].to_numpy()[columns]},
            index=pd.Index(ids.to_numpy(object), name="ensembl_id"),
        )
        cells: Any = read_elem(source["obs"])
        begin(file)
        write_elem(file, "obs", plain(describe_obs(cells)), dataset_kwargs=COMPRESSION)
        write_elem(file, "var", plain(var.assign(feature_is_filtered=False)), dataset_kwargs=COMPRESSION)
        raw = file.create_group("raw")
        raw.attrs.update({"encoding-type": "raw", "encoding-version": "0.1.0"})
        write_elem(raw, "var", plain(var), dataset_kwargs=COMPRESSION)
        _copy(source["layers"][LAYER], raw, columns)
        _copy(source["X"], file, columns)
        write_elem(file, "obsm", {"X_umap": read_elem(source["obsm/X_umap"])}, dataset_kwargs=COMPRESSION)
        beside: dict[str, Any] = {name: read_elem(source["uns"][name]) for name in source["uns"]}
        # the schema forbids empty ones
        kept = {k: plain(v) if isinstance(v, pd.DataFrame) else v for k, v in beside.items() if len(v)}
        write_elem(file, "uns", {"title": title, "organism_ontology_term_id": ORGANISM, **kept})
    return len(ids), len(genes) - len(ids)


def _copy(matrix: Any, place: h5py.Group, columns: np.ndarray[Any, Any]) -> None:  # noqa: ANN401
    """Copy some columns of a stored matrix as ``X`` of 32-bit floats, block by block."""
    for number, block in enumerate(_blocks(matrix)):
        part = block[:, columns].astype(np.float32)
        part.sort_indices()
        if number:
            held: Any = sparse_dataset(place["X"])
            held.append(part)
        else:
            part = with_pointers(part, matrix["data"].shape[0])
            write_elem(place, "X", part, dataset_kwargs=COMPRESSION)


def _blocks(matrix: Any) -> Iterator[sparse.csr_matrix]:  # noqa: ANN401
    """Rows of a stored matrix, :data:`BLOCK` at a time."""
    held = sparse_dataset(matrix)
    for start in range(0, held.shape[0], BLOCK):
        yield sparse.csr_matrix(held[start : start + BLOCK])
