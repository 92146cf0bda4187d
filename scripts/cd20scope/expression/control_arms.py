"""Genes whose change in the treated differs from that in a control arm, from pseudobulk counts.

The design is ``~ donor + visit + treated:visit``: each donor has a level of its own, so an effect of the arm itself
would be aliased with its donors and is not in it; what is estimable is how much more a gene changes in the treated.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.expression import deseq
from cd20scope.expression.fit import Pseudobulk, usable_rows, why_not
from cd20scope.stats import pairs
from cd20scope.stats.between_arms import MIN_PER_ARM, too_few_in_arm

COLUMNS = (
    *("population", "contrast", "gene", "base_mean", "log2_fold_change", "lfc_se", "stat"),
    *("p_value", "p_adjusted", "n_treated", "n_control"),
)
"""Columns of the table of genes; ``log2_fold_change`` is that of the treated less that of the controls."""

SUMMARY_COLUMNS = (
    *("population", "contrast", "n_treated", "n_control", "n_genes", "n_significant", "status", "reason"),
)
"""Columns of the table of populations, one row per contrast."""

TREATED = "treated:visit "
"""Beginning of the names of the coefficients of interest."""


def design_matrix(design: pd.DataFrame) -> pd.DataFrame:
    """Write ``~ donor + visit + treated:visit``, treatment-coded; the first visit has no coefficient in either arm.

    Parameters
    ----------
    design
        ``donor``, ``visit`` and ``control``, empty for treated donors.
    """
    matrix = deseq.design_matrix(design)
    treated = design.index.isin(pairs.of_treated(design).index).astype(float)
    visits = [name for name in map(str, matrix.columns) if name.startswith("visit ")]
    interactions = {f"{TREATED}{name.removeprefix('visit ')}": matrix[name] * treated for name in visits}
    return pd.concat([matrix, pd.DataFrame(interactions, index=matrix.index)], axis=1)


def contrast_vector(matrix: pd.DataFrame, contrast: pairs.Contrast) -> NDArray[np.float64]:
    """Weights of the coefficients for the change of the treated less that of the controls."""
    weights: NDArray[np.float64] = np.zeros(matrix.shape[1])
    for visit, sign in zip(contrast, (1.0, -1.0), strict=True):
        weights[np.asarray(matrix.columns == f"{TREATED}{visit}")] = sign
    return weights


def fit_difference(
    data: Pseudobulk,
    *,
    population: str,
    contrasts: Sequence[pairs.Contrast],
    controls: Sequence[str] = (),
    alpha: float = 0.05,
    min_per_arm: int = MIN_PER_ARM,
    min_count: int = 10,
    min_genes: int = 50,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit one population once, and test every gene in every contrast.

    Parameters
    ----------
    data
        From :func:`cd20scope.expression.fit.pseudobulk`.
    population, contrasts, alpha, min_count, min_genes
        As for :func:`cd20scope.expression.fit.fit_population`; a gene enters with ``min_count`` counts in as many
        donor-visits as the smaller arm of the smallest tested contrast has donors.
    controls
        Levels of the control arm; all (default) where empty.
    min_per_arm
        Fewer donors with both visits in an arm make a contrast not testable.

    Returns
    -------
    genes
        :data:`COLUMNS`; ``p_adjusted`` is Benjamini-Hochberg within population and contrast.
    summary
        :data:`SUMMARY_COLUMNS`.
    """
    design = data.design.astype({"donor": str, "visit": str})
    arms = (pairs.of_treated(design), pairs.of_control(design, controls))
    design = design.loc[design.index.isin(arms[0].index.union(arms[1].index))]
    sizes = {
        contrast: (len(pairs.pair(arms[0], contrast)), len(pairs.pair(arms[1], contrast)))
        for contrast in contrasts
    }
    reasons = {one: too_few_in_arm(n[0], n[1], max(min_per_arm, 2)) for one, n in sizes.items()}
    tested = [contrast for contrast in contrasts if not reasons[contrast]]
    used = usable_rows(design, [visit for contrast in tested for visit in contrast])
    counts = data.counts.loc[used.index]
    smallest = min((min(sizes[contrast]) for contrast in tested), default=0)
    expressed = ((counts >= min_count).sum(axis=0) >= smallest).to_numpy()
    tables: dict[pairs.Contrast, pd.DataFrame] = {}
    if tested:
        matrix = design_matrix(used)
        why = why_not(matrix, n_genes=int(expressed.sum()), min_genes=min_genes, min_count=min_count)
        reasons |= dict.fromkeys(tested, why)
        if not why:
            vectors = {contrast: contrast_vector(matrix, contrast) for contrast in tested}
            tables = deseq.wald_tests(counts.loc[:, expressed], matrix, vectors)
    genes, summary = [], []
    for contrast in contrasts:
        n = {"n_treated": sizes[contrast][0], "n_control": sizes[contrast][1]}
        where = {"population": population, "contrast": schema.contrast_name(contrast)} | n
        table = tables.get(contrast)
        status = "not testable" if table is None else "tested"
        found = {"n_genes": 0, "n_significant": 0} if table is None else _count(table, alpha)
        summary.append(where | found | {"status": status, "reason": reasons[contrast]})
        if table is not None:
            genes.append(table.assign(**where)[list(COLUMNS)])
    nothing = pd.DataFrame(columns=list(COLUMNS))
    return (
        pd.concat(genes, ignore_index=True) if genes else nothing,
        pd.DataFrame(summary, columns=list(SUMMARY_COLUMNS)),
    )


def stack(
    fits: Sequence[tuple[pd.DataFrame, pd.DataFrame]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the tables of all populations below each other; without rows where there are none."""
    genes = [genes for genes, _ in fits if len(genes)]
    nothing = pd.DataFrame(columns=list(COLUMNS))
    return (
        pd.concat(genes, ignore_index=True) if genes else nothing,
        pd.concat([pd.DataFrame(columns=list(SUMMARY_COLUMNS)), *(summary for _, summary in fits)]),
    )


def _count(table: pd.DataFrame, alpha: float) -> dict[str, int]:
    return {"n_genes": len(table), "n_significant": int((table["p_adjusted"] < alpha).sum())}
