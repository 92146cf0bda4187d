rule preflight:
    input:
        counts=[local_counts(path) for path in SHEET["path"]],
        genes=ancient(GENE_TABLE),
    output:
        samples="results/preflight/samples.tsv",
        findings="results/preflight/findings.tsv",
        page="results/preflight/preflight.html",
    log:
        "results/logs/preflight/preflight.log",
    benchmark:
        "results/benchmarks/preflight/preflight.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        code=CODE,
        sheet=SHEET_RECORDS,
        paths=SHEET["path"].tolist(),
        reading=[reading(sample) for sample in SAMPLES],
        sha256=[of_sample(sample, "sha256") for sample in SAMPLES],
        genes=file_digest(GENE_TABLE),
        catalogues={
            "populations": POPULATIONS,
            "programs": PROGRAMS,
            "hypotheses": HYPOTHESES,
        },
        template=preflight_template,
        config=dict(config),
    script:
        "../../scripts/preflight.py"


rule pass_preflight:
    input:
        findings="results/preflight/findings.tsv",
    output:
        passed="results/preflight/passed.txt",
    log:
        "results/logs/preflight/passed.log",
    benchmark:
        "results/benchmarks/preflight/passed.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime="10m",
    params:
        code=CODE,
    script:
        "../../scripts/preflight_gate.py"
