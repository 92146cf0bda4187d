"""Figures of the labels on labelled cells: accuracy, B cells, doublets, interferon, rulers, cost."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
import yaml
from sklearn.metrics import f1_score

from benchmark import annotation_data
from benchmark.annotation_metrics import calibration_error
from benchmark.label_cohorts import label_sample
from benchmark.label_figure import Row
from cd20scope.annotate.likelihood import fit, lineage, ruler
from cd20scope.annotate.likelihood.profiles import read_profiles
from cd20scope.annotate.likelihood.tree import (
    ROOT,
    build_decisions,
    lineages_of_populations,
    profiles_of_populations,
)
from cd20scope.ingest import read as ingest
from workflow.running import ROOT as CHECKOUT

DEPTHS = (1.0, 0.5, 0.25)
MADE = 60
"""Doublets made of each pair."""
T_CLASSES = ("CD4 naive", "CD4 memory", "Treg", "CD8", "CD4 T", "CD8 T")
PAIRS = ("B + T+NK", "B + Myeloid", "T+NK + Myeloid")
SHOWN_BY = {"B": ("CD19",), "T+NK": ("CD3", "CD8", "CD56"), "Myeloid": ("CD14",)}
"""Proteins of each lineage, any of which will do."""
GATED = {"CD19": "B", "CD3": "CD4 T", "CD8": "CD8 T", "CD56": "NK", "CD14": "Monocyte"}
"""Gate whose cells show a protein; the other gates' cells do not, but for CD3."""


class Annotator:
    """The shipped tree and table."""

    def __init__(self) -> None:
        text = (CHECKOUT / "config/populations.yaml").read_text(encoding="utf-8")
        self.populations = catalogue = yaml.safe_load(text)
        self.table = read_profiles(CHECKOUT / "config/profiles.tsv")
        self.lineages = lineages_of_populations(catalogue)
        self.decisions = build_decisions(self.lineages, profiles_of_populations(catalogue))
        self.names = {n["name"]: n["lineage"] for n in catalogue["nodes"] if n["level"] == "population"}

    def fit(self, counts, genes, *, without=()):
        """Fit to cells."""
        return fit.fit_likelihood(counts, genes, self.table, self.decisions, without=without)

    def tell(self, counts, genes, model):
        """Posteriors without any rule."""
        return fit.tell_cells(counts, genes, model, lineages=self.lineages)

    def label(self, counts, genes, model):
        """Labels as the workflow gives them."""
        return label_sample(counts, genes, model, self.populations)


def one_sample(task):
    """Counts, genes and truth of a task of one sample."""
    counts = next(iter(task.samples.values()))
    return counts.matrix.tocsr().astype(float), np.asarray(counts.genes["gene"]), task.all_truth.astype(str)


def thin(counts, keep, rng):
    """Keep each molecule with the same probability."""
    thinned = counts.copy()
    thinned.data = rng.binomial(thinned.data.astype(int), keep).astype(float)
    thinned.eliminate_zeros()
    return thinned


def add_soup(counts, of_b, rng, *, share=0.10):
    """Replace a share of each cell's molecules by those of the mean B cell."""
    profile = np.asarray(counts[of_b].sum(axis=0)).ravel()
    size = np.asarray(counts.sum(axis=1)).ravel()
    drawn = rng.poisson(size * share)
    columns = rng.choice(counts.shape[1], drawn.sum(), p=profile / profile.sum())
    place = np.repeat(np.arange(counts.shape[0]), drawn)
    spilt = sp.csr_matrix((np.ones(len(columns)), (place, columns)), shape=counts.shape)
    return (thin(counts, 1 - share, rng) + spilt).tocsr()


def accuracy(annotator: Annotator, task, bounds) -> list[Row]:
    """Macro-F1 and calibration of a task, with bounds (macro-F1, F1 of Treg)."""
    counts, genes, truth = one_sample(task)
    told = annotator.tell(counts, genes, annotator.fit(counts, genes))

    def classes(chances: pd.DataFrame) -> pd.DataFrame:
        if task.level == "lineage":
            chances = chances.T.groupby(lambda name: annotator.names[name]).sum().T
        to = dict(zip(chances.columns, task.as_class(chances.columns), strict=True))
        return chances.T.groupby(lambda name: to[name]).sum().T

    given = told.populations
    if task.level == "lineage":
        given = given.T.groupby(lambda name: annotator.names[name]).sum().T
    called = task.as_class(given.columns.to_numpy(dtype=object)[given.to_numpy().argmax(axis=1)]).astype(str)
    told_of = classes(told.calibrated)
    probability = told_of.to_numpy()[np.arange(len(called)), told_of.columns.get_indexer(pd.Index(called))]
    names = sorted(set(truth))
    each = f1_score(truth, called, labels=names, average=None, zero_division=0)
    rows = [Row(task.name, "macro-F1", each.mean(), bounds[0])]
    if "Treg" in names:
        rows.append(Row(task.name, "F1 of Treg", each[names.index("Treg")], bounds[1]))
    rows.append(
        Row(task.name, "calibration error", calibration_error(probability, called == truth), high=0.10)
    )
    return rows


def b_cells(annotator: Annotator, task) -> list[Row]:
    """True B cells kept, false ones and the B share at each depth, without made doublets."""
    counts, genes, truth = one_sample(task)
    rows, share = [], {}
    for keep in DEPTHS:
        thinned = thin(counts, keep, np.random.default_rng(1))
        model = annotator.fit(thinned, genes)
        told = annotator.tell(thinned, genes, model)
        called = lineage.is_b(told.root, model.nodes[ROOT].decision)
        share[keep] = called.mean()
        rows += [
            Row(task.name, f"B cells kept at {keep:g}", called[truth == "B"].mean(), 0.96),
            Row(task.name, f"false B per 1,000 at {keep:g}", 1000 * called[truth != "B"].mean(), high=1),
        ]
    return rows + [
        Row(task.name, f"B share at {keep:g} over full", share[keep] / share[1.0], 0.97, 1.03)
        for keep in DEPTHS[1:]
    ]


def doublets(annotator: Annotator, task, *, soup: bool, bounded: bool) -> list[Row]:
    """Made heterotypic doublets found by pair and depth, false ones, and false B cells among them.

    Partners from the monocyte sort show LYZ and no MZB1: a seventh of the sort are plasma cells.
    """
    counts, genes, truth = one_sample(task)
    lyz = np.asarray(counts[:, np.flatnonzero(genes == "LYZ")].sum(axis=1)).ravel() > 1
    mzb1 = np.asarray(counts[:, np.flatnonzero(genes == "MZB1")].sum(axis=1)).ravel() > 0
    of = {
        "B": np.flatnonzero(truth == "B"),
        "T+NK": np.flatnonzero(np.isin(truth, T_CLASSES)),
        "Myeloid": np.flatnonzero((truth == "Monocyte") & lyz & ~mzb1),
    }
    rows, word = [], ", 10 % B soup" if soup else ""
    for keep in DEPTHS:
        rng = np.random.default_rng(7)
        pairs = list(PAIRS)
        made = [
            counts[rng.choice(of[one], MADE)] + counts[rng.choice(of[other], MADE)]
            for one, other in (pair.split(" + ") for pair in pairs)
        ]
        every = sp.vstack([counts, *made]).tocsr()
        if soup:
            every = add_soup(every, of["B"], rng)
        every = thin(every, keep, rng)
        cells = annotator.label(every, genes, annotator.fit(every, genes)).cells
        found, single = cells["doublet"].to_numpy(), np.arange(len(cells)) < len(truth)
        for place, pair in enumerate(pairs):
            part = found[len(truth) + place * MADE : len(truth) + (place + 1) * MADE]
            low = (0.75 if keep == 0.25 else 0.85) if bounded and not soup else -np.inf
            rows.append(Row(task.name, f"{pair} found at {keep:g}{word}", (part != "").mean(), low))
        high = (5 if soup else 1) if bounded else np.inf
        rows.append(
            Row(
                task.name, f"false doublets at {keep:g}{word}", 1000 * (found[single] != "").mean(), high=high
            )
        )
        b = cells["likeliest"].isin(annotation_data.B).to_numpy()[single]
        name = f"false B per 1,000 at {keep:g}, with doublets{word}"
        rows.append(Row(task.name, name, 1000 * b[truth != "B"].mean(), high=1))
    return rows


def doublets_by_protein(annotator: Annotator, path: Path, task) -> list[Row]:
    """Called doublets of a CITE-seq sample, judged by the two lineages' proteins."""
    sample = ingest.read_sample(path)
    genes = np.asarray(sample.genes["gene"])
    counts = sample.matrix.tocsr().astype(float)
    found = annotator.label(counts, genes, annotator.fit(counts, genes)).cells["doublet"].to_numpy()
    gate = pd.Series(task.all_truth, index=next(iter(task.samples.values())).barcodes)
    median = np.log1p(sample.protein).groupby(gate.reindex(sample.protein.index)).median()
    # half way between cells that show the protein and those that do not, on the log scale: a doublet holds about
    # twice the antibodies of a cell, so that ratios within the cell would hide the second lineage
    on = {}
    for protein, own in GATED.items():
        without = [
            name for name in median.index if name != own and not (protein == "CD3" and name == "CD8 T")
        ]
        cut = (median.loc[own, protein] + median.loc[without, protein].max()) / 2
        on[protein] = np.log1p(sample.protein[protein]).to_numpy() > cut
    shown = {lineage_: np.any([on[name] for name in names], axis=0) for lineage_, names in SHOWN_BY.items()}
    hits = 0
    for pair in PAIRS:
        one, other = pair.split(" + ")
        hits += int((shown[one] & shown[other])[found == pair].sum())
    return [
        Row("citeseq", "doublets called", (found != "").sum()),
        Row("citeseq", "of them double-positive by protein", hits / max((found != "").sum(), 1), 0.8),
    ]


def interferon(annotator: Annotator, path: Path) -> list[Row]:
    """Label shares of Kang's two arms, the same donors with and without interferon beta."""
    import anndata as ad

    data = ad.read_h5ad(path)
    counts, genes = sp.csr_matrix(data.X).astype(float), data.var_names.to_numpy().astype(str)
    arm = data.obs["condition"].to_numpy().astype(str)
    model = annotator.fit(counts, genes)
    told = {name: annotator.label(counts[arm == name], genes, model) for name in ("ctrl", "stim")}
    calls = pd.DataFrame({k: v.cells["likeliest"].value_counts(normalize=True) for k, v in told.items()})
    sums = pd.DataFrame({k: v.chances.mean() for k, v in told.items()})
    memory = calls.loc["B memory", "ctrl"] / calls.loc["B memory", "stim"]
    return [
        Row("kang", "total variation, calls", variation(calls), high=0.075),
        Row("kang", "total variation, sums", variation(sums), high=0.075),
        Row("kang", "B memory, ctrl over stim", memory, 1 / 1.5, 1.5),
    ]


def variation(shares: pd.DataFrame) -> float:
    """Total variation between two columns of shares."""
    filled = shares.fillna(0.0)
    return float(np.abs(filled["ctrl"] - filled["stim"]).sum() / 2)


def foxp3(annotator: Annotator, task) -> list[Row]:
    """Treg told without FOXP3: FOXP3 among the called against the rest of CD4, and its cells that are called."""
    counts, genes, truth = one_sample(task)
    rows, sensitivity = [], {}
    for keep in DEPTHS[:2]:
        thinned = thin(counts, keep, np.random.default_rng(1))
        model = annotator.fit(thinned, genes, without=["FOXP3"])
        given = annotator.tell(thinned, genes, model).populations
        called = given.columns.to_numpy(dtype=object)[given.to_numpy().argmax(axis=1)]

        def told(rows_of, counts_of=thinned, called_of=called):
            counted = ruler.count_ruler(
                counts_of[rows_of], genes, called_of[rows_of], rulers=[ruler.RULERS[1]]
            )
            one = counted.loc["Treg"]
            positive, hits = one["positive"], one["positive_called"]
            rest = (positive - hits + 0.5) / (one["whole"] - one["called"] + 1)
            return (hits + 0.5) / (one["called"] + 1) / rest, hits / max(positive, 1)

        everywhere, sensitivity[keep] = told(np.ones(len(truth), dtype=bool))
        others, _ = told(truth != "Treg")
        if keep == 1:
            rows += [
                Row(task.name, "FOXP3 enrichment, over all", everywhere, 3),
                # six FOXP3+ cells outside the sort are called: the 95 % interval (exact Poisson) is 2.2- to 11-fold
                Row(task.name, "FOXP3 enrichment, without the Treg sort", others, 8, least=2.2),
            ]
        rows.append(Row(task.name, f"FOXP3+ CD4 cells called at {keep:g}", sensitivity[keep], 0.60))
    return rows


def sketches(annotator: Annotator, task, *, n: int = 10) -> list[Row]:
    """The fit has no seed; its sketch has: labels of fits to ten random halves of the cells."""
    counts, genes, _ = one_sample(task)
    told = []
    for seed in range(n):
        rows = np.random.default_rng(seed).choice(counts.shape[0], counts.shape[0] // 2, replace=False)
        given = annotator.tell(counts, genes, annotator.fit(counts[rows], genes)).populations
        told.append(given.to_numpy().argmax(axis=1))
    agree = [np.mean(told[i] == told[j]) for i in range(n) for j in range(i)]
    return [Row(task.name, "agreement of fits to random halves", float(np.mean(agree)))]


def cost(annotator: Annotator, task, *, n: int = 50_000) -> list[Row]:
    """Seconds of CPU of the fit to 50,000 cells, and cells labelled in one, as the workflow labels them."""
    counts, genes, _ = one_sample(task)
    many = sp.vstack([counts] * (n // counts.shape[0] + 1)).tocsr()[:n]
    start = time.process_time()
    model = annotator.fit(many, genes)
    fitted = time.process_time()
    annotator.label(many, genes, model)
    done = time.process_time()
    return [
        Row(task.name, "CPU seconds of a fit to 50,000 cells", fitted - start, high=60),
        Row(task.name, "cells labelled in a CPU second", n / (done - fitted), 8000),
    ]
