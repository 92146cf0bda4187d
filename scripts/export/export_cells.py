"""Write all kept cells and their labels in the field's formats; see :mod:`cd20scope.export.cells`."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cd20scope.counts import ingested
from cd20scope.export import cells
from cd20scope.jobs.job import job


def read_samples(folder: Path, terms: dict[str, str]) -> Iterator[cells.Sample]:
    """Read one sample after the other, and write the labels of its cells as text."""
    inputs = snakemake.input
    folder.mkdir(parents=True, exist_ok=True)
    for row, *paths in zip(snakemake.params.sheet, inputs.counts, inputs.quality, inputs.labels, strict=True):
        counts = ingested.read_counts(paths[0])
        quality, labels = (pd.read_parquet(path).reindex(counts.barcodes) for path in paths[1:])
        quality.join(labels).to_csv(
            folder / f"{row['sample']}.tsv.gz",
            sep="\t",
            index_label="barcode",
            compression={"method": "gzip", "mtime": 0},
        )
        keep = np.flatnonzero(quality["keep"].to_numpy(bool))
        described = cells.describe_cells(quality, labels, terms=terms, sample=row)
        yield cells.Sample(row["sample"], counts.matrix[keep], counts.genes["gene"], described)


with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    names = [row["sample"] for row in params.sheet]
    genes = cells.unite_genes(ingested.read_genes(dict(zip(names, inputs.counts, strict=True))).values())
    # a donor named 01 is not the number 1, and nothing but an empty cell is missing
    text = {"donor": str, "donors": str, "dropped": str}
    reading = {"sep": "\t", "dtype": text, "keep_default_na": False, "na_values": [""]}
    tables = {name: pd.read_csv(inputs[name], **reading) for name in ("verdicts", "technique", "ledger")}
    written = cells.write_cells(
        output.cells,
        read_samples(Path(output.labels), cells.ontology_terms(params.populations)),
        genes=genes,
        embedding=pd.read_parquet(inputs.embedding),
        unstructured={**tables, "cd20scope": {"version": params.version, "questions": params.questions}},
    )
    log.info("%d cells of %d samples, %d genes", written, len(names), len(genes))
