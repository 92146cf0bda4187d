"""Gather what the labels of all samples look like; see :mod:`cd20scope.annotate.overview`."""

import pandas as pd

from cd20scope.annotate import overview
from cd20scope.annotate.likelihood import ruler
from cd20scope.counts import store
from cd20scope.jobs.job import job


def read(path: str) -> pd.DataFrame:
    """Read a table of a sample; nothing but an empty cell is missing."""
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    reference = pd.read_csv(inputs.genes, sep="\t", keep_default_na=False)
    everywhere = reference.loc[reference["n_samples"] == len(params.sheet), "gene"]
    gathered = overview.Overview(params.populations, genes=everywhere, baseline=params.baseline)
    files = zip(inputs.labels, inputs.quality, inputs.cells, inputs.sums, inputs.counts, strict=True)
    # one sample at a time: what is kept of it is a few numbers per population
    for sample, (labels, quality, cells, sums, counts) in zip(params.sheet, files, strict=True):
        keep = pd.read_parquet(quality, columns=["keep"])["keep"]
        told = pd.read_parquet(labels, columns=[*overview.READ, "doublet"])[keep]
        columns = ["population", "gene", "n_on", "lognorm"]
        gathered.add(
            sample,
            labels=told[told["doublet"] == ""].drop(columns="doublet"),
            cells=pd.read_parquet(cells),
            sums=pd.read_parquet(sums, columns=columns, filters=[("gene", "in", gathered.genes)]),
            protein=store.read_protein(counts),
        )
    samples = [row["sample"] for row in params.sheet]  # a run that estimates no soup has no paths
    estimates, genes = (
        {sample: read(path) for sample, path in zip(samples, paths, strict=False)}
        for paths in (inputs.contamination, inputs.soup)
    )
    sheet = pd.DataFrame(params.sheet).set_index("sample")
    counted = ruler.stack({sample: read(path) for sample, path in zip(samples, inputs.rulers, strict=False)})
    contrasts = [(later, earlier) for later, earlier in params.contrasts]
    rulers = {
        "rulers": ruler.summarise(counted, sheet),
        "visits": ruler.compare_contrasts(counted, sheet, contrasts=contrasts),
    }
    soup = overview.stack_soup(estimates, genes, markers=gathered.genes)
    for name, table in (gathered.tables() | rulers | {"contamination": soup}).items():
        table.to_csv(output[name], sep="\t", index=False)
        log.info("%s: %d rows", name, len(table))
