"""Decide every hypothesis again with the visits of donors exchanged at random; see :mod:`cd20scope.verdict.flips`."""

import pandas as pd

from cd20scope.jobs.job import job
from cd20scope.study.questions import read_families
from cd20scope.verdict import flips, measure
from cd20scope.verdict.attenuation import attenuated

with job(snakemake) as (log, output):
    params = snakemake.params
    hypotheses = params.hypotheses["hypotheses"]
    # a donor named 01 is not the number 1, and nothing but an empty cell is missing
    reading = {"sep": "\t", "dtype": {"donor": str}, "keep_default_na": False, "na_values": [""]}
    tables = {name: pd.read_csv(path, **reading) for name, path in snakemake.input.items()}
    changes = measure.measure_needed(hypotheses, settings=measure.Settings(**params.measured), **tables)
    flipped = flips.decide_flipped(
        hypotheses,
        changes,
        **params.level,
        families=read_families(params.hypotheses),
        attenuation=attenuated(tables["all_rulers"], tables["rulers"]),
        seed=params.seed,
        limit=params.limit,
    )
    flipped.to_csv(output.flips, sep="\t", index=False)
    for row in flipped.tail(2).itertuples():
        log.info("%s: supported in a share of %s of the flips", row.id, row.supported_flipped)
