"""What touches the answer and is known before it is read: late questions, samples, donors, design, technique."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from cd20scope import schema
from cd20scope.report import claims, hypothesis_words, wording
from cd20scope.report.results import Judged
from cd20scope.report.sections import donors, samples
from cd20scope.stats.pairs import of_treated
from cd20scope.study import batches, sizes
from cd20scope.study.nouns import contrast, visit, visits_in


class Alert(NamedTuple):
    """Something to know before the answer.

    Attributes
    ----------
    kind
        Questions, Samples, Donors, Design, Technique or Steroids.
    text
        In words.
    contrasts
        Contrasts that it touches; those of every question where empty.
    """

    kind: str
    text: str
    contrasts: tuple[str, ...] = ()


MOST_NAMED = 3
"""Samples or donors that an alert names; of more it gives the number."""


def collect(
    run: Judged, *, sheet: pd.DataFrame, warning: str, quality: pd.DataFrame, sexes: pd.DataFrame
) -> list[Alert]:
    """List every alert of a run.

    Parameters
    ----------
    run
        The verdicts and what they rest on.
    sheet
        The sample sheet.
    warning
        On questions that were changed late; empty where they were not.
    quality
        From :func:`cd20scope.report.sections.samples.with_soup`.
    sexes
        ``preflight/sexes.tsv``.
    """
    return [
        *([Alert("Questions", warning)] if warning else []),
        *bad_samples(quality, sexes),
        *missing(run, of_treated(sheet)),
        *design(of_treated(sheet), run.contrasts),
        *technique(run.statistics["technique"], run.visits),
        *lost(run.verdicts),
        *steroids(run.verdicts),
    ]


def touching(alerts: Sequence[Alert], contrast: str) -> list[Alert]:
    """Pick the alerts on design and technique that touch the questions of one contrast."""
    return [alert for alert in alerts if contrast in alert.contrasts]


def bad_samples(quality: pd.DataFrame, sexes: pd.DataFrame) -> list[Alert]:
    """Find samples beyond a threshold of quality, and samples that may be swapped."""
    found, beyond = [], samples.named(quality)
    if beyond:
        verb = "is" if len(beyond) == 1 else "are"
        which = f": {'; '.join(beyond)}" if len(beyond) <= MOST_NAMED else ""
        found.append(
            Alert(
                "Samples",
                f"{len(beyond)} of {wording.plural(len(quality), 'sample')} {verb} beyond a threshold of quality, and "
                f"kept in the analysis{which}.",
            )
        )
    if swaps := samples.format_swaps(sexes):
        found.append(Alert("Samples", f"Samples may be swapped: sex by genes {swaps}."))
    return found


def missing(run: Judged, sheet: pd.DataFrame) -> list[Alert]:
    """Find donors without a visit, and how far they were depleted when last seen."""
    everyone = sheet["donor"].nunique()
    at = sheet.groupby("visit")["donor"].nunique()
    gaps = {name: everyone - int(at.get(name, 0)) for name in run.visits}
    if not any(gaps.values()):
        return []
    if sum(gaps.values()) <= MOST_NAMED or everyone in gaps.values():
        text = donors.format_attrition(run.statistics["repopulation"], sheet, visits=run.visits)
    else:
        which = ", ".join(f"{n} at {visit(name)}" for name, n in gaps.items() if n)
        text = f"Of {wording.donors(everyone)}, some have no sample: {which}."
    return [Alert("Donors", text)]


def format_checks(
    alerts: Sequence[Alert], quality: pd.DataFrame, sexes: pd.DataFrame, verdicts: pd.DataFrame
) -> str:
    """Say how many verdicts hold in every sensitivity analysis, and what was checked of samples and donors."""
    own = verdicts[claims.leads(verdicts) & (verdicts["family"] == "confirmatory")]
    asked = own[own["arms_asked"].fillna(0) > 0]
    held = int((asked["arms_held"] == asked["arms_asked"]).sum())
    parts = []
    if len(asked):
        parts.append(
            f"{held} of {wording.plural(len(asked), 'confirmatory verdict')} unchanged in every sensitivity analysis"
        )
    if not samples.named(quality):
        parts.append(f"none of {wording.plural(len(quality), 'sample')} is beyond a threshold of quality")
    if not samples.format_swaps(sexes):
        known = int(sexes["sex_by_genes"].isin(["F", "M"]).sum())
        parts.append(
            f"no sign of a swap (sex by genes of {wording.plural(known, 'sample')})"
            if known
            else "swaps could not be looked for by sex"
        )
    if not any(alert.kind == "Donors" for alert in alerts):
        parts.append("no donor lacks a visit")
    return f"Checks: {'; '.join(parts)}." if parts else ""


def design(sheet: pd.DataFrame, contrasts: Sequence[tuple[str, str]]) -> list[Alert]:
    """Find faults of the design that the sheet shows: draws soon after a steroid, batches that go with the visit."""
    found = []
    soon = steroid_draws(sheet)
    for name, (n, of) in soon.items():
        touched = tuple(
            schema.contrast_name(pair)
            for pair in contrasts
            if name in pair and n / of - min(soon[other][0] / soon[other][1] for other in pair) >= sizes.NAMES
        )
        if touched:
            found.append(
                Alert(
                    "Design",
                    f"{n} of {of} samples at {visit(name)} were drawn within {sizes.STEROID_HOURS:g} hours of a "
                    f"steroid, which moves lymphocytes by itself: comparisons with {visit(name)} may show the steroid.",
                    touched,
                )
            )
    for column in (name for name in ("chemistry", "batch") if name in sheet):
        for pair in contrasts:
            gap = batches.compare_names(sheet, column, pair)
            if gap is not None and abs(gap.share) >= sizes.NAMES:
                later, earlier = map(visit, pair)
                found.append(
                    Alert(
                        "Design",
                        f"{later} and {earlier} differ in {column}: {gap.name} in {gap.later:.3g} of {gap.n} donors "
                        f"at {later}, in {gap.earlier:.3g} at {earlier}. Treatment and {column} cannot be separated.",
                        (schema.contrast_name(pair),),
                    )
                )
    return found


def steroid_draws(sheet: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Count the samples drawn soon after a steroid at each visit; empty where the sheet does not say."""
    if "hours_since_steroid" not in sheet:
        return {}
    soon = pd.to_numeric(sheet["hours_since_steroid"], errors="coerce") < sizes.STEROID_HOURS
    counts = soon.groupby(sheet["visit"].astype(str), sort=False).agg(["sum", "size"])
    return {str(name): (int(row["sum"]), int(row["size"])) for name, row in counts.iterrows()}


def technique(table: pd.DataFrame, visits: Sequence[str]) -> list[Alert]:
    """Technical differences between visits beyond their size, chemistry and batch aside, which the sheet shows."""
    moved = table[(table["moved"] == "yes") & ~table["quantity"].isin(["chemistry", "batch"])]
    return [
        Alert(
            "Technique",
            wording.sentence(visits_in(str(row["statement"]), list(visits))),
            (str(row["contrast"]),),
        )
        for row in moved.to_dict("records")
    ]


def lost(verdicts: pd.DataFrame) -> list[Alert]:
    """Verdicts that are lost where a technical difference is taken out."""
    own = verdicts[claims.leads(verdicts) & (verdicts["technical"] == "yes")]
    if own.empty:
        return []
    n = wording.plural(len(own), "question")
    ids = ", ".join(own["id"].astype(str))
    return [Alert("Technique", f"{n} lost a verdict to a technical difference between the visits ({ids}).")]


def steroids(verdicts: pd.DataFrame) -> list[Alert]:
    """Questions whose change steroids may explain."""
    rows = verdicts[claims.leads(verdicts)].to_dict("records")
    own = [row for row in rows if hypothesis_words.steroid_mark(row)]
    if not own:
        return []
    named = "; ".join(f"{row['id']} ({contrast(row['contrast'])})" for row in own)
    return [
        Alert(
            "Steroids",
            f"{wording.plural(len(own), 'question')} with a possible steroid effect, counted apart: {named}.",
        )
    ]
