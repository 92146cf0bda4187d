"""Write the verdicts as Markdown and as JSON; see :mod:`cd20scope.report.summary`."""

import json
from pathlib import Path

import jsonschema
import pandas as pd

from cd20scope.jobs.job import job
from cd20scope.report import read, summary
from cd20scope.study import history, themes

with job(snakemake) as (log, output):
    params, inputs = snakemake.params, snakemake.input
    hypotheses = json.loads(params.hypotheses)
    run = read.read_judged(
        dict(inputs.items()),
        depletions=themes.depletions(hypotheses["hypotheses"]),
        config=json.loads(params.config),
    )
    sheet = pd.DataFrame(json.loads(params.sheet))
    verdicts = summary.collect(
        run,
        sheet=sheet,
        quality=read.read_quality(
            sheet, cells=inputs.cells, labels=inputs.labels, annotation=inputs.annotation
        ),
        sexes=read.read_sexes(inputs.sexes),
        populations=json.loads(params.populations),
        asked=history.tell(pd.read_csv(inputs.questions, sep="\t", dtype=str), hypotheses["digest"]),
        version=params.version,
        code=params.run_code,
    )
    jsonschema.validate(verdicts, json.loads(params.schema), cls=jsonschema.Draft202012Validator)
    text = json.dumps(verdicts, indent=2, ensure_ascii=False, allow_nan=False)
    Path(output.verdicts).write_text(text + "\n", encoding="utf-8")
    findings = pd.read_csv(inputs.findings, sep="\t", dtype=str, keep_default_na=False)
    text = summary.format_markdown(verdicts, preflight=findings, inputs=read.read_table(inputs.sums))
    Path(output.summary).write_text(text, encoding="utf-8")
    log.info("%d hypotheses", len(verdicts["hypotheses"]))
