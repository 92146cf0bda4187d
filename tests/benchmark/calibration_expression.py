"""Simulated pseudobulk: how often unchanged genes are called, by the model of the project and by its cross-check."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from cd20scope.expression import control_arms, deseq, moderated_t
from cd20scope.expression.fit import Pseudobulk, fit_population
from cd20scope.stats import multiplicity

CONTRAST = ("month6", "baseline")


def draw_pseudobulk(
    rng: np.random.Generator, *, donors: int, genes: int, changed: float
) -> tuple[Pseudobulk, pd.Series]:
    """Draw negative binomial sums of donors at two visits; a share ``changed`` of the genes moves twofold.

    Returns
    -------
    The sums, and whether each gene changes.
    """
    mean = np.exp(rng.normal(4.0, 1.5, genes))
    dispersion = 0.05 + 0.5 / mean
    truth = np.zeros(genes)
    truth[: int(changed * genes)] = rng.choice([-1, 1], int(changed * genes)) * np.log(2)
    donor = rng.normal(0, 0.4, (donors, 1, genes))
    depth = np.exp(rng.normal(0, 0.3, (donors, 2, 1)))
    mu = mean * depth * np.exp(donor + np.array([0.0, 1.0])[None, :, None] * truth)
    counts = rng.poisson(rng.gamma(1 / dispersion, mu * dispersion)).reshape(-1, genes)
    design = pd.DataFrame(
        {
            "sample": [f"s{i}" for i in range(2 * donors)],
            "donor": np.repeat([f"D{i:02d}" for i in range(donors)], 2),
            "visit": ["baseline", "month6"] * donors,
            "n_cells": 100,
            "unusable": "",
        }
    )
    names = [f"G{i}" for i in range(genes)]
    return Pseudobulk(pd.DataFrame(counts, columns=names), design), pd.Series(truth != 0, index=names)


def cross_check(data: Pseudobulk) -> pd.DataFrame:
    """p-values of the linear model, on genes with 10 counts in half of the samples."""
    kept = data.counts.loc[:, ((data.counts >= 10).mean() >= 0.5).to_numpy()]
    matrix = deseq.design_matrix(data.design)
    log_cpm = moderated_t.log2_cpm(kept, library_size=data.counts.sum(axis=1))
    vector = deseq.contrast_vector(matrix, CONTRAST)
    return moderated_t.moderated_t(log_cpm, design=matrix, contrast=vector)


def tabulate(*, cohorts: int, genes: int = 2000, seed: int = 5) -> pd.DataFrame:
    """Error rates by number of donors: null genes below 0.05, and false discoveries among 5 % true ones.

    Each with its standard error over cohorts, in a column ``se of ...``.
    """
    rows = []
    for donors in (6, 10, 15):
        rng = np.random.default_rng([seed, donors])
        found: dict[str, list[float]] = {}
        for _ in range(cohorts):
            null, _ = draw_pseudobulk(rng, donors=donors, genes=genes, changed=0.0)
            some, truth = draw_pseudobulk(rng, donors=donors, genes=genes, changed=0.05)
            for data, kind in ((null, "null"), (some, "some")):
                table, _ = fit_population(data, population="x", contrasts=[CONTRAST])
                ours = table.set_index("gene")["p_value"]
                for name, p in (("PyDESeq2", ours), ("linear model", cross_check(data)["p_value"])):
                    if kind == "null":
                        found.setdefault(f"{name}: null p < 0.05", []).append(float((p < 0.05).mean()))
                        continue
                    adjusted = multiplicity.benjamini_hochberg(p, by=pd.Series("all", index=p.index))
                    called = adjusted < 0.05
                    real = truth[p.index]
                    share = float((called & ~real).sum() / max(int(called.sum()), 1))
                    found.setdefault(f"{name}: false share at BH 0.05", []).append(share)
                    power = float((called & real).sum() / int(real.sum()))
                    found.setdefault(f"{name}: power", []).append(power)
        row = {"donors": donors} | {name: float(np.mean(values)) for name, values in found.items()}
        errors = {f"se of {name}": float(stats.sem(values)) for name, values in found.items()}
        rows.append(row | errors)
    return pd.DataFrame(rows)


def draw_arms(
    rng: np.random.Generator, *, donors: int, genes: int, changed: float, time: float = 0.1
) -> tuple[Pseudobulk, pd.Series]:
    """Draw two arms of ``donors`` each; genes that change with ``time`` do in both, a share ``changed`` in the treated.

    Returns
    -------
    The sums, and whether each gene changes in the treated alone.
    """
    both, truth = draw_pseudobulk(rng, donors=2 * donors, genes=genes, changed=time)
    design = both.design.assign(control=np.repeat(["", "placebo"], 2 * donors))
    alone = pd.Series(np.arange(genes) >= genes - int(changed * genes), index=truth.index)
    # a change by half in the treated at the later visit
    halved = ((design["control"] == "") & (design["visit"] == CONTRAST[0])).to_numpy()
    counts = both.counts.to_numpy(copy=True)
    where = np.ix_(halved, alone.to_numpy())
    counts[where] = rng.binomial(counts[where], 0.5)
    return Pseudobulk(pd.DataFrame(counts, columns=both.counts.columns), design), alone


def tabulate_arms(
    *, cohorts: int, genes: int = 1500, donors: Sequence[int] = (4, 6, 10), seed: int = 6
) -> pd.DataFrame:
    """Genes called by the interaction of arm and visit: unchanged ones below 0.05, false ones among called, power."""
    rows = []
    for n in donors:
        rng = np.random.default_rng([seed, n])
        found: dict[str, list[float]] = {"null p < 0.05": [], "false share at BH 0.05": [], "power": []}
        for _ in range(cohorts):
            data, truth = draw_arms(rng, donors=n, genes=genes, changed=0.05)
            table, _ = control_arms.fit_difference(data, population="x", contrasts=[CONTRAST])
            real, called = truth[table["gene"]].to_numpy(), (table["p_adjusted"] < 0.05).to_numpy()
            found["null p < 0.05"].append(float((table["p_value"][~real] < 0.05).mean()))
            found["false share at BH 0.05"].append(float((called & ~real).sum() / max(called.sum(), 1)))
            found["power"].append(float((called & real).sum() / real.sum()))
        errors = {f"se of {name}": float(stats.sem(values)) for name, values in found.items()}
        rows.append({"donors": n} | {name: float(np.mean(v)) for name, v in found.items()} | errors)
    return pd.DataFrame(rows)
