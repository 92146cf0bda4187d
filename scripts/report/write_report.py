"""Write the HTML report; see :mod:`cd20scope.report.page`."""

import json
from pathlib import Path

import pandas as pd

from cd20scope.jobs import clock
from cd20scope.jobs.job import job
from cd20scope.report import page as report
from cd20scope.report import read, software
from cd20scope.study import defaults

with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    hypotheses = json.loads(params.hypotheses)
    run = read.read(
        dict(inputs.items()),
        annotation=[*inputs.annotation, *inputs.agreement],
        cells=inputs.cells,
        labels=inputs.labels,
        sheet=pd.DataFrame(json.loads(params.sheet)),
        hypotheses=hypotheses["hypotheses"],
        digest=hypotheses["digest"],
        config=json.loads(params.config),
        populations=json.loads(params.populations),
        versions={"cd20scope": params.version} | software.versions(params.software),
        tissues={"questions": inputs.tissue_questions, "samples": inputs.tissue_samples},
        made={
            "written": clock.now(),
            "command": params.command,
            "code": params.run_code,
            "settings": defaults.differing(json.loads(params.config), json.loads(params.defaults)),
        },
    )
    log.info("read the tables of %d samples and %d hypotheses", len(run.sheet), len(run.verdicts))
    figures = read.read_figures(Path(folder) for folder in inputs.figures)
    saved = read.read_saved(
        [Path(folder) for folder in inputs.figure_tables], [Path(folder) for folder in inputs.figures]
    )
    log.info("read %d figures", len(figures))
    templates, scripts = (
        {Path(path).name: Path(path).read_text(encoding="utf-8") for path in paths}
        for paths in (params.template_files, params.script_files)
    )
    page = report.render(templates, run, figures=figures, saved=saved, scripts=scripts)
    Path(output.report).write_text(page, encoding="utf-8")
