"""Technical quantities of a sample: what they are, how far they may differ, and what they can fake."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from cd20scope import schema
from cd20scope.programs.b_rna import FEWEST_MOLECULES
from cd20scope.study import roles, sizes
from cd20scope.study.catalogue_rules import B_ALONE
from cd20scope.study.draw_time import COLUMN, hour_of

type Estimate = Literal["depletion", "share", "score", "split"]
"""Types of estimates that technique acts on differently: a fall beyond a large margin; a share of cells; a score within
one population, less its control genes; a plain score over several populations, or a part of its split. The order claim
is a depletion and a score."""

ESTIMATES: tuple[Estimate, ...] = ("depletion", "share", "score", "split")
TECHNICAL_COLUMNS = ("sample", "donor", "visit", "quantity", "value")
"""Columns of the table of technical quantities; ``value`` is a number, or a name for chemistry and batch."""

HEMOGLOBIN = ("HBA1", "HBA2", "HBB", "HBD")
"""Genes of red cells, whose RNA floats where they burst."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One technical quantity.

    Attributes
    ----------
    scale
        ``ratio``: compared by its logarithm. ``share``: a part of cells or molecules, 0 to 1. ``name``: a category; its
        change is the largest difference between visits in the part of donors with one name. ``hours``: a time of day.
    size
        Smallest change that is told; a ratio above 1 on scale ``ratio``.
    more, less
        What is said of a later visit with more or less of it, with ``{}`` for how much.
    fakes
        Types of estimates that it can fake.
    agreeing
        Part of the donors whose own change must have the sign of the mean; 0 (default) for none.
    summed
        Whether libraries of one visit are added up; by default they are averaged.
    """

    scale: Literal["ratio", "share", "name", "hours"]
    size: float
    more: str
    less: str
    fakes: tuple[Estimate, ...]
    agreeing: float = 0.0
    summed: bool = False


CALLS: tuple[Estimate, ...] = ("share", "split")
RNA: tuple[Estimate, ...] = ("score", "split")
QUANTITIES: dict[str, Quantity] = {
    "depth": Quantity(
        "ratio", sizes.DEPTH, "is sequenced {} times deeper", "is sequenced {} times shallower",
        ("share", "score", "split"),
    ),
    "genes_per_cell": Quantity(
        "ratio", 1.15, "has {} times more genes per cell", "has {} times fewer genes per cell",
        ("share", "score", "split"),
    ),
    "ambient_share": Quantity(
        "share", 0.02, "has {} more ambient RNA", "has {} less ambient RNA", RNA
    ),
    # spilled by B cells: at two points the fall of MHC-II in other cells has t = -15, at one half of that
    "b_rna_share": Quantity(
        "share", 0.01, "has {} more B-cell RNA in other cells", "has {} less B-cell RNA in other cells", RNA
    ),
    # what red cells spill takes the place of other molecules: at five points all others are read 5 % lower
    "hemoglobin_share": Quantity(
        "share", 0.05, "has {} more hemoglobin RNA", "has {} less hemoglobin RNA", ("share", "score", "split")
    ),
    "mitochondrial_share": Quantity(
        "share", 0.03, "has {} more mitochondrial RNA", "has {} less mitochondrial RNA", ("share", "score", "split")
    ),
    "doublet_rate": Quantity(
        "share", 0.03, "has {} more doublets", "has {} fewer doublets", ("share", "score", "split")
    ),
    # at a third of the cells a share of 1 % of 1,000 cells is 3 cells, where log odds are biased and limits of
    # detection decide (range 2 to 5); loads of studies differ by less, and not the same way in three of four donors
    "cells": Quantity(
        "ratio", 3.0, "has {} times more cells", "has {} times fewer cells", ("depletion", "share", "split"),
        agreeing=0.75, summed=True,
    ),
    "kept_share": Quantity(
        "share", 0.15, "keeps {} more of its cells", "keeps {} fewer of its cells", ("depletion", "share", "split")
    ),
    "unassigned_share": Quantity(
        "share", 0.05, "has {} more cells without a label", "has {} fewer cells without a label", CALLS
    ),
    # subsets of lymphocytes leave the blood and return over the day, and cortisol moves genes with them
    "drawn_at": Quantity(
        "hours", sizes.DRAW_HOURS, "is drawn {} later in the day", "is drawn {} earlier in the day",
        ("share", "score", "split"),
    ),
    "chemistry": Quantity("name", sizes.NAMES, "differs in chemistry ({})", "", ESTIMATES),
    "batch": Quantity("name", sizes.NAMES, "differs in batch ({})", "", ESTIMATES),
}  # fmt: skip
"""Technical quantities, in the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Spilled:
    """Molecules of one sample by which RNA of other cells is measured.

    Attributes
    ----------
    b_alone, b_total
        Of genes that B cells alone have, and all, in B cells.
    other_alone, other_total
        The same in T, NK and myeloid cells.
    hemoglobin
        Of hemoglobin, in all of these cells.
    """

    b_alone: float
    b_total: float
    other_alone: float
    other_total: float
    hemoglobin: float


def count_spilled(sums: pd.DataFrame, populations: Mapping[str, Any]) -> Spilled:
    """Count the molecules of B cells and red cells in one sample.

    Parameters
    ----------
    sums
        Columns ``population``, ``gene`` and ``counts`` of :data:`cd20scope.schema.SUMS`.
    populations
        The population tree.
    """
    name, gene = sums["population"].astype(str), sums["gene"].astype(str)
    in_b = name.isin(roles.depleted(populations))
    in_other = name.isin(roles.populations_of(populations, *roles.T, "NK", "Myeloid"))
    alone, counts = gene.isin(B_ALONE), sums["counts"]

    def add_up(chosen: pd.Series) -> float:
        return float(counts[chosen].sum())

    return Spilled(
        b_alone=add_up(in_b & alone),
        b_total=add_up(in_b),
        other_alone=add_up(in_other & alone),
        other_total=add_up(in_other),
        hemoglobin=add_up((in_b | in_other) & gene.isin(HEMOGLOBIN)),
    )


def share_spilled(
    spilled: Mapping[str, Spilled], *, baseline: Collection[str]
) -> dict[str, dict[str, float]]:
    r"""Part of the molecules that B cells and red cells spilled into other cells, by sample and quantity.

    Of B cells :math:`b = (x_o / n_o) / \bar q`, with x and n the molecules of genes that B cells alone have and all
    molecules of T, NK and myeloid cells, and :math:`\bar q` the mean part of those genes in the B cells themselves; so
    no empty droplets are needed (:mod:`cd20scope.programs.b_rna`).

    Parameters
    ----------
    spilled
        From :func:`count_spilled`, by sample.
    baseline
        Samples of the first visit, whose B cells are read.

    Returns
    -------
    Sample -> ``b_rna_share`` and ``hemoglobin_share``; missing where there are too few molecules to say.
    """
    parts = [
        own.b_alone / own.b_total
        for sample, own in spilled.items()
        if sample in baseline and own.b_total >= FEWEST_MOLECULES
    ]
    q = float(np.mean(parts)) if len(parts) > 1 else 0.0
    found = {}
    for sample, own in spilled.items():
        total = own.b_total + own.other_total
        found[sample] = {
            "b_rna_share": own.other_alone / own.other_total / q if q and own.other_total else np.nan,
            "hemoglobin_share": own.hemoglobin / total if total else np.nan,
        }
    return found


def measure_sample(cells: pd.DataFrame, labels: pd.DataFrame) -> dict[str, float]:
    """Measure the technique of one sample.

    Parameters
    ----------
    cells
        Its table of quality control, the columns of :data:`cd20scope.schema.QC`.
    labels
        ``population`` and ``doublet`` of each of its cells, in the same order (:data:`cd20scope.schema.LABELS`).

    Returns
    -------
    Quantities of :data:`QUANTITIES`: medians of molecules and genes, the share of mitochondrial RNA of a cell and of
    cells without a label, over kept single cells, and their number; doublets among kept cells. Empty without a kept
    single cell.
    """
    kept = cells["keep"].to_numpy(dtype=bool)
    doublet = kept & (labels["doublet"] != "").to_numpy()
    single = kept & ~doublet
    if not single.any():
        return {}
    return {
        "depth": float(cells.loc[single, "n_counts"].median()),
        "genes_per_cell": float(cells.loc[single, "n_genes"].median()),
        "mitochondrial_share": float(cells.loc[single, "percent_mito"].median()) / 100,
        "doublet_rate": float(doublet.sum() / kept.sum()),
        "cells": float(single.sum()),
        "kept_share": float(kept.mean()),
        "unassigned_share": float((labels["population"] == schema.UNASSIGNED)[single].mean()),
    }


def tabulate_sample(
    row: Mapping[str, Any], measured: Mapping[str, float], *, ambient_share: float | None
) -> pd.DataFrame:
    """Put what is known of one sample into rows of :data:`TECHNICAL_COLUMNS` and ``control``.

    Parameters
    ----------
    row
        Of the sheet: ``sample``, ``donor``, ``visit`` and, where it has them, ``control``, ``chemistry``, ``batch`` and
        ``drawn_at``.
    measured
        From :func:`measure_sample`.
    ambient_share
        Ambient part of the molecules, if it was estimated.
    """
    named = {name: row.get(name) or None for name in ("chemistry", "batch")}
    drawn = hour_of(str(row.get(COLUMN) or ""))
    values: dict[str, Any] = {**measured, "ambient_share": ambient_share, COLUMN: drawn, **named}
    table = pd.DataFrame({"quantity": list(values), "value": pd.Series(list(values.values()), dtype=object)})
    table = table.assign(**{name: row[name] for name in ("sample", "donor", "visit")})
    table[schema.CONTROL] = row.get(schema.CONTROL, "")
    return table[[*TECHNICAL_COLUMNS, schema.CONTROL]]
