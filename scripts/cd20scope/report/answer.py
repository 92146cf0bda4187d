"""The effect behind each claim in one sentence for a clinician: shares in percent, programmes in SD.

The verb and the limits are those of the interval that decides (:mod:`cd20scope.report.deciding`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from cd20scope import schema
from cd20scope.report import untestable, wording
from cd20scope.report.hypothesis_words import level_text
from cd20scope.report.nouns import noun, visit
from cd20scope.report.results import Judged
from cd20scope.report.wording import Row

UNCLEAR = "did not clearly change"
MAIN = ("main", "change")
"""Parts of the ledger whose mean is the estimate."""


def sentences(run: Judged) -> dict[str, str]:
    """Write the effect of each hypothesis as a sentence, by its id."""
    key = ["population", "denominator", "contrast"]
    before = run.abundance.drop_duplicates(key).set_index(key)["fraction_before"]
    ledger = run.statistics["ledger"]
    entered = ledger[ledger["enters"] == "yes"]
    changes = {str(name): own for name, own in entered[entered["part"].isin(MAIN)].groupby("id", sort=False)}
    parts = entered.groupby(["id", "part"])["change"].mean()
    visits = {schema.contrast_name(contrast): contrast for contrast in run.contrasts}
    texts = {}
    for row in run.verdicts.to_dict("records"):
        name = str(row["id"])
        later, earlier = visits.get(row["contrast"], ("the later visit", "the earlier visit"))
        own = changes.get(name, ledger.iloc[:0])
        if row["verdict"] == "not testable":
            text = f"not testable: {untestable.reason(row, run)}"
        elif row["endpoint"] == "abundance":
            cells = pooled(row, run.donors, visit=later) if pd.isna(row["ci_low"]) else ""
            share = float(before.get(tuple(row[k] for k in key), np.nan))
            text = format_share(
                row, before=share, later=later, earlier=earlier, moved=moved(row, own), cells=cells
            )
        else:
            text = format_score(row, later=later, moved=moved(row, own))
            if name in run.depletions and (name, "first") in parts:
                first = format_depletion(run.depletions[name][0], parts[name], visits=run.visits)
                text = f"{first}; {text}"
        texts[name] = wording.unbroken(wording.sentence(text))
    return texts


def moved(row: Row, entered: pd.DataFrame) -> str:
    """Write in how many of the donors that entered the change has the sign of the estimate."""
    n = len(entered) if len(entered) else int(row["n_pairs"])
    if not len(entered):
        return wording.donors(n)
    same = int((np.sign(entered["change"]) == np.sign(row["estimate"])).sum())
    way = ("down" if row["estimate"] < 0 else "up") + " in " if verb(row) == UNCLEAR else "in "
    return f"{way}{same} of {wording.donors(n)}"


def pooled(row: Row, donors: pd.DataFrame, *, visit: str) -> str:
    """Write how many cells of the population were found at a visit, over the donors that enter."""
    names = [name.strip() for name in wording.text_of(row["donors"]).split(",")]
    own = donors[
        (donors["population"] == row["population"])
        & (donors["denominator"] == row["denominator"])
        & (donors["visit"] == visit)
        & donors["donor"].isin(names)
    ]
    if own.empty:
        return ""
    return f"{wording.count(own['n_cells'].sum())} of {wording.count(own['n_denominator'].sum())} cells"


def verb(row: Row) -> str:
    """Direction of the change; unclear where the interval that decides includes no change."""
    low, high = row["decide_low"], row["decide_high"]
    if not pd.isna(high) and high < 0:
        return "fell"
    return "rose" if not pd.isna(low) and low > 0 else UNCLEAR


def format_share(row: Row, *, before: float, later: str, earlier: str, moved: str, cells: str) -> str:
    """Write a change of a share: from how much to how much of what, and to which part of the earlier share.

    Parameters
    ----------
    row
        Of the verdicts, with the interval that decides.
    before
        Share at the earlier visit, the typical one (back-transformed mean logit); estimate and limits of the change of
        log odds are applied to it.
    later, earlier
        Visits.
    moved
        In how many donors.
    cells
        Number of cells at the later visit; stated where the detection limit decides.
    """
    who, whole = noun(row["population"]), noun(row["denominator"])
    level = level_text(row["coverage"])
    limits = np.array([row["estimate"], row["decide_low"], row["decide_high"]], dtype=float)
    if pd.isna(before):
        fold = [wording.number(value) for value in np.exp(limits)]
        return (
            f"{who}, as a share of {whole}, {verb(row)} by {visit(later)}: odds {fold[0]} times those at "
            f"{visit(earlier)} ({level} CI {fold[1]} to {fold[2]}; {moved})"
        )
    after = expit(logit(before) + limits)
    part = after / before
    if pd.isna(row["decide_low"]):
        found = f"; {cells}" if cells else ""
        return (
            f"{who} fell from {wording.percent(before)} of {whole} to near the detection limit by {visit(later)} "
            f"(upper {level} confidence limit: {wording.percent(part[2])} of {visit(earlier)}; {moved}{found})"
        )
    size = (
        f"{wording.percent(part[0])} of {visit(earlier)}; {level} CI {wording.share_interval(part[1], part[2])}"
        if part[2] < 2
        else f"{wording.number(part[0], digits=1)} times {visit(earlier)}; {level} CI "
        + " to ".join(wording.number(value, digits=1) for value in part[1:])
    )
    way = f"from {wording.percent(before)} to {wording.percent(after[0])} of {whole} by {visit(later)}"
    colon = ":" if verb(row) == UNCLEAR else ""
    return f"{who} {verb(row)}{colon} {way} ({size}; {moved})"


def format_score(row: Row, *, later: str, moved: str) -> str:
    """Write a change of a programme, in standard deviations between donors at baseline."""
    component = wording.text_of(row["component"])
    what = f"{row['program']} in {noun(row['population'])}"
    if component == "composition":
        what += ", the part due to the mix of cells,"
    elif component == "within":
        what += ", the part within cells,"
    level = level_text(row["coverage"])
    sizes = [float(row[name]) for name in ("estimate", "decide_low", "decide_high")]
    unclear = verb(row) == UNCLEAR
    if not unclear:
        sizes = [abs(sizes[0]), *sorted(map(abs, sizes[1:]))]
    numbers = [wording.sd(size) for size in sizes]
    by = ":" if unclear else " by"
    return (
        f"{what} {verb(row)}{by} {numbers[0]} SD by {visit(later)} "
        f"({level} CI {numbers[1]} to {numbers[2]}; {moved})"
    )


def format_depletion(population: str, parts: Mapping[Any, float], *, visits: Sequence[str]) -> str:
    """Write the depletion that came first: the odds at the first visit, and what became of them since."""
    first, last = (float(np.exp(parts[part])) for part in ("first", "last"))
    since = last / first
    then = (
        f"they had risen {wording.number(since, digits=1)}-fold from that nadir"
        if since > 1
        else f"they were {wording.percent(last)}"
    )
    return (
        f"by {visit(visits[1])} the odds of {noun(population)} were {wording.percent(first)} of {visit(visits[0])}; by "
        f"{visit(visits[-1])} {then}"
    )
