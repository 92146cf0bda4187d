rule compare_genes:
    input:
        cells=collect("results/pseudobulk/{sample}.cells.parquet", sample=SAMPLES),
        sums=collect("results/pseudobulk/{sample}.sums.parquet", sample=SAMPLES),
        genes="results/annotate/all/genes.tsv",
    output:
        expression="results/expression/expression.tsv.gz",
        populations=report(
            "results/expression/populations.tsv",
            category="Expression",
            labels={"table": "what could be fitted, and how many genes changed"},
            caption="../report/expression.rst",
        ),
        flips="results/expression/flips.tsv",
        enrichment="results/expression/enrichment.tsv",
        arms="results/expression/control_arms.tsv.gz",
        arms_populations="results/expression/control_arms_populations.tsv",
    log:
        "results/logs/expression/compare_genes.log",
    benchmark:
        "results/benchmarks/expression/compare_genes.tsv"
    # the longest of the joint steps: first, and beside the others
    priority: 30
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=3000),
        runtime=minutes(120),
    params:
        code=code_of("expression/compare_genes.py"),
        sheet=SHEET_RECORDS,
        populations=POPULATIONS,
        programs=PROGRAMS,
        gene_sets=GENE_SETS,
        seed=config["seed"],
        contrasts=config["contrasts"],
        settings=config["expression"],
        alpha=config["verdict"]["alpha"],
        min_pairs=config["verdict"]["min_pairs"],
        min_per_arm=config["verdict"]["min_per_arm"],
        controls=control_levels()["pooled"],
    script:
        "../../scripts/expression/compare_genes.py"
