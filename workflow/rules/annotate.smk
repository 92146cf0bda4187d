rule fit_annotation:
    input:
        # by their names: a donor who is renamed in the sheet changes no label
        counts=collect("results/ingest/{sample}.h5ad", sample=sorted(SAMPLES)),
        cells=collect("results/qc/{sample}.parquet", sample=sorted(SAMPLES)),
    output:
        **fitted_files(),
        genes="results/annotate/all/genes.tsv",
        sketch="results/annotate/all/sketch.parquet",
    log:
        "results/logs/annotate/fit_annotation.log",
    benchmark:
        "results/benchmarks/annotate/fit_annotation.tsv"
    conda:
        "../../envs/annotate.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=3000),
        runtime=minutes(60),
    params:
        code=code_of("annotate/fit_annotation.py"),
        samples=sorted(SAMPLES),
        populations=POPULATIONS,
        profiles=profile_name(),
        table=files.checksum(PROFILE_TABLE),
        path=uncompared(str(PROFILE_TABLE)),
        cells=config["annotate"]["sketch_cells"],
        seed=config["seed"],
    script:
        "../../scripts/annotate/fit_annotation.py"


rule choose_depth:
    input:
        cells=collect("results/qc/{sample}.parquet", sample=sorted(SAMPLES)),
    output:
        depth="results/annotate/depth.tsv",
    log:
        "results/logs/annotate/choose_depth.log",
    benchmark:
        "results/benchmarks/annotate/choose_depth.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=500),
        runtime=minutes(10),
    params:
        code=code_of("annotate/choose_depth.py"),
        samples=sorted(SAMPLES),
        visits=visits_of_donors(),
        populations=POPULATIONS,
    script:
        "../../scripts/annotate/choose_depth.py"


# in each tissue the visits of a donor have a depth of their own
use rule choose_depth as choose_tissue_depth with:
    input:
        cells=in_tissue("results/qc/{sample}.parquet"),
    output:
        depth="results/annotate/tissues/{tissue}.depth.tsv",
    log:
        "results/logs/annotate/choose_tissue_depth/{tissue}.log",
    benchmark:
        "results/benchmarks/annotate/choose_tissue_depth/{tissue}.tsv"
    params:
        code=code_of("annotate/choose_depth.py"),
        samples=samples_of,
        visits=visits_in_tissue,
        populations=POPULATIONS,


rule label_cells:
    input:
        counts="results/ingest/{sample}.h5ad",
        cells="results/qc/{sample}.parquet",
        model="results/annotate/all/model.npz",
        ruler="results/annotate/all/ruler.npz",
        depth=depth_file,
    output:
        **marker_files(),
    log:
        "results/logs/annotate/label_cells/{sample}.log",
    benchmark:
        "results/benchmarks/annotate/label_cells/{sample}.tsv"
    # the tests wait for these; the map of cells, which only the report waits for, comes after them
    priority: 10
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=800, per_input_mb=40),
        runtime=minutes(15, per_input_mb=1),
    params:
        code=code_of("annotate/label_cells.py"),
        populations=POPULATIONS,
        min_probability=config["annotate"]["min_probability"],
        min_probability_hard=config["annotate"]["min_probability_hard"],
    script:
        "../../scripts/annotate/label_cells.py"


rule fit_reference:
    input:
        reference=reference_file,
        genes="results/annotate/all/genes.tsv",
    output:
        reference="results/annotate/all/reference.skops",
    log:
        "results/logs/annotate/fit_reference.log",
    benchmark:
        "results/benchmarks/annotate/fit_reference.tsv"
    conda:
        "../../envs/annotate.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=3000, per_input_mb=30),
        runtime=minutes(30, per_input_mb=1),
    params:
        code=code_of("annotate/fit_reference.py"),
        made_of=lambda wildcards: made_of(reference_file(wildcards)),
        populations=POPULATIONS,
        n_samples=len(SAMPLES),
        settings=config["annotate"].get("reference", {}),
        seed=config["seed"],
    script:
        "../../scripts/annotate/fit_reference.py"


rule judge_cells:
    input:
        counts="results/ingest/{sample}.h5ad",
        cells="results/qc/{sample}.parquet",
        source=judge_source,
    output:
        labels="results/annotate/judges/{judge}/{sample}.parquet",
    log:
        "results/logs/annotate/judge_cells/{judge}/{sample}.log",
    benchmark:
        "results/benchmarks/annotate/judge_cells/{judge}/{sample}.tsv"
    conda:
        "../../envs/annotate.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000, per_input_mb=40),
        runtime=minutes(15, per_input_mb=1),
    params:
        code=code_of("annotate/judge_cells.py"),
        made_of=judge_made_of,
        judge=judge_of,
        settings=judge_settings,
        populations=POPULATIONS,
        min_probability=config["annotate"]["min_probability"],
        min_probability_hard=config["annotate"]["min_probability_hard"],
    script:
        "../../scripts/annotate/judge_cells.py"


if JUDGES[0] != "markers":

    use rule judge_cells as decide_cells with:
        input:
            depth=depth_file,
            counts="results/ingest/{sample}.h5ad",
            cells="results/qc/{sample}.parquet",
            source=judge_source,
        output:
            **deciding_files(),
        log:
            "results/logs/annotate/decide_cells/{sample}.log",
        benchmark:
            "results/benchmarks/annotate/decide_cells/{sample}.tsv"


rule compare_judges:
    input:
        cells=collect("results/qc/{sample}.parquet", sample=SAMPLES),
        labels=[
            path
            for judge in JUDGES
            for path in collect(label_file(judge), sample=SAMPLES)
        ],
    output:
        cells="results/annotate/agreement.tsv",
        summary="results/annotate/agreement_summary.tsv",
    log:
        "results/logs/annotate/compare_judges.log",
    benchmark:
        "results/benchmarks/annotate/compare_judges.tsv"
    conda:
        "../../envs/annotate.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(15),
    params:
        code=code_of("annotate/compare_judges.py"),
        judges=JUDGES,
    script:
        "../../scripts/annotate/compare_judges.py"


rule summarise_labels:
    input:
        counts=collect("results/ingest/{sample}.h5ad", sample=SAMPLES),
        quality=collect("results/qc/{sample}.parquet", sample=SAMPLES),
        labels=collect("results/annotate/{sample}.parquet", sample=SAMPLES),
        cells=collect("results/pseudobulk/{sample}.cells.parquet", sample=SAMPLES),
        sums=collect("results/pseudobulk/{sample}.sums.parquet", sample=SAMPLES),
        genes="results/annotate/all/genes.tsv",
        contamination=marker_tables("contamination"),
        soup=marker_tables("soup"),
        rulers=marker_tables("rulers"),
        depth="results/annotate/depth.tsv",
    output:
        markers="results/annotate/markers.tsv",
        probabilities="results/annotate/probabilities.tsv",
        unassigned="results/annotate/unassigned.tsv",
        cd20_t="results/annotate/cd20_t.tsv",
        contamination="results/annotate/contamination.tsv",
        protein="results/annotate/protein.tsv",
        protein_gates="results/annotate/protein_gates.tsv",
        rulers="results/annotate/rulers.tsv",
        visits="results/annotate/ruler_visits.tsv",
    log:
        "results/logs/annotate/summarise_labels.log",
    benchmark:
        "results/benchmarks/annotate/summarise_labels.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1500),
        runtime=minutes(20),
    params:
        code=code_of("annotate/summarise_labels.py"),
        sheet=SHEET_RECORDS,
        populations=POPULATIONS,
        baseline=list(config["visits"])[0],
        contrasts=config["contrasts"],
    script:
        "../../scripts/annotate/summarise_labels.py"
