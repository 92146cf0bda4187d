"""Simulated cohorts of cell counts, and how often tests of shares err on them.

Donor-paired counts of twelve populations: log-normal donors, Dirichlet-multinomial samples, and B cells of which
5 % are left after treatment; nothing else changes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

SHARES = {
    "B": 0.10,
    "CD4 naive": 0.17,
    "CD4 memory": 0.14,
    "Th17": 0.02,
    "Treg": 0.02,
    "CD8 naive": 0.07,
    "CD8 memory": 0.12,
    "NK": 0.12,
    "Monocyte CD14": 0.17,
    "Monocyte CD16": 0.03,
    "DC": 0.012,
    "gdT/MAIT": 0.028,
}
"""Mean share of the mononuclear cells of each population."""

CD4 = ("CD4 naive", "CD4 memory", "Th17", "Treg")
MEMORY = ("CD4 memory", "Th17")
CD8 = ("CD8 naive", "CD8 memory")
MYELOID = ("Monocyte CD14", "Monocyte CD16", "DC")
NON_B = tuple(name for name in SHARES if name != "B")
PARENTS = {
    **dict.fromkeys(("CD4 naive", "CD4 memory", "Treg"), CD4),
    "Th17": MEMORY,
    **dict.fromkeys(CD8, CD8),
    **dict.fromkeys(MYELOID, MYELOID),
    **dict.fromkeys(("NK", "gdT/MAIT"), NON_B),
}
"""Denominator of each unchanged population, as in the population tree."""


@dataclass(frozen=True)
class Noise:
    """How samples scatter: precision of the Dirichlet, and SD of each population's log share between visits."""

    precision: float
    visit_sd: float
    heavy: bool = False


NOISE = {"low": Noise(1500, 0.08), "high": Noise(400, 0.15), "heavy": Noise(1500, 0.12, heavy=True)}
DONOR_SD, RESPONSE_SD, KEPT = 0.4, 0.5, 0.05


def draw_counts(
    rng: np.random.Generator,
    *,
    cohorts: int,
    donors: int,
    noise: Noise,
    kept: float = KEPT,
    cells: int = 5000,
) -> NDArray[np.int64]:
    """Draw counts at baseline and after treatment, shape (cohorts, donors, 2, populations)."""
    shape = (cohorts, donors)
    log_share = np.log(list(SHARES.values())) + rng.normal(0, DONOR_SD, (*shape, len(SHARES)))
    visits = np.repeat(log_share[:, :, None], 2, axis=2)
    scatter = rng.standard_t(3, visits.shape) if noise.heavy else rng.normal(size=visits.shape)
    visits = visits + noise.visit_sd * scatter
    visits[:, :, 1, 0] += np.log(kept) + rng.normal(0, RESPONSE_SD, shape)
    mean = special.softmax(visits, axis=-1)
    gamma = rng.standard_gamma(np.maximum(mean * noise.precision, 1e-6))
    depth = np.maximum(500, cells * np.exp(rng.normal(0, 0.4, visits.shape[:3]))).astype(int)
    return rng.multinomial(depth, gamma / gamma.sum(axis=-1, keepdims=True))


def place(names: tuple[str, ...]) -> list[int]:
    """Columns of populations."""
    return [list(SHARES).index(name) for name in names]


def log_odds(counts: NDArray[np.int64], inside: list[int], whole: list[int]) -> NDArray[np.float64]:
    """Empirical log odds, shape (cohorts, donors, 2)."""
    x, n = counts[..., inside].sum(axis=-1), counts[..., whole].sum(axis=-1)
    return np.log((x + 0.5) / (n - x + 0.5))


def moderate(se: NDArray[np.float64], df: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shrink standard errors over populations, shape (cohorts, populations), as limma's eBayes without a trend."""
    log_s2 = np.log(se**2)
    e = log_s2 - special.digamma(df / 2) + np.log(df / 2)
    scatter = e.var(axis=1, ddof=1) - special.polygamma(1, df / 2)
    # where populations scatter no more than chance, all have one variance
    half = np.full(len(se), 1e8)
    for row in np.flatnonzero(scatter > 0):
        half[row] = _inverse_trigamma(float(scatter[row]))
    prior = e.mean(axis=1) + special.digamma(half) - np.log(half)
    weight = (2 * half / (2 * half + df))[:, None]
    squeezed = weight * np.exp(prior)[:, None] + (1 - weight) * se**2
    total = np.minimum(df + 2 * half, df * se.shape[1])
    return np.sqrt(squeezed), np.repeat(total[:, None], se.shape[1], axis=1)


def _inverse_trigamma(value: float) -> float:
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x


def methods(counts: NDArray[np.int64]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Estimate, standard error and degrees of freedom of every unchanged population by each method."""
    donors, df = counts.shape[1], counts.shape[1] - 1
    everything = place(tuple(SHARES))
    ours = [
        np.diff(log_odds(counts, place((name,)), place(PARENTS[name])), axis=2)[..., 0] for name in PARENTS
    ]
    over_all = [np.diff(log_odds(counts, place((name,)), everything), axis=2)[..., 0] for name in SHARES]
    logs = np.log(counts + 0.5)
    clr = np.diff(logs - logs.mean(axis=-1, keepdims=True), axis=2)[:, :, 0]
    unchanged = place(tuple(PARENTS))
    found = {}
    for name, d in (
        ("this: logit in the parent, paired t", np.stack(ours, axis=-1)),
        ("propeller-like: logit of PBMC, moderated t", np.stack(over_all, axis=-1)),
        ("CLR over all populations, paired t", clr),
    ):
        estimate, se = d.mean(axis=1), d.std(axis=1, ddof=1) / np.sqrt(donors)
        freedom = np.full(se.shape, float(df))
        if "moderated" in name:
            se, freedom = moderate(se, df)
        if d.shape[-1] == len(SHARES):
            estimate, se, freedom = (values[:, unchanged] for values in (estimate, se, freedom))
        found[name] = {"estimate": estimate, "se": se, "df": freedom}
    return found


def error_rates(result: dict[str, NDArray[np.float64]], alpha: float = 0.05) -> dict[str, float]:
    """False positive rate, on average and of the worst population, and coverage of 0 by the intervals."""
    t = np.abs(result["estimate"]) / result["se"]
    called = 2 * stats.t.sf(t, result["df"]) < alpha
    rates = called.mean(axis=0)
    return {"mean": float(rates.mean()), "worst": float(rates.max()), "coverage": float(1 - rates.mean())}


def bound_errors(counts: NDArray[np.int64], *, kept: float, alpha: float = 0.05) -> dict[str, float]:
    """How often "fell by at least" goes beyond the truth, and how often a fall by 80 % is claimed."""
    x, n = counts[..., 0].astype(float), counts.sum(axis=-1).astype(float)
    d = np.diff(np.log((x + 0.5) / (n - x + 0.5)), axis=2)[..., 0]
    mean, se = d.mean(axis=1), d.std(axis=1, ddof=1) / np.sqrt(d.shape[1])
    upper = mean + stats.t.ppf(1 - alpha, d.shape[1] - 1) * se
    floor = np.log((3 / n[..., 1]) / ((x[..., 0] + 0.5) / n[..., 0])).mean(axis=1)
    shown = np.maximum(upper, floor)
    return {
        "beyond nominal": float((shown < np.log(kept)).mean()),
        "claims 80 %": float((shown < np.log(0.2)).mean()),
    }
