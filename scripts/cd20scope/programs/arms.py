"""Programme scores under other choices: other labels, and without the genes that soup carries."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.programs.scores import SCORE_COLUMNS, Weights, apply_weights, compute_weights
from cd20scope.pseudobulk.cohort import LeafSums
from cd20scope.pseudobulk.leaves import stack_cells
from cd20scope.schema import CONTROL, LABEL_ARMS, NO_SOUP_GENES_ARM
from cd20scope.study.catalogue_rules import SOUP

ARM_COLUMNS = ("arm", *SCORE_COLUMNS)
"""Columns of the table of scores under other choices."""

SOUP_GENES = re.compile(rf"HLA-.*|JCHAIN|{SOUP.pattern}")
"""HLA and immunoglobulin genes: their transcripts float in every droplet, and the fewer B cells, the fewer."""


def collect_arms(
    sums: LeafSums,
    *,
    read: Callable[[str], Iterable[tuple[str, pd.DataFrame]]],
    cells: Mapping[str, pd.DataFrame],
    sheet: pd.DataFrame,
) -> Iterator[tuple[str, LeafSums]]:
    """Add to the sums what the labels of each arm would add, one arm after the other, so that one is held at a time.

    Parameters
    ----------
    sums
        Sums under the labels proper.
    read
        From an arm to each sample and its rows of that arm, with the columns of :data:`cd20scope.schema.ARM_SUMS`; may
        read one file after the other.
    cells
        Sample -> its table, with the columns of :data:`cd20scope.schema.ARM_CELLS`.
    sheet
        The sample sheet that ``sums`` were collected with.

    Yields
    ------
    Each arm and its sums.
    """
    counted = stack_cells(cells)
    for arm in LABEL_ARMS:
        yield (
            arm,
            sums.with_differences(read(arm), cells=counted[counted["arm"] == arm], sheet=sheet),
        )


def score_arms(
    sums: LeafSums,
    by_arm: Iterable[tuple[str, LeafSums]],
    *,
    populations: Mapping[str, Any],
    programs: Mapping[str, Any],
    tests: Iterable[tuple[str, str]],
    seed: int,
    split: Collection[str] = (),
    not_controls: Collection[str] = (),
    min_cells: int = 10,
    n_controls: int = 50,
) -> pd.DataFrame:
    """Score programmes again with other labels, and without HLA and immunoglobulin genes.

    Parameters
    ----------
    sums
        Sums under the labels proper. Control genes are drawn by these, so that labels are all that differs.
    by_arm
        Each arm and the sums under its labels (:meth:`cd20scope.pseudobulk.cohort.LeafSums.with_differences`).
    populations, programs, tests, seed, split, not_controls, min_cells, n_controls
        As for :func:`cd20scope.programs.scores.score_programs`; populations in ``split`` are left
        out, as their change is split by labels already.

    Returns
    -------
    :data:`ARM_COLUMNS`; the arm without soup genes has rows where the programme or its controls hold such a gene.
    """
    shared: dict[str, Any] = {"populations": populations, "programs": programs, "seed": seed, "split": split}
    shared |= {"not_controls": not_controls, "n_controls": n_controls}
    scored_tests = [(population, name) for population, name in tests if population not in split]
    main = compute_weights(sums, tests=scored_tests, **shared)
    tables = [
        apply_weights(other, main, populations=populations, min_cells=min_cells).assign(arm=arm)
        for arm, other in by_arm
    ]
    soup = [gene for gene in sums.genes if SOUP_GENES.fullmatch(gene)]
    touched = _with_genes(main, np.asarray(sums.genes.isin(soup)))
    if touched:
        free = compute_weights(sums, tests=touched, without=soup, **shared)
        scored = apply_weights(sums, free, populations=populations, min_cells=min_cells)
        tables.append(scored.assign(arm=NO_SOUP_GENES_ARM))
    if not tables:
        return pd.DataFrame(columns=[*ARM_COLUMNS, CONTROL])
    return pd.concat(tables, ignore_index=True)[[*ARM_COLUMNS, CONTROL]]


def _with_genes(score_weights: Mapping[tuple[str, str], Weights], genes: np.ndarray) -> list[tuple[str, str]]:
    """Scores to which one of these genes contributes, shape (genes,)."""
    return [key for key, w in score_weights.items() if (w.total[genes] != 0).any()]
