"""Score gene programmes per donor and visit and compare visits; see :mod:`cd20scope.programs`."""

from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import leafsums, programs, scores
from cd20scope.logs import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]) as log:
    params, settings = snakemake.params, snakemake.params.settings
    sheet = pd.DataFrame(params.sheet)
    sums = leafsums.LeafSums.collect(
        zip(sheet["sample"], map(pd.read_parquet, snakemake.input.sums), strict=True),
        leaves=leafsums.stack(
            dict(zip(sheet["sample"], map(pd.read_parquet, snakemake.input.cells), strict=True))
        ),
        sheet=sheet,
        genes=pd.read_csv(snakemake.input.genes, sep="\t"),
    )
    scored, parts = scores.score_programs(
        sums,
        populations=params.populations,
        programs=params.programs,
        tests=[
            (where, entry["name"]) for entry in params.programs["programs"] for where in entry["populations"]
        ],
        seed=params.seed,
        # free-floating markers change with treatment in every cell, so no control may be one
        not_controls={gene for node in params.populations["nodes"] for gene in node["markers"]},
        min_cells=settings["min_cells"],
        n_controls=settings["control_genes"],
    )
    tested = programs.compare(
        scored,
        parts,
        contrasts=[(later, earlier) for later, earlier in params.contrasts],
        baseline=params.visits[0],
        alpha=params.alpha,
        min_pairs=params.min_pairs,
        min_coverage=settings["min_coverage"],
    )
    scored.to_csv(snakemake.output.scores, sep="\t", index=False)
    tested.to_csv(snakemake.output.programs, sep="\t", index=False)
    log.info("%d rows: %s", len(tested), tested["status"].value_counts().to_dict())
