"""Simulated cells: how often an unchanged programme is called, by donors and by cells."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from cd20scope.programs import compare, scores
from cd20scope.pseudobulk.cohort import LeafSums

GENES = tuple(f"G{i:03d}" for i in range(120))
PROGRAM = GENES[:10]
CONTRAST = ("month6", "baseline")
VISITS = ("baseline", "month6")
CATALOGUES: dict[str, Any] = {
    "populations": {
        "nodes": [{"name": "Treg", "level": "population", "parent": None, "lineage": "CD4 T", "markers": []}],
        "sets": [],
    },
    "programs": {
        "programs": [{"name": "P", "role": "endpoint", "genes": list(PROGRAM), "populations": ["Treg"]}]
    },
}


def draw_cells(rng: np.random.Generator, *, donors: int, cells: int, visit_sd: float) -> NDArray[np.float64]:
    """Log-normalised expression without any change, shape (donors, visits, cells, genes).

    The programme's genes share a deviation of the donor and one of the donor's visit, whose SDs are in units of the SD
    between cells.
    """
    mean = rng.gamma(2.0, 0.5, len(GENES))
    cell = rng.normal(size=(donors, 2, cells, len(GENES)))
    together = rng.normal(0, 0.3, (donors, 1, 1, 1)) + rng.normal(0, visit_sd, (donors, 2, 1, 1))
    member = np.isin(GENES, PROGRAM)
    return mean + cell + together * member


def through_the_project(expression: NDArray[np.float64]) -> float:
    """p-value of the project's own steps, from sums per donor-visit."""
    donors, _, cells, _ = expression.shape
    names = [(f"D{i:02d}", visit) for i in range(donors) for visit in VISITS]
    sheet = pd.DataFrame([(f"{d}_{v}", d, v) for d, v in names], columns=["sample", "donor", "visit"])
    leaf = {"population": "Treg", "subset": "unassigned"}
    sums = expression.sum(axis=2).reshape(-1, len(GENES))
    tables = [
        (name, pd.DataFrame({**leaf, "gene": list(GENES), "counts": 1, "lognorm": row}))
        for name, row in zip(sheet["sample"], sums, strict=True)
    ]
    counted = {**leaf, "n_cells": cells, "posterior": float(cells), "shallow": False}
    leaves = pd.DataFrame({**counted, "sample": sheet["sample"]})
    genes = pd.DataFrame({"gene": list(GENES), "n_samples": len(sheet)})
    collected = LeafSums.collect(tables, leaves=leaves, sheet=sheet, genes=genes)
    scored, parts = scores.score_programs(
        collected, **CATALOGUES, tests=[("Treg", "P")], seed=0, split=(), n_controls=len(GENES)
    )
    table = compare.compare(scored, parts, contrasts=[CONTRAST], baseline="baseline")
    return float(table["p_value"].iloc[0])


def score_cells(expression: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score per cell: the programme less its controls, which are all other genes; shape (donors, visits, cells)."""
    n = len(PROGRAM)
    return expression[..., :n].mean(axis=-1) - expression[..., n:].mean(axis=-1)


def draw_scores(
    rng: np.random.Generator, *, cohorts: int, donors: int, cells: int, visit_sd: float
) -> NDArray[np.float64]:
    """Scores of cells, distributed as :func:`score_cells` of :func:`draw_cells`: cohorts, donors, visits, cells."""
    n = len(PROGRAM)
    noise = np.sqrt(1 / n + 1 / (len(GENES) - n))
    together = rng.normal(0, 0.3, (cohorts, donors, 1, 1)) + rng.normal(0, visit_sd, (cohorts, donors, 2, 1))
    return together + rng.normal(0, noise, (cohorts, donors, 2, cells))


def by_donors(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """p-value of one mean per donor and visit."""
    mean = score.mean(axis=-1)
    return np.asarray(stats.ttest_rel(mean[..., 1], mean[..., 0], axis=-1).pvalue)


def by_cells(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """p-value of Welch's test that takes each cell for a replicate, as is often done."""
    flat = np.moveaxis(score, -2, 0).reshape(2, *score.shape[:-3], -1)
    return np.asarray(stats.ttest_ind(flat[1], flat[0], axis=-1, equal_var=False).pvalue)


def tabulate(*, cohorts: int, seed: int = 6) -> pd.DataFrame:
    """False positive rate at 0.05 by spread between visits (in SDs between cells) and number of donors."""
    rows = []
    for visit_sd in (0.05, 0.15, 0.25):
        for donors in (6, 10, 15):
            rng = np.random.default_rng([seed, donors, int(100 * visit_sd)])
            score = draw_scores(rng, cohorts=cohorts, donors=donors, cells=60, visit_sd=visit_sd)
            rates = {"donors": (by_donors(score) < 0.05).mean(), "cells": (by_cells(score) < 0.05).mean()}
            rows.append({"visit SD": visit_sd, "N": donors} | rates)
    return pd.DataFrame(rows)
