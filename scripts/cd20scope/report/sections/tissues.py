"""Section of the report on other tissues than the one of the verdicts; nothing of it is shown where there are none."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.report import wording
from cd20scope.schema import contrast_name
from cd20scope.stats.low_counts import LEAST_EXPECTED
from cd20scope.stats.pairs import of_control, of_treated, pair
from cd20scope.study import nouns
from cd20scope.verdict.endpoints.catalogue import endpoint_of

NEEDED: dict[str, tuple[str, ...]] = {
    "questions": (
        *("tissue", "id", "endpoint", "population", "denominator", "program", "component", "contrast"),
        *("n_pairs", "estimate", "ci_low", "ci_high", "p_adjusted", "status", "reason", "dropped"),
    ),
    "samples": ("tissue", "sample", "donor", "visit", "control", "n_cells"),
}
"""Tables that the section reads, of all other tissues, with the columns it needs."""

PBMC = re.compile(r"\bPBMC\b")
"""In names of populations and denominators; mononuclear cells of another tissue are not of the blood."""


def format_section(
    tables: Mapping[str, pd.DataFrame],
    *,
    contrasts: Sequence[tuple[str, str]],
    config: Mapping[str, Any],
    primary: str,
) -> list[dict[str, str]]:
    """Write the part of each tissue: ``name``, ``anchor``, names of its two listings, and sentences.

    Parameters
    ----------
    tables
        :data:`NEEDED` by name.
    contrasts
        As (later, earlier).
    config
        Configuration of the run.
    primary
        Tissue of the verdicts.
    """
    parts = []
    for number, (tissue, own) in enumerate(by_tissue(tables["questions"]).items(), start=1):
        samples = tables["samples"][tables["samples"]["tissue"] == tissue]
        both = {
            contrast_name(contrast): len(pair(of_treated(samples), contrast).donors) for contrast in contrasts
        }
        parts.append(
            {
                "name": tissue,
                "anchor": f"tissue-{number}",
                "tested": f"tissue-{number}-tested",
                "untested": f"tissue-{number}-untested",
                "samples": format_samples(samples, both),
                "found": format_found(described(own), both, min_pairs=int(config["verdict"]["min_pairs"])),
                "limits": format_limits(primary),
                "least": format_least(config),
            }
        )
    return parts


def by_tissue(questions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Split the questions by their tissue."""
    return {str(tissue): own for tissue, own in questions.groupby("tissue", sort=False)}


def chosen(tables: Mapping[str, pd.DataFrame]) -> dict[str, tuple[str, pd.DataFrame]]:
    """Pick the rows of every listing: name -> kind of its columns, and rows."""
    found = {}
    for number, own in enumerate(by_tissue(tables["questions"]).values(), start=1):
        rows = described(own)
        tested = rows["status"] != "not testable"
        order = rows[tested].sort_values("p_adjusted", kind="stable")
        found[f"tissue-{number}-tested"] = ("tissue_tested", order)
        untested = rows[~tested].drop(columns=["ci_low", "ci_high"])
        found[f"tissue-{number}-untested"] = ("tissue_untested", untested)
    return found


def described(questions: pd.DataFrame) -> pd.DataFrame:
    """Add what is measured in words, and turn log odds into odds: ``measured``, ``size``, ``in_unit``, ``why``."""
    rows = questions.to_dict("records")
    units = [endpoint_of(row).unit for row in rows]
    numbers = questions[["estimate", "ci_low", "ci_high"]].astype(float)
    fold = [bool(unit.fold_of) for unit in units]
    numbers.loc[fold] = np.exp(numbers.loc[fold])
    return questions.assign(
        measured=[
            PBMC.sub("mononuclear cells", endpoint_of(row).subject(row).replace("% of", "share of"))
            for row in rows
        ],
        size=numbers["estimate"],
        ci_low=numbers["ci_low"],
        ci_high=numbers["ci_high"],
        in_unit=["odds ratio" if unit.fold_of else unit.short or unit.name for unit in units],
        why=[_why(row) for row in rows],
    )


def _why(row: wording.Row) -> str:
    """Reason of a question that is not testable, with the donors who have too few cells."""
    few = sum(" only " in part for part in wording.text_of(row["dropped"]).split("; "))
    reason = wording.text_of(row["reason"])
    return f"{reason}; {wording.plural(few, 'donor')} with too few cells at a visit" if few else reason


def format_samples(samples: pd.DataFrame, both: Mapping[str, int]) -> str:
    """Say how many samples and donors there are, and who can be compared."""
    treated, controls = of_treated(samples), of_control(samples)
    cells = samples["n_cells"]
    text = (
        f"{wording.plural(len(treated), 'sample')} of {wording.plural(treated['donor'].nunique(), 'treated donor')}"
        if len(controls)
        else f"{wording.plural(len(samples), 'sample')} of {wording.plural(samples['donor'].nunique(), 'donor')}"
    )
    text += f", with {cells.min():,} to {cells.max():,} cells each (median {cells.median():,.0f}). "
    text += "Donors with both visits: " + "; ".join(
        f"{nouns.contrast(name)}, {n}" for name, n in both.items()
    )
    if len(controls):
        n = wording.plural(controls["donor"].nunique(), "donor")
        text += f". Samples of {n} of control arms enter no change"
    return f"{text}."


def format_found(rows: pd.DataFrame, both: Mapping[str, int], *, min_pairs: int) -> str:
    """Say how many questions could be tested, what moved, and why the others could not."""
    tested = rows[rows["status"] != "not testable"]
    untested = rows[rows["status"] == "not testable"]
    text = f"Of {wording.plural(len(rows), 'question')}, {len(tested)} could be tested"
    for status in ("fell", "rose"):
        for contrast, moved in tested[tested["status"] == status].groupby("contrast", sort=False):
            named = "; ".join(map(_inside, moved.to_dict("records")))
            text += f". {len(moved)} {status}, {nouns.contrast(contrast)}: {named}"
    if len(tested) and (tested["status"] == "no change shown").all():
        text += ", and no change is shown"
    if untested.empty:
        return f"{text}."
    donors = int((untested["contrast"].map(both).fillna(0) < min_pairs).sum())
    parts = [
        f"{n} {why}"
        for n, why in (
            (donors, "for too few donors with both visits"),
            (len(untested) - donors, "for too few cells or genes"),
        )
        if n
    ]
    return f"{text}. {len(untested)} are not testable: {' and '.join(parts)}."


def _inside(row: wording.Row) -> str:
    """Name what is measured within a sentence."""
    who, text = nouns.noun(row["population"]), str(row["measured"])
    return who + text[len(who) :] if text.casefold().startswith(who.casefold()) else text


def format_limits(primary: str) -> str:
    """Say what cannot be said of another tissue."""
    return (
        "These answers are exploratory and no verdicts: “no change shown” is not evidence of no change, "
        f"no difference between this tissue and {primary or 'the other'} is tested, and depth, ambient RNA and batch "
        "of these samples are not compared between the visits."
    )


def format_least(config: Mapping[str, Any]) -> str:
    """State what a question needs to be testable."""
    pairs, cells = config["verdict"]["min_pairs"], config["programs"]["min_cells"]
    whole = config["abundance"]["min_denominator"]
    return (
        f"A question needs {pairs} donors with both visits; a share {whole} cells of its denominator at each of a "
        f"donor’s visits and {LEAST_EXPECTED:g} expected cells of the population per donor; a score {cells} cells at "
        "each of a donor’s visits."
    )
