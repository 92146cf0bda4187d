"""Scores of gene programmes per donor, visit and population, computed from summed expression.

A score is a mean over cells of something linear in log-normalised expression, so sums over cells give exactly
what scoring cell by cell would give.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope.programs.controls import rank_controls, subtract_controls
from cd20scope.pseudobulk.cohort import LeafSums
from cd20scope.schema import CONTROL

SCORE_COLUMNS = (
    *("sample", "donor", "visit", "population", "program", "score", "n_cells", "unusable"),
    *("n_genes", "coverage", "role"),
)
"""Columns of the table of scores."""

PART_COLUMNS = ("donor", "visit", "population", "program", "member", "n_cells", "mean")
"""Columns of the table that the split into composition and within-cell change is computed from."""


def score_programs(
    sums: LeafSums,
    *,
    populations: Mapping[str, Any],
    programs: Mapping[str, Any],
    tests: Iterable[tuple[str, str]],
    seed: int,
    split: Collection[str] = (),
    not_controls: Collection[str] = (),
    min_cells: int = 10,
    n_controls: int = 50,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    r"""Score programmes per donor, visit and population.

    .. math:: s = \frac{1}{|G|} \sum_{g \in G} \Big( \bar y_g
        - \frac{1}{|C_g|} \sum_{c \in C_g} \bar y_c \Big)

    with :math:`\bar y_g` the mean over cells of the log-normalised expression of gene g and :math:`C_g`
    control genes of about the same mean in that population. They take out what moves all genes alike, such as
    depth.

    A population in ``split`` is scored without controls, as the plain mean over the programme's genes: only
    then is its change exactly a change of composition plus a change within cells
    (:func:`cd20scope.programs.compare.split_change`).

    Parameters
    ----------
    sums
        Summed expression per leaf, numbered by :meth:`cd20scope.pseudobulk.cohort.LeafSums.collect`.
    populations, programs
        The catalogues, parsed.
    tests
        Pairs (selector, programme name); repeated pairs are scored once.
    seed
        Of the control genes, which depend on it, on the names of programme and population and on the data,
        not on which other programmes are scored.
    split
        Populations whose change is split.
    not_controls
        Genes never drawn as controls besides those of all programmes: markers of populations, for example,
        whose free-floating transcripts change with treatment in every cell.
    min_cells
        Donor-visits with fewer cells get no score; 10 as for expression.
    n_controls
        Controls per gene. 100 are usual with whole transcriptomes; 50 are enough to average and leave a
        choice in small panels.

    Returns
    -------
    scores
        :data:`SCORE_COLUMNS`, one row per test, donor and visit. ``score`` is missing below ``min_cells`` or
        when no gene of the programme exists in every sample; ``coverage`` is the share of its genes that do.
    parts
        :data:`PART_COLUMNS` for the populations in ``split``: cells and mean programme expression per member.

    References
    ----------
    Tirosh et al. (2016). doi:10.1126/science.aad0501
    """
    score_weights = compute_weights(
        sums,
        populations=populations,
        programs=programs,
        tests=tests,
        seed=seed,
        split=split,
        not_controls=not_controls,
        n_controls=n_controls,
    )
    scores = apply_weights(sums, score_weights, populations=populations, min_cells=min_cells)
    return scores, measure_members(sums, score_weights, populations=populations, split=split)


@dataclass(frozen=True)
class Weights:
    """What a score in one population is a weighted sum of.

    Attributes
    ----------
    plain
        Shape (genes,), 1 / n for each of the n measured genes of the programme.
    total
        The same less the weights of control genes; equal to ``plain`` where the population's change is split.
    n_genes
        Genes of the programme that every sample has.
    coverage
        Their share of the programme.
    role
        Role of the programme in the catalogue.
    """

    plain: NDArray[np.float64]
    total: NDArray[np.float64]
    n_genes: int
    coverage: float
    role: str


def compute_weights(
    sums: LeafSums,
    *,
    populations: Mapping[str, Any],
    programs: Mapping[str, Any],
    tests: Iterable[tuple[str, str]],
    seed: int,
    split: Collection[str] = (),
    not_controls: Collection[str] = (),
    without: Collection[str] = (),
    n_controls: int = 50,
) -> dict[tuple[str, str], Weights]:
    """Find the weights of every (population, programme); parameters as for :func:`score_programs`.

    Genes of ``without`` are neither scored nor drawn as controls.
    """
    known = {program["name"]: program for program in programs["programs"]}
    reserved = set(not_controls).union(without, *(program["genes"] for program in known.values()))
    by_population: dict[str, list[str]] = {}
    for population, name in dict.fromkeys(tests):
        by_population.setdefault(population, []).append(name)
    eligible = np.asarray(~sums.genes.isin(reserved))
    score_weights = {}
    for population, names in by_population.items():
        selected = sums.select(populations, population)
        cohort = sums.add_up(selected, value="lognorm").sum(axis=0)
        cohort /= max(int(sums.n_cells(selected).sum()), 1)
        ranked = rank_controls(cohort, eligible=eligible) if population not in split else None
        for name in names:
            genes = [gene for gene in known[name]["genes"] if gene not in without]
            plain = total = _plain_weights(sums.genes, genes)
            if ranked is not None:
                draw = np.random.default_rng([seed, crc32(name.encode()), crc32(population.encode())])
                total = subtract_controls(plain, cohort, ranked=ranked, rng=draw, n_controls=n_controls)
            n_genes = int((plain > 0).sum())
            coverage = n_genes / max(len(set(genes)), 1)
            score_weights[population, name] = Weights(plain, total, n_genes, coverage, known[name]["role"])
    return score_weights


def apply_weights(
    sums: LeafSums,
    score_weights: Mapping[tuple[str, str], Weights],
    *,
    populations: Mapping[str, Any],
    min_cells: int,
) -> pd.DataFrame:
    """Score donor-visits with given weights; :data:`SCORE_COLUMNS` and ``control``."""
    scores: list[NDArray[np.float64]] = []
    told: list[tuple[object, ...]] = []
    cells: list[NDArray[np.int64]] = []
    reasons: list[NDArray[np.object_]] = []
    for population in dict.fromkeys(population for population, _ in score_weights):
        selected = sums.select(populations, population)
        n_cells, totals = sums.n_cells(selected), sums.add_up(selected, value="lognorm")
        unusable = sums.unusable(n_cells, min_cells=min_cells)
        for (where, name), w in score_weights.items():
            if where != population:
                continue
            enough = (unusable == "").to_numpy() & (w.n_genes > 0)
            scores.append(_per_cell(totals @ w.total, n_cells, enough=enough))
            told.append((population, name, w.n_genes, w.coverage, w.role))
            cells.append(n_cells)
            reasons.append(unusable.to_numpy(dtype=object))
    if not scores:
        return pd.DataFrame(columns=[*SCORE_COLUMNS, CONTROL])
    # one table of all rows, since a table per score costs more than the score
    table = pd.concat([sums.units] * len(scores), ignore_index=True)
    named = ("population", "program", "n_genes", "coverage", "role")
    for column, values in zip(named, zip(*told, strict=True), strict=True):
        table[column] = np.repeat(np.array(values), len(sums.units))
    table["score"], table["n_cells"] = np.concatenate(scores), np.concatenate(cells)
    table["unusable"] = np.concatenate(reasons)
    return table[[*SCORE_COLUMNS, CONTROL]]


def measure_members(
    sums: LeafSums,
    score_weights: Mapping[tuple[str, str], Weights],
    *,
    populations: Mapping[str, Any],
    split: Collection[str],
) -> pd.DataFrame:
    """Cells and mean programme expression of each member of the populations in ``split``; :data:`PART_COLUMNS`."""
    parts = []
    for population in split:
        plain = {program: w.plain for (where, program), w in score_weights.items() if where == population}
        parts += _member_means(sums, sums.select(populations, population), population, plain)
    return _table(parts, PART_COLUMNS)


def _plain_weights(genes: pd.Index, program: Sequence[str]) -> NDArray[np.float64]:
    at = genes.get_indexer(pd.Index(list(program)))
    present = np.zeros(len(genes))
    present[at[at >= 0]] = 1.0
    return present / max(float(present.sum()), 1.0)


def _per_cell(
    total: NDArray[np.float64], n_cells: NDArray[np.int64], *, enough: NDArray[np.bool_]
) -> NDArray[np.float64]:
    mean = np.full(len(total), np.nan)
    np.divide(total, n_cells, out=mean, where=enough)
    return mean


def _member_means(
    sums: LeafSums, selected: NDArray[np.bool_], population: str, weights: Mapping[str, NDArray[np.float64]]
) -> list[pd.DataFrame]:
    """Cells and mean programme expression of each population among the selected leaves."""
    tables = []
    names = sums.leaves["population"].to_numpy()
    for member in dict.fromkeys(names[selected]):
        inside = selected & (names == member)
        n_cells = sums.n_cells(inside)
        totals = sums.add_up(inside, value="lognorm")
        tables += [
            sums.units.assign(
                population=population,
                program=name,
                member=member,
                n_cells=n_cells,
                mean=_per_cell(totals @ weight, n_cells, enough=n_cells > 0),
            )
            for name, weight in weights.items()
        ]
    return tables


def _table(blocks: list[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    named = [*columns, CONTROL]
    return pd.concat(blocks, ignore_index=True)[named] if blocks else pd.DataFrame(columns=named)
