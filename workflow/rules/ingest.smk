rule read_sample:
    input:
        counts=count_file,
        raw=raw_file,
        parts=count_parts,
    output:
        counts="results/ingest/{sample}.h5ad",
        cells="results/qc/{sample}.parquet",
    log:
        "results/logs/ingest/read_sample/{sample}.log",
    benchmark:
        "results/benchmarks/ingest/read_sample/{sample}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=800, per_input_mb=60),
        runtime=minutes(15, per_input_mb=1),
        disk_mb=disk,
    params:
        code=code_of("ingest/read_sample.py"),
        made_of=read_by,
        reading=lambda wildcards: reading(wildcards.sample),
        genes=files.checksum(GENE_TABLE),
        table=uncompared(str(GENE_TABLE)),
        thresholds=config["qc"],
        populations=POPULATIONS,
    script:
        "../../scripts/ingest/read_sample.py"


rule sum_inputs:
    input:
        counts=[fetched(path) for path in dict.fromkeys(ROWS["path"])],
        looks="results/preflight/samples.tsv",
    output:
        sums="results/ingest/inputs.tsv",
    log:
        "results/logs/ingest/sum_inputs.log",
    benchmark:
        "results/benchmarks/ingest/sum_inputs.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=500),
        runtime=minutes(30, per_input_mb=0.01),
    params:
        code=code_of("ingest/sum_inputs.py"),
        made_of=[made_of(path) for path in ROWS["path"]],
        samples=EVERY_SAMPLE,
        paths=given_paths(),
        cells=[of_sample(sample, "cells") for sample in EVERY_SAMPLE],
        files=[placed(fetched(path)) for path in ROWS["path"]],
    script:
        "../../scripts/ingest/sum_inputs.py"
