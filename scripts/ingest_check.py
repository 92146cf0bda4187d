"""Look at the head of every count file before any is read whole; see :func:`cd20scope.ingest.peek`."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import ingest
from cd20scope.logs import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of the files of a folder in order of their names."""
    digest = hashlib.sha256()
    for part in sorted(path.iterdir()) if path.is_dir() else [path]:
        with part.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


with logged(snakemake.log[0]) as log:
    rows, problems = [], []
    params = snakemake.params
    genes = Path(snakemake.input.genes)
    table = ingest.parse_table(genes.read_text(encoding="utf-8"), name=str(genes))
    sums: dict[str, str] = {}
    each = zip(
        params.samples, params.paths, params.reading, params.sha256, snakemake.input.counts, strict=True
    )
    for sample, given, reading, stated, path in each:
        try:
            header = ingest.peek(path, **reading, table=table)
            # one file may hold many samples: it is summed once
            sums.setdefault(given, checksum(Path(given)))
            if stated and stated.lower() != sums[given]:
                raise ingest.IngestError(
                    f"{given}: its SHA-256 is {sums[given]}, and the sheet says {stated}. Copy the file again, or "
                    "correct the sheet."
                )
        except ingest.IngestError as error:
            problems.append(f"sample {sample}: {error}")
            continue
        log.info("%s: %s, %s in %s, %d cells x %d genes, %d antibodies", sample, path, *vars(header).values())
        rows.append({"sample": sample, "path": given, "sha256": sums[given], **vars(header)})
    if problems:
        raise ingest.IngestError(
            "\n".join([f"{len(problems)} of the count files cannot be used:", *problems])
        )
    pd.DataFrame(rows).to_csv(snakemake.output.checked, sep="\t", index=False)
