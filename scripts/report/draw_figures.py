"""Write the figures of one part of the report and their data; see :mod:`cd20scope.report.figures.save`."""

import json
from pathlib import Path

import pandas as pd

from cd20scope.jobs.job import job
from cd20scope.report import read
from cd20scope.report.figures import named, named_verdicts, save
from cd20scope.schema import FAMILIES

with job(snakemake) as (log, output):
    part, inputs, settings = snakemake.wildcards.part, snakemake.input, json.loads(snakemake.params.settings)
    files = dict(inputs.items())
    if part in FAMILIES:
        judged = read.read_judged(files, depletions=settings["depletions"], config=settings)
        log.info("read the verdicts of %d hypotheses", len(judged.verdicts))
        drawn = named_verdicts.draw_family(judged, family=part)
    else:
        cohort = read.read_cohort(
            files,
            annotation=[*inputs.annotation, *inputs.agreement],
            labels=inputs.labels,
            sheet=pd.DataFrame(settings["sheet"]),
            scored=settings["scored"],
            config=settings,
            populations=settings["populations"],
        )
        log.info("read the tables of %d samples", len(inputs.labels))
        drawn = named.draw_cohort(cohort)
    log.info("drew %d figures", len(drawn))
    saved = save.save_all(drawn, Path(output.figures))
    save.save_data(drawn, Path(output.tables))
    log.info("%d files of figures", len(saved))
