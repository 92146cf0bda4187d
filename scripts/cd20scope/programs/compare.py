"""Change of gene programmes, donor by donor.

The test sees one score per donor and visit, never cells: a test over cells calls two thirds of unchanged
programmes changed (Zimmerman et al. 2021, doi:10.1038/s41467-021-21038-1, on pseudoreplication).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.programs.scores import SCORE_COLUMNS
from cd20scope.stats import multiplicity, pairs
from cd20scope.stats.changes import Change
from cd20scope.stats.standardised import standardised_t

PROGRAM_COLUMNS = (
    *("population", "program", "component", "contrast", "n_pairs"),
    *("estimate", "change", "baseline_sd", "se", "df", "ci_low", "ci_high", "p_value", "p_adjusted"),
    *("n_genes", "coverage", "donors", "dropped", "status", "reason", "role"),
)
"""Columns of the table of tests; ``estimate``, ``se`` and limits are in baseline SDs, ``change`` is raw. The
limits hold what the baseline SD is uncertain of, ``se`` does not."""

SHARED_ERROR = "shared_error"
"""Column of scores and parts that some have: what the number would change by, in all samples alike, were the correction
behind it one standard error off; an error that donors share, so that their spread does not show it."""


def compare(
    scores: pd.DataFrame,
    parts: pd.DataFrame,
    *,
    contrasts: Sequence[pairs.Contrast],
    baseline: str,
    alpha: float = 0.05,
    min_pairs: int = 6,
    min_coverage: float = 0.5,
) -> pd.DataFrame:
    """Paired t-test of every score, for every contrast.

    Parameters
    ----------
    scores, parts
        From :func:`cd20scope.programs.scores.score_programs`.
    contrasts
        Pairs (later, earlier) of visits.
    baseline
        The visit whose standard deviation between donors is the unit of ``estimate``: changes of different
        programmes become comparable, and a margin means the same for each.
    alpha
        Intervals are two-sided ``1 - alpha``.
    min_pairs
        Below this the estimate is given without interval and p-value.
    min_coverage
        A programme with a smaller share of its genes in every sample is not estimable.

    Returns
    -------
    :data:`PROGRAM_COLUMNS`. Component ``total`` is the change of the score; for the
    populations in ``parts`` the components ``composition`` and ``within`` follow, on the same scale, and add
    up to it. ``p_adjusted`` is Benjamini-Hochberg within the contrast over the tested rows of programmes
    whose role is ``endpoint``.
    """
    schema.require_columns(scores, SCORE_COLUMNS, name="programme scores")
    members = dict(tuple(parts.groupby(["population", "program"], sort=False)))
    blocks = [
        (block, members.get(key), baseline_unit(block, baseline))
        for key, block in scores.groupby(["population", "program"], sort=False)
    ]
    rows: list[dict[str, object]] = []
    for contrast in contrasts:
        for block, own, unit in blocks:
            changes = measure_change(
                block, own, contrast=contrast, baseline=baseline, min_coverage=min_coverage, unit=unit
            )
            rows += [
                _common(block, contrast, changes["total"], unit.sd, min_pairs)
                | {"component": component}
                | _test(change, unit.sd, alpha, min_pairs)
                for component, change in changes.items()
            ]
    table = pd.DataFrame(rows, columns=list(PROGRAM_COLUMNS))
    endpoint = table["p_value"].where(table["role"] == "endpoint")
    table["p_adjusted"] = multiplicity.benjamini_hochberg(endpoint, by=table["contrast"])
    return table


def split_change(
    cells_before: NDArray[np.float64],
    cells_after: NDArray[np.float64],
    mean_before: NDArray[np.float64],
    mean_after: NDArray[np.float64],
    *,
    mixed: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Split a change of a mean over cells into composition and change within members, exactly.

    .. math:: \sum_k f_{k1} m_{k1} - \sum_k f_{k0} m_{k0}
        = \sum_k (f_{k1} - f_{k0}) \frac{m_{k1} + m_{k0}}{2} + \sum_k (m_{k1} - m_{k0}) \frac{f_{k1} +
        f_{k0}}{2}

    A member that is absent at one visit takes its mean from the other, so that its coming or going is
    composition. Members are populations: a shift between subsets of one population counts as within.

    Parameters
    ----------
    cells_before, cells_after
        Shape (donors, members), numbers of cells; each donor has some.
    mean_before, mean_after
        Same shape, mean over the member's cells; ignored where there is none.
    mixed
        Shape (members,), members that are no population: cells without a label. Their mean moves with which cells are
        among them, so all their change is composition. None by default.

    Returns
    -------
    Composition and within, each of shape (donors,).

    References
    ----------
    Kitagawa (1955). doi:10.1080/01621459.1955.10501299
    """
    m0 = np.where(cells_before > 0, mean_before, np.where(cells_after > 0, mean_after, 0.0))
    m1 = np.where(cells_after > 0, mean_after, m0)
    f0 = cells_before / cells_before.sum(axis=1, keepdims=True)
    f1 = cells_after / cells_after.sum(axis=1, keepdims=True)
    composition, within = (f1 - f0) * (m1 + m0) / 2, (m1 - m0) * (f1 + f0) / 2
    if mixed is not None:
        composition, within = composition + within * mixed, within * ~mixed
    return composition.sum(axis=1), within.sum(axis=1)


def baseline_sd(block: pd.DataFrame, baseline: str) -> float:
    """Spread of a score between all treated donors that have one at baseline (SD); missing where there is none."""
    treated = pairs.of_treated(block)
    at_baseline = treated.loc[treated["visit"] == baseline, "score"].dropna()
    sd = float(at_baseline.std(ddof=1)) if len(at_baseline) > 1 else float("nan")
    return sd if sd > 1e-12 else float("nan")


class Unit(NamedTuple):
    """Unit of a change: standard deviation of a score between ``n`` donors at baseline; missing without spread."""

    sd: float
    n: int


def baseline_unit(block: pd.DataFrame, baseline: str) -> Unit:
    """Spread of a score between all treated donors that have one at baseline."""
    treated = pairs.of_treated(block)
    return Unit(
        baseline_sd(block, baseline), int((treated["visit"].eq(baseline) & treated["score"].notna()).sum())
    )


def measure_change(
    block: pd.DataFrame,
    members: pd.DataFrame | None,
    *,
    contrast: pairs.Contrast,
    baseline: str,
    min_coverage: float = 0.5,
    unit: Unit | None = None,
) -> dict[str, Change]:
    """Change of one programme in one population per donor and component, in baseline SDs.

    Parameters
    ----------
    block, members
        Rows of this programme and population in the tables of :func:`compare`; ``members`` is None where the
        change is not split. Both may have the column :data:`SHARED_ERROR`.
    contrast, baseline, min_coverage
        As for :func:`compare`.
    unit
        Of the changes; None (default) for the spread of these donors.

    Returns
    -------
    ``total`` and, with ``members``, ``composition`` and ``within``.
    """
    components = ("total",) if members is None else ("total", "composition", "within")
    paired = pairs.pair(block.assign(unusable=block["unusable"].fillna("")), contrast)
    sd, n_sd = unit or baseline_unit(block, baseline)
    if reason := _not_estimable(block, sd, baseline, min_coverage):
        return dict.fromkeys(components, Change.nothing(paired, f"not estimable: {reason}"))
    if not paired.donors:
        return dict.fromkeys(components, Change.nothing(paired, ""))
    raw = _changes(block, members, paired.donors, contrast)
    shared = dict.fromkeys(raw, 0.0)
    if SHARED_ERROR in block and block[SHARED_ERROR].notna().any():  # no other arm has one
        other = None if members is None else members.assign(mean=members["mean"] + members[SHARED_ERROR])
        moved = _changes(
            block.assign(score=block["score"] + block[SHARED_ERROR]), other, paired.donors, contrast
        )
        shared = {component: abs(float((moved[component] - raw[component]).mean())) / sd for component in raw}
    return {
        component: Change.unlimited(paired, values / sd, n_sd=n_sd, shared_se=shared[component])
        for component, values in raw.items()
    }


def _not_estimable(block: pd.DataFrame, sd: float, baseline: str, min_coverage: float) -> str:
    first = block.iloc[0]
    if first["coverage"] < min_coverage:
        return (
            f"{first['n_genes']} genes of the programme are in every sample "
            f"({first['coverage']:.0%}, {min_coverage:.0%} needed)"
        )
    if np.isnan(sd):
        n = int(block.loc[block["visit"] == baseline, "score"].notna().sum())
        return f"{n} donors with a score at {baseline} show no spread to scale by"
    return ""


def _common(
    block: pd.DataFrame, contrast: pairs.Contrast, change: Change, sd: float, min_pairs: int
) -> dict[str, object]:
    """Return the columns that all components of a score share."""
    first = block.iloc[0]
    return {
        **{column: first[column] for column in ("population", "program", "n_genes", "coverage", "role")},
        "contrast": schema.contrast_name(contrast),
        "n_pairs": len(change.paired),
        "baseline_sd": sd,
        "donors": change.paired.donors_text,
        "dropped": change.paired.dropped_text,
        "reason": change.reason or pairs.too_few(len(change.paired), max(min_pairs, 1)),
    }


def _changes(
    block: pd.DataFrame, members: pd.DataFrame | None, donors: Sequence[str], contrast: pairs.Contrast
) -> dict[str, NDArray[np.float64]]:
    """Raw change per donor and component."""
    # dictionaries: pandas takes ten times as long for so few rows
    score = dict(zip(_keys(block, ["visit", "donor"]), block["score"].to_numpy(dtype=float), strict=True))
    after, before = (np.array([score[visit, donor] for donor in donors]) for visit in contrast)
    changes = {"total": after - before}
    if members is not None:
        keys = _keys(members, ["visit", "donor", "member"])
        place = {key: row for row, key in enumerate(keys)}
        names = list(dict.fromkeys(name for *_, name in keys))
        later, earlier = (
            np.array([[place[visit, donor, name] for name in names] for donor in donors])
            for visit in contrast
        )
        n_cells, mean = (members[column].to_numpy(dtype=float) for column in ("n_cells", "mean"))
        changes["composition"], changes["within"] = split_change(
            *(n_cells[rows] for rows in (earlier, later)),
            *(mean[rows] for rows in (earlier, later)),
            mixed=np.array(names) == schema.UNASSIGNED,
        )
    return changes


def _keys(table: pd.DataFrame, columns: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(table[column].astype(str).tolist() for column in columns), strict=True))


def _test(change: Change, sd: float, alpha: float, min_pairs: int) -> dict[str, object]:
    """Paired t in baseline SDs; only described where there are too few pairs."""
    if not change.measured:
        return {"status": "not testable"}
    t = standardised_t(change.values, sd=1.0, n_sd=change.n_sd)
    row: dict[str, object] = {"estimate": t.estimate, "change": t.estimate * sd, "status": "not testable"}
    if reason := pairs.too_few(len(change.paired), min_pairs) or t.no_spread:
        return row | {"reason": reason}
    low, high = t.interval(alpha)
    limits = {"se": t.se, "df": t.df, "ci_low": low, "ci_high": high, "p_value": t.p_value}
    return row | limits | {"status": "tested"}
