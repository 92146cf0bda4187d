"""Cells of the built-in cohort, drawn sample by sample from the expression of the kinds of blood cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

DEFAULT_SHARE = 0.01
"""Share of the cells of a population for which the tree gives none."""

DISPERSION = 0.15
"""Extra-Poisson variance of a gene among cells of one kind, relative to the squared mean."""
LOUD = 0.05
"""Mean molecules a cell from which a gene is drawn with it; below, it would add a hundredth of the variance."""
MEDIAN_COUNTS, SD_COUNTS = 2300, 0.35
"""Molecules of a cell: median, and log-scale deviation."""
SD_DEPTH = 0.2
"""Log-scale deviation of the median between samples, which are never sequenced equally deep."""
SOUP = (0.02, 0.06)
"""Range of the share of a cell's molecules that comes from the soup of its sample."""
SPILL = 3.0
"""How much more of its RNA a B cell leaves in the soup than another cell: B cells burst first."""
DOUBLETS = 0.02
"""Share of droplets with two cells, the second drawn at random: two in five join lineages."""
DAMAGED = 0.02
"""Share of cells that leaked: a third of their molecules left, mitochondrial ones ten times as many."""


@dataclass(frozen=True)
class Sample:
    """Counts of one simulated sample.

    Attributes
    ----------
    counts
        Molecules, cells x genes, int32.
    barcodes
        Shape (n_cells,).
    truth
        Population of each cell, or ``doublet``.
    """

    counts: Array
    barcodes: list[str]
    truth: list[str]


def typical(populations: Mapping[str, Any], names: list[tuple[str, str]]) -> tuple[Array, Array]:
    """Share of the population of each leaf among all cells, and RNA of its cells relative to a lymphocyte."""
    nodes = {node["name"]: node for node in populations["nodes"] if node["level"] == "population"}
    own = [nodes[population] for population, _ in names]
    share = np.array([node.get("typical_share", DEFAULT_SHARE) for node in own])
    return share, np.array([node.get("relative_rna", 1.0) for node in own])


def log_split(names: list[tuple[str, str]]) -> Array:
    """Log share of each leaf within its population: the first profile holds most, each next half as much."""
    log_part = np.zeros(len(names))
    for population in dict.fromkeys(population for population, _ in names):
        rows = [position for position, (name, _) in enumerate(names) if name == population]
        weights = 0.5 ** np.arange(len(rows))
        log_part[rows] = np.log(weights / weights.sum())
    return log_part


def draw(
    log_gene: Array,
    log_share: Array,
    rna: Array,
    names: list[tuple[str, str]],
    *,
    mitochondrial: Array,
    spilling: Array,
    cells: int,
    rng: np.random.Generator,
) -> Sample:
    """Draw one sample: kinds by their shares, depth, soup, damaged cells, counts and doublets.

    Parameters
    ----------
    log_gene
        Log mean expression, leaves x genes.
    log_share
        Log share of each leaf, up to a constant.
    rna
        RNA of a cell of each leaf relative to a lymphocyte.
    names
        Population and profile of each leaf.
    mitochondrial
        Positions of the mitochondrial genes.
    spilling
        Which leaves are B cells, boolean: the soup of the sample holds :data:`SPILL` times as much of them.
    cells
        Mean number of cells; the sample has up to 15 % more or fewer.
    rng
        Source of chance.
    """
    share = np.exp(log_share)
    n = int(cells * rng.uniform(0.85, 1.15))
    kind = rng.choice(len(names), size=n, p=share / share.sum())
    profile = np.exp(log_gene)
    profile /= profile.sum(axis=1, keepdims=True)
    damaged = rng.random(n) < DAMAGED
    depth = MEDIAN_COUNTS * rng.lognormal(0, SD_DEPTH)
    total = np.where(damaged, 0.3, 1.0) * rna[kind] * depth * rng.lognormal(0, SD_COUNTS, n)
    spilt = np.bincount(kind, weights=total * np.where(spilling[kind], SPILL, 1.0), minlength=len(names))
    soup = spilt @ profile / spilt.sum()
    ambient = rng.uniform(*SOUP)
    own = profile[kind]
    own[np.ix_(damaged, mitochondrial)] *= 10
    own[damaged] /= own[damaged].sum(axis=1, keepdims=True)
    counts = _counts(total[:, None] * ((1 - ambient) * own + ambient * soup), rng)
    truth = [names[position][0] for position in kind]
    for cell in rng.choice(n, size=int(DOUBLETS * n), replace=False):
        counts[cell] += counts[rng.integers(n)]
        truth[cell] = "doublet"
    letters = rng.choice(list("ACGT"), (n, 16))
    return Sample(counts, [f"{''.join(row)}-1" for row in letters], truth)


def _counts(mean: Array, rng: np.random.Generator) -> Array:
    """Overdispersed counts about these means, cells x genes."""
    loud = np.flatnonzero(mean.mean(axis=0) > LOUD)
    mean[:, loud] *= rng.gamma(1 / DISPERSION, DISPERSION, (len(mean), len(loud)))
    return rng.poisson(mean).astype(np.int32)
