"""A bounded, stratified choice of cells over all samples, to fit the model and the embedding to."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cd20scope.counts.matrix import Genes


def share_out(sizes: np.ndarray, total: int) -> np.ndarray:
    """Share ``total`` places among groups as evenly as their sizes allow (water-filling).

    Small groups are taken whole, and what they leave goes to the others in equal parts, so that a rare population
    or a depleted sample keeps its cells while an abundant one is thinned.

    Parameters
    ----------
    sizes
        Cells per group, shape (n_groups,).
    total
        Places to give away.

    Returns
    -------
    numpy.ndarray
        Places per group; none exceeds the group's size and their sum is ``min(total, sizes.sum())``.
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    places = np.zeros_like(sizes)
    left = min(int(total), int(sizes.sum()))
    while left > 0:
        open_groups = np.flatnonzero(places < sizes)
        each = max(1, left // len(open_groups))
        given = np.minimum(sizes[open_groups] - places[open_groups], each)
        # the last few places go to the first groups in order, one each
        given = np.minimum(given, np.maximum(0, left - (np.cumsum(given) - given)))
        places[open_groups] += given
        left -= int(given.sum())
    return places


def choose_sketch(cells: pd.DataFrame, *, n_cells: int, seed: int) -> pd.DataFrame:
    """Choose at most ``n_cells`` kept cells, evenly over samples and, within a sample, over its strata.

    Parameters
    ----------
    cells
        One row per cell: ``sample``, ``row`` (position in the sample's count matrix), ``stratum``, ``keep``.
    n_cells
        Size of the sketch; all kept cells when they are fewer.
    seed
        Seed of the draw.

    Returns
    -------
    pandas.DataFrame
        ``sample`` and ``row``, ordered by both.

    Raises
    ------
    ValueError
        When no cell was kept.

    References
    ----------
    Sketching that keeps rare populations: Hie et al. 2019, doi:10.1016/j.cels.2019.05.003.
    """
    kept = cells.loc[cells["keep"].to_numpy(dtype=bool)]
    if kept.empty:
        raise ValueError(
            "qc: not one cell of any sample was kept, so nothing can be labelled. "
            "Look at results/qc/*.parquet (column reason) and widen the bounds under qc: in the configuration."
        )
    rng = np.random.default_rng(seed)
    per_sample = kept.groupby("sample", sort=True).size()
    quota = pd.Series(share_out(per_sample.to_numpy(), n_cells), index=per_sample.index)
    chosen = []
    for sample, of_sample in kept.groupby("sample", sort=True):
        strata = of_sample.groupby("stratum", sort=True)["row"]
        places = share_out(strata.size().to_numpy(), int(quota[sample]))
        for (_, rows), n in zip(strata, places, strict=True):
            take = np.sort(rng.choice(rows.to_numpy(), size=int(n), replace=False))
            chosen.append(pd.DataFrame({"sample": sample, "row": take}))
    return pd.concat(chosen, ignore_index=True).sort_values(["sample", "row"], ignore_index=True)


def shared_genes(references: Mapping[str, Genes]) -> pd.DataFrame:
    """List every gene of any sample's reference and in how many it is.

    A gene that a sample's reference lacks is absent there, not zero.

    Parameters
    ----------
    references
        Genes of each sample; those of one reference may be one object, which is gone through once.

    Returns
    -------
    pandas.DataFrame
        ``gene``, ``gene_id`` (of the first sample that has it), ``n_samples`` and ``missing_in``, the samples that lack
        it with commas between them; in order of first occurrence.
    """
    lists = {id(genes): genes for genes in references.values()}
    tables = {known: pd.DataFrame(genes) for known, genes in lists.items()}
    every = pd.concat([tables[id(genes)] for genes in references.values()], ignore_index=True)
    counted = every.groupby("gene", sort=False).agg(
        gene_id=("gene_id", "first"), n_samples=("gene_id", "size")
    )
    counted["missing_in"] = ""
    partial = counted.index[counted["n_samples"] < len(references)]
    # with sets: pandas would turn all names of every sample into its own text again
    here = {sample: set(genes["gene"]) if len(partial) else set() for sample, genes in references.items()}
    counted.loc[partial, "missing_in"] = [
        ",".join(sample for sample, names in here.items() if gene not in names) for gene in partial
    ]
    return counted.reset_index()
