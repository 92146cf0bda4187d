"""Gene sets among the results of expression: the shipped programmes and any sets that the user gives."""

import numpy as np
import pandas as pd
from decoupler import mt
from scipy import special

from cd20scope import pairs
from cd20scope.gene_flips import Flipped

COLUMNS = (
    *("population", "contrast", "collection", "gene_set", "role", "n_genes"),
    *("score", "p_value", "p_adjusted", "p_flipped", "status", "reason"),
)
"""Columns of the table; ``score`` is the t of a set's membership in a linear model of the genes' statistics."""

MIN_GENES = 5
"""Measured genes that a set needs, decoupler's own bound."""


def enrich(
    fitted: pd.DataFrame, flipped: Flipped, sets: pd.DataFrame, *, population: str, contrast: pairs.Contrast
) -> pd.DataFrame:
    r"""Ask which sets hold the genes that change, in one population and contrast.

    .. math:: z_g = \beta_0 + \beta_1 [g \in S] + e_g, \quad
        p_\mathrm{flipped} = \frac{1 + \#\{f : |\mathrm{score}_f| \ge |\mathrm{score}_0|\}}{1 + F}

    Parameters
    ----------
    fitted
        Rows from :func:`cd20scope.expression.fit_population`; z is the Wald statistic ``stat``.
    flipped
        Moderated t of the same genes, real (score 0) and with flipped visits.
    sets
        From :func:`cd20scope.gene_sets.collect_sets`.
    population, contrast
        To write in the table.

    Returns
    -------
    :data:`COLUMNS`. ``p_value``, of decoupler, takes genes as independent; genes of a set move together, so it is far
    too small. ``p_flipped`` keeps what moves together together, and is the one to read. ``p_adjusted`` is
    Benjamini-Hochberg of ``p_value`` within the collection.

    References
    ----------
    Badia-i-Mompel et al. (2022), decoupler. doi:10.1093/bioadv/vbac016
    Goeman & Buhlmann (2007), why genes are not the sample. doi:10.1093/bioinformatics/btm051
    """
    where = {"population": population, "contrast": pairs.contrast_name(contrast)}
    number = sets["genes"].map(lambda genes: int(flipped.genes.isin(genes).sum()))
    table = sets.drop(columns="genes").assign(**where, n_genes=number, status="not testable", reason="")
    enough = (number >= MIN_GENES).to_numpy()
    few = number[~enough].map(f"{{}} measured genes, {MIN_GENES} needed".format)
    table.loc[~enough, "reason"] = few
    for column in ("score", "p_value", "p_adjusted", "p_flipped"):
        table[column] = np.nan
    if enough.any():
        keys = [f"set {index}" for index in np.flatnonzero(enough)]
        genes = [flipped.genes[flipped.genes.isin(of)] for of in sets.loc[enough, "genes"]]
        net = pd.DataFrame(
            {"source": np.repeat(keys, [len(g) for g in genes]), "target": np.concatenate(genes)}
        )
        wald = fitted.set_index("gene")["stat"].reindex(flipped.genes).to_numpy()
        matrix = pd.DataFrame(np.vstack([wald, flipped.t]), columns=flipped.genes)
        matrix.index = matrix.index.astype(str)
        # its p-values come adjusted over all sets, so they are taken from its scores anew
        score = mt.ulm(matrix, net.assign(weight=1.0), tmin=MIN_GENES)[0][keys].to_numpy()
        larger = (np.abs(score[2:]) >= np.abs(score[1])).sum(axis=0)
        table.loc[enough, "score"] = score[0]
        table.loc[enough, "p_value"] = 2 * special.stdtr(len(flipped.genes) - 2, -np.abs(score[0]))
        table.loc[enough, "p_flipped"] = (1 + larger) / (len(score) - 1)
        table.loc[enough, "status"] = "tested"
        table["p_adjusted"] = pairs.benjamini_hochberg(table["p_value"], by=table["collection"])
    return table[list(COLUMNS)]
