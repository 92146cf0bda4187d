"""Test every gene of every population between visits; see :mod:`cd20scope.expression`."""

from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import catalogue, enrichment, expression, gene_flips, gene_sets, leafsums, pairs
from cd20scope.logs import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]) as log:
    params = snakemake.params
    sheet = pd.DataFrame(params.sheet)
    sums = leafsums.LeafSums.collect(
        zip(sheet["sample"], map(pd.read_parquet, snakemake.input.sums), strict=True),
        leaves=leafsums.stack(
            dict(zip(sheet["sample"], map(pd.read_parquet, snakemake.input.cells), strict=True))
        ),
        sheet=sheet,
        genes=pd.read_csv(snakemake.input.genes, sep="\t"),
    )
    sets = gene_sets.collect_sets(params.programs, params.gene_sets)
    contrasts = [(later, earlier) for later, earlier in params.contrasts]
    fits, flips, enriched = [], [], []
    for population in catalogue.lineage_of(params.populations):
        data = expression.pseudobulk(
            sums,
            populations=params.populations,
            population=population,
            min_cells=params.settings["min_cells"],
        )
        genes, summary = expression.fit_population(
            data,
            population=population,
            contrasts=contrasts,
            alpha=params.alpha,
            min_pairs=params.min_pairs,
            min_count=params.settings["min_counts"],
            threads=snakemake.threads,
        )
        fits.append((genes, summary))
        for contrast, name in ((pair, pairs.contrast_name(pair)) for pair in contrasts):
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
        snakemake.output.expression,
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
        table.to_csv(snakemake.output[name], sep="\t", index=False)
