"""Write the sums of counts per sample and population as one AnnData; see :mod:`cd20scope.export.pseudobulk`."""

import pandas as pd

from cd20scope.export import pseudobulk
from cd20scope.export.cells import order_of_tree
from cd20scope.jobs.job import job
from cd20scope.pseudobulk.leaves import stack_cells

with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    names = [row["sample"] for row in params.sheet]
    table = pseudobulk.tabulate_sums(
        (
            (name, pd.read_parquet(path, columns=["population", "gene", "counts"]))
            for name, path in zip(names, inputs.sums, strict=True)
        ),
        stack_cells({name: pd.read_parquet(path) for name, path in zip(names, inputs.leaves, strict=True)}),
        sheet=pd.DataFrame(params.sheet),
        genes=pd.read_csv(inputs.genes, sep="\t", keep_default_na=False),
        order={"visit": params.visits} | order_of_tree(params.populations),
    )
    table.write_h5ad(output.sums, compression="gzip")
    log.info("%d pseudobulks of %d genes", *table.shape)
