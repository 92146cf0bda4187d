"""Ask every question once more against the control arm; see :mod:`cd20scope.verdict.control_arms`."""

import pandas as pd

from cd20scope.jobs.job import job
from cd20scope.stats.pairs import of_control
from cd20scope.study.questions import read_families
from cd20scope.verdict import control_arms, measure
from cd20scope.verdict.attenuation import attenuated

with job(snakemake) as (log, output):
    params = snakemake.params
    # a donor named 01 is not the number 1, and nothing but an empty cell is missing
    text = {"donor": str, "donors": str, "dropped": str, "control": str}
    reading = {"sep": "\t", "dtype": text, "keep_default_na": False, "na_values": [""]}
    tables = {name: pd.read_csv(path, **reading) for name, path in snakemake.input.items()}
    hypotheses = params.hypotheses["hypotheses"]
    measured = {name: tables[name] for name in ("donors", "scores", "parts")}
    decisions, arms = [], ({}, {})
    if len(of_control(tables["donors"])):
        settings = measure.Settings(**params.measured)
        arms = control_arms.measure_by_arm(hypotheses, **measured, settings=settings)
        decisions = control_arms.decide_differences(
            hypotheses,
            *arms,
            min_per_arm=params.min_per_arm,
            alpha=params.alpha,
            families=read_families(params.hypotheses),
            attenuation=attenuated(tables["all_rulers"], tables["rulers"]),
        )
    table = control_arms.tabulate_arms(decisions, *arms, verdicts=tables["verdicts"], alpha=params.alpha)
    table.to_csv(output.arms, sep="\t", index=False)
    log.info("%s", table["verdict"].value_counts().to_dict() if len(table) else "no control arm")
