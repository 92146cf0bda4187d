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
    settings = measure.Settings(**params.measured)
    rules = {
        "min_per_arm": params.min_per_arm,
        "alpha": params.alpha,
        "families": read_families(params.hypotheses),
        "attenuation": attenuated(tables["all_rulers"], tables["rulers"]),
    }
    shown = {"verdicts": tables["verdicts"], "alpha": params.alpha}
    compared = [control_arms.tabulate_arms([], {}, {}, **shown)]
    # the control arm of the study first, then each level that can be compared on its own
    for levels in (params.controls["pooled"], *([level] for level in params.controls["own"])):
        if not len(of_control(tables["donors"], levels)) or not levels:
            continue
        arms = control_arms.measure_by_arm(hypotheses, **measured, settings=settings, controls=levels)
        decisions = control_arms.decide_differences(hypotheses, *arms, **rules)
        asked = {"controls": levels, "pooled": levels == params.controls["pooled"]}
        compared.append(control_arms.tabulate_arms(decisions, *arms, **shown, **asked))
        found = compared[-1]["verdict"].value_counts().to_dict()
        log.info("treated against %s: %s", ", ".join(levels), found)
    table = pd.concat(compared[1:] or compared, ignore_index=True)
    table.to_csv(output.arms, sep="\t", index=False)
