rule write_report:
    input:
        **report_tables(),
        tissue_questions=tissue_tables("questions"),
        tissue_samples=tissue_tables("samples"),
        figures=collect("results/report/figures/{part}", part=schema.FIGURES),
        figure_tables=collect("results/report/tables/{part}", part=schema.FIGURES),
        passed="results/preflight/passed.txt",
    output:
        report=report(
            "results/report/report.html",
            category="Report",
            labels={"page": "the whole report"},
            caption="../report/report.rst",
        ),
    log:
        "results/logs/report/write_report.log",
    benchmark:
        "results/benchmarks/report/write_report.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=code_of("report/write_report.py"),
        sheet=as_json(SHEET_RECORDS),
        # digests: Snakemake writes the params of a rule into a script of its own report
        templates=[files.checksum(TEMPLATES / name) for name in REPORT_TEMPLATES],
        template_files=uncompared([str(TEMPLATES / name) for name in REPORT_TEMPLATES]),
        scripts=[files.checksum(TEMPLATES / name) for name in REPORT_SCRIPTS],
        script_files=uncompared([str(TEMPLATES / name) for name in REPORT_SCRIPTS]),
        populations=as_json(POPULATIONS),
        hypotheses=as_json(HYPOTHESES),
        settings=as_json(settings()),
        config=uncompared(as_json(dict(config))(None)),
        defaults=as_json(default_settings),
        version=VERSION,
        command=uncompared(command()),
        run_code=uncompared(run_code()),
        software=SOFTWARE,
    script:
        "../../scripts/report/write_report.py"


rule draw_figures:
    input:
        unpack(figure_tables),
    output:
        figures=report(
            directory("results/report/figures/{part}"),
            patterns=["{figure}.png"],
            category="Figures",
            labels={"figure": "{figure}"},
            caption="../report/figures.rst",
        ),
        tables=directory("results/report/tables/{part}"),
    log:
        "results/logs/report/draw_figures/{part}.log",
    benchmark:
        "results/benchmarks/report/draw_figures/{part}.tsv"
    priority: figure_priority
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=code_of("report/draw_figures.py"),
        settings=as_json(figure_settings),
    script:
        "../../scripts/report/draw_figures.py"


rule summarise_verdicts:
    input:
        **verdict_tables(),
    output:
        summary=report(
            "results/report/summary.md",
            category="Report",
            labels={"page": "the verdicts as text"},
            caption="../report/summary.rst",
        ),
        verdicts="results/report/verdicts.json",
    log:
        "results/logs/report/summarise_verdicts.log",
    benchmark:
        "results/benchmarks/report/summarise_verdicts.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime=minutes(10),
    params:
        code=code_of("report/summarise_verdicts.py"),
        run_code=uncompared(run_code()),
        sheet=as_json(SHEET_RECORDS),
        populations=as_json(POPULATIONS),
        hypotheses=as_json(HYPOTHESES),
        schema=as_json(verdicts_schema),
        settings=as_json(settings()),
        config=uncompared(as_json(dict(config))(None)),
        version=VERSION,
    script:
        "../../scripts/report/summarise_verdicts.py"
