"""Technique that differs between visits, as far as the sheet and the first cells tell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from cd20scope import schema
from cd20scope.preflight.findings import Finding
from cd20scope.study import sizes
from cd20scope.study.batches import compare_names


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
        ratio = float(np.exp(change.mean())) if len(change) else 1.0
        far = abs(np.log(ratio)) >= np.log(sizes.DEPTH)
        # with two donors nothing can be told from chance, so the size alone decides
        chance = (
            float(stats.ttest_1samp(change, 0.0).pvalue)
            if far and len(change) > 2 and np.ptp(change)
            else 0.0
        )
        if far and chance < sizes.LEVEL:
            same_way = int((np.sign(change) == np.sign(np.log(ratio))).sum())
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
