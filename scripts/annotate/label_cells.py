"""Label the cells of one sample and sum their counts at equal depth; see :mod:`cd20scope.annotate.labels`."""

import numpy as np
import pandas as pd

from cd20scope.annotate import labels, soup
from cd20scope.annotate.likelihood import depth, ruler
from cd20scope.annotate.likelihood.state import unpack_likelihood
from cd20scope.counts import ingested
from cd20scope.jobs.job import job
from cd20scope.pseudobulk.tables import tabulate_sample

with job(snakemake) as (log, output):
    params, inputs, sample = snakemake.params, snakemake.input, snakemake.wildcards.sample
    counts = ingested.read_counts(inputs.counts)
    keep = pd.read_parquet(inputs.cells, columns=["keep"])["keep"].reindex(counts.barcodes).to_numpy(bool)
    kept, barcodes = counts.matrix[np.flatnonzero(keep)], counts.barcodes
    genes = pd.Index(counts.genes["gene"], dtype=object)
    with np.load(inputs.model) as main, np.load(inputs.ruler) as without:
        model, blind = unpack_likelihood(main), unpack_likelihood(without)
    asked = {"populations": params.populations, "min_probability": params.min_probability}
    asked["empty"] = counts.empty
    del counts  # the cells that were left out
    labelled = labels.label_sample(kept, genes, model, **asked)
    asked["soup"] = labelled.soup
    chosen = depth.read_depth(inputs.depth, sample)
    thinned = depth.thin_counts(kept, barcodes=barcodes[keep], genes=genes, keep=chosen.keep, sample=sample)
    shallowest = chosen.keep == 1  # then nothing was thinned
    compared = labelled if shallowest else labels.label_sample(kept, genes, model, **asked, thinned=thinned)
    labels.spread(labelled.cells, keep=keep, barcodes=barcodes).to_parquet(output.labels)
    if output.get("sums"):  # the markers decide
        bounds = {key: params[key] for key in ("min_probability", "min_probability_hard")}
        tables = tabulate_sample(
            thinned,
            genes,
            compared.cells,
            chances=compared.chances,
            populations=params.populations,
            shallow=chosen.shallow,
            **bounds,
        )
        for name, table in tables.items():
            table.to_parquet(output[name], index=False)
    told = labels.tell_populations(kept, genes, blind, **asked, thinned=thinned).cells
    single = np.flatnonzero(told["doublet"] == "")
    called = told["likeliest"].to_numpy(dtype=object)[single]
    rulers = ruler.rulers_of(params.populations)
    ruler.count_ruler(thinned[single], genes, called, rulers=rulers).to_csv(output.rulers, sep="\t")
    estimate, profile = soup.tabulate(labelled.soup, genes)
    estimate.to_csv(output.contamination, sep="\t", index=False)
    profile.to_csv(output.soup, sep="\t", index=False)
    log.info("compared at %.0f %% of the molecules; %s", 100 * chosen.keep, chosen.reason or "not shallow")
    for column in ("population", "doublet"):
        for name, n in labelled.cells[column].value_counts().items():
            log.info("%s %s: %d", column, name or "none", n)
