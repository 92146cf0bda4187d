"""How far the judges of the labels agree: cells by what each pair calls them, and coefficients from those tables.

Tables of samples add up, so that the cells of a study are never in memory together.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from cd20scope.schema import UNASSIGNED

PAIR = ["judge_a", "judge_b"]
CELLS = [*PAIR, "population_a", "population_b", "n_cells"]
"""Columns of ``results/annotate/agreement.tsv``."""
SUMMARY = [*PAIR, "n_cells", "n_assigned", "agree", "kappa", "ari"]
"""Columns of ``results/annotate/agreement_summary.tsv``."""


def tabulate(populations: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Count the cells of a sample by what each pair of judges calls them.

    Parameters
    ----------
    populations
        By judge, the population of the same cells in the same order; at least two judges.

    Returns
    -------
    pandas.DataFrame
        :data:`CELLS`, combinations that occur only; the first judge of a pair is the one named first.
    """
    parts = []
    for a, b in combinations(populations, 2):
        labels = pd.DataFrame(
            {"population_a": populations[a].to_numpy(), "population_b": populations[b].to_numpy()}
        )
        sizes = labels.groupby(["population_a", "population_b"]).size().rename("n_cells").reset_index()
        parts.append(sizes.assign(judge_a=a, judge_b=b))
    return pd.concat(parts, ignore_index=True)[CELLS]


def add_up(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Sum tables of :func:`tabulate`; pairs in their order, combinations by name."""
    every = pd.concat(tables, ignore_index=True)
    order = every[PAIR].drop_duplicates().reset_index(drop=True)
    summed = every.groupby(CELLS[:-1], as_index=False)["n_cells"].sum()
    return order.merge(summed, on=PAIR, how="left")[CELLS]


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Agreement of each pair of judges on the cells that both assign.

    Parameters
    ----------
    table
        As :func:`add_up` gives it.

    Returns
    -------
    pandas.DataFrame
        :data:`SUMMARY`: kept cells, those assigned by both, and of the latter the share with the same population,
        Cohen's kappa and the adjusted Rand index; not a number where both leave it undefined.

    References
    ----------
    Cohen 1960, doi:10.1177/001316446002000104. Hubert & Arabie 1985, doi:10.1007/BF01908075.
    """
    from sklearn.metrics import cohen_kappa_score

    rows = []
    for (a, b), pair in table.groupby(PAIR, sort=False):
        both = pair[(pair["population_a"] != UNASSIGNED) & (pair["population_b"] != UNASSIGNED)]
        n = int(both["n_cells"].sum())
        same = int(both.loc[both["population_a"] == both["population_b"], "n_cells"].sum())
        names = [*dict.fromkeys([*both["population_a"], *both["population_b"]])]
        rows.append(
            {
                "judge_a": a,
                "judge_b": b,
                "n_cells": int(pair["n_cells"].sum()),
                "n_assigned": n,
                "agree": same / n if n else np.nan,
                # each combination once, weighed by its cells, is the same as cell by cell; of one name, no chance
                "kappa": cohen_kappa_score(
                    both["population_a"], both["population_b"], sample_weight=both["n_cells"]
                )
                if len(names) > 1
                else np.nan,
                "ari": adjusted_rand_index(both) if n else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=SUMMARY)


def adjusted_rand_index(table: pd.DataFrame) -> float:
    r"""Compute the adjusted Rand index from counted combinations; scikit-learn wants the labels of every cell.

    .. math:: \frac{\sum_{ij} \binom{n_{ij}}{2} - E}{\frac12 (A + B) - E}, \quad E = A B / \binom{n}{2}

    with :math:`A` and :math:`B` the pairs of cells within a class of the first and of the second judge.

    Parameters
    ----------
    table
        ``population_a``, ``population_b`` and ``n_cells``, each combination once.
    """

    def pairs(counts: pd.Series) -> float:
        n = counts.to_numpy(dtype=np.float64)
        return float((n * (n - 1) / 2).sum())

    together = pairs(table["n_cells"])
    a, b = (pairs(table.groupby(side)["n_cells"].sum()) for side in ("population_a", "population_b"))
    expected = a * b / max(pairs(pd.Series([table["n_cells"].sum()])), 1.0)
    most = (a + b) / 2
    # one class on both sides, or every cell a class of its own: the two agree
    return 1.0 if most == expected else (together - expected) / (most - expected)
