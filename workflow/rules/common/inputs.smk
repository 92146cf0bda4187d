"""Sample sheet and count files: where they are, how they are read, whether there is room for results; no rules."""


def load_samples():
    """Samples by donor, visit and name: the order of the sheet decides nothing."""
    visits = list(config["visits"])
    samples = given_samples()
    if "simulate" not in config:
        for column in samples.columns.intersection(["path", "raw"]):
            samples[column] = [
                outside(path) if path and not sheet.is_remote(path) else path
                for path in samples[column]
            ]
    return samples.sort_values(
        ["donor", "visit", "sample"],
        key=lambda column: (
            column.map(visits.index) if column.name == "visit" else column
        ),
        ignore_index=True,
    )


def plan_study():
    """Samples that this run analyses, and those that it leaves out with the reason."""
    keys = ("contrasts", "arm", "tissue", "donors")
    plan = design.plan_study(GIVEN, **{key: config[key] for key in keys})
    notes = covariates.check_covariates(
        plan.treated,
        config["covariates"],
        contrasts=config["contrasts"],
        reserved=[config["arm"]["column"]],
    )
    return plan, notes


def other_tissues():
    """Samples of each other tissue, by a name for its files."""
    found = {}
    if DESIGN.others.empty:
        return found
    for tissue, own in DESIGN.others.groupby("tissue", sort=False):
        name = safe_name(tissue)
        # two names may differ in letters alone that no file has
        name = f"{name}-{len(found)}" if name in found else name
        found[name] = own.drop(columns=["path", "raw"], errors="ignore").to_dict(
            "records"
        )
    return found


def check_apart():
    """Stop when an input is a folder that holds the results: it would change with every one of them."""
    if "simulate" in config:
        return
    results = Path(placed("results")).resolve()
    for path in dict.fromkeys([*ROWS["path"], *ROWS.get("raw", [])]):
        if (
            Path(path).is_dir()
            and path
            and results.is_relative_to(Path(path).resolve())
        ):
            raise WorkflowError(
                f"sample sheet: {path}: the results would lie in this input ({results}), which then changes while it is read. Give "
                "the folder of the counts alone, or run in another folder (--directory)."
            )


def given_samples():
    """The sample sheet, or the layout of the built-in cohort."""
    if "simulate" in config:
        plan = config["simulate"]
        return cohort_layout(
            plan["donors"],
            visits=list(config["visits"]),
            controls=plan["controls"],
            csf=plan["csf"],
        )
    path = find_file(config["samples"], "samples")
    pattern = config["ingest"]["sample_pattern"]
    try:
        patterns.check_pattern(pattern)
    except ValueError as error:
        raise WorkflowError(
            f"configuration: ingest > sample_pattern: {pattern[:80]!r} {error}."
        ) from None
    groups = set(re.compile(pattern).groupindex) - {"donor", "visit"}
    if groups:
        raise WorkflowError(
            f"configuration: ingest > sample_pattern: knows the groups donor and visit; found {', '.join(sorted(groups))}."
        )
    aliases = {
        donor: others
        for donor, others in config["donors"].items()
        if donor not in ("include", "exclude")
    }
    return sheet.read_sheet(
        path,
        visits=config["visits"],
        donors=aliases,
        pattern=pattern,
        arm=config["arm"]["column"],
        drawn_at=config["draw_time"]["column"],
    )


def given_paths():
    """Paths as the sheet gives them, for tables and messages; addresses without their secrets."""
    return [names.shown(path) for path in ROWS["path"]]


def placed(path):
    """Where a file of this workflow lies; another workflow that loads it may give a prefix."""
    return str(workflow.modifier.modify_path(path))


def outside(path):
    """Path of a user's file; where there is a prefix, which would be put before a relative one, the absolute path."""
    given = str(path)
    return given if placed(given) == given else str(Path(given).resolve())


def local_counts(path):
    """Where the workflow reads a count file of the sheet: its own place, or what a Seurat object is unpacked to."""
    names = {given: name for name, given in SEURAT.items()}
    return (
        f"results/ingest/seurat/{names[path]}.h5ad" if path in names else fetched(path)
    )


def count_file(wildcards):
    """Count matrix of one sample."""
    check_record()
    return local_counts(ROWS.set_index("sample").at[wildcards.sample, "path"])


def raw_file(wildcards):
    """Unfiltered matrix of one sample's run; nothing where the sheet gives none."""
    return of_sample(wildcards.sample, "raw") or []


def parts_of(paths):
    """Files of folders of counts: an edit in place leaves the time of the folder as it was."""
    if "simulate" in config:
        return []
    return [
        str(part)
        for path in paths
        if Path(path).is_dir()
        for part in files.parts(path)
        if not part.name.startswith(".")
    ]


def count_parts(wildcards):
    """Files of the count matrix of one sample, if it is a folder."""
    return parts_of([count_file(wildcards)])


@functools.cache
def made_of(path):
    """Fingerprint of a file or folder of the user, for the params of each rule that reads it; empty for the workflow's own."""
    if not path or "simulate" in config or sheet.is_remote(path):
        return ""
    return files.fingerprint(path)


def read_by(wildcards):
    """What the job of a sample reads of the user's files."""
    own = ROWS.set_index("sample").at[wildcards.sample, "path"]
    return [made_of(own), made_of(of_sample(wildcards.sample, "raw"))]


def of_sample(sample, column):
    """What the sheet says of a sample in an optional column; empty where it says nothing."""
    return ROW_OF.get(sample, {}).get(column, "")


def check_place():
    """Stop when results cannot be written where they belong: not a folder, read-only, or a disk too full for the counts."""
    if not workflow.is_main_process:
        return
    place = Path(placed("results"))
    above = place if place.exists() else Path.cwd()
    remedy = "Correct that, or run in another folder (--directory)."
    if not above.is_dir():
        raise WorkflowError(
            f"{place.resolve()}: results belong into a folder of this name, and a file has it. {remedy}"
        )
    if not os.access(above, os.W_OK | os.X_OK):
        raise WorkflowError(
            f"{above.resolve()}: results cannot be written there: the folder is read-only for this user. {remedy}"
        )
    unread = ROWS[[not (place / f"ingest/{s}.h5ad").exists() for s in EVERY_SAMPLE]]
    # counts are written once, packed about as well as the usual formats; the tables beside them are small
    needed = 100_000_000 + sum(map(files.size, set(unread["path"])))
    free = shutil.disk_usage(above).free
    if len(unread) and free < needed:
        raise WorkflowError(
            f"{above.resolve()}: {free / 1e6:,.0f} MB are free on its disk, and the counts of {len(unread)} samples need about "
            f"{needed / 1e6:,.0f} MB. {remedy}"
        )


def require_pairs(wildcards):
    """Stop, before anything runs, when verdicts are asked for and no donor can be compared with themself.

    An input function, since targets are not known while the workflow is read: labels and preflight need no pairs.
    """
    seen = DESIGN.treated.groupby("donor")["visit"].agg(set)
    if any(set(pair) <= visits for pair in config["contrasts"] for visits in seen):
        return []
    shown = [f"{donor}: {', '.join(sorted(visits))}" for donor, visits in seen.items()]
    asked = ", ".join("-".join(pair) for pair in config["contrasts"])
    who = "treated donor" if DESIGN.arms.control else "donor"
    in_tissue = f" in one tissue ({DESIGN.tissue})" if DESIGN.tissues else ""
    raise WorkflowError(
        f"sample sheet: no {who} has both visits of a contrast{in_tissue} ({asked}), so there is nothing to compare; found "
        f"{'; '.join(shown[:6])}{'; ...' if len(shown) > 6 else ''}. Write a donor's name alike in all of the donor's rows; or "
        "label the cells alone: snakemake annotate."
    )


def format_of(sample):
    """Format that the sheet states for a sample; empty when it is to be found by content."""
    format = of_sample(sample, "format")
    return "" if format == "seurat" else format


def reading(sample):
    """How the counts of a sample are read."""
    return {
        "format": format_of(sample),
        "place": config["ingest"]["place"],
        "cells": of_sample(sample, "cells"),
    }
