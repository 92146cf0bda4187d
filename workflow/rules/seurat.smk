rule unpack_seurat:
    input:
        object=lambda wildcards: fetched(SEURAT[wildcards.object]),
    output:
        parts=temp(directory("results/ingest/seurat/{object}.parts")),
    log:
        "results/logs/ingest/unpack_seurat/{object}.log",
    benchmark:
        "results/benchmarks/ingest/unpack_seurat/{object}.tsv"
    conda:
        "../../envs/seurat.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input_mb=40),
        runtime=minutes(30, per_input_mb=1),
    params:
        code=code_of("ingest/unpack_seurat.R"),
    script:
        "../../scripts/ingest/unpack_seurat.R"


rule pack_seurat:
    input:
        parts="results/ingest/seurat/{object}.parts",
    output:
        counts="results/ingest/seurat/{object}.h5ad",
    log:
        "results/logs/ingest/pack_seurat/{object}.log",
    benchmark:
        "results/benchmarks/ingest/pack_seurat/{object}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input_mb=4),
        runtime=minutes(15, per_input_mb=1),
    params:
        code=code_of("ingest/pack_seurat.py"),
    script:
        "../../scripts/ingest/pack_seurat.py"
