"""Compare the shares of populations between visits; see :mod:`cd20scope.abundance.compare`."""

import pandas as pd

from cd20scope.abundance import absolute, compare, repopulation, shares
from cd20scope.jobs.job import job
from cd20scope.pseudobulk.leaves import stack_cells
from cd20scope.stats.pairs import of_treated

with job(snakemake) as (log, output):
    params = snakemake.params
    sheet = pd.DataFrame(params.sheet)
    contrasts = [(later, earlier) for later, earlier in params.contrasts]
    leaves, differences = (
        stack_cells(dict(zip(sheet["sample"], map(pd.read_parquet, paths), strict=True)))
        for paths in (snakemake.input.cells, snakemake.input.arm_cells)
    )
    counted = {"sheet": sheet, "populations": params.populations}
    tests, others = ([(population, of) for population, of in params[key]] for key in ("tests", "others"))
    donors = shares.donor_table(leaves, **counted, tests=tests)
    bounds = {"contrasts": contrasts, "alpha": params.alpha, "min_pairs": params.min_pairs}
    tested = compare.compare(donors, **bounds, min_denominator=params.settings["min_denominator"])
    tables = {
        "donors": donors,
        "abundance": tested,
        "donors_arms": shares.arm_table(leaves, differences, **counted, tests=tests, others=others),
        "absolute": absolute.compare(leaves, **counted, **bounds),
        "repopulation": repopulation.follow(
            of_treated(donors),
            populations=params.populations,
            visits=params.visits,
            fraction=params.settings["repopulation_fraction"],
        ),
    }
    for name, table in tables.items():
        table.to_csv(output[name], sep="\t", index=False)
    log.info("%d shares in %d samples: %s", len(tests), len(sheet), tested["status"].value_counts().to_dict())
