"""Judge every pre-specified hypothesis, also in each robustness arm; see :mod:`cd20scope.verdict.decide`."""

import pandas as pd

from cd20scope.jobs.job import job
from cd20scope.study.questions import read_families
from cd20scope.verdict import decide, ledger, measure, parts, robustness, table, technical
from cd20scope.verdict.attenuation import attenuated

with job(snakemake) as (log, output):
    params = snakemake.params
    text = {"donor": str, "donors": str, "dropped": str}  # a donor named 01 is not the number 1
    # nothing but an empty cell is missing
    missing = {"keep_default_na": False, "na_values": [""]}
    tables = {
        name: pd.read_csv(path, sep="\t", dtype=text, **missing) for name, path in snakemake.input.items()
    }
    hypotheses = params.hypotheses["hypotheses"]
    settings = measure.Settings(**params.measured)
    main = {name: own for name, own in tables.items() if not name.endswith("_arms")}
    of_arms = {name.removesuffix("_arms"): own for name, own in tables.items() if name not in main}
    changes = measure.measure_needed(hypotheses, **main, settings=settings)
    decisions = decide.decide_all(
        hypotheses,
        changes,
        **params.level,
        families=read_families(params.hypotheses),
        attenuation=attenuated(tables["all_rulers"], tables["rulers"]),
    )
    arms = robustness.decide_arms(
        decisions,
        changes,
        robustness.measure_arms(hypotheses, tables=main, arms=of_arms, settings=settings),
        steroid=measure.measure_program(params.steroid, tables["scores"], settings=settings),
        all_visits=measure.measure_all_visits(
            hypotheses, **main, settings=settings, min_pairs=params.level["min_pairs"]
        ),
        random_sets=robustness.read_random_sets(tables["random_sets"]),
        **params.level,
    )
    same_names = technical.ask_same_names(
        decisions, changes, tables["technique_samples"], tables["technique"], **params.level
    )
    arms = pd.concat([arms, same_names], ignore_index=True) if len(same_names) else arms
    decisions = technical.settle(decisions, arms, tables["technique"])
    verdicts = table.complete(
        decisions,
        arms,
        tables["programs"],
        tables["technique"],
        rulers=tables["rulers"],
        settings=settings,
        steroid=params.steroid,
        alpha=params.level["alpha"],
    )
    verdicts.to_csv(output.verdicts, sep="\t", index=False)
    arms.to_csv(output.arms, sep="\t", index=False)
    parts.tabulate_parts(decisions).to_csv(output.parts, sep="\t", index=False)
    entered = ledger.tabulate_ledger(decisions, changes, left_out=params.left_out)
    entered.to_csv(output.ledger, sep="\t", index=False)
    for row in verdicts.itertuples():
        log.info(
            "%s: %s, holds in %s of %s arms (%s)",
            row.id,
            row.verdict,
            row.arms_held,
            row.arms_asked,
            row.reason,
        )
