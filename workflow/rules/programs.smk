rule test_programs:
    input:
        cells=collect("results/abundance/{sample}.parquet", sample=SAMPLES),
        sums=collect("results/expression/{sample}.parquet", sample=SAMPLES),
        genes="results/annotate/all/genes.tsv",
    output:
        scores="results/programs/scores.tsv",
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
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime="1h",
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
        "../../scripts/programs.py"
