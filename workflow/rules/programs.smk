rule test_programs:
    input:
        cells=collect("results/abundance/{sample}.parquet", sample=SAMPLES),
        sums=collect("results/expression/{sample}.parquet", sample=SAMPLES),
        arm_cells=collect("results/abundance/{sample}.arms.parquet", sample=SAMPLES),
        arm_sums=collect("results/expression/{sample}.arms.parquet", sample=SAMPLES),
        genes="results/annotate/all/genes.tsv",
    output:
        scores="results/programs/scores.tsv",
        parts="results/programs/parts.tsv",
        scores_arms="results/programs/scores_arms.tsv",
        random_sets="results/programs/random_sets.tsv",
        programs=report(
            "results/programs/programs.tsv",
            category="Programmes",
            labels={"table": "change of each programme"},
            caption="../report/programs.rst",
        ),
    log:
        "results/logs/programs/programs.log",
    benchmark:
        "results/benchmarks/programs/programs.tsv"
    priority: 20
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=CODE,
        sheet=SHEET_RECORDS,
        populations=POPULATIONS,
        programs=PROGRAMS,
        visits=list(config["visits"]),
        contrasts=config["contrasts"],
        settings=config["programs"],
        alpha=config["verdict"]["alpha"],
        min_pairs=config["verdict"]["min_pairs"],
        seed=config["seed"],
    script:
        "../../scripts/programs/compare_programs.py"
