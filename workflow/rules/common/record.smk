"""What results were made with: settings and code of the run, kept beside them too, so that a study without its .snakemake is known."""


def code_of(*scripts):
    """Digest of scripts and of the modules that they import: an edit of these repeats the jobs that use them, and no others."""
    return CODE.digest(*scripts)


def run_code():
    """Digest of all code that a run may use, which verdicts and description of the run state."""
    names = (HOME / "workflow/manifest.txt").read_text(encoding="utf-8").split()
    scripts = [
        name.removeprefix("scripts/") for name in names if "/cd20scope/" not in name
    ]
    return code_of(*(name for name in scripts if name.endswith((".py", ".R"))))


def settings():
    """Configuration without the paths in it; what lies there counts by its content, in the rules that read it."""
    stated = {
        key: value
        for key, value in config.items()
        if key not in ("samples", "catalogues", "export")
    }
    for section, keys in {"ingest": ["genes"], "expression": ["gene_sets"]}.items():
        stated[section] = {k: v for k, v in config[section].items() if k not in keys}
    stated["annotate"] = {
        key: (
            {k: v for k, v in value.items() if k not in ("model", "path")}
            if isinstance(value, dict)
            else value
        )
        for key, value in config["annotate"].items()
    }
    return stated


def default_settings(wildcards):
    """Every default of the configuration."""
    schema = yaml.safe_load(SCHEMAS["config"].read_text(encoding="utf-8"))
    return defaults.of_schema(schema["properties"])


def command():
    """Command of the run, for its report: the configuration by the names of its files; no other option changes a result.

    Paths and values from the command line, which may be secret, are left out.
    """
    if in_module():
        return ""
    names = [Path(path).name for path in config_files()]
    return shlex.join(["snakemake", *(["--configfile", *names] if names else [])])


def state_of_run():
    """What the results of this run depend on, by its name in messages."""
    tables = {"genes": GENE_TABLE, "profiles": PROFILE_TABLE}
    stated = {
        "sample sheet": record.digest([*SHEET_RECORDS, *TISSUES.values()]),
        "count files": {
            row.sample: [
                made_of(row.path),
                made_of(of_sample(row.sample, "raw")),
                reading(row.sample),
            ]
            for row in ROWS.itertuples()
        },
        "populations": record.digest(POPULATIONS),
        "programmes": record.digest(PROGRAMS),
        "hypotheses": record.digest(HYPOTHESES),
        "gene sets": record.digest(GENE_SETS),
        "code": run_code(),
    }
    stated |= {
        f"table of {name}": files.checksum(path) for name, path in tables.items()
    }
    return record.flatten({"configuration": settings()} | stated)


def noted_results():
    """Results of each step that are there, by which a lost .snakemake is known."""
    wanted = ["results/report/report.html", "results/verdict/verdicts.tsv"]
    wanted += [f"results/ingest/{sample}.h5ad" for sample in EVERY_SAMPLE]
    return [path for path in map(placed, wanted) if Path(path).exists()]


@functools.cache
def check_record():
    """Stop where Snakemake does not know what results were made with, and it was something else than now.

    Called while the jobs are planned, when Snakemake's own record can be asked.
    """
    if in_module() or not workflow.is_main_process or workflow.dag_settings.forceall:
        return
    there = noted_results()
    # a job that was killed has left a result without a record, which Snakemake takes for incomplete
    if not there or any(workflow.persistence.metadata(IOFile(path)) for path in there):
        return
    place = Path(placed(record.PLACE))
    if other := record.differences(record.read(place), state_of_run()):
        shown = f"{', '.join(other[:6])}{', ...' if len(other) > 6 else ''}"
        raise WorkflowError(
            f"{place.parent.resolve()}: these results were made with other settings or files than those given now ({shown}), and "
            "Snakemake's record of them (.snakemake) is not there. Run with --forceall to make all of them anew, or remove the folder, "
            "or put back what they were made with."
        )


def note_state(*, complete):
    """Write the record; a workflow that loads this one as a module has its own."""
    if not in_module():
        record.note(Path(placed(record.PLACE)), state_of_run(), complete=complete)


onstart:
    note_state(complete=False)


onerror:
    outputs.remove_unfinished(Path(placed("results")))


onsuccess:
    # the Snakefile at the root names its target otherwise
    if {"all", "everything"} & {job.rule.name for job in workflow.dag.targetjobs}:
        note_state(complete=True)
        folder = Path(placed("results/report"))
        written = (folder / "summary.md").read_text(encoding="utf-8")
        for line in ending.last_lines(written, (folder / "report.html").resolve()):
            print(line)
