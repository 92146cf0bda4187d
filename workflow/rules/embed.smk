rule embed_sketch:
    input:
        sketch="results/annotate/all/sketch.parquet",
    output:
        embedding="results/embed/embedding.parquet",
    log:
        "results/logs/embed/embed_sketch.log",
    benchmark:
        "results/benchmarks/embed/embed_sketch.tsv"
    conda:
        "../../envs/annotate.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(60),
    params:
        code=code_of("embed/embed_sketch.py"),
        sheet=SHEET_RECORDS,
        settings=config["embed"],
        seed=config["seed"],
    script:
        "../../scripts/embed/embed_sketch.py"
