"""The answer to each claim in one sentence for a clinician: shares in percent, programmes in SD."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from cd20scope import schema
from cd20scope.report import wording
from cd20scope.report.results import Results
from cd20scope.report.wording import Row

NOUNS = {
    "Plasma": "plasma cells",
    "Monocyte": "monocytes",
    "Platelet": "platelets",
    "Treg": "regulatory T cells",
    "B naive": "naive B cells",
    "B memory": "memory B cells",
    "CD4 naive": "naive CD4 T cells",
    "CD4 memory": "memory CD4 T cells",
    "CD8 naive": "naive CD8 T cells",
    "CD8 memory": "memory CD8 T cells",
    "DC": "dendritic cells",
    "NK": "NK cells",
    "CD4 T": "CD4 T cells",
    "CD8 T": "CD8 T cells",
    "B lineage": "cells of the B lineage",
    "PBMC": "blood mononuclear cells",
    "non-B PBMC": "blood mononuclear cells other than B cells",
    "Myeloid": "myeloid cells",
}
"""Populations and denominators as people say them; any other keeps its name."""


UNCLEAR = "did not clearly change"


def sentences(
    verdicts: pd.DataFrame,
    *,
    abundance: pd.DataFrame,
    ledger: pd.DataFrame,
    depletions: Mapping[str, tuple[str, str]],
    contrasts: Sequence[tuple[str, str]],
    alpha: float,
) -> dict[str, str]:
    """Write the effect of each hypothesis as a sentence.

    Parameters
    ----------
    verdicts, abundance, ledger
        The tables of their steps; ``abundance`` has the share that a change starts from, ``ledger`` the depletion that
        a claim about the order of events rests on.
    depletions
        Population and denominator of the depletion of such a claim, by its id.
    contrasts
        As (later, earlier).
    alpha
        The intervals are two-sided ``1 - alpha``.

    Returns
    -------
    Sentences by the id of the hypothesis.
    """
    key = ["population", "denominator", "contrast"]
    before = abundance.drop_duplicates(key).set_index(key)["fraction_before"]
    parts = ledger[ledger["enters"] == "yes"].groupby(["id", "part"])["change"].mean()
    visits = {schema.contrast_name(contrast): contrast for contrast in contrasts}
    texts = {}
    for row in verdicts.to_dict("records"):
        later, earlier = visits.get(row["contrast"], ("the later visit", "the earlier one"))
        words = {"later": visit(later), "earlier": visit(earlier), "level": f"{100 * (1 - alpha):g} % CI"}
        if row["verdict"] == "not testable":
            text = f"could not be tested: {wording.text_of(row['reason'])}"
        elif row["endpoint"] == "abundance":
            text = format_share(row, before=float(before.get(tuple(row[k] for k in key), np.nan)), **words)
        else:
            text = format_score(row, **words)
            if row["id"] in depletions and (row["id"], "first") in parts:
                text = f"{format_depletion(depletions[row['id']][0], parts[row['id']])}; {text}"
        texts[str(row["id"])] = wording.unbroken(wording.sentence(text))
    return texts


def run_sentences(run: Results) -> dict[str, str]:
    """Write the effect of each hypothesis of a run as a sentence."""
    return sentences(
        run.verdicts,
        abundance=run.abundance,
        ledger=run.statistics["ledger"],
        depletions=run.depletions,
        contrasts=run.contrasts,
        alpha=run.alpha,
    )


def noun(name: object) -> str:
    """Name cells as people do: ``Treg / naive`` are naive cells of the Treg."""
    whole, _, subset = str(name).partition(" / ")
    name_of_whole = NOUNS.get(whole, whole)
    if not subset:
        return name_of_whole
    first, _, rest = name_of_whole.partition(" ")
    if subset.split()[-1] == first:  # naive naive B cells
        return f"{subset} {rest} ({name})"
    return f"{subset} {name_of_whole}"


def visit(name: str) -> str:
    """Name a visit as people do: ``week2`` is week 2."""
    return re.sub(r"^([A-Za-z]{3,})[_-]?(\d+)$", r"\1 \2", name)


def donors(row: Row) -> str:
    """How many donors the effect rests on."""
    n = int(row["n_pairs"])
    return f"{n} donor{'' if n == 1 else 's'}"


def verb(row: Row) -> str:
    """Direction of the change; unclear where the interval includes no change."""
    low, high = row["ci_low"], row["ci_high"]
    if not pd.isna(high) and high < 0:
        return "fell"
    return "rose" if not pd.isna(low) and low > 0 else UNCLEAR


def format_share(row: Row, *, before: float, later: str, earlier: str, level: str) -> str:
    """Write a change of a share: to which part of the earlier one, and from how much to how much of what.

    The share at the earlier visit is the typical one (back-transformed mean logit); the estimate and the limits of the
    change of log odds are applied to it.
    """
    who, whole = noun(row["population"]), noun(row["denominator"])
    if pd.isna(before):
        fold = [wording.number(np.exp(row[name])) for name in ("estimate", "ci_low", "ci_high")]
        return (
            f"{who}, as a share of {whole}, {verb(row)} between {earlier} and {later}: the odds were {fold[0]} times "
            f"those before ({level} {fold[1]} to {fold[2]}; {donors(row)})"
        )
    after = expit(logit(before) + np.array([row["estimate"], row["ci_low"], row["ci_high"]], dtype=float))
    part, moved = (
        after / before,
        f"from {wording.percent(before)} to {wording.percent(after[0])} of {whole} by {later}",
    )
    if pd.isna(row["ci_low"]):
        most = f"at most {wording.percent(part[2])} of {earlier} (limit of the {level}; {donors(row)})"
        return f"{who} fell to {most}: from {wording.percent(before)} of {whole} to below what the cells can show"
    if part[2] < 2:
        size, limits = wording.percent(part[0]), wording.share_interval(part[1], part[2])
        size = f"{size} of {earlier}"
    else:
        size = f"{wording.number(part[0], digits=1)} times {earlier}"
        limits = " to ".join(wording.number(value, digits=1) for value in part[1:])
    if verb(row) == UNCLEAR:
        return f"{who} {UNCLEAR}: {size} ({level} {limits}; {donors(row)}), {moved}"
    return f"{who} {verb(row)} to {size} ({level} {limits}; {donors(row)}): {moved}"


def format_score(row: Row, *, later: str, earlier: str, level: str) -> str:
    """Write a change of a programme, in standard deviations between donors at baseline."""
    component = wording.text_of(row["component"])
    what = f"the {row['program']} programme of {noun(row['population'])}"
    if component == "composition":
        what += ", as far as the mix of cells explains it,"
    elif component == "within":
        what += ", inside the cells,"
    sizes = [float(row[name]) for name in ("estimate", "ci_low", "ci_high")]
    unclear = verb(row) == UNCLEAR
    if not unclear:
        sizes = [abs(sizes[0]), *sorted(map(abs, sizes[1:]))]
    numbers = [wording.number(size, digits=1) for size in sizes]
    by = ":" if unclear else " by"
    return (
        f"{what} {verb(row)}{by} {numbers[0]} SD between {earlier} and {later} "
        f"({level} {numbers[1]} to {numbers[2]}; {donors(row)})"
    )


def format_depletion(population: str, parts: Mapping[Any, float]) -> str:
    """Write the depletion that came first."""
    first, last = (wording.percent(float(np.exp(parts[part]))) for part in ("first", "last"))
    return f"first, the odds of {noun(population)} went to {first} of those before, and at the end stood at {last}"
