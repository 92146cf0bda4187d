"""Names that steps agree on: labels, columns and verdicts of the tables under ``results/``."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import pandas as pd

UNASSIGNED = "unassigned"
"""Label of a cell, at any level, that the data cannot tell."""

FAMILIES = ("confirmatory", "exploratory")
"""Families of hypotheses, each with its own correction for the number of tests."""

FIGURES = ("cohort", *FAMILIES)
"""Parts in which the figures of the report are drawn: the cohort as a whole, then the hypotheses of each family."""

SINGLE = "evidence"
"""Folder of the figures of single hypotheses, in the folder of their family."""

SHEET_REQUIRED = ("sample", "donor", "visit", "path")
"""Columns that every sample sheet has."""

CONTROL = "control"
"""Column of the sheet, and of the tables per donor and visit: level of the control arm; empty for a treated donor."""

FORMATS = ("10x_h5", "10x_mtx", "h5ad", "h5mu", "zarr", "loom", "table", "seurat")
"""Formats of count files; ``table`` is dense text."""

QC = ("n_counts", "n_genes", "percent_mito", "stratum", "keep", "reason")
"""Columns of ``results/qc/{sample}.parquet``; the index is ``barcode``."""

LABELS = (
    *("lineage", "population", "likeliest", "subset", "probability", "subset_probability", "cd20_t"),
    "doublet",
)
"""First columns of ``results/annotate/{sample}.parquet``; the index is ``barcode``. ``likeliest`` is the population
before its probability is held against the bound. ``doublet`` names the two lineages of a heterotypic doublet and is
empty otherwise. ``subset_probability`` and the probabilities of hard subsets, which follow in columns ``population /
subset``, are those of judges that give them."""

CELLS = ("population", "subset", "n_cells", "posterior", "shallow")
"""Columns of ``results/pseudobulk/{sample}.cells.parquet``: kept cells per leaf of the population tree at equal
depth, called, and summed over their posteriors; and whether the sample is too shallow to be compared."""

TOO_SHALLOW = "too shallow"
"""Why a sample stays out of what is compared at equal depth."""

SUMS = ("population", "subset", "gene", "counts", "lognorm", "n_on")
"""Columns of ``results/pseudobulk/{sample}.sums.parquet``: per leaf and gene, summed counts, summed log-normalised
values, and the number of cells with at least one molecule."""

ATTENUATED, NOT_TOLD = "told with attenuation", "not told at this depth"
"""How a ruler says that labels miss cells of a population, in ``results/annotate/rulers.tsv``."""

VERDICTS = ("supported", "contradicted", "not supported", "inconclusive", "not testable")
"""What a hypothesis can be told to be, and nothing else."""

STEROID = "possible steroid effect"
"""Start of each caution that names steroids."""

VERDICT_COLUMNS = (
    "id",
    "statement",
    "endpoint",
    "population",
    "denominator",
    "program",
    "contrast",
    "direction",
    "margin",
    "n_pairs",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "p_adjusted",
    "verdict",
    "reason",
    "source",
)
"""The columns of ``results/verdict/verdicts.tsv`` that other tools rely on, in this order, before any other."""


ARM_CELLS = ("arm", "population", "subset", "n_cells")
"""Columns of ``results/pseudobulk/{sample}.arm_cells.parquet``: what other labels add to the cells per
leaf, or take away."""

ARM_SUMS = ("arm", "population", "subset", "gene", "lognorm")
"""The same for the sums, ``results/pseudobulk/{sample}.arm_sums.parquet``."""


LABEL_ARMS = ("strict", "lenient", "without_cd20_t")
"""Robustness arms that differ in labels: higher bounds, the likeliest label of every cell, no CD20+ T cells."""
CALLS_ARM = "calls"
"""Arm of called cells in place of sums of posteriors."""
DENOMINATOR_ARM = "denominator"
"""Arm of shares in other denominators."""
NO_SOUP_GENES_ARM = "without_hla_ig"
"""Arm of scores without HLA and immunoglobulin genes."""
NO_B_RNA_ARM = "without_b_rna"
"""Arm of scores of other cells from whose sums the RNA of B cells was subtracted."""


def require_columns(table: "pd.DataFrame", columns: Iterable[str], *, name: str) -> None:
    """Stop when a table lacks a column that the step reads.

    Raises
    ------
    ValueError
        Naming the table, the missing columns and those found.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{name}: column(s) {', '.join(missing)} missing; found {', '.join(map(str, table.columns))}. "
            "Remove the file and run again, so that the step that writes it makes it anew."
        )


def contrast_name(contrast: Iterable[str]) -> str:
    """Name of a contrast, a later and an earlier visit, as the tables write it: ``later-earlier``."""
    later, earlier = contrast
    return f"{later}-{earlier}"


def anchor(name: object) -> str:
    """Place on the page of the evidence of a hypothesis, by its id."""
    return "claim-" + re.sub(r"[^A-Za-z0-9]+", "-", str(name))


REASONS = ("few counts", "few genes", "mitochondrial")
"""Why a cell may be dropped, in the order in which the reasons are given."""
