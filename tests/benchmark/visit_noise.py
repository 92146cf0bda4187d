"""Noise between visits of untreated donors, beyond counting: where the constants of power come from.

    .venv/bin/python tests/benchmark/visit_noise.py COUNTS.csv

COUNTS.csv has a row per sample, columns ``donor`` and ``day``, and a column of cells per population, named as in the
table of Hao et al. (2021, doi:10.1016/j.cell.2021.04.048) gated by protein: https://github.com/yezhengSTAT/ADTnorm.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special


def visit_sd(n_cells: ArrayLike, n_denominator: ArrayLike) -> float:
    """SD of log odds between visits of a donor, shape (donors, visits) of counts; 0 where counting explains all.

    The variance within donors less that of counting, :math:`1/(x + 1/2) + 1/(n - x + 1/2)` on average.
    """
    x, n = np.asarray(n_cells, dtype=float), np.asarray(n_denominator, dtype=float)
    y = np.log((x + 0.5) / (n - x + 0.5))
    within = y.var(axis=1, ddof=1).mean()
    counting = (1 / (x + 0.5) + 1 / (n - x + 0.5)).mean()
    return float(np.sqrt(max(within - counting, 0.0)))


def difference_sd(n_cells: ArrayLike, n_denominator: ArrayLike) -> float:
    """SD between donors of the change from the first to the last visit, counting included."""
    x, n = np.asarray(n_cells, dtype=float), np.asarray(n_denominator, dtype=float)
    y = special.logit((x + 0.5) / (n + 1))
    return float((y[:, -1] - y[:, 0]).std(ddof=1))


CD4 = ("Treg", "naive CD4", "memory CD4")
B = ("naive B", "memory B")
MONOCYTES = ("classical monocyte", "intermediate monocyte", "non-classical CD16+ monocyte")
SHARES: dict[str, tuple[tuple[str, ...], tuple[str, ...] | None, tuple[str, ...]]] = {
    "Treg": (("Treg",), CD4, ()),
    "CD4 naive": (("naive CD4",), CD4, ()),
    "NK": (("CD16+ NK", "CD16- NK"), None, B),
    "Monocyte": (MONOCYTES, None, B),
    "B cells": (B, None, ()),
}
"""Population: its columns, those of its denominator (None for all), and those left out of that."""


def tabulate(table: pd.DataFrame) -> pd.DataFrame:
    """SD between visits, and of the difference of first and last, for each population of :data:`SHARES`."""
    wide = table.sort_values(["donor", "day"])
    populations = [name for name in wide.columns if name not in ("donor", "day")]
    visits = wide["day"].nunique()
    rows = []
    for name, (inside, whole, without) in SHARES.items():
        columns = [column for column in (whole or populations) if column not in without]
        x, n = (wide[list(part)].sum(axis=1).to_numpy().reshape(-1, visits) for part in (inside, columns))
        rows.append({"population": name, "visit SD": visit_sd(x, n), "difference SD": difference_sd(x, n)})
    return pd.DataFrame(rows)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("counts", type=Path)
    print(tabulate(pd.read_csv(parser.parse_args().counts)).round(3).to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
