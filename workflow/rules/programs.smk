rule compare_programs:
    input:
        cells=collect("results/pseudobulk/{sample}.cells.parquet", sample=SAMPLES),
        sums=collect("results/pseudobulk/{sample}.sums.parquet", sample=SAMPLES),
        arm_cells=collect(
            "results/pseudobulk/{sample}.arm_cells.parquet", sample=SAMPLES
        ),
        arm_sums=collect("results/pseudobulk/{sample}.arm_sums.parquet", sample=SAMPLES),
        genes="results/annotate/all/genes.tsv",
    output:
        scores="results/programs/scores.tsv",
        parts="results/programs/parts.tsv",
        scores_arms="results/programs/scores_arms.tsv",
        parts_arms="results/programs/parts_arms.tsv",
        random_sets="results/programs/random_sets.tsv",
        programs=report(
            "results/programs/programs.tsv",
            category="Programmes",
            labels={"table": "change of each programme"},
            caption="../report/programs.rst",
        ),
    log:
        "results/logs/programs/compare_programs.log",
    benchmark:
        "results/benchmarks/programs/compare_programs.tsv"
    priority: 20
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=code_of("programs/compare_programs.py"),
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
