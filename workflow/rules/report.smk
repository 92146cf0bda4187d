rule write_report:
    input:
        verdicts="results/verdict/verdicts.tsv",
        arms="results/verdict/arms.tsv",
        flips="results/verdict/flips.tsv",
        ledger="results/verdict/ledger.tsv",
        donors="results/abundance/donors.tsv",
        abundance="results/abundance/abundance.tsv",
        absolute="results/abundance/absolute.tsv",
        repopulation="results/abundance/repopulation.tsv",
        expression="results/expression/expression.tsv.gz",
        populations="results/expression/populations.tsv",
        gene_flips="results/expression/flips.tsv",
        enrichment="results/expression/enrichment.tsv",
        scores="results/programs/scores.tsv",
        programs="results/programs/programs.tsv",
        random_sets="results/programs/random_sets.tsv",
        embedding="results/embed/embedding.parquet",
        checked="results/preflight/samples.tsv",
        findings="results/preflight/findings.tsv",
        annotation=[
            f"results/annotate/{name}.tsv"
            for name in (
                "markers",
                "probabilities",
                "unassigned",
                "cd20_t",
                "contamination",
                "protein",
            )
        ],
        agreement=agreement_tables(),
        cells=collect("results/qc/{sample}.parquet", sample=SAMPLES),
        labels=collect("results/annotate/{sample}.parquet", sample=SAMPLES),
    output:
        report=report(
            "results/report/report.html",
            category="Report",
            labels={"page": "the whole report"},
            caption="../report/report.rst",
        ),
    log:
        "results/logs/report/report.log",
    benchmark:
        "results/benchmarks/report/report.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=CODE,
        sheet=SHEET_RECORDS,
        templates=report_templates,
        populations=POPULATIONS,
        config=dict(config),
        version=VERSION,
    script:
        "../../scripts/report.py"
