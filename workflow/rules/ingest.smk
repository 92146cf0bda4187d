rule check_counts:
    input:
        counts=SHEET["path"].tolist(),
    output:
        checked="results/ingest/checked.tsv",
    log:
        "results/logs/ingest/all/checked.log",
    benchmark:
        "results/benchmarks/ingest/all/checked.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="30m",
    params:
        code=CODE,
        samples=SAMPLES,
        formats=[format_of(sample) for sample in SAMPLES],
    script:
        "../../scripts/ingest_check.py"


rule read_sample:
    input:
        counts=count_file,
        # every count file is looked at before the first is read whole
        checked="results/ingest/checked.tsv",
    output:
        counts="results/ingest/{sample}.h5ad",
    log:
        "results/logs/ingest/{sample}.log",
    benchmark:
        "results/benchmarks/ingest/{sample}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=800, per_input_mb=30),
        runtime="1h",
        disk_mb=disk,
    params:
        code=CODE,
        format=count_format,
    script:
        "../../scripts/ingest.py"
