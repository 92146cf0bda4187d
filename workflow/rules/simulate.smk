rule simulate_cohort:
    output:
        counts=[
            directory(path) if not path.endswith(".h5") else path
            for path in ROWS["path"]
        ],
        samples="results/simulate/samples.tsv",
        truth="results/simulate/truth.json",
    log:
        "results/logs/simulate/simulate_cohort.log",
    benchmark:
        "results/benchmarks/simulate/simulate_cohort.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=2000),
        runtime=minutes(30),
    params:
        code=code_of("simulate/simulate_cohort.py"),
        sheet=ROWS.to_dict("records"),
        visits=list(config["visits"]),
        plan=config["simulate"],
        populations=POPULATIONS,
        programs=PROGRAMS,
        profiles=files.checksum(PROFILE_TABLE),
        table=uncompared(str(PROFILE_TABLE)),
    script:
        "../../scripts/simulate/simulate_cohort.py"
