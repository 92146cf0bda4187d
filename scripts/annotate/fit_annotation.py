"""Draw the sketch and fit the likelihood to it; see :mod:`cd20scope.annotate.likelihood.fit`."""

from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate import sketch
from cd20scope.annotate.features import principal_components
from cd20scope.annotate.likelihood import profiles, ruler, tree
from cd20scope.annotate.likelihood.fit import fit_likelihood
from cd20scope.annotate.likelihood.state import pack_likelihood
from cd20scope.counts import ingested, matrix, store
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    params = snakemake.params
    paths = dict(zip(params.samples, snakemake.input.counts, strict=True))
    table = profiles.read_profiles(Path(params.path))
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
    references = ingested.read_genes(paths)
    reference = sketch.shared_genes(references)
    genes = reference.loc[reference["n_samples"] == len(paths), "gene"].to_numpy(dtype=object)
    log.info(
        "%d cells of %d samples; %d of %d genes are in all",
        len(chosen),
        len(paths),
        len(genes),
        len(reference),
    )
    told_by = genes[pd.Index(genes, dtype=object).isin(table.index)]
    lognorm, counts, barcodes = [], [], []
    for sample, rows in chosen.groupby("sample", sort=False):
        drawn = store.read_rows(paths[sample], rows["row"].to_numpy())
        own = pd.Index(references[sample]["gene"])
        same = np.array_equal(own, genes)
        scaled = matrix.log_normalise(drawn)
        lognorm.append(scaled if same else scaled[:, own.get_indexer(genes)])
        counts.append(drawn[:, own.get_indexer(told_by)])
        barcodes.append(ingested.read_barcodes(paths[sample])[rows["row"]])
    markers = {gene for node in params.populations["nodes"] for gene in node["markers"]}
    components = principal_components(
        sp.vstack(lognorm, format="csr"), genes, markers=markers, seed=params.seed
    )
    lognorm.clear()  # most of the memory
    if output.get("model"):  # the markers judge
        named = tree.require_profiles(params.populations)
        table = profiles.take_profiles(table, named, name=params.profiles)
        decisions = tree.build_decisions(tree.lineages_of_populations(params.populations), named)
        drawn = sp.vstack(counts, format="csr")
        for name, without in (("model", []), ("ruler", ruler.ruler_genes())):
            model = fit_likelihood(drawn, told_by, table, decisions, without=without)
            np.savez(output[name], **pack_likelihood(model))
            for population, n in model.not_told.items():
                log.warning("%s: %s is not told: %d genes speak for it", name, population, n)
    reference.to_csv(output.genes, sep="\t", index=False)
    names = [f"PC{number + 1}" for number in range(components.shape[1])]
    placed = pd.DataFrame(components, columns=names)
    placed = placed.assign(sample=chosen["sample"], barcode=np.concatenate(barcodes))
    placed.to_parquet(output.sketch, index=False)
