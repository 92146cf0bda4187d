"""Samples beyond a threshold of quality or of another sex than stated: which, in what, and a mark in the tables."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from cd20scope.report import wording


class Check(NamedTuple):
    """A threshold of quality.

    Attributes
    ----------
    column, heading
        Of the table of samples.
    limit
        Value that a sample must reach, or must not pass.
    most
        Whether the limit is an upper one.
    name
        Of what is measured.
    """

    column: str
    heading: str
    limit: float
    most: bool
    name: str


CHECKS = (
    # a population of 1 % has five cells then, the least that a share is known from
    Check("n_kept", "Kept", 500, most=False, name="kept cells"),
    # twice the share of doublets that 10,000 loaded cells give on a droplet chip (8 per 1,000 cells recovered)
    Check("doublet_rate", "Doublets", 0.16, most=True, name="doublets"),
    Check("unassigned_rate", "Unassigned", 0.2, most=True, name="cells unassigned"),
    # the upper end of what is usual in droplets (Young and Behjati 2020, doi:10.1093/gigascience/giaa151)
    Check("soup", "Ambient RNA", 0.2, most=True, name="ambient RNA"),
)
"""Thresholds; a sample beyond one stays in the analysis."""


def with_soup(qc: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """Add the share of ambient RNA to the table of samples, and put those beyond a threshold first."""
    table = qc.merge(labelled[["sample", "soup"]], on="sample", how="left")
    beyond = pd.concat([past(table, check) for check in CHECKS], axis=1).sum(axis=1)
    return table.assign(beyond=beyond).sort_values(
        "beyond", ascending=False, kind="stable", ignore_index=True
    )


def past(table: pd.DataFrame, check: Check) -> pd.Series:
    """Mark the samples beyond a threshold; one that was not measured is not."""
    values = table[check.column].astype(float)
    return (values > check.limit) if check.most else (values < check.limit)


def say(table: pd.DataFrame) -> str:
    """Name the samples beyond a threshold, each with its values."""
    parts = named(table)
    limits = "; ".join(
        f"{'at most' if check.most else 'at least'} {write(check.limit, check)} {check.name}"
        for check in CHECKS
    )
    if not parts:
        return f"No sample is beyond a threshold ({limits})."
    return f"Beyond a threshold, and kept in the analysis: {'; '.join(parts)}. Thresholds: {limits}."


def named(table: pd.DataFrame) -> list[str]:
    """Name each sample beyond a threshold, with its values."""
    parts = []
    for row in table[table["beyond"] > 0].to_dict("records"):
        one = pd.DataFrame([row])
        found = [check for check in CHECKS if past(one, check).iloc[0]]
        values = ", ".join(f"{write(row[check.column], check)} {check.name}" for check in found)
        parts.append(f"{row['sample']} ({values})")
    return parts


def against_sheet(sexes: pd.DataFrame) -> pd.Series:
    """Mark the samples whose genes give another sex than the sheet."""
    stated = sexes["sex_in_sheet"].astype(object).fillna("").astype(str).str.strip().str.upper().str[:1]
    return (
        stated.isin(["F", "M"]) & sexes["sex_by_genes"].isin(["F", "M"]) & (stated != sexes["sex_by_genes"])
    )


def of_two_sexes(sexes: pd.DataFrame) -> list[str]:
    """List the donors whose samples differ in sex by their genes."""
    known = sexes[sexes["sex_by_genes"].isin(["F", "M"])]
    per_donor = known.groupby("donor")["sex_by_genes"].nunique()
    return [str(name) for name in per_donor.index[per_donor > 1]]


def format_swaps(sexes: pd.DataFrame) -> str:
    """Name the samples and donors that do not fit; empty where all do."""
    against, mixed = sexes.loc[against_sheet(sexes), "sample"].astype(str), of_two_sexes(sexes)
    wrong = [f"against the sheet: {', '.join(against)}"] if len(against) else []
    wrong += [f"different within a donor: {', '.join(mixed)}"] if mixed else []
    return "; ".join(wrong)


def suspect_first(sexes: pd.DataFrame) -> pd.DataFrame:
    """Put the samples that do not fit first, marked in ``beyond``: against the sheet, or of a donor of two sexes."""
    beyond = against_sheet(sexes) | sexes["donor"].astype(str).isin(of_two_sexes(sexes))
    return sexes.assign(beyond=beyond).sort_values(
        "beyond", ascending=False, kind="stable", ignore_index=True
    )


def mark_sexes(listing: Mapping[str, Any], sexes: pd.DataFrame) -> dict[str, Any]:
    """Mark the sex by genes of the samples that do not fit; rows stand as in ``sexes``."""
    at = [heading for heading, _ in listing["head"]].index("Sex, genes")
    rows = [list(row) for row in listing["rows"]]
    for row, beyond in zip(rows, sexes["beyond"], strict=True):
        if beyond:
            text, kind, order = row[at]
            row[at] = (f"{text} (!)", f"{kind} beyond", order)
    return {"head": listing["head"], "rows": rows}


def write(value: float, check: Check) -> str:
    """Write a value of a check in its unit."""
    return wording.percent(value) if check.limit < 1 else wording.count(value)


def mark(listing: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    """Mark the cells beyond a threshold, by colour and by a sign; rows stand as in ``table``."""
    headings = [heading for heading, _ in listing["head"]]
    rows = [list(row) for row in listing["rows"]]
    for check in CHECKS:
        if check.heading not in headings:
            continue
        at = headings.index(check.heading)
        for row, beyond in zip(rows, past(table, check), strict=True):
            if beyond:
                text, kind, order = row[at]
                row[at] = (f"{text} (!)", f"{kind} beyond", order)
    return {"head": listing["head"], "rows": rows}
