"""Methods in common use for the same questions as the verdicts, on the same labels: shares, programmes, genes.

They are written as a user would call them. What they have in common is the unit of a test, one population at one
contrast, and the false discovery rate within a contrast.
"""

from collections.abc import Callable, Mapping

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests

FDR = 0.05
LEAST_CELLS = 50
"""Cells of a population at each visit for a test over cells; fewer are rarely tested."""
LEAST_DETECTED = 0.05
LEAST_FOLD = 0.25
"""A gene is called with so many log2 units at least, in so large a part of the cells of a visit."""

type Test = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]
"""From values at the visit and at baseline (donors x units) to ``effect`` and ``p_value`` of each unit."""


def t_test(later: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Compare all samples of two visits by Welch's t test, donors not matched."""
    result = stats.ttest_ind(later, before, equal_var=False, nan_policy="omit")
    return pd.DataFrame(
        {"effect": later.mean() - before.mean(), "p_value": result.pvalue}, index=later.columns
    )


def paired_t_test(later: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Compare the donors with both visits by the paired t test."""
    difference = (later - before).dropna(how="all")
    p_value = stats.ttest_1samp(difference, 0, nan_policy="omit").pvalue
    return pd.DataFrame({"effect": difference.mean(), "p_value": p_value}, index=later.columns)


def moderated(difference: pd.DataFrame) -> pd.DataFrame:
    r"""Moderated t test of mean differences: variances of the units shrink to a common one.

    .. math:: e_k = \log s_k^2 - \psi(d/2) + \log(d/2), \quad \psi'(d_0/2) = \widehat{var}(e_k) - \psi'(d/2)

    References
    ----------
    Smyth (2004). doi:10.2202/1544-6115.1027
    """
    n, df = len(difference), len(difference) - 1
    variance = difference.var()
    seen = variance[variance > 0]
    e = np.log(seen) - special.digamma(df / 2) + np.log(df / 2)
    excess = e.var() - special.polygamma(1, df / 2)
    if excess > 0:
        prior_df = 2 * optimize.brentq(lambda half: special.polygamma(1, half) - excess, 1e-3, 1e6)
        prior = np.exp(e.mean() + special.digamma(prior_df / 2) - np.log(prior_df / 2))
        shrunk, total_df = (prior_df * prior + df * variance) / (prior_df + df), prior_df + df
    else:
        shrunk, total_df = pd.Series(np.exp(e.mean()), index=variance.index), df * len(seen)
    t = difference.mean() / np.sqrt(shrunk / n)
    p_value = 2 * special.stdtr(min(total_df, df * len(seen)), -t.abs())
    return pd.DataFrame({"effect": difference.mean(), "p_value": p_value})


def propeller_like(
    transform: Callable[[pd.DataFrame], pd.DataFrame],
) -> Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]:
    """Test transformed shares with moderated variances and donors as blocks, which pairs them.

    References
    ----------
    Phipson et al. (2022), propeller. doi:10.1093/bioinformatics/btac582
    """
    return lambda later, before: moderated((transform(later) - transform(before)).dropna())


def logit(shares: pd.DataFrame) -> pd.DataFrame:
    """Log odds of shares; shares of zero are taken as half a cell of a thousand."""
    return special.logit(shares.clip(5e-4, 1 - 5e-4))


def arcsine(shares: pd.DataFrame) -> pd.DataFrame:
    """Variance-stabilised shares."""
    return np.arcsin(np.sqrt(shares))


SHARES: Mapping[str, Test] = {
    "t test of PBMC shares": t_test,
    "paired t test of PBMC shares": paired_t_test,
    "propeller-like, arcsine": propeller_like(arcsine),
    "propeller-like, logit": propeller_like(logit),
}
SCORES: Mapping[str, Test] = {
    "t test of sample means": t_test,
    "paired t test of donor means": paired_t_test,
}


def called(table: pd.DataFrame) -> pd.DataFrame:
    """Add ``called``: the Benjamini-Hochberg rate of the units that have a p value is at most 5 %."""
    known = table["p_value"].notna()
    said = np.zeros(len(table), dtype=bool)
    if known.any():
        said[known] = multipletests(table.loc[known, "p_value"], FDR, method="fdr_bh")[0]
    return table.assign(called=said)


def by_visit(values: pd.DataFrame, samples: pd.DataFrame, contrast: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values (samples x units) at both visits of a contrast, donors as rows."""
    later, before = contrast.split("-")
    tables = []
    for visit in (later, before):
        of_visit = samples.index[samples["visit"] == visit]
        tables.append(values.loc[of_visit].set_axis(samples.loc[of_visit, "donor"], axis=0))
    return tables[0], tables[1]


def apply_tests(
    tests: Mapping[str, Test], values: pd.DataFrame, samples: pd.DataFrame, contrast: str
) -> pd.DataFrame:
    """Apply every test to values (samples x units) at a contrast: ``method``, the unit, ``effect``, ``called``."""
    later, before = by_visit(values, samples, contrast)
    found = [called(test(later, before)).assign(method=name) for name, test in tests.items()]
    return pd.concat(found).assign(contrast=contrast).reset_index()


def score_cells(cells: ad.AnnData, programs: Mapping[str, list[str]]) -> pd.DataFrame:
    """Score gene programmes in each cell of a population as scanpy does (``sc.tl.score_genes``)."""
    scores = {}
    for name, genes in programs.items():
        known = [gene for gene in genes if gene in cells.var_names]
        if known:
            sc.tl.score_genes(cells, known, score_name="score", random_state=0)
            scores[name] = cells.obs["score"].to_numpy()
    return pd.DataFrame(scores, index=cells.obs_names)


def wilcoxon_of_cells(scores: pd.DataFrame, visits: pd.Series, contrast: str) -> pd.DataFrame:
    """Compare the cells of two visits, all donors together, by the rank-sum test: one row per score."""
    later, before = (scores[(visits == visit).to_numpy()] for visit in contrast.split("-"))
    if min(len(later), len(before)) < LEAST_CELLS:
        return pd.DataFrame(columns=["effect", "p_value"])
    p_value = stats.mannwhitneyu(later, before, axis=0).pvalue
    return pd.DataFrame({"effect": later.mean() - before.mean(), "p_value": p_value}, index=scores.columns)


def genes_of_cells(cells: ad.AnnData, contrast: str) -> pd.DataFrame:
    """Compare the cells of two visits gene by gene, as ``sc.tl.rank_genes_groups`` does it with Wilcoxon's test.

    Gives ``gene``, ``effect`` (log2 fold change) and ``called``; no row where a visit has too few cells.
    """
    later, before = contrast.split("-")
    pair = cells[cells.obs["visit"].isin([later, before])].copy()
    sizes = pair.obs["visit"].value_counts()
    if min(sizes.get(later, 0), sizes.get(before, 0)) < LEAST_CELLS:
        return pd.DataFrame(columns=["gene", "effect", "called"])
    detected = [
        np.asarray((pair[(pair.obs["visit"] == visit).to_numpy()].X > 0).mean(axis=0)).ravel()
        for visit in (later, before)
    ]
    pair = pair[:, np.maximum(*detected) >= LEAST_DETECTED].copy()
    pair.obs["visit"] = pd.Categorical(pair.obs["visit"], [before, later])
    sc.tl.rank_genes_groups(pair, "visit", groups=[later], reference=before, method="wilcoxon")
    found = sc.get.rank_genes_groups_df(pair, group=later)
    large = (found["pvals_adj"] <= FDR) & (found["logfoldchanges"].abs() >= LEAST_FOLD)
    return pd.DataFrame({"gene": found["names"], "effect": found["logfoldchanges"], "called": large})
