"""Shares of populations per donor and visit, also under other choices of labels and denominators.

Shares are compared within a denominator that was fixed beforehand, because the loss of one population makes
every other share of the whole rise (Gloor et al. 2017, doi:10.3389/fmicb.2017.02224).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.abundance.log_odds import fraction_upper, log_odds
from cd20scope.pseudobulk.leaves import count_cells, merge_visits, shallow_units
from cd20scope.study import catalogue, roles

DONOR_COLUMNS = (
    *("sample", "donor", "visit", "population", "denominator"),
    *("n_cells", "n_denominator", "fraction", "fraction_upper", "logit", "unusable"),
)
"""Columns of the table of shares per donor and visit. Cells are called ones; ``fraction`` and ``logit`` are of sums of
their posteriors, but in the arms of other calls."""


def donor_table(
    leaves: pd.DataFrame,
    *,
    sheet: pd.DataFrame,
    populations: Mapping[str, Any],
    tests: Iterable[tuple[str, str]],
    value: Literal["n_cells", "posterior"] = "posterior",
) -> pd.DataFrame:
    """Count each population and its denominator per donor and visit.

    Parameters
    ----------
    leaves
        Kept cells per leaf: ``sample`` and the columns of :data:`schema.CELLS`; zeros included.
    sheet
        Sample sheet: ``sample``, ``donor``, ``visit``. Samples of one donor and visit are added up.
    populations
        The population catalogue, parsed.
    tests
        Pairs of selectors (population, denominator); repeated pairs are counted once. A denominator that shares no
        cell with its population is a reference: ``n_denominator`` is then both together, and the log odds are the
        log ratio of the two.
    value
        What ``fraction`` and ``logit`` are of: ``posterior`` (default), sums of posteriors, or ``n_cells``, called
        cells.

    Returns
    -------
    :data:`DONOR_COLUMNS` and ``control``, one row per test, donor and visit. ``fraction_upper`` is the one-sided 95 %
    limit, by called cells. ``unusable`` says why a donor-visit cannot be compared: too shallow for a
    share that follows depth.

    Raises
    ------
    ValueError
        If a denominator contains part of its population, or a sample of the sheet has no leaves.
    """
    units, unit = merge_visits(sheet)
    cells, tree = count_cells(leaves, unit=unit)
    weight = cells if value == "n_cells" else count_cells(leaves, unit=unit, value=value)[0]
    shallow = shallow_units(leaves, unit=unit)
    blocks = []
    for population, denominator in dict.fromkeys(tests):
        inside = catalogue.select(populations, population, tree).to_numpy(dtype=bool)
        whole = catalogue.select(populations, denominator, tree).to_numpy(dtype=bool)
        # a denominator without the population is used as reference: the log ratio of the two
        if not (inside & whole).any():
            whole = whole | inside
        if (inside & ~whole).any():
            raise ValueError(
                f"abundance of {population}: its denominator {denominator} holds only some of its cells, so "
                "there is no share. Name one that holds the whole population, or none of it."
            )
        block = units.assign(population=population, denominator=denominator)
        block["n_cells"] = cells[:, inside].sum(axis=1)
        block["n_denominator"] = cells[:, whole].sum(axis=1)
        part = weight[:, inside].sum(axis=1)
        total = np.maximum(weight[:, whole].sum(axis=1), part)
        block["fraction"] = np.divide(part, total, out=np.full(len(part), np.nan), where=total > 0)
        block["logit"] = log_odds(part, total)
        by_depth = follows_depth(inside, tree, populations) or follows_depth(whole, tree, populations)
        block["unusable"] = np.where(shallow & by_depth, schema.TOO_SHALLOW, "")
        blocks.append(block)
    if not blocks:
        return pd.DataFrame(columns=[*DONOR_COLUMNS, schema.CONTROL])
    table = pd.concat(blocks, ignore_index=True)
    table["fraction_upper"] = fraction_upper(table["n_cells"].to_numpy(), table["n_denominator"].to_numpy())
    return table[[*DONOR_COLUMNS, schema.CONTROL]]


def follows_depth(selected: NDArray[np.bool_], tree: pd.DataFrame, populations: Mapping[str, Any]) -> bool:
    """Whether cells are told by differences that only deep counts show.

    B cells as a whole, T cells as a whole and each other population are told at any depth; parts of them are not.
    """
    group = dict.fromkeys(roles.depleted(populations), "B")
    group |= dict.fromkeys(roles.populations_of(populations, *roles.T), "T")
    whole = tree["population"].map(lambda name: group.get(name, f"one {name}"))
    share = pd.Series(selected).groupby(whole.to_numpy()).mean()
    return bool(((share > 0) & (share < 1)).any())


def arm_table(
    leaves: pd.DataFrame,
    differences: pd.DataFrame,
    *,
    sheet: pd.DataFrame,
    populations: Mapping[str, Any],
    tests: Sequence[tuple[str, str]],
    others: Sequence[tuple[str, str]],
) -> pd.DataFrame:
    """Count the same shares under other choices, one block of :func:`donor_table` per arm.

    Parameters
    ----------
    leaves, sheet, populations, tests
        As for :func:`donor_table`.
    differences
        What other labels add to the leaves or take away: :data:`schema.ARM_CELLS` and ``sample``.
    others
        Pairs of selector and other denominator.

    Returns
    -------
    ``arm`` and :data:`DONOR_COLUMNS`. Arms: those of ``differences``, of called cells; ``calls``, called cells at equal
    depth in place of sums of posteriors; ``denominator``, the shares of ``others``.
    """
    shared: dict[str, Any] = {"sheet": sheet, "populations": populations}
    keys = ["sample", "population", "subset"]
    blocks = [donor_table(leaves, tests=others, **shared).assign(arm=schema.DENOMINATOR_ARM)]
    for arm, of_arm in differences.groupby("arm", observed=True):
        added = of_arm.groupby(keys, observed=True)["n_cells"].sum()
        more = added.reindex(pd.MultiIndex.from_frame(leaves[keys]), fill_value=0).to_numpy()
        changed = leaves.assign(n_cells=leaves["n_cells"] + more)
        blocks.append(donor_table(changed, tests=tests, **shared, value="n_cells").assign(arm=arm))
    called = donor_table(leaves, tests=tests, **shared, value="n_cells")
    blocks.append(called.assign(arm=schema.CALLS_ARM))
    return pd.concat(blocks, ignore_index=True)[["arm", *DONOR_COLUMNS, schema.CONTROL]]
