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
            for row in SHEET.itertuples()
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


def marker_files():
    """What the markers write when they decide, and when they are only compared."""
    soup = {
        "contamination": "results/annotate/{sample}.contamination.tsv",
        "soup": "results/annotate/{sample}.soup.tsv",
    }
    if JUDGES[0] == "markers":
        return deciding_files() | soup
    aside = "results/annotate/judges/markers/{sample}"
    return soup | {
        "labels": f"{aside}.parquet",
        "cells": temp(f"{aside}.cells.parquet"),
        "sums": temp(f"{aside}.sums.parquet"),
        "arm_cells": temp(f"{aside}.arm_cells.parquet"),
        "arm_sums": temp(f"{aside}.arm_sums.parquet"),
    }


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


def reference_file(wildcards):
    """The labelled reference."""
    return judge_file("reference", "path")


def agreement_tables():
    """Tables of agreement between judges; none when there is one judge."""
    names = ("agreement", "agreement_summary")
    return [f"results/annotate/{name}.tsv" for name in names] if JUDGES[1:] else []


def soup_tables(kind):
    """Tables on the soup, one per sample; none where the markers, whose rule writes them, are no judge."""
    written = marker_files().get(kind)
    if written is None or "markers" not in JUDGES:
        return []
    return collect(written, sample=SAMPLES)
