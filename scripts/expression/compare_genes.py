"""Test every gene of every population between visits; see :mod:`cd20scope.expression.fit`."""

from collections.abc import Sequence

import pandas as pd

from cd20scope import schema
from cd20scope.expression import enrichment, fit, partial_genes
from cd20scope.expression import flips as gene_flips
from cd20scope.jobs.job import job
from cd20scope.pseudobulk.cohort import LeafSums, read_sums
from cd20scope.pseudobulk.leaves import stack_cells
from cd20scope.study import catalogue, gene_sets


def collect(samples: Sequence[str], genes: pd.DataFrame) -> LeafSums:
    """Collect the sums of these samples, read one by one."""
    sheet, inputs = pd.DataFrame(snakemake.params.sheet), snakemake.input
    files = {row.sample: (inputs.sums[row.Index], inputs.cells[row.Index]) for row in sheet.itertuples()}
    return LeafSums.collect(
        ((sample, read_sums(files[sample][0])) for sample in samples),
        leaves=stack_cells({sample: pd.read_parquet(files[sample][1]) for sample in samples}),
        sheet=sheet[sheet["sample"].isin(samples)],
        genes=genes,
    )


with job(snakemake) as (log, output):
    params = snakemake.params
    samples = [row["sample"] for row in params.sheet]
    measured = pd.read_csv(snakemake.input.genes, sep="\t", keep_default_na=False)
    sums = collect(samples, measured)
    parts = partial_genes.find_parts(measured, samples)
    others = [(part, collect(part.samples, part.table(measured))) for part in parts]
    log.info("genes that only some samples have: %s", {len(part.samples): len(part.genes) for part in parts})
    sets = gene_sets.collect_sets(params.programs, params.gene_sets)
    contrasts = [(later, earlier) for later, earlier in params.contrasts]
    fits, flips, enriched = [], [], []
    shared = {"populations": params.populations, "contrasts": contrasts, "alpha": params.alpha}
    shared |= {"min_pairs": params.min_pairs}
    shared |= {key: params.settings[key] for key in ("min_cells", "min_counts")}
    for population in catalogue.lineage_of(params.populations):
        data, genes, summary = fit.test_population(sums, population=population, **shared)
        extra = [
            (part, fit.test_population(some, population=population, **shared)[1]) for part, some in others
        ]
        fits.append(partial_genes.join(genes, summary, extra, n_samples=len(samples), alpha=params.alpha))
        for contrast, name in ((pair, schema.contrast_name(pair)) for pair in contrasts):
            fitted = genes[genes["contrast"] == name]
            if fitted.empty:
                continue
            names = pd.Index(fitted["gene"])
            flipped = gene_flips.flip_genes(
                data, names, contrast=contrast, seed=params.seed, limit=params.settings["flips"]
            )
            where = {"population": population, "contrast": name}
            flips.append(where | gene_flips.count_called(flipped, fitted, alpha=params.alpha))
            enriched.append(
                enrichment.enrich(fitted, flipped, sets, population=population, contrast=contrast)
            )
        log.info("%s: %s", population, summary["status"].value_counts().to_dict())
    tested = [genes for genes, _ in fits if len(genes)] or [fits[0][0]]
    pd.concat(tested).to_csv(
        output.expression,
        sep="\t",
        index=False,
        float_format="%.6g",
        compression={"method": "gzip", "compresslevel": 1, "mtime": 0},
    )
    tables = {
        "populations": pd.concat([summary for _, summary in fits]),
        "flips": pd.DataFrame(flips, columns=list(gene_flips.COLUMNS)),
        "enrichment": pd.concat([pd.DataFrame(columns=list(enrichment.COLUMNS)), *enriched]),
    }
    for name, table in tables.items():
        table.to_csv(output[name], sep="\t", index=False)
