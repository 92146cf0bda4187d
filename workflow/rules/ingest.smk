rule check_counts:
    input:
        counts=[local_counts(path) for path in SHEET["path"]],
        genes=ancient(GENE_TABLE),
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
        paths=SHEET["path"].tolist(),
        reading=[reading(sample) for sample in SAMPLES],
        sha256=[of_sample(sample, "sha256") for sample in SAMPLES],
        genes=file_digest(GENE_TABLE),
    script:
        "../../scripts/ingest_check.py"


rule read_sample:
    input:
        counts=count_file,
        genes=ancient(GENE_TABLE),
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
        reading=lambda wildcards: reading(wildcards.sample),
        genes=file_digest(GENE_TABLE),
    script:
        "../../scripts/ingest.py"
