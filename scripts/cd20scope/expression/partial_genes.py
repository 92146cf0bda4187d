"""Genes that the references of some samples lack: absent there, not zero, and compared among donors that have them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cd20scope import schema
from cd20scope.stats import multiplicity

MIN_GENES = 50
"""Genes that must be absent from the same samples: fewer come from files that were filtered one by one, and their
absence tells of their expression."""


@dataclass(frozen=True)
class Part:
    """Genes that the same samples have.

    Attributes
    ----------
    genes
        Symbols.
    samples
        Those whose reference has them, in the order of the sheet.
    """

    genes: pd.Index
    samples: tuple[str, ...]

    def table(self, genes: pd.DataFrame) -> pd.DataFrame:
        """Genes as :meth:`cd20scope.pseudobulk.cohort.LeafSums.collect` takes them for these samples alone."""
        here = (genes["missing_in"] == "") | genes["gene"].isin(self.genes)
        return pd.DataFrame({"gene": genes["gene"], "n_samples": np.where(here, len(self.samples), 0)})


def find_parts(genes: pd.DataFrame, samples: Sequence[str], *, min_genes: int = MIN_GENES) -> list[Part]:
    """Group the genes that not every sample has by the samples that lack them.

    Parameters
    ----------
    genes
        ``gene`` and ``missing_in``, the samples whose reference lacks the gene, with commas between them.
    samples
        All samples.
    min_genes
        Smaller groups are left out.

    Returns
    -------
    The groups, the largest first; none when all samples have the same genes.
    """
    schema.require_columns(genes, ("gene", "missing_in"), name="genes")
    lacking = genes[genes["missing_in"] != ""]
    found = []
    for missing, own in lacking.groupby("missing_in", sort=True):
        without = set(str(missing).split(","))
        if len(own) >= min_genes:
            having = tuple(sample for sample in samples if sample not in without)
            found.append(Part(pd.Index(own["gene"].astype(str)), having))
    return sorted(found, key=lambda part: -len(part.genes))


def join(
    genes: pd.DataFrame,
    summary: pd.DataFrame,
    extra: Sequence[tuple[Part, pd.DataFrame]],
    *,
    n_samples: int,
    alpha: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put tests of genes that some samples lack beside those of the genes of all.

    Parameters
    ----------
    genes, summary
        As :func:`cd20scope.expression.fit.fit_population` gives them for the genes of all samples.
    extra
        Each part with the table of genes of a fit to its samples.
    n_samples
        Of the study.
    alpha
        Level of ``n_significant``.

    Returns
    -------
    The tables, with ``p_adjusted`` over all genes of a contrast and the parts named in ``filter``. A contrast that
    the genes of all samples could not be tested in stays as it is.
    """
    tested = set(summary.loc[summary["status"] == "tested", "contrast"])
    added = [
        (part, table[table["gene"].isin(part.genes) & table["contrast"].isin(tested)])
        for part, table in extra
    ]
    added = [(part, table) for part, table in added if len(table)]
    if not added:
        return genes, summary
    whole = pd.concat([genes, *(table for _, table in added)], ignore_index=True)
    whole["p_adjusted"] = multiplicity.benjamini_hochberg(whole["p_value"], by=whole["contrast"])
    rows = summary.to_dict("records")
    for row in rows:
        own = whole[whole["contrast"] == row["contrast"]]
        if row["status"] == "tested":
            row |= {"n_genes": len(own), "n_significant": int((own["p_adjusted"] < alpha).sum())}
        for part, table in added:
            n = int((table["contrast"] == row["contrast"]).sum())
            if n:
                having = f"{len(part.samples)} of {n_samples} samples"
                row["filter"] = f"{row['filter']}; {n} more in the {having} that have them"
    return whole, pd.DataFrame(rows, columns=list(summary.columns))
