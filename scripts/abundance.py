"""Compare the shares of populations between visits; see :mod:`cd20scope.abundance`."""

from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import abundance, leafsums
from cd20scope.logs import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]) as log:
    params = snakemake.params
    sheet = pd.DataFrame(params.sheet)
    cells = dict(zip(sheet["sample"], map(pd.read_parquet, snakemake.input.cells), strict=True))
    donors = abundance.donor_table(
        leafsums.stack(cells),
        sheet=sheet,
        populations=params.populations,
        tests=[(population, denominator) for population, denominator in params.tests],
    )
    tested = abundance.compare(
        donors,
        contrasts=[(later, earlier) for later, earlier in params.contrasts],
        alpha=params.alpha,
        min_pairs=params.min_pairs,
        min_denominator=params.settings["min_denominator"],
    )
    donors.to_csv(snakemake.output.donors, sep="\t", index=False)
    tested.to_csv(snakemake.output.abundance, sep="\t", index=False)
    log.info(
        "%d shares in %d samples: %s",
        len(params.tests),
        len(sheet),
        tested["status"].value_counts().to_dict(),
    )
