"""Tables of profiles: read, checked, and the genes that each decision is made by."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope.annotate.likelihood import constants
from cd20scope.annotate.likelihood.genes import may_move_labels
from cd20scope.annotate.likelihood.tree import ROOT, Decision

Array = npt.NDArray[np.float64]

LOG_LIKE = 30.0
"""No linear table of expression stays below this; log2 of transcripts per million does."""
MIN_SUM = 1e4
"""Least sum of a profile in transcripts per million, over the genes of a table."""


class ProfileError(ValueError):
    """A table of profiles that cannot be used; says what was found and what to do."""


def read_profiles(path: Path) -> pd.DataFrame:
    """Read a table of profiles, genes x profiles, tab-separated, gzipped or not; lines of ``#`` are comments.

    The layout populations x genes is read as well: the side that holds more names is taken for the genes.

    Raises
    ------
    ProfileError
        When the table is empty, a value is no number, or a name is repeated.
    """
    table = pd.read_csv(path, sep="\t", index_col=0, comment="#")
    if table.empty:
        raise ProfileError(f"{path}: no values found. Expected genes in rows and profiles in columns.")
    if table.shape[1] > table.shape[0]:
        table = table.T
    table.index, table.columns = table.index.astype(str), table.columns.astype(str)
    for column in table:
        bad = pd.to_numeric(table[column], errors="coerce").isna()
        if bad.any():
            gene = str(table.index[bad.to_numpy()][0])
            raise ProfileError(
                f"{path}: profile {column}, gene {gene}: {table[column][bad].iloc[0]!r} is no number."
            )
    for what, names in (("gene", table.index), ("profile", table.columns)):
        if names.has_duplicates:
            raise ProfileError(f"{path}: {what} {names[names.duplicated()][0]} occurs twice. Keep one.")
    return table.astype(float)


def check_profiles(table: pd.DataFrame, *, wanted: Collection[str], name: str = "table of profiles") -> None:
    """Check that a table holds linear values of all profiles that populations name.

    Raises
    ------
    ProfileError
        When profiles are missing, unknown ones are there, values are negative or look like logarithms.
    """
    names = [str(column) for column in table]
    missing, unknown = sorted(set(wanted) - set(names)), sorted(set(names) - set(wanted))
    if missing:
        raise ProfileError(
            f"{name}: no profile {', '.join(missing)}, which a population names. Found: {', '.join(names)}."
        )
    if unknown:
        raise ProfileError(
            f"{name}: no population names the profile {', '.join(unknown)}. Name it under `profiles` of a "
            "population, or take the column out."
        )
    values = table.to_numpy()
    if not np.isfinite(values).all() or values.min() < 0:
        gene, place = np.argwhere(~(np.isfinite(values) & (values >= 0)))[0]
        raise ProfileError(
            f"{name}: profile {names[place]}, gene {table.index[gene]}: {values[gene, place]:g}. "
            "Expected transcripts per million, 0 or more."
        )
    for column in table:
        if table[column].max() < LOG_LIKE:
            raise ProfileError(
                f"{name}: no value of profile {column} is above {LOG_LIKE:g} (highest {table[column].max():g}). "
                "These look like logarithms; expected linear transcripts per million."
            )
        if table[column].sum() < MIN_SUM:
            raise ProfileError(
                f"{name}: profile {column} sums to {table[column].sum():g}. Expected transcripts per million, whose "
                f"genes in a table sum to more than {MIN_SUM:g}."
            )


def take_profiles(table: pd.DataFrame, named: Mapping[str, Sequence[str]], *, name: str) -> pd.DataFrame:
    """Check a table and give the profiles that populations name, without those that none does.

    Raises
    ------
    ProfileError
        As for :func:`check_profiles`, but for profiles that no population names: a tree may leave cells out.
    """
    wanted = {profile for profiles in named.values() for profile in profiles}
    taken = table[[column for column in table if column in wanted]]
    check_profiles(taken, wanted=wanted, name=name)
    return taken


def common_genes(table: pd.DataFrame, genes: Collection[str]) -> list[str]:
    """Genes of the table that a study holds, in the table's order.

    Raises
    ------
    ProfileError
        When they are fewer than :data:`constants.MIN_COMMON`; names the likely cause.
    """
    held = set(genes)
    found = [str(gene) for gene in table.index if gene in held]
    if len(found) >= constants.MIN_COMMON:
        return found
    upper = {str(gene).upper() for gene in held}
    cause = "Are these human genes, named by HGNC symbols such as CD3E?"
    if sum(gene in upper for gene in table.index) >= constants.MIN_COMMON:
        example = next(gene for gene in held if str(gene) != str(gene).upper())
        cause = f"Symbols are written as in the mouse ({example}); human cells are needed."
    elif sum(str(gene).startswith("ENS") for gene in held) > len(held) / 2:
        cause = "Genes are named by Ensembl accessions; HGNC symbols are needed."
    raise ProfileError(
        f"{len(found)} of the {len(table)} genes of the table of profiles are among the study's {len(held)}; below "
        f"{constants.MIN_COMMON} no population is told. {cause}"
    )


def log_profiles(table: pd.DataFrame, leaves: Sequence[str]) -> tuple[Array, Array]:
    """Mean log profile of genes, and the soft-thresholded differences of each leaf from it.

    Returns
    -------
    mean, difference
        Shapes (n_genes,) and (n_genes, n_leaves), natural logarithms of transcripts per million plus 1.
    """
    logs = np.log1p(table[list(leaves)].to_numpy(dtype=float))
    mean = logs.mean(axis=1)
    off = logs - mean[:, None]
    return mean, np.sign(off) * np.maximum(np.abs(off) - constants.THRESHOLD, 0.0)


def select_genes(
    table: pd.DataFrame, decision: Decision, *, usable: npt.NDArray[np.bool_] | None = None, factor: int = 1
) -> list[str]:
    """Choose the genes that a decision is made by.

    For each ordered pair of classes the genes of largest difference: those may move a label, are expressed in
    a class and, below the root, are no gene of another lineage.

    Parameters
    ----------
    table
        All profiles, genes x profiles.
    decision
        Whose leaves are compared.
    usable
        Genes that the study shows; default all.
    factor
        So many times as many genes, as for a table that is shipped.

    Returns
    -------
    list of str
        In the table's order.
    """
    level = table[list(decision.leaves)].to_numpy()
    allowed = may_move_labels(table.index, root=decision.name == ROOT) & (
        level.max(axis=1) > constants.MIN_LEVEL
    )
    others = [name for name in table if name not in decision.leaves]
    if decision.name != ROOT and others:
        allowed &= level.max(axis=1) > constants.FOREIGN_LEVEL * table[others].to_numpy().max(axis=1)
    if usable is not None:
        allowed &= usable
    gap = class_gaps(table, decision)
    n_genes = factor * (constants.ROOT_GENES if decision.name == ROOT else constants.BRANCH_GENES)
    chosen = np.zeros(len(table), dtype=bool)
    for one in range(gap.shape[1]):
        for other in range(gap.shape[1]):
            above = np.where(allowed, gap[:, one] - gap[:, other], -np.inf)
            best = np.argsort(-above, kind="stable")[:n_genes]
            chosen[best[above[best] > 0]] = True
    return [str(gene) for gene in table.index[chosen]]


def class_gaps(table: pd.DataFrame, decision: Decision) -> Array:
    """Soft-thresholded difference of each class from the mean profile, mean over its leaves; genes x classes."""
    _, difference = log_profiles(table, decision.leaves)
    label = np.array(decision.classes)
    return np.column_stack([difference[:, label == name].mean(axis=1) for name in decision.distinct])


def count_genes(table: pd.DataFrame, decision: Decision, chosen: Sequence[str]) -> "pd.Series[int]":
    """Count the genes that speak for each class against the class that it is hardest to tell from.

    Parameters
    ----------
    table
        All profiles, genes x profiles.
    decision
        Whose classes are compared.
    chosen
        Genes that it is made by.

    Returns
    -------
    pandas.Series
        By class: the least number, over the other classes, of chosen genes that are higher in it. Below
        :data:`constants.MIN_GENES` the class is not told in this study.
    """
    gap = class_gaps(table.loc[list(chosen)], decision)
    n = gap.shape[1]
    least = [
        min((int((gap[:, k] > gap[:, j]).sum()) for j in range(n) if j != k), default=len(chosen))
        for k in range(n)
    ]
    return pd.Series(least, index=list(decision.distinct), name="genes")
