"""Random gene sets of like expression as the null of a programme: it should change more than any genes would."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.programs.scores import Weights
from cd20scope.pseudobulk.cohort import LeafSums
from cd20scope.stats import pairs

COLUMNS = (
    *("population", "program", "contrast", "n_sets", "n_pairs"),
    *("t", "t_random_low", "t_random_high", "p_random", "status", "reason"),
)
"""Columns of the table; the limits hold the middle 95 % of the random sets."""


def compare_random(
    sums: LeafSums,
    score_weights: Mapping[tuple[str, str], Weights],
    *,
    populations: Mapping[str, Any],
    contrasts: Sequence[pairs.Contrast],
    excluded: Collection[str],
    seed: int,
    n_sets: int = 500,
    width: int = 100,
    min_cells: int = 10,
    min_pairs: int = 6,
) -> pd.DataFrame:
    r"""Hold the change of every programme against that of random gene sets.

    Each gene of the programme is replaced by one drawn from the ``width`` eligible genes next to it in mean expression;
    the control genes stay. So a random set differs from the programme only in what its genes are.

    .. math:: p = \frac{1 + \#\{r : |t_r| \ge |t|\}}{1 + R}

    Parameters
    ----------
    sums
        Summed expression per leaf.
    score_weights
        From :func:`cd20scope.programs.scores.compute_weights`: endpoints, of populations whose change is not split.
    populations
        The population catalogue, parsed.
    contrasts
        Pairs (later, earlier) of visits.
    excluded
        Genes never drawn: those of programmes, and markers.
    seed
        Of the draws.
    n_sets
        Random sets R; 500 resolve p = 0.002.
    width
        Genes that one is drawn from; 100, as twice the 50 controls of a gene.
    min_cells, min_pairs
        As for :func:`cd20scope.programs.scores.score_programs` and :func:`cd20scope.programs.compare.compare`.

    Returns
    -------
    :data:`COLUMNS`, one row per programme, population and contrast.

    References
    ----------
    Random sets as the null: Venet et al. (2011). doi:10.1371/journal.pcbi.1002240
    """
    eligible = np.asarray(~sums.genes.isin(excluded))
    rows: list[dict[str, object]] = []
    for population in dict.fromkeys(population for population, _ in score_weights):
        selected = sums.select(populations, population)
        n_cells, totals = sums.n_cells(selected), sums.add_up(selected, value="lognorm")
        cohort = totals.sum(axis=0) / max(int(n_cells.sum()), 1)
        enough = (sums.unusable(n_cells, min_cells=min_cells) == "").to_numpy()
        mean = totals[enough] / n_cells[enough, None]
        units = sums.units[enough].reset_index(drop=True)
        for (where, name), w in score_weights.items():
            if where != population or not w.n_genes:
                continue
            rng = np.random.default_rng([seed, crc32(name.encode()), crc32(population.encode())])
            drawn = draw_sets(w.plain > 0, cohort, eligible=eligible, rng=rng, n_sets=n_sets, width=width)
            controls = mean @ (w.total - w.plain)
            scores = np.column_stack([mean @ w.plain, mean[:, drawn].mean(axis=2)]) + controls[:, None]
            of = {"population": population, "program": name, "n_sets": n_sets}
            rows += [
                of | _hold(scores, units, contrast=contrast, min_pairs=min_pairs) for contrast in contrasts
            ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw_sets(
    members: NDArray[np.bool_],
    mean: NDArray[np.float64],
    *,
    eligible: NDArray[np.bool_],
    rng: np.random.Generator,
    n_sets: int,
    width: int,
) -> NDArray[np.int64]:
    """Draw a gene of like expression for every member of a set, again and again; shape (n_sets, members)."""
    ranked = np.flatnonzero(eligible)[np.argsort(mean[eligible], kind="stable")]
    window = min(width, ranked.size)
    position = np.searchsorted(mean[ranked], mean[members])
    start = np.clip(position - window // 2, 0, ranked.size - window)
    offsets = rng.integers(window, size=(n_sets, int(members.sum())))
    result: NDArray[np.int64] = ranked[start + offsets]
    return result


def _hold(
    scores: NDArray[np.float64], units: pd.DataFrame, *, contrast: pairs.Contrast, min_pairs: int
) -> dict[str, object]:
    """Hold t of the first column against those of the others."""
    paired = pairs.pair(units, contrast)
    row: dict[str, object] = {"contrast": schema.contrast_name(contrast), "n_pairs": len(paired)}
    if reason := pairs.too_few(len(paired), max(min_pairs, 2)):
        return row | {"status": "not testable", "reason": reason}
    row_of = {(visit, donor): row for row, (visit, donor) in enumerate(units[["visit", "donor"]].to_numpy())}
    later, earlier = ([row_of[visit, donor] for donor in paired.donors] for visit in contrast)
    change = scores[later] - scores[earlier]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = change.mean(axis=0) / (change.std(axis=0, ddof=1) / np.sqrt(len(paired)))
    if not np.isfinite(t[0]):
        return row | {"status": "not testable", "reason": "the change is the same in every donor"}
    random = np.nan_to_num(t[1:])
    low, high = np.quantile(random, [0.025, 0.975])
    p = (1 + int((np.abs(random) >= abs(t[0])).sum())) / (1 + random.size)
    return row | {
        "t": t[0],
        "t_random_low": low,
        "t_random_high": high,
        "p_random": p,
        "status": "tested",
        "reason": "",
    }
