"""Test every gene of every population between visits; see :mod:`cd20scope.expression.fit`."""

from collections.abc import Sequence

import pandas as pd

from cd20scope import schema
from cd20scope.expression import control_arms, enrichment, fit, partial_genes
from cd20scope.expression import flips as gene_flips
from cd20scope.jobs.job import job
from cd20scope.pseudobulk.cohort import LeafSums, read_sums
from cd20scope.pseudobulk.leaves import stack_cells
from cd20scope.stats.pairs import of_control
from cd20scope.study import catalogue, gene_sets

PACKED = {"method": "gzip", "compresslevel": 1, "mtime": 0}


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
    fits, flips, enriched, arms = [], [], [], []
    shared = {"populations": params.populations, "contrasts": contrasts, "alpha": params.alpha}
    shared |= {key: params.settings[key] for key in ("min_cells", "min_counts")} | {
        "min_pairs": params.min_pairs
    }
    rules = {"contrasts": contrasts, "alpha": params.alpha, "min_per_arm": params.min_per_arm}
    rules |= {"min_count": params.settings["min_counts"], "controls": params.controls}
    for population in catalogue.lineage_of(params.populations):
        data, genes, summary = fit.test_population(sums, population=population, **shared)
        extra = [
            (part, fit.test_population(some, population=population, **shared)[1]) for part, some in others
        ]
        if len(of_control(data.design, params.controls)):
            arms.append(control_arms.fit_difference(data, population=population, **rules))
        fits.append(partial_genes.join(genes, summary, extra, n_samples=len(samples), alpha=params.alpha))
        for contrast, name in ((pair, schema.contrast_name(pair)) for pair in contrasts):
            fitted = genes[genes["contrast"] == name]
            if fitted.empty:
                continue
            options = {"contrast": contrast, "seed": params.seed, "limit": params.settings["flips"]}
            flipped = gene_flips.flip_genes(data, pd.Index(fitted["gene"]), **options)
            where = {"population": population, "contrast": name}
            flips.append(where | gene_flips.count_called(flipped, fitted, alpha=params.alpha))
            enriched.append(
                enrichment.enrich(fitted, flipped, sets, population=population, contrast=contrast)
            )
        log.info("%s: %s", population, summary["status"].value_counts().to_dict())
    tested = [genes for genes, _ in fits if len(genes)] or [fits[0][0]]
    of_arms, summary_of_arms = control_arms.stack(arms)
    for name, genes in {"expression": pd.concat(tested), "arms": of_arms}.items():
        genes.to_csv(output[name], sep="\t", index=False, float_format="%.6g", compression=PACKED)
    tables = {
        "arms_populations": summary_of_arms,
        "populations": pd.concat([summary for _, summary in fits]),
        "flips": pd.DataFrame(flips, columns=list(gene_flips.COLUMNS)),
        "enrichment": pd.concat([pd.DataFrame(columns=list(enrichment.COLUMNS)), *enriched]),
    }
    for name, table in tables.items():
        table.to_csv(output[name], sep="\t", index=False)
