rule fetch_counts:
    input:
        arrived=lambda wildcards: TO_FETCH[wildcards.file],
    output:
        counts="results/ingest/fetched/{file}",
    log:
        "results/logs/ingest/fetch_counts/{file}.log",
    benchmark:
        "results/benchmarks/ingest/fetch_counts/{file}.tsv"
    # a download that was cut short is brought anew
    retries: 2
    # jobs of a cluster may have no network: the machine that Snakemake itself runs on does the downloads
    localrule: True
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=500),
        runtime=minutes(240),
        disk_mb=disk,
    params:
        code=code_of("ingest/fetch_counts.py"),
        address=lambda wildcards: names.shown(FETCHED[wildcards.file]["address"]),
        sha256=lambda wildcards: FETCHED[wildcards.file]["sha256"],
    script:
        "../../scripts/ingest/fetch_counts.py"
