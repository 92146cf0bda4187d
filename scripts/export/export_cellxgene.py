"""Write the exported cells in the form of CELLxGENE; see :mod:`cd20scope.export.cellxgene`."""

import csv
import gzip
from pathlib import Path

import pandas as pd

from cd20scope.export import cellxgene
from cd20scope.export.cellxgene_terms import check_terms
from cd20scope.jobs.job import job


def read_ids(path: str) -> frozenset[str]:
    """Read the first column of a table, gzipped or not."""
    opened = gzip.open if path.endswith(".gz") else Path.open
    with opened(Path(path), "rt", encoding="utf-8", newline="") as file:
        return frozenset(row[0] for row in csv.reader(file) if row)


with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    check_terms(params.sheet)
    listed = read_ids(inputs.genes[0]) if inputs.genes else None
    table = pd.read_csv(params.table, sep="\t", dtype=str, keep_default_na=False).set_index("gene")["gene_id"]
    written, left_out = cellxgene.write_cellxgene(
        output.cells,
        inputs.cells,
        title=params.title,
        current={symbol: identifier for symbol, identifier in table.items() if identifier},
        listed=listed,
    )
    log.info("%d genes written, %d left out, without an id of one gene that is listed", written, left_out)
