"""What results were made with, in the results, too: a study without its .snakemake must not pass for up to date."""


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
