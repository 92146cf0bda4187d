"""Rulers: specific genes kept out of a second fit, which say in every study how right the labels are.

Of the cells that show such a gene, the part that is called is the sensitivity; the gene among the called over
the gene in the rest is the enrichment. Neither needs a truth, and a sensitivity that differs between visits is
what makes a share seem to change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Ruler:
    """A gene that one kind of cell transcribes among others.

    Attributes
    ----------
    name
        What is judged.
    gene
        Kept out of the second fit.
    called
        Populations that should show it.
    whole
        Populations among which they are looked for, the called ones among them; empty for all cells.
    """

    name: str
    gene: str
    called: tuple[str, ...]
    whole: tuple[str, ...]


_CD4 = ("CD4 naive", "CD4 memory", "Treg")
_CD8 = ("CD8 naive", "CD8 memory")
_T = (*_CD4, *_CD8, "MAIT", "gdT")
RULERS = (
    Ruler("B cells", "MS4A1", ("B naive", "B memory"), ()),
    Ruler("Treg", "FOXP3", ("Treg",), _CD4),
    Ruler("CD8 T", "CD8B", _CD8, (*_CD4, *_CD8)),
    Ruler("MAIT", "SLC4A10", ("MAIT",), _T),
    Ruler("gdT", "TRDC", ("gdT",), _T),
    Ruler("NK", "KLRF1", ("NK",), (*_T, "NK")),
    Ruler("Plasma", "TNFRSF17", ("Plasma",), ()),
    Ruler("pDC", "LILRA4", ("pDC",), ()),
    Ruler("DC", "CLEC10A", ("DC",), ("Monocyte", "DC")),
    Ruler("Platelet", "PF4", ("Platelet",), ()),
)
"""One gene for each (Hao 2021, doi:10.1016/j.cell.2021.04.048). Naive and memory cells have no gene of their own."""
MIN_POSITIVE = 10
"""Cells that show the gene below which a sample says nothing."""
MIN_DONORS = 3
"""Donors with enough such cells at both visits below which visits are not compared."""
COUNTS = ["whole", "called", "positive", "positive_called"]


def ruler_genes(rulers: Sequence[Ruler] = RULERS) -> list[str]:
    """Genes that the second fit does without."""
    return [ruler.gene for ruler in rulers]


def count_ruler(
    counts: sp.csr_matrix, genes: Array, population: Array, *, rulers: Sequence[Ruler] = RULERS
) -> pd.DataFrame:
    """Count cells that show each ruler's gene, and those of them that are called, in one sample.

    Parameters
    ----------
    counts
        Raw counts, cells x genes; at equal depth where visits are compared.
    genes
        Gene names.
    population
        Label of each cell by the second fit.
    rulers
        What is measured.

    Returns
    -------
    pandas.DataFrame
        By ruler: ``gene``; ``whole``, cells looked at; ``called``; ``positive``, cells of the whole that show
        the gene; and ``positive_called``. A ruler whose gene the sample lacks is left out.
    """
    rows = {}
    for ruler in rulers:
        column = np.flatnonzero(genes == ruler.gene)
        if not len(column):
            continue
        whole = np.isin(population, ruler.whole) if ruler.whole else np.ones(len(population), dtype=bool)
        called = whole & np.isin(population, ruler.called)
        shown = np.asarray(counts[:, column].sum(axis=1)).ravel() > 0
        rows[ruler.name] = {
            "gene": ruler.gene,
            "whole": int(whole.sum()),
            "called": int(called.sum()),
            "positive": int((shown & whole).sum()),
            "positive_called": int((shown & called).sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["gene", *COUNTS]).rename_axis("ruler")


def measure(counted: pd.DataFrame) -> pd.DataFrame:
    """Give sensitivity with its 95 % interval, and enrichment, of what :func:`count_ruler` counted, or of sums.

    Returns
    -------
    pandas.DataFrame
        The counts with ``sensitivity low high`` (Wilson's interval) and ``enrichment``, for which half a cell
        is added to the counts; NaN below :data:`MIN_POSITIVE`.
    """
    table = counted.copy()
    n, hits = table["positive"].astype(float), table["positive_called"].astype(float)
    enough = n >= MIN_POSITIVE
    share, z2 = hits / n.where(enough), 1.96**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = 1.96 * np.sqrt(share * (1 - share) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    inside = (hits + 0.5) / (table["called"] + 1)
    outside = (n - hits + 0.5) / (table["whole"] - table["called"] + 1)
    return table.assign(
        sensitivity=share, low=middle - half, high=middle + half, enrichment=(inside / outside).where(enough)
    )


def compare_visits(counted: pd.DataFrame, sheet: pd.DataFrame, *, later: str, earlier: str) -> pd.DataFrame:
    """Paired difference of sensitivity between two visits.

    Parameters
    ----------
    counted
        Rows of :func:`count_ruler` of all samples, with columns ``sample`` and ``ruler``.
    sheet
        ``donor`` and ``visit`` by sample.
    later, earlier
        Visits.

    Returns
    -------
    pandas.DataFrame
        By ruler: ``donors`` that count; ``difference``, the mean over donors of later minus earlier
        sensitivity; its 95 % t interval ``low high``; and ``differs``, whether that excludes zero. NaN and
        False with too few donors.
    """
    from scipy.stats import t

    told = measure(counted).join(sheet[["donor", "visit"]], on="sample")
    rows: dict[str, Mapping[str, Any]] = {}
    for name, own in told.groupby("ruler", sort=False):
        by_visit = own.pivot_table(index="donor", columns="visit", values="sensitivity")
        pairs = by_visit.reindex(columns=[later, earlier]).dropna()
        change = (pairs[later] - pairs[earlier]).to_numpy()
        n = len(change)
        if n < MIN_DONORS:
            rows[str(name)] = {
                "donors": n,
                "difference": np.nan,
                "low": np.nan,
                "high": np.nan,
                "differs": False,
            }
            continue
        middle, half = change.mean(), float(t.ppf(0.975, n - 1)) * change.std(ddof=1) / np.sqrt(n)
        rows[str(name)] = {
            "donors": n,
            "difference": middle,
            "low": middle - half,
            "high": middle + half,
            "differs": bool(abs(middle) > half),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("ruler")
