"""Protein of a sample beside its labels: antibody counts (CITE-seq) normalised, and summed up per population.

It is a check for the reader's eye: no label, count or verdict rests on it, and a sample without lacks nothing.
Antibodies are recognised by their names, since files have nothing else of them.
"""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

CD20 = re.compile(r"(?:CD[ ._-]?20|MS4A1)(?!\d)", re.IGNORECASE)
"""CD20 however written (``CD20_TotalSeqB``, ``anti-human CD20``, ``Hu.CD20_2H7``), not CD200 or CD209. Nothing is
asked of what stands before it: a name too many costs a row, a name missed shows a number that means nothing."""

CONTROL = re.compile(
    r"isotype|control|ctrl|(?<!human)(?<!human[ ._-])(?<!hu)(?<!hu[ ._-])IgG[1-4]", re.IGNORECASE
)
"""Isotype controls, by the word or by the class of mouse and rat antibodies; ``anti-human IgG1`` has a target."""


def is_cd20(name: str) -> bool:
    """Whether an antibody is one against CD20, by its name."""
    return CD20.search(name) is not None


def is_control(name: str) -> bool:
    """Whether an antibody is an isotype control, which binds nothing and shows the background, by its name."""
    return CONTROL.search(name) is not None


def usable(names: Iterable[str], *, visit: str, baseline: str) -> pd.DataFrame:
    """List the antibodies of a sample whose counts mean something.

    CD20 is left out after baseline: the drug sits on the epitope and blocks the antibody, so that a B cell under
    treatment looks CD20 negative (von Essen 2022, doi:10.1212/NXI.0000000000200004). CD19 identifies B cells then.

    Parameters
    ----------
    names
        Of the antibodies.
    visit, baseline
        Visit of the sample, and the first visit of the study; at any other the patient is under treatment.

    Returns
    -------
    DataFrame with columns ``protein``, in the order given, and ``control``: is it an isotype control?
    """
    kept = [name for name in names if visit == baseline or not is_cd20(name)]
    return pd.DataFrame({"protein": kept, "control": [is_control(name) for name in kept]})


def normalise(counts: pd.DataFrame) -> pd.DataFrame:
    """Take the centred log ratio (CLR) of antibody counts.

    y = log(1 + x / exp(mean of log(1 + x))), the mean of each antibody over the cells of the sample

    The form with 1 added, in which zeros stay zero, is that of Seurat's ``NormalizeData(method = "CLR")`` and of
    muon's ``prot.pp.clr``, by each antibody over cells as both do by default (Seurat: margin 1). It needs no
    large panel, but the centre is the sample's own: values compare populations within a sample and not visits, since
    the centre of CD19 falls with the B cells.

    Parameters
    ----------
    counts
        Raw counts, cells x antibodies: the kept cells of one sample, since debris would move the centre.

    Returns
    -------
    Cells x antibodies, float32, natural logarithms, never negative; 0 where nothing was counted.

    Raises
    ------
    ValueError
        When a value is negative or missing: it is no count.
    """
    x = counts.to_numpy(dtype=np.float64)
    if not (x >= 0).all():
        raise ValueError("antibody counts below zero, or missing: give raw counts, before any normalisation.")
    if x.size:
        centre = np.exp(np.log1p(x).mean(axis=0, keepdims=True))
        x = np.log1p(x / centre)
    return pd.DataFrame(x.astype(np.float32), index=counts.index, columns=counts.columns)


def summarise(values: pd.DataFrame, population: pd.Series) -> pd.DataFrame:
    """Sum up the protein of each population of a sample.

    Parameters
    ----------
    values
        As :func:`normalise` gives them: cells x antibodies, CLR.
    population
        Label of each cell, on the same index; ``unassigned`` is a population like any other.

    Returns
    -------
    One row per population and antibody, by population in alphabetical order and antibody in the order given:
    ``population``, ``protein``, ``control`` (isotype control), ``n_cells``, ``mean`` and ``median`` (CLR).

    Raises
    ------
    ValueError
        When values and labels are not of the same cells in the same order.
    """
    if not values.index.equals(population.index):
        raise ValueError(
            f"protein of {len(values):,} cells and labels of {len(population):,}: not the same cells in the same order."
        )
    groups = values.groupby(population.astype(str).to_numpy(), sort=True)
    tables = [
        pd.DataFrame(
            {
                "population": name,
                "protein": values.columns.astype(str),
                "control": [is_control(str(column)) for column in values.columns],
                "n_cells": len(group),
                "mean": group.mean().to_numpy(dtype=np.float64),
                "median": group.median().to_numpy(dtype=np.float64),
            }
        )
        for name, group in groups
    ]
    columns = ["population", "protein", "control", "n_cells", "mean", "median"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
