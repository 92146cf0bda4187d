"""Blood cells made up from the population tree: the expression of each leaf, and cells drawn from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cd20scope.simulate.gene_families import FAINT, FAMILIES

Array = npt.NDArray[Any]

DEFAULT_SHARE = 0.01
"""Share of the cells of a population for which the tree gives none."""

DISPERSION = 0.15
"""Extra-Poisson variance of a gene among cells of one kind, relative to the squared mean."""
MEDIAN_COUNTS, SD_COUNTS = 2300, 0.35
"""Molecules of a cell: median, and log-scale deviation."""
SOUP = (0.02, 0.06)
"""Range of the share of a cell's molecules that comes from the soup of its sample."""
DOUBLETS = 0.015
"""Share of droplets with two cells."""
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
    """Log share of each leaf within its population: the first subset holds most, as each next holds half as much."""
    log_part = np.zeros(len(names))
    for population in dict.fromkeys(population for population, _ in names):
        rows = [position for position, (name, _) in enumerate(names) if name == population]
        weights = 0.5 ** np.arange(len(rows))
        log_part[rows] = np.log(weights / weights.sum())
    return log_part


def profiles(
    populations: Mapping[str, Any], programs: Mapping[str, Any], rng: np.random.Generator
) -> tuple[list[str], list[tuple[str, str]], Array]:
    """Genes, leaves, and log mean expression of each leaf (n_leaves x n_genes)."""
    nodes = populations["nodes"]
    keeping = [prefix + member for prefix, members in FAMILIES.items() for member in members.split()]
    told = [gene for node in nodes for gene in node["markers"]]
    scored = [gene for program in programs["programs"] for gene in program["genes"]]
    genes = list(dict.fromkeys([*keeping, *told, *scored]))
    at = {gene: position for position, gene in enumerate(genes)}
    plain = np.isin(genes, keeping)
    loud = np.array([gene.startswith(("RPL", "RPS", "MT-")) for gene in genes])
    ground = np.where(plain, rng.normal(0.2, 0.9, len(genes)), -3.5)
    ground[loud] = rng.normal(2.8, 0.5, int(loud.sum()))
    by_name = {node["name"]: node for node in nodes if node["level"] != "subset"}
    own = {
        id(node): np.where(plain & ~loud, rng.normal(0, sd, len(genes)), 0.0) for node, sd in _spread(nodes)
    }
    whole = next(entry["name"] for entry in populations["sets"] if entry.get("role") == "mononuclear")
    sets = {entry["name"]: entry["members"] for entry in populations["sets"] if entry["name"] != whole}
    scored_in = {
        program["name"]: {name for where in program["populations"] for name in sets.get(where, [where])}
        for program in programs["programs"]
    }
    names: list[tuple[str, str]] = []
    rows = []
    for population in (node["name"] for node in nodes if node["level"] == "population"):
        subsets = [node for node in nodes if node["level"] == "subset" and node["parent"] == population]
        for subset in subsets or [None]:
            path = [node for node in (subset, *_lineage(population, by_name)) if node is not None]
            row = ground + sum(own[id(node)] for node in path)
            for program in programs["programs"]:
                if population in scored_in[program["name"]]:
                    where = [at[gene] for gene in program["genes"]]
                    row[where] = np.maximum(row[where], 0.5 if whole in program["populations"] else -0.3)
            for node in path:
                top = 1.2 if node["parent"] is None else 0.2
                for rank, gene in enumerate(node["markers"]):
                    level = top - 0.1 * rank - (1.2 if gene in FAINT else 0.0)
                    row[at[gene]] = max(row[at[gene]], level)
            names.append((population, subset["name"] if subset else ""))
            rows.append(row)
    return genes, names, np.vstack(rows)


def _spread(nodes: list[dict[str, Any]]) -> list[tuple[dict[str, Any], float]]:
    """How far the many genes beside the markers differ between the nodes of each level."""
    return [(node, {"branch": 0.4, "population": 0.2, "subset": 0.12}[node["level"]]) for node in nodes]


def _lineage(population: str, by_name: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    path, name = [], population
    while name is not None:
        path.append(by_name[name])
        name = by_name[name]["parent"]
    return path


def draw(
    log_gene: Array,
    log_share: Array,
    rna: Array,
    names: list[tuple[str, str]],
    mitochondrial: Array,
    cells: int,
    rng: np.random.Generator,
) -> Sample:
    """Draw one sample: kinds by their shares, library sizes, soup, damaged cells, counts and doublets.

    Parameters
    ----------
    log_gene
        Log mean expression, leaves x genes.
    log_share
        Log share of each leaf, up to a constant.
    rna
        RNA of a cell of each leaf relative to a lymphocyte.
    names
        Population and subset of each leaf.
    mitochondrial
        Positions of the mitochondrial genes.
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
    size = rna[kind]
    damaged = rng.random(n) < DAMAGED
    total = np.where(damaged, 0.3, 1.0) * size * MEDIAN_COUNTS * rng.lognormal(0, SD_COUNTS, n)
    soup = (total[:, None] * profile[kind]).sum(axis=0)
    soup /= soup.sum()
    ambient = rng.uniform(*SOUP)
    own = profile[kind]
    own[np.ix_(damaged, mitochondrial)] *= 10
    own /= own.sum(axis=1, keepdims=True)
    mean = total[:, None] * ((1 - ambient) * own + ambient * soup)
    counts = rng.poisson(mean * rng.gamma(1 / DISPERSION, DISPERSION, mean.shape)).astype(np.int32)
    truth = [names[position][0] for position in kind]
    for cell in rng.choice(n, size=int(DOUBLETS * n), replace=False):
        counts[cell] += counts[rng.integers(n)]
        truth[cell] = "doublet"
    barcodes = [f"{''.join(rng.choice(list('ACGT'), 16))}-1" for _ in range(n)]
    return Sample(counts, barcodes, truth)
