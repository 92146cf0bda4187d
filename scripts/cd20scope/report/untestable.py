"""Why a hypothesis is not testable, in words: how many cells the donors had, and how many are required."""

import re
from collections.abc import Sequence

import pandas as pd

from cd20scope.report import wording
from cd20scope.report.results import Judged
from cd20scope.report.wording import Row
from cd20scope.study.nouns import noun, visit, visits_in

PAIRS = re.compile(r"(\d+) (?:complete )?pairs?,? (?:at least )?(\d+) (?:are )?needed")
"""A reason that only counts the donors that were left."""
ONE = re.compile(r"(?<![\d.,])1 (cell|donor|pair|sample)s\b")
"""One of something, in the plural."""
EXPECTED = re.compile(
    r"([\d.]+) cells of (.+) per donor expected at the visit with fewer, ([\d.]+) (?:are )?needed"
)
NO_CELL = re.compile(r"no cell of (.+) at either visit in any of the (\d+) pairs?")


def reason(row: Row, run: Judged) -> str:
    """Write why one hypothesis is not testable; the reason of its table where the cells do not explain it."""
    text = wording.text_of(row["reason"])
    if found := PAIRS.match(text):
        have, needed = map(int, found.groups())
        why = f"{wording.donors(have)} with both visits and enough cells; {needed} needed"
        return few_cells(row, run) or why + plain(text[found.end() :], run.visits)
    return plain(text, run.visits)


def plain(text: str, visits: Sequence[str]) -> str:
    """Write a reason of any table as people say it: names of cells and visits, one cell as one."""
    if found := EXPECTED.fullmatch(text):
        expected, cells, needed = found.groups()
        return f"{expected} {noun(cells)} expected per donor at the visit with fewer ({needed} required)"
    if found := NO_CELL.fullmatch(text):
        return f"no {noun(found[1])} at either visit in any of {wording.donors(int(found[2]))}"
    return ONE.sub(r"1 \1", visits_in(text, visits))


def few_cells(row: Row, run: Judged) -> str:
    """Write how many donors had the cells required at each visit; empty where cells are not the cause."""
    shares = bool(wording.text_of(row["denominator"]))
    least = least_cells(run, shares=shares)
    own = measured(row, run, shares=shares)
    later, _, earlier = str(row["contrast"]).partition("-")
    both = own.pivot_table(index="donor", columns="visit", values="cells", aggfunc="sum")
    if least is None or not {later, earlier} <= set(both):
        return ""
    both = both[[earlier, later]].dropna()
    enough = int((both >= least).all(axis=1).sum())
    short = [name for name in (earlier, later) if (both[name] < least).any()]
    if not len(both) or not short:
        return ""
    who = noun(row["denominator"] if shares else row["population"])
    ranges = ", ".join(
        f"{visit(name)}: {wording.count(both[name].min())} to {wording.count(both[name].max())}"
        for name in short
    )
    have = "no donor" if not enough else f"only {enough} of {wording.donors(len(both))}"
    at = " and ".join(visit(name) for name in short)
    needed = int(run.config["verdict"]["min_pairs"])
    return f"{have} had the {least} {who} required at {at} ({ranges}; {wording.donors(needed)} needed)"


def least_cells(run: Judged, *, shares: bool) -> int | None:
    """Cells that a sample must have; None where the run does not say."""
    section, key = ("abundance", "min_denominator") if shares else ("programs", "min_cells")
    value = run.config.get(section, {}).get(key)
    return None if value is None else int(value)


def measured(row: Row, run: Judged, *, shares: bool) -> pd.DataFrame:
    """Cells that the value of each donor and visit rests on: ``donor visit cells``."""
    table, keys, cells = (
        (run.donors, ("population", "denominator"), "n_denominator")
        if shares
        else (run.scores, ("population", "program"), "n_cells")
    )
    own: pd.DataFrame = table[(table[list(keys)] == [row[key] for key in keys]).all(axis=1)]
    return own.assign(cells=own[cells])
