rule measure_technique:
    input:
        cells=collect("results/qc/{sample}.parquet", sample=SAMPLES),
        labels=collect("results/annotate/{sample}.parquet", sample=SAMPLES),
        sums=collect("results/pseudobulk/{sample}.sums.parquet", sample=SAMPLES),
        contamination="results/annotate/contamination.tsv",
    output:
        samples="results/verdict/technique_samples.tsv",
        differences="results/verdict/technique.tsv",
    log:
        "results/logs/verdict/measure_technique.log",
    benchmark:
        "results/benchmarks/verdict/measure_technique.tsv"
    priority: 20
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(30),
    params:
        code=code_of("verdict/measure_technique.py"),
        sheet=[
            {
                key: row[key]
                for key in (
                    "sample",
                    "donor",
                    "visit",
                    schema.CONTROL,
                    "chemistry",
                    "batch",
                    draw_time.COLUMN,
                )
                if key in row
            }
            for row in SHEET_RECORDS
        ],
        contrasts=config["contrasts"],
        baseline=list(config["visits"])[0],
        populations=POPULATIONS,
    script:
        "../../scripts/verdict/measure_technique.py"


# the one result that is carried along: it says since when the study is asked what, also after a change
rule note_questions:
    output:
        questions=update("results/verdict/questions.tsv"),
    log:
        "results/logs/verdict/note_questions.log",
    benchmark:
        "results/benchmarks/verdict/note_questions.tsv"
    priority: 100
    localrule: True
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=500),
        runtime=minutes(10),
    params:
        code=code_of("verdict/note_questions.py"),
        digest=HYPOTHESES["digest"],
        version=HYPOTHESES["version"],
    script:
        "../../scripts/verdict/note_questions.py"


rule judge_hypotheses:
    input:
        # noted before there is a verdict
        "results/verdict/questions.tsv",
        # nothing of these is read: there is no verdict without pairs, or when a count file cannot be used
        require_pairs,
        "results/preflight/passed.txt",
        donors="results/abundance/donors.tsv",
        donors_arms="results/abundance/donors_arms.tsv",
        scores="results/programs/scores.tsv",
        scores_arms="results/programs/scores_arms.tsv",
        parts_arms="results/programs/parts_arms.tsv",
        parts="results/programs/parts.tsv",
        programs="results/programs/programs.tsv",
        random_sets="results/programs/random_sets.tsv",
        technique="results/verdict/technique.tsv",
        technique_samples="results/verdict/technique_samples.tsv",
        rulers="results/annotate/ruler_visits.tsv",
        all_rulers="results/annotate/rulers.tsv",
    output:
        verdicts=report(
            "results/verdict/verdicts.tsv",
            category="Verdicts",
            labels={"table": "verdict of each hypothesis"},
            caption="../report/verdicts.rst",
        ),
        arms="results/verdict/arms.tsv",
        ledger="results/verdict/ledger.tsv",
        parts="results/verdict/parts.tsv",
    log:
        "results/logs/verdict/judge_hypotheses.log",
    benchmark:
        "results/benchmarks/verdict/judge_hypotheses.tsv"
    priority: 20
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(30),
    params:
        code=code_of("verdict/judge_hypotheses.py"),
        hypotheses=HYPOTHESES,
        measured=measured(),
        level=level(),
        steroid=config["verdict"]["steroid"],
        left_out=DESIGN.left_out.to_dict("records"),
    script:
        "../../scripts/verdict/judge_hypotheses.py"


rule flip_visits:
    input:
        # as above
        require_pairs,
        "results/preflight/passed.txt",
        donors="results/abundance/donors.tsv",
        scores="results/programs/scores.tsv",
        parts="results/programs/parts.tsv",
        rulers="results/annotate/ruler_visits.tsv",
        all_rulers="results/annotate/rulers.tsv",
    output:
        flips="results/verdict/flips.tsv",
    log:
        "results/logs/verdict/flip_visits.log",
    benchmark:
        "results/benchmarks/verdict/flip_visits.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(30),
    params:
        code=code_of("verdict/flip_visits.py"),
        hypotheses=HYPOTHESES,
        measured=measured(),
        level=level(),
        limit=config["verdict"]["flips"],
        seed=config["seed"],
    script:
        "../../scripts/verdict/flip_visits.py"


rule compare_arms:
    input:
        # as above
        require_pairs,
        "results/preflight/passed.txt",
        donors="results/abundance/donors.tsv",
        scores="results/programs/scores.tsv",
        parts="results/programs/parts.tsv",
        verdicts="results/verdict/verdicts.tsv",
        rulers="results/annotate/ruler_visits.tsv",
        all_rulers="results/annotate/rulers.tsv",
    output:
        arms="results/verdict/control_arms.tsv",
    log:
        "results/logs/verdict/compare_arms.log",
    benchmark:
        "results/benchmarks/verdict/compare_arms.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(20),
    params:
        code=code_of("verdict/compare_arms.py"),
        hypotheses=HYPOTHESES,
        measured=measured(),
        alpha=config["verdict"]["alpha"],
        min_per_arm=config["verdict"]["min_per_arm"],
        controls=control_levels(),
    script:
        "../../scripts/verdict/compare_arms.py"


# donors of another tissue are never beside those of the questions: the job reads no sample of theirs
rule compare_tissue:
    input:
        "results/preflight/passed.txt",
        counts=in_tissue("results/ingest/{sample}.h5ad"),
        cells=in_tissue("results/pseudobulk/{sample}.cells.parquet"),
        sums=in_tissue("results/pseudobulk/{sample}.sums.parquet"),
    output:
        samples="results/verdict/tissues/{tissue}/samples.tsv",
        donors="results/verdict/tissues/{tissue}/donors.tsv",
        scores="results/verdict/tissues/{tissue}/scores.tsv",
        parts="results/verdict/tissues/{tissue}/parts.tsv",
        questions="results/verdict/tissues/{tissue}/questions.tsv",
    log:
        "results/logs/verdict/compare_tissue/{tissue}.log",
    benchmark:
        "results/benchmarks/verdict/compare_tissue/{tissue}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=code_of("verdict/compare_tissue.py"),
        sheet=lambda wildcards: TISSUES[wildcards.tissue],
        populations=POPULATIONS,
        programs=PROGRAMS,
        hypotheses=HYPOTHESES,
        tests=share_tests(),
        measured=measured() | {"covariates": {}, "samples": []},
        settings=config["programs"],
        level=level(),
        seed=config["seed"],
    script:
        "../../scripts/verdict/compare_tissue.py"


rule relate_outcome:
    input:
        # as above
        require_pairs,
        "results/preflight/passed.txt",
        donors="results/abundance/donors.tsv",
        scores="results/programs/scores.tsv",
        parts="results/programs/parts.tsv",
        repopulation="results/abundance/repopulation.tsv",
    output:
        outcome="results/verdict/outcome.tsv",
    log:
        "results/logs/verdict/relate_outcome.log",
    benchmark:
        "results/benchmarks/verdict/relate_outcome.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(20),
    params:
        code=code_of("verdict/relate_outcome.py"),
        sheet=[
            {
                key: row[key]
                for key in ("donor", "visit", schema.CONTROL, "outcome")
                if key in row
            }
            for row in SHEET_RECORDS
        ],
        hypotheses=HYPOTHESES,
        populations=POPULATIONS,
        measured=measured() | {"covariates": {}, "samples": []},
        alpha=config["verdict"]["alpha"],
    script:
        "../../scripts/verdict/relate_outcome.py"
