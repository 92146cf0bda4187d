"""What the columns of the sheet say of drugs, times, blood counts and outcome."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cd20scope import schema
from cd20scope.preflight.design import treated_of
from cd20scope.preflight.findings import Finding, list_names
from cd20scope.study.arms import UNTREATED
from cd20scope.study.levels import plain
from cd20scope.study.outcome import donor_outcomes
from cd20scope.study.sheet_donors import DAYS, numbers_of

OFF = 0.5
"""Part of the time that a visit states by which a draw may miss it: week 2 from day 7 to 21."""
OLDEST = 120
"""Years above which an age is told; it decides nothing unless it is a covariate."""
LOW_COUNT = 100
"""Lymphocytes per microlitre below which the median of a study suggests per cent in their place."""


def check_columns(
    sheet: pd.DataFrame, *, contrasts: Sequence[Sequence[str]], stated: Mapping[str, float]
) -> list[Finding]:
    """Check drugs, days, blood counts, age and outcome.

    Parameters
    ----------
    sheet
        Samples that are analysed.
    contrasts
        Pairs (later, earlier) of visits.
    stated
        Days that visits state by their names (:func:`cd20scope.study.times.stated_days`).
    """
    findings = [*_drugs(treated_of(sheet), contrasts), *_days(sheet, stated)]
    counts = numbers_of(sheet, "lymphocytes_per_ul").dropna()
    if len(counts) and counts.median() < LOW_COUNT:
        findings.append(
            Finding(
                "warning",
                "lymphocytes_per_ul",
                f"the median is {counts.median():g} per microlitre, where 1,000 to 4,000 are usual: per cent, or "
                "another unit? Write cells per microlitre (10^9/l times 1000).",
            )
        )
    ages = numbers_of(sheet, "age")
    if old := [f"{name}: {age:g}" for name, age in zip(sheet["sample"], ages, strict=True) if age > OLDEST]:
        findings.append(
            Finding(
                "warning",
                "age",
                f"above {OLDEST} years ({list_names(old)}): another unit, or made up? Correct it, or write unknown.",
            )
        )
    if reason := donor_outcomes(treated_of(sheet))[1]:
        findings.append(
            Finding(
                "warning", "outcome", f"not used: {reason}. Write a number, or one of two levels, per donor."
            )
        )
    return findings


def tabulate_times(sheet: pd.DataFrame, *, visits: Sequence[str]) -> pd.DataFrame:
    """Days since the first infusion per visit: ``visit n_samples earliest median latest``; no row without days."""
    own = sheet.assign(days=numbers_of(sheet, DAYS)).dropna(subset="days")
    rows = [
        (visit, len(days), days.min(), days.median(), days.max())
        for visit in visits
        if len(days := own.loc[own["visit"] == visit, "days"])
    ]
    return pd.DataFrame(rows, columns=["visit", "n_samples", "earliest", "median", "latest"])


def _drugs(treated: pd.DataFrame, contrasts: Sequence[Sequence[str]]) -> list[Finding]:
    if "drug" not in treated:
        return []
    named = treated[treated["drug"] != ""]
    drug = {(str(row.donor), str(row.visit)): str(row.drug) for row in named.itertuples()}
    findings = []
    for later, earlier in contrasts:
        changed: dict[tuple[str, str], list[str]] = {}
        for donor in dict.fromkeys(donor for donor, _ in drug):
            before, after = drug.get((donor, earlier), ""), drug.get((donor, later), "")
            if before and after and plain(before) not in {*UNTREATED, plain(after)}:
                changed.setdefault((before, after), []).append(donor)
        for (before, after), donors in changed.items():
            findings.append(
                Finding(
                    "warning",
                    schema.contrast_name((later, earlier)),
                    f"the drug changes from {before} at {earlier} to {after} at {later} in {len(donors)} donors "
                    f"({list_names(donors)}): their change is that of leaving one drug as much as of starting the "
                    "other. Leave them out (donors > exclude), or compare visits on one drug.",
                )
            )
    last = named.groupby("donor")["drug"].last().map(plain)
    if len(set(last)) > 1:
        shown = ", ".join(f"{name}: {n}" for name, n in last.value_counts().items())
        findings.append(
            Finding(
                "warning",
                "drug",
                f"the treated donors have several drugs at their last visit ({shown}), which are analysed together. "
                "Choose one by donors > include, or take drug as a covariate.",
            )
        )
    return findings


def _days(sheet: pd.DataFrame, stated: Mapping[str, float]) -> list[Finding]:
    days = numbers_of(sheet, DAYS)
    first = next(iter(stated), "")
    late, off = [], []
    for sample, visit, day in zip(sheet["sample"], sheet["visit"], days, strict=True):
        if pd.isna(day) or visit not in stated:
            continue
        if visit == first:
            late += [f"{sample}: day {day:g}"] if day > 1 else []
        elif abs(day - stated[visit]) > OFF * stated[visit]:
            off.append(f"{sample}: day {day:g}")
    findings = []
    if late:
        findings.append(
            Finding(
                "warning",
                first,
                f"drawn after the first infusion ({list_names(late)}): no baseline of the treatment. Correct {DAYS} or "
                "the visit.",
            )
        )
    if off:
        findings.append(
            Finding(
                "warning",
                DAYS,
                f"far from the time that the visit states ({list_names(off)}). Correct the days or the visit, or give "
                "these draws a visit of their own under visits.",
            )
        )
    return findings
