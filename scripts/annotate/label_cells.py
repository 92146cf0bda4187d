"""Label the cells of one sample and sum their counts per population; see :mod:`cd20scope.annotate.labels`."""

import numpy as np
import pandas as pd

from cd20scope.annotate import labels, soup
from cd20scope.annotate.model.fitted import unpack_model
from cd20scope.counts import matrix, store
from cd20scope.jobs.job import job
from cd20scope.pseudobulk import relabelled
from cd20scope.pseudobulk.sample import count_leaves, sum_leaves

with job(snakemake) as (log, output):
    params = snakemake.params
    counts = store.read_counts(snakemake.input.counts)
    keep = (
        pd.read_parquet(snakemake.input.cells, columns=["keep"])["keep"]
        .reindex(counts.barcodes)
        .to_numpy(dtype=bool)
    )
    with np.load(snakemake.input.model) as arrays:
        model = unpack_model(arrays)
    kept, genes = counts.matrix[np.flatnonzero(keep)], counts.genes["gene"]
    lognorm = matrix.log_normalise(kept)
    bounds = {key: params[key] for key in ("min_probability", "min_probability_hard")}
    labelled = labels.label_cells(
        kept, lognorm, genes, model, populations=params.populations, empty=counts.empty, **bounds
    )
    cells = labelled.cells
    sums = sum_leaves(kept, lognorm, genes, cells, populations=params.populations)
    sums.to_parquet(output.sums, index=False)
    counted = count_leaves(cells, populations=params.populations, expected=labelled.expected)
    counted.to_parquet(output.cells, index=False)
    arms = relabelled.relabel(cells, populations=params.populations, **bounds)
    arm_cells, arm_sums = relabelled.differences(
        cells, arms, kept, lognorm, genes, populations=params.populations
    )
    arm_cells.to_parquet(output.arm_cells, index=False)
    arm_sums.to_parquet(output.arm_sums, index=False)
    labels.spread(cells, keep=keep, barcodes=counts.barcodes).to_parquet(output.labels)
    estimate, profile = soup.tabulate(labelled.soup, genes)
    estimate.to_csv(output.contamination, sep="\t", index=False)
    profile.to_csv(output.soup, sep="\t", index=False)
    for population, n in cells["population"].value_counts().items():
        log.info("%s: %d", population, n)
