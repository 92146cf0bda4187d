# Nothing that reads or measures a sample depends on these rules: a sample is read again when its own file changes, not when
# another joins the sheet. Verdicts and report wait for passed.txt. (An ancient() edge would not do: Snakemake does not ask
# whether what lies behind it has reasons of its own.)
rule look_at_files:
    input:
        counts=[local_counts(path) for path in ROWS["path"]],
        raw=[path for path in ROWS.get("raw", []) if path],
        parts=parts_of(ROWS["path"]),
    output:
        samples="results/preflight/samples.tsv",
        genes="results/preflight/genes.tsv.gz",
        problems="results/preflight/problems.tsv",
    log:
        "results/logs/preflight/look_at_files.log",
    benchmark:
        "results/benchmarks/preflight/look_at_files.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=code_of("preflight/look_at_files.py"),
        made_of=[
            made_of(path) for path in [*ROWS["path"], *ROWS.get("raw", [])] if path
        ],
        samples=EVERY_SAMPLE,
        # genes are counted in the samples that share a model; a file of another tissue may lack some
        counted=SAMPLES,
        paths=given_paths(),
        # what the sheet's checksum is of
        files=[placed(fetched(path)) for path in ROWS["path"]],
        reading=[reading(sample) for sample in EVERY_SAMPLE],
        raw=[of_sample(sample, "raw") for sample in EVERY_SAMPLE],
        thresholds={key: config["qc"][key] for key in ("min_counts", "min_genes")},
        sha256=[of_sample(sample, "sha256") for sample in EVERY_SAMPLE],
        genes=files.checksum(GENE_TABLE),
        table=uncompared(str(GENE_TABLE)),
    script:
        "../../scripts/preflight/look_at_files.py"


rule write_preflight:
    input:
        samples="results/preflight/samples.tsv",
        genes="results/preflight/genes.tsv.gz",
        problems="results/preflight/problems.tsv",
    output:
        findings="results/preflight/findings.tsv",
        sexes="results/preflight/sexes.tsv",
        page="results/preflight/preflight.html",
    log:
        "results/logs/preflight/write_preflight.log",
    benchmark:
        "results/benchmarks/preflight/write_preflight.tsv"
    localrule: True
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(10),
    params:
        code=code_of("preflight/write_preflight.py"),
        sheet=SHEET_RECORDS,
        study=preflight_study(),
        template=read_texts(["preflight.html.j2"]),
    script:
        "../../scripts/preflight/write_preflight.py"


rule pass_preflight:
    input:
        findings="results/preflight/findings.tsv",
        page="results/preflight/preflight.html",
    output:
        passed="results/preflight/passed.txt",
    log:
        "results/logs/preflight/pass_preflight.log",
    benchmark:
        "results/benchmarks/preflight/pass_preflight.tsv"
    localrule: True
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=500),
        runtime=minutes(10),
    params:
        code=code_of("preflight/pass_preflight.py"),
    script:
        "../../scripts/preflight/pass_preflight.py"
