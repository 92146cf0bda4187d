rule check_object:
    input:
        object=object_file,
    output:
        sum="results/ingest/seurat/{object}.sha256",
    log:
        "results/logs/ingest/check_object/{object}.log",
    benchmark:
        "results/benchmarks/ingest/check_object/{object}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=500),
        runtime=minutes(15),
    params:
        code=code_of("ingest/check_object.py"),
        made_of=lambda wildcards: made_of(SEURAT[wildcards.object]),
        sha256=object_sum,
        path=lambda wildcards: SEURAT[wildcards.object],
    script:
        "../../scripts/ingest/check_object.py"


# R before 4.4 runs code that an object may hold: it is started after the file is known to be the one that the sheet states
rule unpack_seurat:
    input:
        object=object_file,
        checked=object_checked,
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
        code=code_of("ingest/unpack_seurat.R", "ingest/objects.R"),
        made_of=lambda wildcards: made_of(SEURAT[wildcards.object]),
        sha256=object_sum,
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
