"""What a user would pick instead, on the same cells: SingleR, Leiden clusters with markers, CellTypist.

SingleR has the same table of profiles and the same populations. Leiden is measured at its best: every way to flatten
the tree into marker lists, two recipes, and only classes that are present; what does best against the truth counts.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import f1_score

from benchmark import annotation_peers
from cd20scope.annotate.judges import celltypist, settings
from cd20scope.annotate.likelihood.tree import profiles_of_populations
from cd20scope.counts.matrix import log_normalise
from workflow.running import ROOT as CHECKOUT

BEFORE = {
    ("zheng", "macro-F1"): 0.856,
    ("zheng", "F1 of Treg"): 0.74,
    ("pbmc3k", "macro-F1"): 0.840,
    ("citeseq", "macro-F1"): 0.935,
    ("cohort", "macro-F1"): 0.79,
    ("cohort", "F1 of Treg"): 0.46,
}
"""Figures of the annotator by marker lists of commit c226461, which is no longer in the code: one fit per set, and a
cohort of 1,200 cells a sample instead of 600. It learned the lanes of the sorts."""
MODEL = "CD20SCOPE_CELLTYPIST"
"""Environment variable with the path of CellTypist's Immune_All_Low.pkl, which is a download."""


def figures(task, annotator) -> dict[str, dict[str, float]]:
    """Macro-F1, and F1 of Treg where the truth has it, of every peer that is here; by figure and peer."""
    truth = task.all_truth.astype(str)
    names = sorted(set(truth))
    found: dict[str, dict[str, float]] = {"macro-F1": {}, "F1 of Treg": {}}
    for peer, called in classes_of_peers(task, annotator):
        each = f1_score(truth, called.astype(str), labels=names, average=None, zero_division=0)
        if each.mean() <= found["macro-F1"].get(peer, -1):
            continue
        found["macro-F1"][peer] = float(each.mean())
        if "Treg" in names:
            found["F1 of Treg"][peer] = float(each[names.index("Treg")])
    for (data, figure), value in BEFORE.items():
        if data == task.name:
            found[figure]["c226461"] = value
    return found


def classes_of_peers(task, annotator) -> Iterator[tuple[str, np.ndarray]]:
    """Every attempt of every peer: its name and the class of each cell."""
    counts = next(iter(task.samples.values()))
    lognorm, genes = log_normalise(counts.matrix), np.asarray(counts.genes["gene"])

    def as_class(populations) -> np.ndarray:
        if task.level == "lineage":
            populations = [annotator.names.get(name, name) for name in populations]
        return task.as_class(populations)

    catalogue = yaml.safe_load((CHECKOUT / "config/populations.yaml").read_text(encoding="utf-8"))
    yield "SingleR", as_class(singler(lognorm, genes, annotator.table, catalogue))
    if model := os.environ.get(MODEL):
        yield "CellTypist", as_class(immune_all_low(lognorm, genes, Path(model), catalogue))
    yield from leiden(lognorm, genes, catalogue, task.classes)


def singler(lognorm, genes, table: pd.DataFrame, catalogue) -> np.ndarray:
    """Population of each cell by SingleR (Aran 2019, doi:10.1038/s41590-018-0276-y), defaults, with fine tuning."""
    import singler as package

    population = {
        profile: name for name, own in profiles_of_populations(catalogue).items() for profile in own
    }
    told = package.annotate_single(
        lognorm.T.tocsc(),
        np.log2(table.to_numpy() + 1),
        [population[profile] for profile in table],
        test_features=list(map(str, genes)),
        ref_features=list(map(str, table.index)),
    )
    return np.array(told.column("best"), dtype=object)


def immune_all_low(lognorm, genes, path: Path, catalogue) -> np.ndarray:
    """Population of each cell by CellTypist's model, its labels translated as for a user."""
    model = celltypist.read_model(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    meaning = settings.read_label_map(
        CHECKOUT / "config/label_maps/Immune_All_Low.yaml", populations=catalogue
    )
    best = celltypist.judge(lognorm, genes, model).idxmax(axis=1)
    return best.map(lambda label: meaning[label].split(" / ")[0]).to_numpy(dtype=object)


def leiden(lognorm, genes, catalogue, classes) -> Iterator[tuple[str, np.ndarray]]:
    """Class of each cell by clusters and marker lists, for every recipe and way to flatten the tree."""
    import anndata as ad

    data = ad.AnnData(lognorm, var=pd.DataFrame(index=pd.Index(genes.astype(str))))
    for recipe in annotation_peers.RECIPES.values():
        clusters = annotation_peers.cluster(data, *recipe)
        for lists in annotation_peers.LISTS:
            markers, belongs = annotation_peers.flatten(catalogue, classes, lists=lists)
            markers = {
                name: [gene for gene in own if gene in data.var_names] for name, own in markers.items()
            }
            called = annotation_peers.leiden(data, markers, clusters)
            yield "Leiden + markers", np.array([belongs[name] for name in called], dtype=object)
