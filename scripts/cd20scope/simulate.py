"""The built-in cohort: donor-paired blood cells drawn from the population tree, with planted effects.

It exists to show the workflow and to test it from end to end. Cells are drawn gene by gene around the marker
lists, so that labels are easier than in real blood; what the labels and tests are worth is measured on real cells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope.gene_families import FAINT, FAMILIES

Array = npt.NDArray[Any]

# Share of PBMC and relative library size of each population. Shares follow healthy blood (Gong 2024,
# doi:10.1101/2024.09.10.612119); B cells and Tregs are somewhat more, so that a small cohort holds enough of them.
SHARES = {
    "B naive": (0.07, 1.0),
    "B memory": (0.05, 1.0),
    "Plasma": (0.006, 2.5),
    "CD4 naive": (0.19, 0.9),
    "CD4 memory": (0.18, 1.0),
    "Treg": (0.045, 1.0),
    "CD8 naive": (0.07, 0.9),
    "CD8 memory": (0.10, 1.0),
    "MAIT": (0.02, 1.0),
    "gdT": (0.025, 1.0),
    "NK": (0.09, 1.0),
    "Monocyte": (0.12, 1.4),
    "DC": (0.012, 1.6),
    "pDC": (0.006, 1.6),
    "HSPC": (0.003, 1.8),
    "Platelet": (0.006, 0.4),
    "Erythroid": (0.003, 0.6),
}

DEPLETION = {"B naive": (0.02, 0.04), "B memory": (0.02, 0.03)}
"""What is left of a population's cells at the visits after baseline: at the first, and at later ones."""
REPOPULATION = {"B naive": 0.5, "B memory": 0.1}
"""The same at the last visit of the one donor whose B cells come back early, naive cells first."""
EXPANSION = {"Treg": 1.5}
"""Factor on the number of cells at the last visit."""
REPROGRAMMING = {
    "CD4 memory": {"T activation": 0.5, "Th1": 0.5, "Th17": 0.5},
    "Treg": {"Treg suppressive": 1.8},
}
"""Factor on the programme genes' expression at the last visit, by population."""

SD_DONOR, SD_BATCH, SD_SAMPLE = 0.12, 0.08, 0.04
"""Log-scale deviations of a gene between donors, between runs, and between samples of one donor."""
SD_SHARE, SD_RESPONSE = 0.2, 0.12
"""Log-scale deviations of a share between donors, and between samples of one donor."""
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


def cohort_layout(donors: int, *, visits: Sequence[str], folder: str = "results/simulate") -> pd.DataFrame:
    """Lay out the samples: every donor at every visit, but the last donor's last visit when there are four or more.

    Files alternate between 10x HDF5 and 10x MTX, so that both readers are exercised.

    Parameters
    ----------
    donors
        Number of donors.
    visits
        Visits in order; the first is the baseline.
    folder
        Where the count files go.

    Returns
    -------
    pandas.DataFrame
        A sample sheet.
    """
    rows: list[dict[str, str]] = []
    for number in range(1, donors + 1):
        for visit in visits:
            if number == donors >= 4 and visit == visits[-1]:
                continue
            sample = f"D{number:02d}_{visit}"
            rows.append(
                {
                    "sample": sample,
                    "donor": f"D{number:02d}",
                    "visit": visit,
                    "path": f"{folder}/{sample}" + ("" if len(rows) % 2 else ".h5"),
                    "tissue": "PBMC",
                    "batch": f"run{1 + number % 2}",
                    "sex": "FM"[number % 2],
                    "age": str(24 + 3 * number),
                }
            )
    return pd.DataFrame(rows)


def simulate_cohort(
    sheet: pd.DataFrame,
    *,
    visits: Sequence[str],
    plan: str,
    cells: int,
    seed: int,
    populations: Mapping[str, Any],
    programs: Mapping[str, Any],
) -> tuple[list[str], dict[str, Sample]]:
    """Draw every sample of a cohort.

    Parameters
    ----------
    sheet
        ``sample``, ``donor``, ``visit``, ``batch``.
    visits
        Visits in order.
    plan
        ``treated`` plants :data:`DEPLETION`, :data:`EXPANSION` and :data:`REPROGRAMMING`; ``untreated`` plants
        nothing.
    cells
        Mean number of cells per sample.
    seed
        Seed of the whole cohort.
    populations, programs
        The catalogues whose markers and programme genes are drawn.

    Returns
    -------
    list of str, dict of Sample
        Gene symbols, and the samples by name.
    """
    rng = np.random.default_rng(seed)
    genes, names, log_mean = _profiles(populations, programs, rng)
    at = {gene: position for position, gene in enumerate(genes)}
    mitochondrial = np.flatnonzero([gene.startswith("MT-") for gene in genes])
    donors = list(dict.fromkeys(sheet["donor"]))
    of_donor = {donor: rng.normal(0, SD_DONOR, len(genes)) for donor in donors}
    of_batch = {batch: rng.normal(0, SD_BATCH, len(genes)) for batch in dict.fromkeys(sheet["batch"])}
    base = np.log([SHARES[population][0] for population, _ in names]) + _split(names)
    shares = {donor: base + rng.normal(0, SD_SHARE, len(base)) for donor in donors}
    samples: dict[str, Sample] = {}
    for row in sheet.itertuples():
        step = visits.index(row.visit)
        log_share = shares[row.donor] + rng.normal(0, SD_RESPONSE, len(base))
        log_gene = log_mean + of_donor[row.donor] + of_batch[row.batch] + rng.normal(0, SD_SAMPLE, len(genes))
        if plan == "treated":
            early = len(donors) > 2 and row.donor == donors[-2]
            log_share = log_share + _share_effect(names, step, last=step == len(visits) - 1, early=early)
            if step == len(visits) - 1:
                _reprogram(log_gene, names, at, programs)
        samples[str(row.sample)] = _draw(log_gene, log_share, names, mitochondrial, cells, rng)
    return genes, samples


def planted(plan: str, *, visits: Sequence[str]) -> list[dict[str, Any]]:
    """List what :func:`simulate_cohort` plants: population, programme or none, contrast, direction and factor."""
    if plan != "treated":
        return []
    first, later, last = visits[0], visits[1], visits[-1]
    found: list[dict[str, Any]] = []

    def add(population: str, program: str | None, visit: str, factor: float) -> None:
        direction = "up" if factor > 1 else "down"
        contrast = f"{visit}-{first}"
        found.append(
            {
                "population": population,
                "program": program,
                "contrast": contrast,
                "direction": direction,
                "factor": factor,
            }
        )

    for population, (early, late) in DEPLETION.items():
        add(population, None, later, early)
        if last != later:
            add(population, None, last, late)
    for population, factor in EXPANSION.items():
        add(population, None, last, factor)
    for population, factors in REPROGRAMMING.items():
        for program, factor in factors.items():
            add(population, program, last, factor)
    return found


def _share_effect(names: list[tuple[str, str]], step: int, *, last: bool, early: bool) -> Array:
    effect = np.zeros(len(names))
    if step == 0:
        return effect
    for position, (population, _) in enumerate(names):
        factor = DEPLETION[population][0 if step == 1 else 1] if population in DEPLETION else 1.0
        if last and early and population in REPOPULATION:
            factor = REPOPULATION[population]
        if last:
            factor *= EXPANSION.get(population, 1.0)
        effect[position] = np.log(factor)
    return effect


def _reprogram(
    log_gene: Array, names: list[tuple[str, str]], at: Mapping[str, int], programs: Mapping[str, Any]
) -> None:
    lists = {program["name"]: program["genes"] for program in programs["programs"]}
    for position, (population, _) in enumerate(names):
        for program, factor in REPROGRAMMING.get(population, {}).items():
            log_gene[position, [at[gene] for gene in lists[program]]] += np.log(factor)


def _split(names: list[tuple[str, str]]) -> Array:
    """Log share of each leaf within its population: the first subset holds most, as each next holds half as much."""
    log_part = np.zeros(len(names))
    for population in dict.fromkeys(population for population, _ in names):
        rows = [position for position, (name, _) in enumerate(names) if name == population]
        weights = 0.5 ** np.arange(len(rows))
        log_part[rows] = np.log(weights / weights.sum())
    return log_part


def _profiles(
    populations: Mapping[str, Any], programs: Mapping[str, Any], rng: np.random.Generator
) -> tuple[list[str], list[tuple[str, str]], Array]:
    """Genes, leaves, and log mean expression of each leaf (n_leaves x n_genes)."""
    nodes = populations["nodes"]
    keeping = [prefix + member for prefix, members in FAMILIES.items() for member in members.split()]
    told = [gene for node in nodes for gene in node["markers"]]
    scored = [gene for program in programs["programs"] for gene in program["genes"]]
    genes = list(dict.fromkeys([*keeping, *told, *scored]))
    at = {gene: position for position, gene in enumerate(genes)}
    plain = np.array([gene in set(keeping) for gene in genes])
    loud = np.array([gene.startswith(("RPL", "RPS", "MT-")) for gene in genes])
    ground = np.where(plain, rng.normal(0.2, 0.9, len(genes)), -3.5)
    ground[loud] = rng.normal(2.8, 0.5, int(loud.sum()))
    by_name = {node["name"]: node for node in nodes if node["level"] != "subset"}
    own = {
        id(node): np.where(plain & ~loud, rng.normal(0, sd, len(genes)), 0.0) for node, sd in _spread(nodes)
    }
    names: list[tuple[str, str]] = []
    rows = []
    for population in SHARES:
        subsets = [node for node in nodes if node["level"] == "subset" and node["parent"] == population]
        for subset in subsets or [None]:
            path = [node for node in (subset, *_lineage(population, by_name)) if node is not None]
            row = ground + sum(own[id(node)] for node in path)
            for program in programs["programs"]:
                if population in program["populations"] or "PBMC" in program["populations"]:
                    where = [at[gene] for gene in program["genes"]]
                    row[where] = np.maximum(row[where], -2.0 if "PBMC" in program["populations"] else -0.3)
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


def _draw(
    log_gene: Array,
    log_share: Array,
    names: list[tuple[str, str]],
    mitochondrial: Array,
    cells: int,
    rng: np.random.Generator,
) -> Sample:
    share = np.exp(log_share)
    n = int(cells * rng.uniform(0.85, 1.15))
    kind = rng.choice(len(names), size=n, p=share / share.sum())
    profile = np.exp(log_gene)
    profile /= profile.sum(axis=1, keepdims=True)
    size = np.array([SHARES[population][1] for population, _ in names])[kind]
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
