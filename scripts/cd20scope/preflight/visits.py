"""Technique that differs between visits, as far as the sheet and the first cells tell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.preflight.findings import Finding
from cd20scope.stats import clock
from cd20scope.stats.paired_tests import paired_t
from cd20scope.study import sizes
from cd20scope.study.batches import compare_names
from cd20scope.study.draw_time import hours_of


def check_names(sheet: pd.DataFrame, *, contrasts: Sequence[Sequence[str]]) -> list[Finding]:
    """Find contrasts whose visits differ in chemistry or batch, be it in part of the donors."""
    findings = []
    for later, earlier in contrasts:
        for column in (name for name in ("chemistry", "batch") if name in sheet):
            gap = compare_names(sheet, column, (later, earlier))
            if gap is not None and abs(gap.share) >= sizes.NAMES:
                findings.append(
                    Finding(
                        "warning",
                        schema.contrast_name((later, earlier)),
                        f"the visits differ in {column}: {gap.detail}. {_remedy(sheet, column, (later, earlier))}",
                    )
                )
    return findings


def _remedy(sheet: pd.DataFrame, column: str, contrast: Sequence[str]) -> str:
    """Say whether visit and column are confounded completely or in part, and what to do."""
    own = sheet[sheet["visit"].isin(list(contrast)) & (sheet[column].astype(str).str.strip() != "")]
    later, earlier = (own[own["visit"] == v].groupby("donor")[column].agg(frozenset) for v in contrast)
    both = later.index.intersection(earlier.index)
    same = int((later[both] == earlier[both]).sum())
    if not same:
        return (
            f"Treatment and {column} cannot be told apart in any donor. Only samples processed anew in one {column}, "
            "or a control arm processed alike, can separate them."
        )
    return (
        f"Treatment and {column} cannot be told apart in {len(both) - same} of {len(both)} donors; verdicts are "
        f"asked again over the {same} with the same {column} at both visits."
    )


def check_depth(
    samples: pd.DataFrame, sheet: pd.DataFrame, *, contrasts: Sequence[Sequence[str]]
) -> list[Finding]:
    """Find contrasts with one visit sequenced deeper than the other, by the first cells of each sample.

    Parameters
    ----------
    samples
        ``sample`` and ``molecules``, the median of its first cells.
    sheet
        All samples of the study.
    contrasts
        Pairs (later, earlier) of visits.
    """
    own = sheet.merge(samples[["sample", "molecules"]], on="sample")
    own["depth"] = np.log(own["molecules"].astype(float).clip(lower=1.0))
    wide = own.pivot_table(index="donor", columns="visit", values="depth")
    findings = []
    for later, earlier in contrasts:
        if not {later, earlier} <= set(wide):
            continue
        change = (wide[later] - wide[earlier]).dropna().to_numpy()
        if _is_told(change, float(np.log(sizes.DEPTH))):
            ratio, same_way = float(np.exp(change.mean())), _same_way(change)
            words = f"{max(ratio, 1 / ratio):.2g} times {'deeper' if ratio > 1 else 'shallower'}"
            findings.append(
                Finding(
                    "warning",
                    schema.contrast_name((later, earlier)),
                    f"by its first cells, {later} is sequenced {words} than {earlier} ({same_way} of {len(change)} "
                    "donors). Cells are compared at equal depth within a donor: the deeper visit loses molecules.",
                )
            )
    return findings


def check_hours(sheet: pd.DataFrame, *, contrasts: Sequence[Sequence[str]]) -> list[Finding]:
    """Find contrasts whose visits were drawn at different times of the day.

    Parameters
    ----------
    sheet
        All samples of the study, with the column ``drawn_at`` where the times are known.
    contrasts
        Pairs (later, earlier) of visits.
    """
    known = sheet.assign(hour=hours_of(sheet)).dropna(subset="hour")
    wide = known.pivot_table(index="donor", columns="visit", values="hour", aggfunc=clock.mean_hour)
    findings = []
    for later, earlier in contrasts:
        if not {later, earlier} <= set(wide):
            continue
        both = wide[[later, earlier]].dropna()
        change = clock.shifts(both[later], both[earlier])
        if _is_told(change, sizes.DRAW_HOURS):
            words = f"{abs(change.mean()):.2g} hours {'later' if change.mean() > 0 else 'earlier'}"
            findings.append(
                Finding(
                    "warning",
                    schema.contrast_name((later, earlier)),
                    f"{later} is drawn {words} in the day than {earlier} ({_same_way(change)} of {len(change)} "
                    "donors), and lymphocyte subsets vary over the day: treatment and time of draw cannot be told "
                    "apart. Draw at one time of the day; a control arm drawn alike separates them.",
                )
            )
    return findings


def _is_told(change: NDArray[np.float64], size: float) -> bool:
    """Whether a mean change reaches a size and is told from none; of two donors the size alone decides."""
    if not len(change) or abs(change.mean()) < size:
        return False
    t = paired_t(change)
    return len(change) < 3 or not t.se > 0 or t.p_value < sizes.LEVEL


def _same_way(change: NDArray[np.float64]) -> int:
    """How many donors changed the way of the mean."""
    return int((np.sign(change) == np.sign(change.mean())).sum())
