# Nothing that reads or measures a sample depends on these rules: a sample is read again when its own file changes, not when
# another joins the sheet. They come first by their priority, and alone, as they take every core; what judges asks for
# their word. (An ancient() edge would not do: Snakemake does not ask whether what lies behind it has reasons of its own.)
rule look_at_files:
    input:
        counts=[local_counts(path) for path in SHEET["path"]],
        raw=[path for path in SHEET.get("raw", []) if path],
        parts=parts_of(SHEET["path"]),
        genes=ancient(GENE_TABLE),
    output:
        samples="results/preflight/samples.tsv",
        genes="results/preflight/genes.tsv.gz",
        problems="results/preflight/problems.tsv",
    log:
        "results/logs/preflight/look_at_files.log",
    benchmark:
        "results/benchmarks/preflight/look_at_files.tsv"
    priority: 100
    conda:
        "../../envs/core.yaml"
    threads: all_cores()
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=CODE,
        samples=SAMPLES,
        paths=SHEET["path"].tolist(),
        # what the sheet's checksum is of
        files=[fetched(path) for path in SHEET["path"]],
        reading=[reading(sample) for sample in SAMPLES],
        raw=[of_sample(sample, "raw") for sample in SAMPLES],
        sha256=[of_sample(sample, "sha256") for sample in SAMPLES],
        genes=file_digest(GENE_TABLE),
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
    priority: 100
    localrule: True
    conda:
        "../../envs/core.yaml"
    threads: all_cores()
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(10),
    params:
        code=CODE,
        sheet=SHEET_RECORDS,
        study=preflight_study(),
        template=preflight_template,
    script:
        "../../scripts/preflight/write_preflight.py"


rule pass_preflight:
    input:
        problems="results/preflight/problems.tsv",
        page="results/preflight/preflight.html",
    output:
        passed="results/preflight/passed.txt",
    log:
        "results/logs/preflight/pass_preflight.log",
    benchmark:
        "results/benchmarks/preflight/pass_preflight.tsv"
    priority: 100
    localrule: True
    conda:
        "../../envs/core.yaml"
    threads: all_cores()
    resources:
        mem_mb=memory(base=500),
        runtime=minutes(10),
    params:
        code=CODE,
    script:
        "../../scripts/preflight/pass_preflight.py"
