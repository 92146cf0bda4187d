"""The negative binomial model of expression, ``~ donor + visit``, as fitted by PyDESeq2."""

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydeseq2.dds import DeseqDataSet
from pydeseq2.ds import DeseqStats

from cd20scope.expression.deseq_blocks import GenesAtOnce
from cd20scope.stats.pairs import Contrast

MIN_RATIO_GENES = 100
"""Genes without a zero that median-of-ratios size factors need before they are trusted."""

NAMES = {
    "baseMean": "base_mean",
    "log2FoldChange": "log2_fold_change",
    "lfcSE": "lfc_se",
    "pvalue": "p_value",
    "padj": "p_adjusted",
}
"""Columns as PyDESeq2 and as our tables write them."""


def design_matrix(design: pd.DataFrame) -> pd.DataFrame:
    """Treatment-coded ``~ donor + visit``, one column per donor and visit but the first of each.

    Built here rather than from a formula so that donor names may hold any character.
    """
    blocks = [pd.DataFrame({"intercept": 1.0}, index=design.index)]
    blocks += [
        pd.get_dummies(design[column].astype(str), prefix=column, prefix_sep=" ", dtype=float).iloc[:, 1:]
        for column in ("donor", "visit")
    ]
    return pd.concat(blocks, axis=1)


def contrast_vector(matrix: pd.DataFrame, contrast: Contrast) -> NDArray[np.float64]:
    """Weights of the coefficients for later minus earlier; the first visit has no coefficient of its own."""
    weights: NDArray[np.float64] = np.zeros(matrix.shape[1])
    for visit, sign in zip(contrast, (1.0, -1.0), strict=True):
        weights[np.asarray(matrix.columns == f"visit {visit}")] = sign
    return weights


def wald_tests(
    counts: pd.DataFrame,
    matrix: pd.DataFrame,
    vectors: Mapping[Contrast, NDArray[np.float64]],
) -> dict[Contrast, pd.DataFrame]:
    r"""Fit one negative binomial model per gene with PyDESeq2, and test every contrast on it.

    .. math:: K_{gj} \sim NB(s_j q_{gj}, \alpha_g), \quad \log q_{gj} = x_j^T \beta_g, \quad
        W_g = \frac{c^T \hat\beta_g}{se(c^T \hat\beta_g)} \sim N(0, 1)

    Size factors are medians of ratios where at least :data:`MIN_RATIO_GENES` genes have no zero, else those
    for sparse counts (``poscounts``), as a handful of genes would set the scale of a donor-visit otherwise.
    Cook's distances are not used: they need replicates within a cell of the design, and in a paired design
    every donor-visit is a cell of its own. No independent filtering: the genes were chosen beforehand.
    Genes are fitted in blocks (:mod:`cd20scope.expression.deseq_blocks`), not one after the other.

    Parameters
    ----------
    counts
        Donor-visits x genes, integers.
    matrix
        Full-rank design, donor-visits x coefficients.
    vectors
        Contrast -> weights of the coefficients.

    Returns
    -------
    Contrast -> table with ``gene``, ``base_mean``, ``log2_fold_change``, ``lfc_se``, ``stat``, ``p_value``
    and ``p_adjusted`` (Benjamini-Hochberg over the genes).

    References
    ----------
    Love, Huber & Anders (2014). doi:10.1186/s13059-014-0550-8
    Muzellec et al. (2023), PyDESeq2. doi:10.1093/bioinformatics/btad547
    """
    inference = GenesAtOnce()
    ratio = int((counts > 0).all(axis=0).sum()) >= MIN_RATIO_GENES
    named = counts.set_axis(counts.index.astype(str), axis=0)
    metadata = matrix.set_axis(named.index, axis=0)
    tables = {}
    with warnings.catch_warnings():
        # PyDESeq2 tells of its fallbacks (a mean instead of a parametric dispersion trend, few residual
        # degrees of freedom) and of overflows inside optimisers that it then handles; each gives a valid, if
        # less sharp, fit.
        warnings.simplefilter("ignore")
        model = DeseqDataSet(
            counts=named,
            metadata=metadata,
            design=metadata,
            size_factors_fit_type="ratio" if ratio else "poscounts",
            refit_cooks=False,
            inference=inference,
            quiet=True,
        )
        model.deseq2()
        for contrast, vector in vectors.items():
            test = DeseqStats(
                model,
                contrast=vector,
                cooks_filter=False,
                independent_filter=False,
                inference=inference,
                quiet=True,
            )
            test.summary()
            tables[contrast] = test.results_df
    return {
        contrast: table.rename(columns=NAMES).rename_axis("gene").reset_index()
        for contrast, table in tables.items()
    }
