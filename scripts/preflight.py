"""Look at the head of every count file before any is read whole; see :mod:`cd20scope.preflight`."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import ingest, preflight, preflight_page
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
    rows, looks, problems = [], [], []
    genes = Path(snakemake.input.genes)
    table = ingest.parse_table(genes.read_text(encoding="utf-8"), name=str(genes))
    sheet, config, sums = pd.DataFrame(params.sheet), params.config, {}
    each = zip(
        sheet["sample"], params.paths, params.reading, params.sha256, snakemake.input.counts, strict=True
    )
    for sample, given, reading, stated, path in each:
        try:
            header, look = ingest.look(path, sample=sample, **reading, table=table)
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
        looks.append(look)
    if problems:
        raise ingest.IngestError(
            "\n".join([f"{len(problems)} of the count files cannot be used:", *problems])
        )
    cells = {row["sample"]: row["n_cells"] for row in rows}
    tables, findings = preflight.examine(looks, sheet, cells=cells, config=config, **params.catalogues)
    totals = {
        "n_samples": len(sheet),
        "n_donors": sheet["donor"].nunique(),
        "n_cells": f"{sum(cells.values()):,}",
    }
    page = preflight_page.render(params.template["page"], findings=findings, tables=tables, totals=totals)
    Path(output.page).write_text(page, encoding="utf-8")
    pd.DataFrame(rows).to_csv(output.samples, sep="\t", index=False)
    found = pd.DataFrame([vars(finding) for finding in findings], columns=["level", "about", "text"])
    found.to_csv(output.findings, sep="\t", index=False)
    for finding in findings:
        log.warning("%s: %s: %s", finding.level, finding.about, finding.text)
    print(f"preflight: {len(findings)} findings, {output.page}")
