"""Set the outcome of the donors beside each question; see :mod:`cd20scope.verdict.outcome`."""

import pandas as pd

from cd20scope.jobs.job import job
from cd20scope.stats.pairs import of_treated
from cd20scope.study import roles
from cd20scope.study.outcome import donor_outcomes
from cd20scope.verdict import measure, outcome

with job(snakemake) as (log, output):
    params = snakemake.params
    # a donor named 01 is not the number 1, and nothing but an empty cell is missing
    reading = {"sep": "\t", "dtype": {"donor": str}, "keep_default_na": False, "na_values": [""]}
    tables = {name: pd.read_csv(path, **reading) for name, path in snakemake.input.items()}
    hypotheses = params.hypotheses["hypotheses"]
    outcomes, reason = donor_outcomes(of_treated(pd.DataFrame(params.sheet)))
    changes = measure.measure_needed(
        hypotheses,
        **{name: tables[name] for name in ("donors", "scores", "parts")},
        settings=measure.Settings(**params.measured),
    )
    table = outcome.relate_outcome(
        hypotheses,
        changes,
        tables["repopulation"],
        outcomes,
        population=str(roles.set_with(params.populations, roles.B_CELLS)),
        alpha=params.alpha,
    )
    table.to_csv(output.outcome, sep="\t", index=False)
    log.info("%s", table["status"].value_counts().to_dict() if len(table) else reason or "no outcome")
