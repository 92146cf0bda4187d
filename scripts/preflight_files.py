"""Look at the head of every count file before any is read whole; see :mod:`cd20scope.looks`."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import ingest, looks
from cd20scope.logs import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of the files of a folder in order of their names."""
    digest = hashlib.sha256()
    parts = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    for part in parts:
        with part.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


with logged(snakemake.log[0]) as log:
    params, output = snakemake.params, snakemake.output
    rows, seen, problems = [], [], []
    genes = Path(snakemake.input.genes)
    table = ingest.parse_table(genes.read_text(encoding="utf-8"), name=str(genes))
    sums: dict[str, str] = {}
    each = zip(
        params.samples, params.paths, params.reading, params.sha256, snakemake.input.counts, strict=True
    )
    for sample, given, reading, stated, path in each:
        try:
            if stated:
                # one file may hold many samples: it is summed once
                found = sums.setdefault(given, checksum(Path(given)))
                if stated.lower() != found:
                    raise ingest.IngestError(
                        f"{given}: its SHA-256 is {found}, and the sheet says {stated}. Copy the file again, or "
                        "correct the sheet."
                    )
            header, look = ingest.look(path, sample=sample, **reading, table=table)
        except ingest.IngestError as error:
            problems.append((sample, str(error)))
            log.error("sample %s: %s", sample, error)
            continue
        log.info("%s: %s, %s in %s, %d cells x %d genes, %d antibodies", sample, path, *vars(header).values())
        xist, y_genes = looks.count_sex(look)
        rows.append({"sample": sample, "path": given, **vars(header), "xist": xist, "y_genes": y_genes})
        seen.append(look)
    problems += looks.find_copies(seen)
    columns = ["sample", "path", "format", "place", "n_cells", "n_genes", "n_proteins", "xist", "y_genes"]
    pd.DataFrame(rows, columns=columns).to_csv(output.samples, sep="\t", index=False)
    looks.count_genes(seen).to_csv(output.genes, sep="\t", index=False)
    pd.DataFrame(problems, columns=["about", "text"]).to_csv(output.problems, sep="\t", index=False)
