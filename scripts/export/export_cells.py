"""Write all kept cells and their labels in the field's formats; see :mod:`cd20scope.export.cells`."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cd20scope.counts import ingested
from cd20scope.counts.matrix import Genes
from cd20scope.counts.store import read_rows
from cd20scope.export import cells
from cd20scope.jobs.job import job

BLOCK = 2000
"""Cells in memory at a time: about 200 MB at 3,000 genes per cell."""


def read_parts(folder: Path, lists: dict[str, Genes], terms: dict[str, str]) -> Iterator[cells.Part]:
    """Read one block of cells after the other, and write the labels of each sample as text."""
    inputs = snakemake.input
    folder.mkdir(parents=True, exist_ok=True)
    for row, *paths in zip(snakemake.params.sheet, inputs.counts, inputs.quality, inputs.labels, strict=True):
        barcodes = ingested.read_barcodes(paths[0])
        quality, labels = (pd.read_parquet(path).reindex(barcodes) for path in paths[1:])
        quality.join(labels).to_csv(
            folder / f"{row['sample']}.tsv.gz",
            sep="\t",
            index_label="barcode",
            compression={"method": "gzip", "mtime": 0},
        )
        for start in range(0, len(barcodes), BLOCK):
            rows = slice(start, start + BLOCK)
            described = cells.describe_cells(quality[rows], labels[rows], terms=terms, sample=row)
            positions = np.arange(len(barcodes))[rows]
            counts = read_rows(paths[0], positions)[quality["keep"].to_numpy(bool)[rows]]
            yield cells.Part(counts, lists[row["sample"]]["gene"], described)


with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    names = [row["sample"] for row in params.sheet]
    lists = ingested.read_genes(dict(zip(names, inputs.counts, strict=True)))
    genes = cells.unite_genes(lists.values())
    # a donor named 01 is not the number 1, and nothing but an empty cell is missing
    text = {"donor": str, "donors": str, "dropped": str}
    reading = {"sep": "\t", "dtype": text, "keep_default_na": False, "na_values": [""]}
    tables = {name: pd.read_csv(inputs[name], **reading) for name in ("verdicts", "technique", "ledger")}
    written = cells.write_cells(
        output.cells,
        read_parts(Path(output.labels), lists, cells.ontology_terms(params.populations)),
        genes=genes,
        stored=sum(map(ingested.count_stored, inputs.counts)),
        embedding=pd.read_parquet(inputs.embedding),
        unstructured={**tables, "cd20scope": {"version": params.version, "questions": params.questions}},
        order={"visit": params.visits} | cells.order_of_tree(params.populations),
    )
    log.info("%d cells of %d samples, %d genes", written, len(names), len(genes))
