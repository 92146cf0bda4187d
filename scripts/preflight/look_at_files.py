"""Look at the head of every count file before any is read whole; see :mod:`cd20scope.preflight.files`."""

from pathlib import Path

import pandas as pd

from cd20scope.counts import matrix
from cd20scope.ingest import checksums, gene_names
from cd20scope.ingest import look as ingest_look
from cd20scope.jobs.job import job
from cd20scope.preflight import files as looks
from cd20scope.study.text import read_text

with job(snakemake) as (log, output):
    params = snakemake.params
    rows, looks_of_samples, problems = [], [], []
    genes = Path(params.table)
    table = gene_names.parse_table(read_text(genes), name=str(genes))
    sums: dict[str, str] = {}
    each = zip(
        params.samples,
        params.paths,
        params.files,
        params.reading,
        params.raw,
        params.sha256,
        snakemake.input.counts,
        strict=True,
    )
    for sample, given, file, reading, raw, stated, path in each:
        try:
            # one file may hold many samples: it is summed once
            if stated and sums.get(given) != stated.lower():
                sums[given] = checksums.check_stated(Path(file), sha256=stated, name=given)
            header, look = ingest_look.look(path, sample=sample, **reading, table=table)
            if raw:
                ingest_look.check_empty(raw, look, place=reading["place"], table=table)
        except matrix.IngestError as error:
            problems.append((sample, str(error)))
            # the traceback stays in the log
            log.error("sample %s: %s", sample, error, exc_info=error.__cause__)
            continue
        told = "%s: %s, %s in %s, %d cells x %d genes, %d antibodies; left out: %s; other places: %s"
        log.info(told, sample, path, *(value if value != "" else "none" for value in vars(header).values()))
        xist, y_genes = looks.count_sex(look)
        seen = {"molecules": looks.count_molecules(look), "xist": xist, "y_genes": y_genes}
        rows.append({"sample": sample, "path": given, **vars(header), **seen})
        looks_of_samples.append(look)
    problems += looks.find_overlaps(looks_of_samples, [row["path"] for row in rows])
    problems += [
        *looks.find_unfiltered(looks_of_samples),
        *looks.find_thin(looks_of_samples, **params.thresholds),
        *looks.find_copies(looks_of_samples),
    ]
    columns = ["sample", "path", *ingest_look.Header.__dataclass_fields__, "molecules", "xist", "y_genes"]
    pd.DataFrame(rows, columns=columns).to_csv(output.samples, sep="\t", index=False)
    # no time in the file, or no two runs would write the same
    unstamped = {"method": "gzip", "mtime": 0}
    counted = [look for look in looks_of_samples if look.sample in params.counted]
    looks.count_genes(counted).to_csv(output.genes, sep="\t", index=False, compression=unstamped)
    pd.DataFrame(problems, columns=["about", "text"]).to_csv(output.problems, sep="\t", index=False)
