rule compare_shares:
    input:
        cells=collect("results/pseudobulk/{sample}.cells.parquet", sample=SAMPLES),
        arm_cells=collect(
            "results/pseudobulk/{sample}.arm_cells.parquet", sample=SAMPLES
        ),
    output:
        donors="results/abundance/donors.tsv",
        donors_arms="results/abundance/donors_arms.tsv",
        absolute="results/abundance/absolute.tsv",
        absolute_arms="results/abundance/absolute_arms.tsv",
        repopulation="results/abundance/repopulation.tsv",
        abundance=report(
            "results/abundance/abundance.tsv",
            category="Populations",
            labels={"table": "change of each population"},
            caption="../report/abundance.rst",
        ),
    log:
        "results/logs/abundance/compare_shares.log",
    benchmark:
        "results/benchmarks/abundance/compare_shares.tsv"
    priority: 20
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(20),
    params:
        code=code_of("abundance/compare_shares.py"),
        sheet=SHEET_RECORDS,
        populations=POPULATIONS,
        tests=share_tests(),
        others=other_share_tests(),
        visits=list(config["visits"]),
        contrasts=config["contrasts"],
        settings=config["abundance"],
        alpha=config["verdict"]["alpha"],
        min_pairs=config["verdict"]["min_pairs"],
        min_per_arm=config["verdict"]["min_per_arm"],
        controls=control_levels()["pooled"],
    script:
        "../../scripts/abundance/compare_shares.py"
