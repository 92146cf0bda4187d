"""Draw the sketch and fit the annotation model to it; see :mod:`cd20scope.annotate.model.fit`."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate import sketch
from cd20scope.annotate.model import fit
from cd20scope.annotate.model.fitted import pack_model
from cd20scope.counts import matrix, store
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    params = snakemake.params
    paths = dict(zip(params.samples, snakemake.input.counts, strict=True))
    # two narrow columns of all cells; all else is read for the cells of the sketch only
    cells = pd.concat(
        pd.read_parquet(path, columns=["stratum", "keep"])
        .reset_index(drop=True)
        .rename_axis("row")
        .reset_index()
        .assign(sample=sample)
        for sample, path in zip(params.samples, snakemake.input.cells, strict=True)
    )
    chosen = sketch.choose_sketch(cells, n_cells=params.cells, seed=params.seed)
    references = store.read_genes(paths)
    reference = sketch.shared_genes(references)
    genes = reference.loc[reference["n_samples"] == len(paths), "gene"].to_numpy(dtype=object)
    log.info(
        "%d cells of %d samples; %d of %d genes are in all",
        len(chosen),
        len(paths),
        len(genes),
        len(reference),
    )
    parts = []
    for sample, rows in chosen.groupby("sample", sort=False):
        lognorm = matrix.log_normalise(store.read_rows(paths[sample], rows["row"].to_numpy()))
        own = references[sample]["gene"]
        parts.append(lognorm if np.array_equal(own, genes) else lognorm[:, pd.Index(own).get_indexer(genes)])
    # in a list, so that the fit can let go of the genes that it does not read; held here, they would stay
    drawn = [sp.vstack(parts, format="csr")]
    parts.clear()  # else the sketch would be held twice
    model, components = fit.fit_model(
        drawn.pop(), genes, populations=params.populations, seed=params.seed, threads=snakemake.threads
    )
    for node in model.nodes.values():
        log.info("%s: %s", node.name, ", ".join(node.classes))
    np.savez(output.model, **pack_model(model))
    reference.to_csv(output.genes, sep="\t", index=False)
    barcode = np.concatenate(
        [
            store.read_barcodes(paths[sample])[rows["row"]]
            for sample, rows in chosen.groupby("sample", sort=False)
        ]
    )
    names = [f"PC{number + 1}" for number in range(components.shape[1])]
    table = pd.DataFrame(components, columns=names).assign(sample=chosen["sample"], barcode=barcode)
    table.to_parquet(output.sketch, index=False)
