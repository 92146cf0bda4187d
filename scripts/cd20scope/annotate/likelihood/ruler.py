"""Rulers: specific genes kept out of a second fit, which say in every study how right the labels are.

Of the cells that show such a gene, the part that is called is the sensitivity; the gene among the called over
the gene in the rest is the enrichment. Neither needs a truth, and a sensitivity that differs between visits is
what makes a share seem to change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate.likelihood.genes import Names
from cd20scope.schema import ATTENUATED, CONTROL, NOT_TOLD, contrast_name

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
MIN_DIFFERENCE = 0.10
"""Difference of sensitivity between visits that is worth a caution: a tenth of a population's cells."""
MIN_DONORS = 3
"""Donors with enough such cells at both visits below which visits are not compared."""
COUNTS = ["whole", "called", "positive", "positive_called"]
SUMMARY = ("ruler", "gene", "visit", *COUNTS, "sensitivity", "low", "high", "enrichment", "told")
"""Columns of ``results/annotate/rulers.tsv``."""
VISITS = ("ruler", "gene", "called", "contrast", "donors", "difference", "low", "high", "differs")
"""Columns of ``results/annotate/ruler_visits.tsv``."""
MIN_ENRICHMENT, MIN_SENSITIVITY = 3.0, 0.3
"""Below either, a population is not told: the gene is hardly commoner among the called cells than in the rest, or most
cells that show it are elsewhere. On sorted cells Treg have 4 to 11 and .6 to .7."""
GOOD_SENSITIVITY = 0.8
"""From here a change of the share is found at about its size; below it is attenuated."""


def ruler_genes(rulers: Sequence[Ruler] = RULERS) -> list[str]:
    """Genes that the second fit does without."""
    return [ruler.gene for ruler in rulers]


def rulers_of(populations: Mapping[str, Any]) -> list[Ruler]:
    """Give the rulers whose populations a tree has; the whole is those of it that the tree has."""
    known = {node["name"] for node in populations["nodes"] if node["level"] == "population"}
    return [
        replace(ruler, whole=tuple(name for name in ruler.whole if name in known))
        for ruler in RULERS
        if known.issuperset(ruler.called)
    ]


def count_ruler(
    counts: sp.csr_matrix, genes: Names, population: Array, *, rulers: Sequence[Ruler] = RULERS
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
        sensitivity; its 95 % t interval ``low high``; and ``differs``, whether that excludes
        zero and the difference reaches :data:`MIN_DIFFERENCE`. NaN and
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
            "differs": bool(abs(middle) > half and abs(middle) >= MIN_DIFFERENCE),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("ruler")


def stack(counted: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put the counts of all samples below one another, with the name of the sample in a column ``sample``."""
    empty = pd.DataFrame(columns=["ruler", "gene", *COUNTS, "sample"])
    return pd.concat([empty, *(table.assign(sample=name) for name, table in counted.items())])


def summarise(counted: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    """Measure each ruler over all samples of a visit, and over all samples (visit ``all``).

    Parameters
    ----------
    counted
        From :func:`stack`.
    sheet
        ``visit`` by sample.

    Returns
    -------
    pandas.DataFrame
        :data:`SUMMARY`; ``told`` is that of :func:`say_told`.
    """
    visit = counted["sample"].map(sheet["visit"])
    every = pd.concat([counted.assign(visit="all"), counted.assign(visit=visit)])
    summed = every.groupby(["ruler", "gene", "visit"], sort=False)[COUNTS].sum().astype(int)
    table = measure(summed.reset_index())
    told = [say_told(*pair) for pair in zip(table["sensitivity"], table["enrichment"], strict=True)]
    return table.assign(told=told)[list(SUMMARY)]


def say_told(sensitivity: float, enrichment: float) -> str:
    """Say how well a population is told by its ruler; "" where too few cells show the gene."""
    if np.isnan(sensitivity):
        return ""
    if enrichment < MIN_ENRICHMENT or sensitivity < MIN_SENSITIVITY:
        return NOT_TOLD
    return "told" if sensitivity >= GOOD_SENSITIVITY else ATTENUATED


def compare_contrasts(
    counted: pd.DataFrame, sheet: pd.DataFrame, *, contrasts: Sequence[tuple[str, str]]
) -> pd.DataFrame:
    """Compare the visits of every contrast; :func:`compare_visits` with the columns of :data:`VISITS`.

    Donors of a control arm (column ``control`` of the sheet) do not count: verdicts are of the treated.
    """
    treated = sheet[sheet[CONTROL] == ""] if CONTROL in sheet else sheet
    of = {ruler.name: ruler for ruler in RULERS}
    tables = [pd.DataFrame(columns=list(VISITS))]
    for later, earlier in contrasts:
        if len(counted):
            found = compare_visits(counted, treated, later=later, earlier=earlier).reset_index()
            found["gene"] = [of[name].gene for name in found["ruler"]]
            found["called"] = [",".join(of[name].called) for name in found["ruler"]]
            tables.append(found.assign(contrast=contrast_name((later, earlier))))
    return pd.concat(tables, ignore_index=True)[list(VISITS)]
