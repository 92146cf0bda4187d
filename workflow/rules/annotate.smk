rule fit_annotation:
    input:
        counts=collect("results/ingest/{sample}.h5ad", sample=SAMPLES),
        cells=collect("results/qc/{sample}.parquet", sample=SAMPLES),
    output:
        model="results/annotate/all/model.npz",
        genes="results/annotate/all/genes.tsv",
        sketch="results/annotate/all/sketch.parquet",
    log:
        "results/logs/annotate/all/fit.log",
    benchmark:
        "results/benchmarks/annotate/all/fit.tsv"
    conda:
        "../../envs/annotate.yaml"
    threads: 2
    resources:
        mem_mb=memory(base=6000),
        runtime="2h",
    params:
        code=CODE,
        samples=SAMPLES,
        populations=POPULATIONS,
        cells=config["annotate"]["sketch_cells"],
        seed=config["seed"],
    script:
        "../../scripts/annotate_fit.py"


rule label_cells:
    input:
        counts="results/ingest/{sample}.h5ad",
        cells="results/qc/{sample}.parquet",
        model="results/annotate/all/model.npz",
    output:
        labels="results/annotate/{sample}.parquet",
        cells="results/abundance/{sample}.parquet",
        sums="results/expression/{sample}.parquet",
    log:
        "results/logs/annotate/{sample}.log",
    benchmark:
        "results/benchmarks/annotate/{sample}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=800, per_input_mb=40),
        runtime="1h",
    params:
        code=CODE,
        populations=POPULATIONS,
        min_probability=config["annotate"]["min_probability"],
        min_probability_hard=config["annotate"]["min_probability_hard"],
    script:
        "../../scripts/annotate.py"
