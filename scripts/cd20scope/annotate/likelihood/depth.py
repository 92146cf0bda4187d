"""Equal depth: counts of a donor's visits thinned to its shallowest, the same in every run.

A molecule is kept when a number hashed from sample, barcode, gene and its position among the gene's molecules
falls below the share that is to be kept. So neither the order of cells nor that of genes matters, and what a
smaller share keeps, a larger share keeps too.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate.likelihood import constants
from cd20scope.schema import TOO_SHALLOW
from cd20scope.study import roles

Array = npt.NDArray[Any]

AT_ONCE = 4_000_000
"""Molecules that are drawn at a time, about, for memory: some 40 bytes each."""
FEW = "too few T cells"


def hash_names(names: Iterable[str]) -> npt.NDArray[np.uint64]:
    """64 bits of each name, the same on every machine."""
    digests = (
        hashlib.blake2b(str(name).encode(), digest_size=8, key=constants.THIN_SALT).digest() for name in names
    )
    return np.frombuffer(b"".join(digests), dtype="<u8")


def mix_bits(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Finaliser of SplitMix64: every bit of the input moves every bit of the output.

    References
    ----------
    Steele 2014, doi:10.1145/2660193.2660195.
    """
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def thin_counts(
    counts: sp.csr_matrix, *, barcodes: Iterable[str], genes: Iterable[str], keep: float, sample: str = ""
) -> sp.csr_matrix:
    """Keep each molecule with the same probability.

    Parameters
    ----------
    counts
        Raw counts, cells x genes.
    barcodes, genes
        Names of rows and columns.
    keep
        Probability, 0 to 1; at 1 the counts come back as they are.
    sample
        Name that is hashed with each barcode: barcodes recur between samples.

    Returns
    -------
    scipy.sparse.csr_matrix
        Integers in the type of ``counts``, without stored zeros.

    Raises
    ------
    ValueError
        When ``keep`` is outside 0 to 1 or counts are no integers.
    """
    if not 0 <= keep <= 1:
        raise ValueError(f"keep is {keep}; expected a probability, 0 to 1.")
    if keep == 1:
        return sp.csr_matrix(counts, copy=True)
    of_cell = hash_names(f"{sample}\t{barcode}" for barcode in barcodes)
    of_gene = hash_names(genes)
    kept = np.zeros_like(counts.data)
    for first, last in _blocks_of_cells(counts):
        entries = slice(counts.indptr[first], counts.indptr[last])
        molecules = counts.data[entries].astype(np.int64)
        if (molecules != counts.data[entries]).any():
            raise ValueError("counts are no integers; equal depth needs raw counts.")
        row = np.repeat(of_cell[first:last], np.diff(counts.indptr[first : last + 1]))
        key = mix_bits(row ^ mix_bits(of_gene[counts.indices[entries]]))
        kept[entries] = _count_kept(key, molecules, keep)
    thinned: sp.csr_matrix = sp.csr_matrix(
        (kept, counts.indices.copy(), counts.indptr.copy()), shape=counts.shape
    )
    thinned.eliminate_zeros()
    return thinned


def _blocks_of_cells(counts: sp.csr_matrix) -> Iterator[tuple[int, int]]:
    """First and last row of blocks that begin within :data:`AT_ONCE` molecules of each other."""
    before = np.cumsum(np.asarray(counts.sum(axis=1)).ravel(), dtype=np.int64) // AT_ONCE
    starts = np.flatnonzero(np.diff(before, prepend=-1))
    yield from pairwise([*starts.tolist(), counts.shape[0]])


def _count_kept(key: npt.NDArray[np.uint64], molecules: Array, keep: float) -> Array:
    """Molecules kept of each stored value."""
    entry = np.repeat(np.arange(len(molecules)), molecules)
    first = np.repeat(np.cumsum(molecules) - molecules, molecules)
    number = (np.arange(len(entry)) - first).astype(np.uint64)
    uniform = (mix_bits(key[entry] + number * np.uint64(0xD1342543DE82EF95)) >> np.uint64(11)) * 2.0**-53
    return np.bincount(entry, weights=uniform < keep, minlength=len(molecules)).astype(np.int64)


def measure_depth(cells: pd.DataFrame, *, populations: Mapping[str, Any]) -> dict[str, float]:
    """Median of molecules over the T cells of a sample, as a first look at their markers tells them.

    Parameters
    ----------
    cells
        Quality of its cells: ``n_counts``, ``stratum`` and ``keep``.
    populations
        The population tree.

    Returns
    -------
    dict
        ``molecules``, NaN without a T cell, and ``t_cells``.
    """
    parents = {node["name"]: node["parent"] for node in populations["nodes"] if node["level"] != "subset"}
    tops = set()
    for name in roles.populations_of(populations, *roles.T):
        while parents[name] is not None:
            name = parents[name]
        tops.add(name)
    of_t = cells.loc[cells["keep"] & cells["stratum"].isin(tops), "n_counts"]
    return {"molecules": float(of_t.median()), "t_cells": len(of_t)}


@dataclass(frozen=True)
class Depth:
    """Depth of the comparison for one sample: see :func:`choose_depth`."""

    keep: float
    reason: str

    @property
    def shallow(self) -> bool:
        """Whether the sample stays out of what follows depth."""
        return self.reason == TOO_SHALLOW


def read_depth(path: Path | str, sample: str) -> Depth:
    """Read the row of a sample from the table of :func:`choose_depth`."""
    table = pd.read_csv(path, sep="\t", dtype={"sample": str}, keep_default_na=False).set_index("sample")
    return Depth(float(table["keep"][sample]), str(table["reason"][sample]))


def choose_depth(
    samples: pd.DataFrame,
    *,
    scope: str = "donor",
    floor: float = constants.MIN_THINNED,
    min_cells: int = constants.MIN_T_CELLS,
) -> pd.DataFrame:
    """Choose the depth at which visits are compared.

    Parameters
    ----------
    samples
        One row per sample (index): ``donor``, ``molecules`` (median over its T cells) and ``t_cells``.
    scope
        ``donor``: the lowest median among a donor's samples; ``cohort``: among all samples.
    floor
        A sample below it stays out and pulls no other down.
    min_cells
        T cells below which a sample's median is not trusted; it stays out, too.

    Returns
    -------
    pandas.DataFrame
        By sample: ``molecules``; ``target``, molecules of the comparison; ``keep``, the probability with which
        a molecule is kept, 1 for samples that stay out; and ``reason`` they stay out for, ``""`` otherwise.
    """
    if scope not in ("donor", "cohort"):
        raise ValueError(f"scope is {scope!r}; expected donor or cohort.")
    reason = np.where(samples["molecules"] < floor, TOO_SHALLOW, "")
    few = (samples["t_cells"] < min_cells) | samples["molecules"].isna()
    reason = np.where(few, FEW, reason)
    compared = samples["molecules"].where(reason == "")
    group = samples["donor"] if scope == "donor" else pd.Series("", index=samples.index)
    target = compared.groupby(group).transform("min").where(reason == "")
    keep = (target / samples["molecules"]).clip(upper=1.0).fillna(1.0)
    return pd.DataFrame(
        {"molecules": samples["molecules"], "target": target, "keep": keep, "reason": reason},
        index=samples.index,
    )
