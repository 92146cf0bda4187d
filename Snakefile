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
include: "workflow/rules/annotate.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/abundance.smk"
include: "workflow/rules/expression.smk"
include: "workflow/rules/programs.smk"
include: "workflow/rules/verdict.smk"
include: "workflow/rules/report.smk"


onstart:
    lift_start_limit()


rule all:
    default_target: True
    input:
        "results/verdict/verdicts.tsv",
        "results/report/report.html",
        collect("results/report/figures/{part}", part=schema.FIGURES),
        "results/report/summary.md",
        "results/report/verdicts.json",
        "results/ro-crate-metadata.json",
        "results/preflight/preflight.html",
        # and all between: a job that fails leaves no result, and would not be missed while older ones that follow from it are there
        rules.fit_annotation.output,
        rules.embed_sketch.output,
        rules.summarise_labels.output,
        rules.compare_shares.output,
        rules.compare_genes.output,
        rules.compare_programs.output,
        rules.judge_hypotheses.output,
        rules.flip_visits.output,
        collect(
            ["results/ingest/{sample}.h5ad", "results/qc/{sample}.parquet"],
            sample=SAMPLES,
        ),
        collect(list(deciding_files().values()), sample=SAMPLES),


rule annotate:
    input:
        "results/preflight/passed.txt",
        rules.summarise_labels.output,
        collect("results/annotate/{sample}.parquet", sample=SAMPLES),
