"""Judge every pre-specified hypothesis; see :mod:`cd20scope.verdict`."""

from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import verdict
from cd20scope.logs import logged

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with logged(snakemake.log[0]) as log:
    params = snakemake.params
    text = {"donor": str, "donors": str, "dropped": str}  # a donor named 01 is not the number 1
    names = ("abundance", "programs", "donors", "scores")
    tables = {name: pd.read_csv(snakemake.input[name], sep="\t", dtype=text) for name in names}
    verdicts = verdict.judge(
        params.hypotheses,
        **tables,
        contrasts=[(later, earlier) for later, earlier in params.contrasts],
        alpha=params.alpha,
        min_pairs=params.min_pairs,
    )
    verdicts.to_csv(snakemake.output.verdicts, sep="\t", index=False)
    for row in verdicts.itertuples():
        log.info("%s: %s (%s)", row.id, row.verdict, row.reason)
