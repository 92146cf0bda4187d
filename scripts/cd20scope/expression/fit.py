"""Genes that change within a population, from pseudobulk counts, with the donor as the unit.

Counts are summed per donor, visit and population; cells are never replicates (Squair et al. 2021,
doi:10.1038/s41467-021-25960-2). One model per population serves all contrasts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cd20scope import schema
from cd20scope.expression import deseq, moderated_t
from cd20scope.pseudobulk.cohort import LeafSums
from cd20scope.stats import pairs

GENE_COLUMNS = (
    *("population", "contrast", "gene", "base_mean", "log2_fold_change", "lfc_se", "stat"),
    *("p_value", "p_adjusted", "n_pairs"),
)
"""Columns of the table of genes."""

POPULATION_COLUMNS = (
    *(
        "population",
        "contrast",
        "n_pairs",
        "donors",
        "dropped",
        "n_genes",
        "n_significant",
        "status",
        "reason",
        "filter",
    ),
    *("cross_check_sign_agreement", "cross_check_rank_correlation"),
)
"""Columns of the table of populations, one row per contrast, also where nothing could be fitted."""


@dataclass(frozen=True)
class Pseudobulk:
    """Summed counts of one population.

    Attributes
    ----------
    counts
        Donor-visits x genes, integers; only genes in the reference of every sample.
    design
        Same index: ``sample``, ``donor``, ``visit``, ``control``, ``n_cells`` and ``unusable``, the reason why a
        donor-visit is not used (empty where it is).
    """

    counts: pd.DataFrame
    design: pd.DataFrame


def pseudobulk(
    sums: LeafSums, *, populations: Mapping[str, Any], population: str, min_cells: int = 10
) -> Pseudobulk:
    """Sum raw counts per donor and visit over a population.

    Parameters
    ----------
    sums
        Summed expression per leaf, numbered by :meth:`cd20scope.pseudobulk.cohort.LeafSums.collect`.
    populations
        The population catalogue, parsed.
    population
        Selector: a population, a set of populations or ``population / subset``.
    min_cells
        Donor-visits with fewer cells are marked unusable; 10 is the usual floor below which the sum is that
        of single cells.
    """
    selected = sums.select(populations, population)
    n_cells = sums.n_cells(selected)
    design = sums.units.assign(n_cells=n_cells)
    design["unusable"] = sums.unusable(n_cells, min_cells=min_cells)
    counts = pd.DataFrame(
        np.rint(sums.add_up(selected, value="counts")).astype(np.int64),
        index=design.index,
        columns=sums.genes,
    )
    return Pseudobulk(counts=counts, design=design)


def test_population(
    sums: LeafSums,
    *,
    populations: Mapping[str, Any],
    population: str,
    contrasts: Sequence[pairs.Contrast],
    alpha: float,
    min_pairs: int,
    min_cells: int,
    min_counts: int,
) -> tuple[Pseudobulk, pd.DataFrame, pd.DataFrame]:
    """Sum up a population and test its genes: :func:`pseudobulk`, then :func:`fit_population` on it.

    Parameters
    ----------
    sums, populations, population, min_cells
        As for :func:`pseudobulk`.
    contrasts, alpha, min_pairs
        As for :func:`fit_population`.
    min_counts
        Its ``min_count``.

    Returns
    -------
    The sums, and both tables of the fit.
    """
    data = pseudobulk(sums, populations=populations, population=population, min_cells=min_cells)
    genes, summary = fit_population(
        data,
        population=population,
        contrasts=contrasts,
        alpha=alpha,
        min_pairs=min_pairs,
        min_count=min_counts,
    )
    return data, genes, summary


def fit_population(
    data: Pseudobulk,
    *,
    population: str,
    contrasts: Sequence[pairs.Contrast],
    alpha: float = 0.05,
    min_pairs: int = 6,
    min_count: int = 10,
    min_genes: int = 50,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit ``~ donor + visit`` to one population once, and test every gene in every contrast.

    Donors with a single usable visit have no change and are left out, as are those of control arms. Donors with two
    of three visits stay: they inform the dispersion, and the visit effects they have. A contrast is tested when at
    least ``min_pairs`` donors have both of its visits.

    Genes enter with at least ``min_count`` counts in at least as many donor-visits as the smallest tested
    contrast has pairs, so that a gene that is on at one visit only is kept. That filter is fixed before any
    test. The model is that of :func:`cd20scope.expression.deseq.wald_tests`.

    Parameters
    ----------
    data
        From :func:`pseudobulk`.
    population
        Name to write in the tables.
    contrasts
        Pairs (later, earlier) of visits.
    alpha
        Level of ``n_significant``, the number of genes with a smaller adjusted p-value.
    min_pairs
        Fewer complete pairs make a contrast not testable.
    min_count
        Counts that a donor-visit needs to count as expressing a gene; 10 as the DESeq2 authors advise.
    min_genes
        With fewer genes the dispersion trend has nothing to lean on, and the population is not testable.

    Returns
    -------
    genes
        :data:`GENE_COLUMNS`; ``p_adjusted`` is Benjamini-Hochberg within population and contrast.
    summary
        :data:`POPULATION_COLUMNS`, one row per contrast. The cross-check is described in
        :func:`cd20scope.expression.moderated_t.moderated_t`; ``cross_check_sign_agreement`` is the share of genes
        with p < ``alpha`` here whose fold change has the same sign there, ``cross_check_rank_correlation``
        Spearman's correlation of the two statistics over all genes. It never adds a gene.
    """
    design = data.design.astype({"donor": str, "visit": str})
    paired = {contrast: pairs.pair(design, contrast) for contrast in contrasts}
    summary = [_summary_row(population, contrast, paired[contrast], min_pairs) for contrast in contrasts]
    tested = [contrast for contrast in contrasts if len(paired[contrast]) >= max(min_pairs, 2)]
    used = usable_rows(pairs.of_treated(design), [visit for contrast in contrasts for visit in contrast])
    matrix = deseq.design_matrix(used)
    counts = data.counts.loc[used.index]
    smallest = min((len(paired[contrast]) for contrast in tested), default=0)
    expressed = ((counts >= min_count).sum(axis=0) >= smallest).to_numpy()
    reason = ""
    if tested:
        reason = why_not(matrix, n_genes=int(expressed.sum()), min_genes=min_genes, min_count=min_count)
    if not tested or reason:
        for row in summary:
            row["reason"] = row["reason"] or reason
        nothing = pd.DataFrame(columns=list(GENE_COLUMNS))
        return nothing, pd.DataFrame(summary, columns=list(POPULATION_COLUMNS))
    kept = counts.loc[:, expressed]
    stated = (
        f"{min_count} counts in at least {smallest} of {len(counts)} donor-visits: {kept.shape[1]} of "
        f"{counts.shape[1]} genes"
    )
    results = _test_contrasts(kept, matrix, tested, library_size=counts.sum(axis=1))
    genes = []
    for row, contrast in zip(summary, contrasts, strict=True):
        if contrast not in results:
            continue
        table, check = results[contrast]
        row |= _agreement(table, check, alpha) | {
            "n_genes": len(table),
            "n_significant": int((table["p_adjusted"] < alpha).sum()),
            "status": "tested",
            "filter": stated,
        }
        named = table.assign(
            population=population, contrast=schema.contrast_name(contrast), n_pairs=len(paired[contrast])
        )
        genes.append(named[list(GENE_COLUMNS)])
    return pd.concat(genes, ignore_index=True), pd.DataFrame(summary, columns=list(POPULATION_COLUMNS))


def _test_contrasts(
    counts: pd.DataFrame,
    matrix: pd.DataFrame,
    contrasts: Sequence[pairs.Contrast],
    *,
    library_size: pd.Series,
) -> dict[pairs.Contrast, tuple[pd.DataFrame, pd.DataFrame]]:
    """Contrast -> Wald tests of the negative binomial model, and moderated t-tests as cross-check."""
    vectors = {contrast: deseq.contrast_vector(matrix, contrast) for contrast in contrasts}
    tables = deseq.wald_tests(counts, matrix, vectors)
    log_cpm = moderated_t.log2_cpm(counts, library_size=library_size)
    return {
        contrast: (table, moderated_t.moderated_t(log_cpm, design=matrix, contrast=vectors[contrast]))
        for contrast, table in tables.items()
    }


def usable_rows(design: pd.DataFrame, visits: Sequence[str]) -> pd.DataFrame:
    """Rows of the visits compared, of donors with at least two of them."""
    rows = design[(design["unusable"] == "") & design["visit"].isin(visits)]
    return rows[rows.groupby("donor")["visit"].transform("nunique") >= 2]


def why_not(matrix: pd.DataFrame, *, n_genes: int, min_genes: int, min_count: int) -> str:
    """Reason why a design or so few genes cannot be fitted; empty where they can."""
    rank = int(np.linalg.matrix_rank(matrix))
    if rank < matrix.shape[1]:
        return (
            f"design ~ donor + visit has rank {rank} for {matrix.shape[1]} coefficients: "
            "no donor links the visits"
        )
    if len(matrix) - rank < 3:
        return f"{len(matrix)} donor-visits leave {len(matrix) - rank} residual degrees of freedom, 3 needed"
    if n_genes < min_genes:
        return f"{n_genes} genes reach {min_count} counts in enough donor-visits, {min_genes} needed"
    return ""


def _summary_row(
    population: str, contrast: pairs.Contrast, paired: pairs.Pairs, min_pairs: int
) -> dict[str, object]:
    return {
        "population": population,
        "contrast": schema.contrast_name(contrast),
        "n_pairs": len(paired),
        "donors": paired.donors_text,
        "dropped": paired.dropped_text,
        "n_genes": 0,
        "n_significant": 0,
        "status": "not testable",
        "reason": pairs.too_few(len(paired), max(min_pairs, 2)),
    }


def _agreement(table: pd.DataFrame, check: pd.DataFrame, alpha: float) -> dict[str, float]:
    """Sign agreement over nominally significant genes, and rank correlation over all."""
    other = check.loc[table["gene"]]
    called = (table["p_value"] < alpha).to_numpy()
    same = np.sign(table["log2_fold_change"].to_numpy()) == np.sign(other["log2_fold_change"].to_numpy())
    return {
        "cross_check_sign_agreement": float(same[called].mean()) if called.any() else float("nan"),
        "cross_check_rank_correlation": float(stats.spearmanr(table["stat"], other["t"]).statistic),
    }
