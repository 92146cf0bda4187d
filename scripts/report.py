"""Write the HTML report; see :mod:`cd20scope.report`."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import qc, report, statistics_section
from cd20scope.logs import logged
from cd20scope.whole import written

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

SOFTWARE = (
    "snakemake",
    "scanpy",
    "anndata",
    "scikit-learn",
    "pydeseq2",
    "decoupler",
    "harmonypy",
    "numpy",
    "scipy",
    "pandas",
    "seaborn",
)

TEXT = {"donor": str, "donors": str, "dropped": str, "sample": str}
"""Names that look like numbers stay names."""

with logged(snakemake.log[0]) as log, written(snakemake.input, snakemake.output) as output:
    params, inputs = snakemake.params, snakemake.input
    sheet = pd.DataFrame(params.sheet)
    placed = pd.read_parquet(inputs.embedding).merge(sheet[["sample", "donor", "visit"]], on="sample")
    quality, embedded = [], []
    # one sample at a time: of its cells only a summary and the labels of those in the sketch are kept
    for row, cells, labels in zip(sheet.to_dict("records"), inputs.cells, inputs.labels, strict=True):
        population = pd.read_parquet(labels, columns=["population"])["population"]
        who = {key: row[key] for key in ("sample", "donor", "visit")}
        quality.append(who | qc.summarise(pd.read_parquet(cells), population))
        own = placed[placed["sample"] == row["sample"]]
        embedded.append(own.assign(population=population.reindex(own["barcode"]).to_numpy()))
    page = report.render(
        params.templates,
        verdicts=pd.read_csv(inputs.verdicts, sep="\t", dtype=TEXT),
        donors=pd.read_csv(inputs.donors, sep="\t", dtype=TEXT),
        abundance=pd.read_csv(inputs.abundance, sep="\t", dtype=TEXT),
        expression=pd.read_csv(inputs.expression, sep="\t"),
        expression_populations=pd.read_csv(inputs.populations, sep="\t", dtype=TEXT),
        scores=pd.read_csv(inputs.scores, sep="\t", dtype=TEXT),
        programs=pd.read_csv(inputs.programs, sep="\t", dtype=TEXT),
        annotation={
            Path(path).stem: pd.read_csv(path, sep="\t", dtype=TEXT)
            for path in [*inputs.annotation, *inputs.agreement]
        },
        statistics={
            name: pd.read_csv(getattr(inputs, name), sep="\t", dtype=TEXT)
            for name in statistics_section.NEEDED
        },
        embedding=pd.concat(embedded),
        populations=params.populations,
        qc_summary=pd.DataFrame(quality),
        inputs=pd.read_csv(inputs.checked, sep="\t", dtype=TEXT),
        preflight=pd.read_csv(inputs.findings, sep="\t", dtype=str, keep_default_na=False),
        versions={"cd20scope": params.version, "Python": platform.python_version()}
        | {name: version(name) for name in SOFTWARE},
        config=params.config,
        visits=list(params.config["visits"]),
        contrasts=[(later, earlier) for later, earlier in params.config["contrasts"]],
        title=params.config["report"]["title"],
    )
    Path(output.report).write_text(page, encoding="utf-8")
    log.info("%.1f MB", len(page.encode()) / 1e6)
