rule judge_hypotheses:
    input:
        abundance="results/abundance/abundance.tsv",
        donors="results/abundance/donors.tsv",
        scores="results/programs/scores.tsv",
        programs="results/programs/programs.tsv",
    output:
        verdicts=report(
            "results/verdict/verdicts.tsv",
            category="Verdicts",
            labels={"table": "verdict of each hypothesis"},
            caption="../report/verdicts.rst",
        ),
    log:
        "results/logs/verdict/verdicts.log",
    benchmark:
        "results/benchmarks/verdict/verdicts.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000),
        runtime="30m",
    params:
        code=CODE,
        hypotheses=HYPOTHESES,
        contrasts=config["contrasts"],
        alpha=config["verdict"]["alpha"],
        min_pairs=config["verdict"]["min_pairs"],
    script:
        "../../scripts/verdict.py"
