from snakemake.utils import min_version

min_version("9.20.0")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


if "simulate" in config:

    include: "workflow/rules/simulate.smk"


if TO_FETCH:

    include: "workflow/rules/fetch.smk"


if SEURAT:

    include: "workflow/rules/seurat.smk"


include: "workflow/rules/preflight.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/qc.smk"
include: "workflow/rules/annotate.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/abundance.smk"
include: "workflow/rules/expression.smk"
include: "workflow/rules/programs.smk"
include: "workflow/rules/verdict.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "results/verdict/verdicts.tsv",
        "results/report/report.html",
        "results/report/figures",
        "results/report/summary.md",
        "results/report/verdicts.json",
        "results/ro-crate-metadata.json",
        "results/preflight/preflight.html",


rule annotate:
    input:
        "results/preflight/passed.txt",
        rules.summarise_labels.output,
        collect("results/annotate/{sample}.parquet", sample=SAMPLES),
