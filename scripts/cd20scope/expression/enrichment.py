"""Gene sets among the results of expression: the shipped programmes and any sets that the user gives."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, special

from cd20scope import schema
from cd20scope.expression.flips import Flipped
from cd20scope.stats import multiplicity, pairs

COLUMNS = (
    *("population", "contrast", "collection", "gene_set", "role", "n_genes"),
    *("score", "p_value", "p_adjusted", "p_flipped", "status", "reason"),
)
"""Columns of the table; ``score`` is the t of a set's membership in a linear model of the genes' statistics."""

MIN_GENES = 5
"""Measured genes that a set needs, as in decoupler."""


def enrich(
    fitted: pd.DataFrame, flipped: Flipped, sets: pd.DataFrame, *, population: str, contrast: pairs.Contrast
) -> pd.DataFrame:
    r"""Ask which sets hold the genes that change, in one population and contrast.

    .. math:: z_g = \beta_0 + \beta_1 [g \in S] + e_g, \quad
        p_\mathrm{flipped} = \frac{1 + \#\{f : |\mathrm{score}_f| \ge |\mathrm{score}_0|\}}{1 + F}

    Parameters
    ----------
    fitted
        Rows from :func:`cd20scope.expression.fit.fit_population`; z is the Wald statistic ``stat``.
    flipped
        Moderated t of the same genes, real (score 0) and with flipped visits.
    sets
        From :func:`cd20scope.study.gene_sets.collect_sets`.
    population, contrast
        To write in the table.

    Returns
    -------
    :data:`COLUMNS`. ``p_value`` takes genes as independent; genes of a set move together, so it is far
    too small. ``p_flipped`` keeps what moves together together, and is the one to read; it cannot be smaller than
    1/(1 + flips), 0.03 with six pairs and 0.01 with 100 flips, and is not adjusted for the number of sets.
    ``p_adjusted`` is Benjamini-Hochberg of ``p_value`` within the collection. A score compares a set with all other
    genes: where most genes move one way, a set that stays has a score of the other sign.

    References
    ----------
    Badia-i-Mompel et al. (2022), the univariate linear model of decoupler. doi:10.1093/bioadv/vbac016
    Goeman & Buhlmann (2007), why genes are not the sample. doi:10.1093/bioinformatics/btm051
    """
    where = {"population": population, "contrast": schema.contrast_name(contrast)}
    members = sets["genes"].explode()
    members = members[members.isin(flipped.genes)].groupby(level=0).unique()
    # of no set at all the lengths would be text, as the sets are
    number = members.map(len).astype(int).reindex(sets.index, fill_value=0)
    table = sets.drop(columns="genes").assign(**where, n_genes=number, status="not testable", reason="")
    enough = number >= MIN_GENES
    table.loc[~enough, "reason"] = number[~enough].map(f"{{}} measured genes, {MIN_GENES} needed".format)
    table[["score", "p_value", "p_adjusted", "p_flipped"]] = np.nan
    if enough.any():
        wald = fitted.set_index("gene")["stat"].reindex(flipped.genes).to_numpy()
        score = _score(np.vstack([wald, flipped.t]), flipped.genes, members[enough])
        larger = (np.abs(score[2:]) >= np.abs(score[1])).sum(axis=0)
        table.loc[enough, "score"] = score[0]
        table.loc[enough, "p_value"] = 2 * special.stdtr(len(flipped.genes) - 2, -np.abs(score[0]))
        table.loc[enough, "p_flipped"] = (1 + larger) / (len(score) - 1)
        table.loc[enough, "status"] = "tested"
        table["p_adjusted"] = multiplicity.benjamini_hochberg(table["p_value"], by=table["collection"])
    return table[list(COLUMNS)]


def _score(statistics: NDArray[np.float64], genes: pd.Index, members: pd.Series) -> NDArray[np.float64]:
    """Score sets by the t of their membership, as ``decoupler.mt.ulm`` does; shape (statistics, sets).

    decoupler takes 2 s to import and brings five packages for plots to give these four lines.
    """
    n, size = len(genes), members.map(len).to_numpy(dtype=float)
    rows = genes.get_indexer(pd.Index(np.concatenate(members.to_list())))
    inside = sparse.csc_array(
        (np.ones(len(rows)), rows, np.concatenate([[0], np.cumsum(size)]).astype(int)), shape=(n, len(size))
    )
    centred = statistics - statistics.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).sum(axis=1))[:, None] * np.sqrt(size * (1 - size / n))
    r = (centred @ inside) / spread
    return np.asarray(r * np.sqrt((n - 2) / ((1 - r) * (1 + r))))
