"""Label the cells of one sample by another judge than the markers; see :mod:`cd20scope.annotate.judges.settings`."""

import numpy as np
import pandas as pd

from cd20scope.annotate import labels
from cd20scope.annotate.judges import calls, celltypist, input_labels, reference, settings
from cd20scope.annotate.likelihood import depth
from cd20scope.counts import ingested, matrix
from cd20scope.jobs.job import job
from cd20scope.pseudobulk.tables import tabulate_sample

with job(snakemake) as (log, output):
    params, source = snakemake.params, snakemake.input.source
    tree, mapping = params.populations, params.settings["labels"]
    counts = ingested.read_counts(snakemake.input.counts)
    keep = pd.read_parquet(snakemake.input.cells)["keep"].reindex(counts.barcodes).to_numpy(dtype=bool)
    kept, genes = counts.matrix[np.flatnonzero(keep)], counts.genes["gene"]
    lognorm = matrix.log_normalise(kept)
    if params.judge == "celltypist":
        model = celltypist.read_model(source, sha256=params.settings["sha256"])
        settings.check_mapping(model.cell_types, mapping=mapping, populations=tree, judge=params.judge)
        chances = celltypist.judge(lognorm, genes, model)
    elif params.judge == "reference":
        chances = reference.judge(kept, genes, reference.load(source))
    else:
        own = input_labels.read_labels(source, column=params.settings["column"], key="annotate > obs")
        chances = pd.get_dummies(input_labels.align_labels(own, counts.barcodes[keep], where=source))
    leaves = settings.translate(chances.columns, mapping=mapping, populations=tree)
    bounds = {key: params[key] for key in ("min_probability", "min_probability_hard")}
    called = calls.call(chances, leaves, populations=tree, exclusive=params.judge != "celltypist", **bounds)
    labelled = calls.complete(called, kept, genes, populations=tree)
    labels.spread(labelled, keep=keep, barcodes=counts.barcodes).to_parquet(output.labels)
    if output.get("sums"):  # this judge decides
        chosen = depth.read_depth(snakemake.input.depth, snakemake.wildcards.sample)
        thinned = depth.thin_counts(
            kept,
            barcodes=counts.barcodes[keep],
            genes=genes,
            keep=chosen.keep,
            sample=snakemake.wildcards.sample,
        )
        tables = tabulate_sample(
            thinned,
            genes,
            labelled,
            populations=tree,
            shallow=chosen.shallow,
            **bounds,
        )
        for name, table in tables.items():
            table.to_parquet(output[name], index=False)
    for line in calls.describe(chances, leaves, labelled):
        log.info(line)
