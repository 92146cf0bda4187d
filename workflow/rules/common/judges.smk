"""Judges of the labels: what they need and what they write; no rules."""


def judge_file(judge, key):
    """File that a judge is given by the configuration."""
    path = find_file(config["annotate"][judge][key], f"annotate: {judge}: {key}")
    return outside(path)


def read_label_maps():
    """Replace the name of a shipped translation by what it holds, as if it stood in the configuration."""
    judge = config["annotate"].get("celltypist", {})
    if isinstance(judge.get("labels"), str):
        path = HOME / "config/label_maps" / f"{judge['labels']}.yaml"
        labels = judges.read_label_map(path, populations=POPULATIONS)
        config["annotate"]["celltypist"] = judge | {"labels": labels}


def check_judges():
    """Check what the judges of the labels need; their files once a run, not again in every job."""
    read_label_maps()
    settings = config["annotate"]
    judges.check_settings(settings, populations=POPULATIONS)
    if not workflow.is_main_process:
        return
    check_profiles()
    if "celltypist" in JUDGES:
        stated = settings["celltypist"]["sha256"]
        judges.check_sum(
            judge_file("celltypist", "model"), sha256=stated, why=judges.PICKLE
        )
    labelled = {}
    if "reference" in JUDGES:
        path = judge_file("reference", "path")
        if "sha256" in settings["reference"]:
            judges.check_sum(path, sha256=settings["reference"]["sha256"])
        labelled["reference"] = {"reference": path}
    if "obs" in JUDGES:
        if "simulate" in config:
            raise WorkflowError(
                "annotate: method: obs needs labels in the input, and the built-in cohort has none."
            )
        labelled["obs"] = {
            f"sample {row.sample}": row.path
            for row in ROWS.itertuples()
            if row.path not in SEURAT.values() and not sheet.is_remote(row.path)
        }
    if not labelled:
        return
    # Snakemake's own environment need not have h5py; the jobs look again
    if importlib.util.find_spec("h5py") is None:
        return
    from cd20scope.annotate.judges import input_labels

    for judge, of_judge in labelled.items():
        input_labels.check_labels(
            of_judge,
            column=settings[judge]["column"],
            mapping=settings[judge]["labels"],
            populations=POPULATIONS,
            judge=judge,
        )


def check_profiles():
    """Check the table of profiles against the population tree, where cells are told by them."""
    if "markers" not in JUDGES:
        return
    named, table = require_profiles(POPULATIONS), profiles.read_profiles(PROFILE_TABLE)
    if config["annotate"]["profiles"] != "shipped":
        # a table of one's own is written for the tree; of the shipped one a tree may leave profiles out
        wanted = {profile for own in named.values() for profile in own}
        profiles.check_profiles(table, wanted=wanted, name=profile_name())
    profiles.take_profiles(table, named, name=profile_name())


def profile_name():
    """What messages call the table of profiles."""
    given = config["annotate"]["profiles"]
    return "config/profiles.tsv" if given == "shipped" else given


def label_file(judge):
    """Labels of a judge: those of the first are the labels of the study, the others are compared with them."""
    if judge == JUDGES[0]:
        return "results/annotate/{sample}.parquet"
    return f"results/annotate/judges/{judge}/{{sample}}.parquet"


def deciding_files():
    """What the deciding judge writes: labels, and what is counted and summed by them."""
    return {
        "labels": "results/annotate/{sample}.parquet",
        "cells": "results/pseudobulk/{sample}.cells.parquet",
        "sums": "results/pseudobulk/{sample}.sums.parquet",
        "arm_cells": "results/pseudobulk/{sample}.arm_cells.parquet",
        "arm_sums": "results/pseudobulk/{sample}.arm_sums.parquet",
    }


def visits_of_donors():
    """Samples of each donor, without the names of donors: who is renamed in the sheet changes no depth."""
    return sorted(sorted(own) for _, own in SHEET.groupby("donor")["sample"])


def samples_of(wildcards):
    """Samples of another tissue."""
    return [row["sample"] for row in TISSUES[wildcards.tissue]]


def visits_in_tissue(wildcards):
    """Samples of each donor in another tissue, without the names of donors."""
    own = pd.DataFrame(TISSUES[wildcards.tissue])
    return sorted(sorted(names) for _, names in own.groupby("donor")["sample"])


def in_tissue(pattern):
    """Files of the samples of another tissue, for the inputs of a rule."""
    return lambda wildcards: [
        pattern.format(sample=name) for name in samples_of(wildcards)
    ]


def depth_file(wildcards):
    """Depth at which the visits of a donor are compared in the tissue of a sample."""
    for tissue, rows in TISSUES.items():
        if wildcards.sample in [row["sample"] for row in rows]:
            return f"results/annotate/tissues/{tissue}.depth.tsv"
    return "results/annotate/depth.tsv"


def fitted_files():
    """The fits that cells are told by; none where the markers are no judge."""
    if "markers" not in JUDGES:
        return {}
    return {
        "model": "results/annotate/all/model.npz",
        "ruler": "results/annotate/all/ruler.npz",
    }


def marker_files():
    """What the markers write when they decide, and when they are only compared."""
    written = {
        "contamination": "results/annotate/{sample}.contamination.tsv",
        "soup": "results/annotate/{sample}.soup.tsv",
        "rulers": "results/annotate/{sample}.rulers.tsv",
    }
    if JUDGES[0] == "markers":
        return deciding_files() | written
    return written | {"labels": "results/annotate/judges/markers/{sample}.parquet"}


def judge_of(wildcards):
    """Judge of a job: the one it is named after, or else the one that decides."""
    return wildcards.get("judge", JUDGES[0])


def judge_settings(wildcards):
    """Section of the judge of a job in the configuration."""
    return config["annotate"][judge_of(wildcards)]


def judge_source(wildcards):
    """What the judge of a job goes by."""
    match judge_of(wildcards):
        case "celltypist":
            return judge_file("celltypist", "model")
        case "reference":
            return "results/annotate/all/reference.skops"
        case _:
            return count_file(wildcards)


def judge_made_of(wildcards):
    """Fingerprint of the user's file that the judge of a job goes by; empty where it is a result."""
    if judge_of(wildcards) == "celltypist":
        return made_of(judge_source(wildcards))
    if judge_of(wildcards) == "obs":
        return read_by(wildcards)
    return ""


def reference_file(wildcards):
    """The labelled reference."""
    return judge_file("reference", "path")


def agreement_tables():
    """Tables of agreement between judges; none when there is one judge."""
    names = ("agreement", "agreement_summary")
    return [f"results/annotate/{name}.tsv" for name in names] if JUDGES[1:] else []


def marker_tables(kind):
    """Tables on the soup or the rulers, one per sample; none where the markers, whose rule writes them, are no judge."""
    written = marker_files().get(kind)
    if written is None or "markers" not in JUDGES:
        return []
    return collect(written, sample=SAMPLES)
