"""How right the labels are, beside what a user would pick instead: the table of accuracy, F1 and calibration.

    .venv/bin/python tests/benchmark/annotation.py [--only zheng pbmc3k cohort citeseq] [--no-fail]

Reads labelled cells from the folder that ``CD20SCOPE_DATA`` names; exits with 2 where they are not there, with 1 when
a figure misses its bound, or one that is known to miss it has become worse. All data sets together take about six
minutes on two cores. What the labels follow, and what they cost, is measured by ``labels.py``.
"""

import argparse
import os
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

# as in the workflow: two BLAS threads a job slow each other down; set before NumPy is loaded
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

TESTS = Path(__file__).resolve().parents[1]
sys.path.extend([str(TESTS), str(TESTS / "fixtures"), str(TESTS.parent / "scripts")])

from reference_data import missing  # noqa: E402

from benchmark import annotation_data as cells  # noqa: E402
from benchmark import annotation_labels, annotation_peers  # noqa: E402
from benchmark import annotation_metrics as metrics  # noqa: E402

LOADERS = {
    "zheng": cells.load_zheng,
    "pbmc3k": cells.load_pbmc3k,
    "cohort": cells.load_cohort,
    "citeseq": cells.load_citeseq,
}
FIXED = {("zheng", "macro-F1"): 0.78, ("zheng", "F1 of Treg"): 0.55}
"""Least value of a figure, where the issue that asked for the annotator gives one."""
KNOWN = {("cohort", "Treg change found, summed"): 0.2}
"""Figures that miss what was asked for, and the value that they must not get worse than: docs/methods.md says why."""
AHEAD = {"cohort": 0.05}
"""How far macro-F1 must be above the best peer's."""
B = ("B naive", "B memory")
"""What the depletion is measured by. A plasma cell, though not among them, is a false B call where there is none."""
CD4 = ["CD4 naive", "CD4 memory", "Treg"]
SUPERVISED_CELLS = 6000
"""Most cells that the supervised ceiling is measured on."""


@dataclass(frozen=True)
class Figure:
    """A measured figure and the bounds, if any, that it must keep to."""

    data: str
    name: str
    value: float
    low: float = -np.inf
    high: float = np.inf

    @property
    def verdict(self) -> str:
        """``ok``, ``MISSED``, ``missed, as known``, or nothing for a figure without a bound."""
        if np.isinf(self.low) and np.isinf(self.high):
            return ""
        if self.low <= self.value <= self.high:
            return "ok"
        known = KNOWN.get((self.data, self.name))
        if known is None:
            return "MISSED"
        worse = self.value < known if self.value < self.low else self.value > known
        return "MISSED" if worse else "missed, as known"


def evaluate(task: cells.Task) -> tuple[pd.DataFrame, list[Figure]]:
    """Measure the annotator, its peers and the supervised ceiling on one set of cells.

    Returns
    -------
    pandas.DataFrame, list of Figure
        One row per method: how it was done, accuracy, macro-F1 and F1 of every class; and the figures.
    """
    populations = annotation_labels.read_populations()
    lognorm, genes = cells.stack(task)
    labelled = annotation_labels.annotate_task(task, populations=populations)
    rows = {"cd20scope": ("", score(task, task.as_class(labelled.labels[task.level])))}
    rows |= best_peers(task, lognorm, genes, populations)
    ceiling = supervised(task, lognorm, genes, populations)
    table = pd.DataFrame({name: {"how": how} | scores for name, (how, scores) in (rows | ceiling).items()}).T
    figures = accuracy_figures(task, rows)
    if task.level == "population":
        figures += calibration_figures(task, labelled)
    if len(task.sheet):
        figures += size_figures(task, labelled)
    return table, figures


def score(task: cells.Task, called: np.ndarray, truth: np.ndarray | None = None) -> dict[str, float]:
    """Accuracy, macro-F1 and F1 by class; a cell that is unassigned, or of no class of the truth, is wrong."""
    from sklearn.metrics import accuracy_score, f1_score

    truth = task.all_truth if truth is None else truth
    names = list(task.classes)
    f1 = f1_score(truth, called, labels=names, average=None, zero_division=0)
    return {"accuracy": accuracy_score(truth, called), "macro-F1": f1.mean()} | dict(
        zip(names, f1, strict=True)
    )


def best_peers(task: cells.Task, lognorm, genes, populations) -> dict[str, tuple[str, dict[str, float]]]:
    """Best attempt of every peer by macro-F1."""
    from anndata import AnnData

    data = AnnData(lognorm, var=pd.DataFrame(index=genes.astype(str)))
    best: dict[str, tuple[str, dict[str, float]]] = {}
    for peer, how, called in annotation_peers.attempts(data, populations, task.classes):
        scores = score(task, called)
        if peer not in best or scores["macro-F1"] > best[peer][1]["macro-F1"]:
            best[peer] = (how, scores)
    return best


def supervised(task: cells.Task, lognorm, genes, populations) -> dict[str, tuple[str, dict[str, float]]]:
    """Ceiling: what logistic regression on the truth reaches in cells that it was not trained on."""
    from cd20scope.annotate.features import choose_features

    rows = np.sort(np.random.default_rng(0).permutation(lognorm.shape[0])[:SUPERVISED_CELLS])
    # cells of a cohort are drawn with replacement: copies of one cell must not tell each other's class
    groups = cells.source_cells(lognorm[rows], genes) if len(task.sheet) else rows
    markers = {gene for node in populations["nodes"] for gene in node["markers"]}
    features = choose_features(lognorm, genes, markers=markers)
    values = np.asarray(lognorm[rows][:, features].todense(), dtype=np.float32)
    truth = task.all_truth[rows]
    scored = [
        score(task, called, truth) for called in annotation_peers.supervised(values, truth, groups=groups)
    ]
    return {"(supervised)": ("5 folds", max(scored, key=lambda scores: scores["macro-F1"]))}


def accuracy_figures(task: cells.Task, rows) -> list[Figure]:
    """Macro-F1 and single classes against their bounds; ``rows`` holds this annotator first, then the peers."""
    (_, own), *peers = rows.values()
    best = max(scores["macro-F1"] for _, scores in peers)
    low = FIXED.get((task.name, "macro-F1"), -np.inf)
    if task.name in AHEAD:
        low = best + AHEAD[task.name]
    figures = [Figure(task.name, "macro-F1", own["macro-F1"], low=low)]
    for name in task.classes:
        bound = FIXED.get((task.name, f"F1 of {name}"))
        if bound is not None:
            figures.append(Figure(task.name, f"F1 of {name}", own[name], low=bound))
    figures.append(Figure(task.name, "macro-F1 above the best peer", own["macro-F1"] - best))
    return figures


def calibration_figures(task: cells.Task, labelled: annotation_labels.Labelled) -> list[Figure]:
    """Calibration of `probability`, over the most probable label, be it called or not; and what is not called.

    Where the truth knows B cells only, a naive one called at 0.6 is right; such classes look timid by that.
    """
    correct = task.as_class(labelled.labels["likeliest"]) == task.all_truth
    error = metrics.calibration_error(labelled.labels["probability"], correct)
    unassigned = float((labelled.labels["population"] == "unassigned").mean())
    return [
        # bounded by labels.py, on cells that are not drawn repeatedly
        Figure(task.name, "calibration error", error),
        Figure(task.name, "share unassigned", unassigned),
    ]


def size_figures(task: cells.Task, labelled: annotation_labels.Labelled) -> list[Figure]:
    """False B calls, the size of what is left of B, and the planted change of Treg."""
    sample = np.repeat(list(task.samples), [len(truth) for truth in task.truth.values()])
    visit = task.sheet.loc[sample, "visit"].to_numpy()
    called_b = labelled.labels["population"].isin(B).to_numpy()
    plasma = (labelled.labels["population"] == "Plasma").to_numpy()
    true_b = task.all_truth == "B"
    treated = np.isin(visit, ["week2", "month6"])
    week2 = task.sheet.index[task.sheet["visit"] == "week2"]
    ratios = [metrics.log2_share_ratio(called_b[sample == name], true_b[sample == name]) for name in week2]
    figures = [
        Figure(
            task.name,
            "false B calls per 1,000, treated",
            metrics.false_calls(called_b[treated], true_b[treated]),
            high=1,
        ),
        # no bound: the naive CD4 and the CD14 sort hold plasma cells, by TNFRSF17, IGLL5 and JCHAIN
        Figure(
            task.name,
            "Plasma calls per 1,000, treated",
            metrics.false_calls(plasma[treated], true_b[treated]),
        ),
        Figure(task.name, "|log2 called/true B share|, week 2", float(np.median(np.abs(ratios))), high=0.5),
    ]
    planted = pd.crosstab(sample, task.all_truth)
    estimates = {"called": pd.crosstab(sample, labelled.labels["population"].to_numpy())}
    estimates["summed"] = labelled.summed
    return figures + treg_figures(task, planted, estimates)


def treg_figures(task: cells.Task, planted: pd.DataFrame, estimates: dict[str, pd.DataFrame]) -> list[Figure]:
    """Part of the planted change of Treg among CD4 T cells that each way to count finds; the last is judged.

    Parameters
    ----------
    task
        The cohort.
    planted
        Cells of every class that the samples do hold, samples x classes.
    estimates
        Cells that they are estimated to hold, by way to count.
    """

    def change(counts: pd.DataFrame) -> pd.Series:
        counts = counts.reindex(columns=CD4, fill_value=0)
        return metrics.log_share_change(counts, task.sheet, part="Treg", contrast=("month6", "baseline"))

    truth, figures = change(planted), []
    nominal = change(task.absolute * 1e6)  # so large that the half cells do not count
    for way, counts in estimates.items():
        low, high = (0.75, 1.25) if way == list(estimates)[-1] else (-np.inf, np.inf)
        found = change(counts)
        name = f"Treg change found, {way}"
        figures.append(Figure(task.name, name, metrics.recovered(found, truth), low=low, high=high))
        figures.append(Figure(task.name, f"{name}, of nominal", metrics.recovered(found, nominal)))
    return figures


def show(table: pd.DataFrame, figures: list[Figure], *, seconds: float) -> None:
    """Print what was measured on one set of cells."""
    numbers = table.columns.drop("how")
    shown = table.assign(**{name: table[name].map("{:.3f}".format) for name in numbers})
    print(f"\n== {figures[0].data} ({seconds:.0f} s)\n{shown[[*numbers, 'how']].to_string()}", flush=True)


def conclude(figures: list[Figure]) -> bool:
    """Print every figure with its bounds; whether all bounds are kept but the known ones."""
    width = max(len(figure.name) for figure in figures)
    print("\n== figures and bounds")
    for figure in figures:
        bounds = " and ".join(
            f"{sign} {bound:.3f}"
            for sign, bound in ((">=", figure.low), ("<=", figure.high))
            if np.isfinite(bound)
        )
        print(f"{figure.data:8} {figure.name:{width}} {figure.value:10.3f}  {bounds:24} {figure.verdict}")
    return all(figure.verdict != "MISSED" for figure in figures)


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=LOADERS, default=list(LOADERS), help="data sets; all")
    parser.add_argument("--no-fail", action="store_true", help="exit with 0 whatever is missed")
    options = parser.parse_args(arguments)
    if absent := missing("zheng_sorted.h5ad", "pbmc3k_raw.h5ad", "pbmc1k_citeseq.h5", "real_cohort.py"):
        print(absent, file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore")  # of the peers' libraries; they would break the table
    figures: list[Figure] = []
    for name in options.only:
        started = time.perf_counter()
        table, found = evaluate(LOADERS[name]())
        show(table, found, seconds=time.perf_counter() - started)
        figures += found
    kept = conclude(figures)
    return 0 if kept or options.no_fail else 1


if __name__ == "__main__":
    sys.exit(main())
