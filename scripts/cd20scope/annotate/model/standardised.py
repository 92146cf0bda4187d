"""Expression of the cells of a decision, kept sparse: dense only where a few genes or a few cells are looked at."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Array = npt.NDArray[Any]

SD_FLOOR = 0.05
"""Added to a gene's standard deviation so that a gene seen in a handful of cells does not weigh in."""
AT_ONCE = 4_000_000
"""Stored values that are summed at a time."""


@dataclass(frozen=True)
class Standardised:
    """Log-normalised expression with the mean and deviation of each gene.

    A dense matrix of 50,000 cells and 6,300 genes takes 1.3 GB and its standardised copy as much again; this takes
    a tenth, and what is computed from it is the same to rounding.

    Attributes
    ----------
    by_cell, by_gene
        The same values, cells x genes, float32, by rows and by columns.
    mean, sd
        Of each gene; the deviation has a floor added, so that a gene seen in a handful of cells does not weigh in.
    """

    by_cell: sp.csr_matrix
    by_gene: sp.csc_matrix
    mean: Array
    sd: Array

    @classmethod
    def measure(cls, values: sp.csr_matrix) -> "Standardised":
        """Mean and deviation of each gene of log-normalised expression, cells x genes."""
        mean, sd = moments(values)
        return cls(values, values.tocsc(), mean.astype(np.float32), (sd + SD_FLOOR).astype(np.float32))

    def __len__(self) -> int:
        """Count the cells."""
        return int(self.by_cell.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """Cells and genes."""
        return self.by_cell.shape[0], self.by_cell.shape[1]

    def values(self, columns: Array) -> Array:
        """Expression of some genes in all cells, dense."""
        return np.asarray(self.by_gene[:, columns].toarray())

    def scaled(self, columns: Array) -> Array:
        """Standardised expression of some genes in all cells, dense."""
        return np.asarray((self.values(columns) - self.mean[columns]) / self.sd[columns])

    def __getitem__(self, rows: Array) -> Array:
        """Standardised expression of all genes in some cells, dense."""
        dense = self.by_cell[rows].toarray()
        dense -= self.mean
        dense /= self.sd
        return np.asarray(dense)

    def project(self, turn: Array) -> Array:
        """Product of the standardised expression of all cells with a matrix, genes x columns."""
        scaled = turn / self.sd[:, None]
        return np.asarray(self.by_cell @ scaled - self.mean @ scaled)


def moments(values: sp.csr_matrix) -> tuple[Array, Array]:
    """Mean and standard deviation of each column, in double precision; shapes (n_columns,)."""
    n, n_columns = values.shape
    total, squares = np.zeros(n_columns), np.zeros(n_columns)
    # some at a time: all of them in double precision are as large as the matrix
    for start in range(0, values.nnz, AT_ONCE):
        some = slice(start, start + AT_ONCE)
        stored, columns = values.data[some].astype(np.float64), values.indices[some]
        total += np.bincount(columns, weights=stored, minlength=n_columns)
        squares += np.bincount(columns, weights=stored**2, minlength=n_columns)
    mean = total / n
    return mean, np.sqrt(np.maximum(squares / n - mean**2, 0.0))
