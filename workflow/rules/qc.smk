rule flag_cells:
    input:
        counts="results/ingest/{sample}.h5ad",
    output:
        cells="results/qc/{sample}.parquet",
    log:
        "results/logs/qc/{sample}.log",
    benchmark:
        "results/benchmarks/qc/{sample}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=800, per_input_mb=60),
        runtime=minutes(15, per_input_mb=1),
    params:
        code=CODE,
        thresholds=config["qc"],
        populations=POPULATIONS,
        seed=config["seed"],
    script:
        "../../scripts/qc/flag_cells.py"
