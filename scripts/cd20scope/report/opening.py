"""First screen of the report: the cohort in one line, what touches the answer, and the answer in three sentences."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from cd20scope import schema
from cd20scope.report import claims, hypothesis_words, untestable, wording
from cd20scope.report.results import Judged, Results
from cd20scope.report.sections import studies
from cd20scope.report.wording import Row
from cd20scope.stats.pairs import control_of, of_treated
from cd20scope.study import roles
from cd20scope.study.nouns import noun, visit
from cd20scope.study.numbers import level

T_THEMES = ("helper", "treg")
"""Themes of the questions on T cells; the order of events repeats their changes."""

DEPLETED = {
    "supported": "B cells were depleted",
    "contradicted": "B cells did not fall but rose",
    "not supported": "B cells did not fall by the margin",
    "inconclusive": "Whether B cells were depleted is undecided",
    "not testable": "Whether B cells were depleted could not be tested",
}
"""Start of the first sentence by the verdict on depletion."""


def cohort(run: Results) -> str:
    """Write the cohort in one line: treated donors, visits with their donors, arms, cells."""
    own = of_treated(run.sheet)
    at = own.groupby("visit")["donor"].nunique()
    when = ", ".join(f"{visit(name)} (n = {at.get(name, 0)})" for name in run.visits)
    kept, read = int(run.qc_summary["n_kept"].sum()), int(run.qc_summary["n_cells"].sum())
    parts = [
        wording.donors(own["donor"].nunique()),
        when,
        arms(run.sheet),
        f"{wording.count(kept)} of {wording.count(read)} cells kept",
    ]
    return "; ".join(part for part in parts if part) + "."


def arms(sheet: pd.DataFrame) -> str:
    """Write the arms of the study, the controls with their donors."""
    sizes = sheet["donor"].groupby(control_of(sheet), sort=False).nunique().drop("", errors="ignore")
    controls = "".join(f", {name}: {wording.donors(int(n))}" for name, n in sizes.items())
    return f"one treated arm{controls}"


def answer(run: Judged, *, sheet: pd.DataFrame, populations: Mapping[str, Any]) -> list[dict[str, str]]:
    """Write the answer in three sentences: depletion, T cells, what cannot be said.

    Parameters
    ----------
    run
        The verdicts and what they rest on.
    sheet
        The sample sheet.
    populations
        The population tree.

    Returns
    -------
    list of dict
        ``about`` and ``text`` of each.
    """
    texts = (
        ("B cells", depletion(run, roles.set_with(populations, roles.B_CELLS))),
        ("T cells", t_cells(run.verdicts)),
        ("What cannot be said", open_ends(run, sheet)),
    )
    return [{"about": about, "text": wording.unbroken(text)} for about, text in texts]


def depletion(run: Judged, whole: str | None) -> str:
    """Write whether the set ``whole`` was depleted, how far at each visit, and in whom it came back."""
    own = run.verdicts[
        claims.leads(run.verdicts)
        & run.verdicts["denominator"].map(wording.text_of).ne("")
        & (run.verdicts["population"] == whole)
        & run.verdicts["contrast"].str.endswith(f"-{run.visits[0]}")
    ]
    order = [schema.contrast_name((name, run.visits[0])) for name in run.visits]
    rows = sorted(
        (row for row in own.to_dict("records") if row["contrast"] in order),
        key=lambda row: order.index(row["contrast"]),
    )
    if not rows:
        return "No question was asked about the depletion of B cells."
    groups = by_verdict(rows)
    said = [
        f"{DEPLETED[verdict]}{' (technical)' if technical else ''} {at_visits(group)}{why_not(run, group)}"
        for (verdict, technical), group in groups
    ]
    untested = any(verdict == "not testable" for (verdict, _), _ in groups)
    head = ("; " if untested else " and ").join([said[0], *map(lower, said[1:])])
    tail = "; ".join(part for part in (levels(run, rows), returned(run)) if part)
    return f"{head}: {tail}." if tail else f"{head}."


def why_not(run: Judged, rows: Sequence[Row]) -> str:
    """Say in brackets why none of some rows could be tested, once where they share the reason; empty of others."""
    if rows[0]["verdict"] != "not testable":
        return ""
    return f" ({'; '.join(dict.fromkeys(untestable.reason(row, run) for row in rows))})"


def by_verdict(rows: Iterable[Row]) -> list[tuple[tuple[str, bool], list[Row]]]:
    """Put rows with one verdict together, in the order of the first of each."""
    found: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        found.setdefault((str(row["verdict"]), row["technical"] == "yes"), []).append(row)
    return list(found.items())


def at_visits(rows: Sequence[Row]) -> str:
    """Write the visits of some contrasts with baseline."""
    return "at " + listed([visit(str(row["contrast"]).partition("-")[0]) for row in rows])


def levels(run: Judged, rows: Sequence[Row]) -> str:
    """Write the typical share at each visit, from baseline on; empty where none was tested."""
    key = ["population", "denominator", "contrast"]
    shares = run.abundance.drop_duplicates(key).set_index(key)["fraction_before"]
    parts: list[str] = []
    for row in rows:
        before = float(shares.get(tuple(row[name] for name in key), np.nan))
        if pd.isna(before) or pd.isna(row["estimate"]):
            continue
        later = visit(str(row["contrast"]).partition("-")[0])
        limited = pd.isna(row["ci_low"]) and not pd.isna(row["ci_high"])
        after = (
            "near the detection limit" if limited else wording.percent(expit(logit(before) + row["estimate"]))
        )
        sure = interval_of(row, before)
        start = (
            f"from {wording.percent(before)} of {noun(row['denominator'])} at {visit(run.visits[0])} to "
            if not parts
            else ""
        )
        parts.append(f"{start}{after} at {later} ({sure}{wording.donors(int(row['n_pairs']))})")
    return listed(parts)


def interval_of(row: Row, before: float) -> str:
    """Write the interval that decides, as shares at the later visit; empty where there is none."""
    low, high = (float(expit(logit(before) + row[limit])) for limit in ("decide_low", "decide_high"))
    if np.isnan(high):
        return ""
    covered = level(row["coverage"])
    if np.isnan(low):
        return f"upper {covered} confidence limit {wording.percent(high)}; "
    return f"{covered} CI {wording.share_interval(low, high)}; "


def returned(run: Judged) -> str:
    """Name the donors whose B cells had come back; empty where none had."""
    table = run.statistics["repopulation"]
    if table.empty:
        return ""
    own = table[(table["population"] == table["population"].iloc[0]) & (table["call"] == "repopulated early")]
    parts = [
        f"{listed(rows['donor'].astype(str).tolist())} had repopulated by {visit(name)}"
        for name, rows in own.groupby("visit", sort=False)
    ]
    return "; ".join(parts)


def t_cells(verdicts: pd.DataFrame) -> str:
    """Write which T-cell questions showed a change, which excluded one, and how many are open."""
    own = verdicts[
        claims.leads(verdicts) & verdicts["theme"].isin(T_THEMES) & (verdicts["family"] == "confirmatory")
    ]
    rows = own.to_dict("records")
    if not rows:
        return "No confirmatory question was asked about T cells."
    several = len({row["contrast"] for row in rows}) > 1
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(outcome(row), []).append(row)
    parts = [named(groups[way], way, several=several) for way in ("fell", "rose") if way in groups]
    by = {visit(str(row["contrast"]).partition("-")[0]) for row in rows}
    once = f" by {next(iter(by))}" if len(by) == 1 else ""
    lead = "T cells changed" if parts else "No change of T cells was shown"
    for way, words in (
        ("same", "a change by the margin was excluded for"),
        ("open", "undecided:"),
        ("none", "not testable:"),
    ):
        if way in groups:
            parts.append(f"{words} {named(groups[way], '', several=several)}")
    marked = [row for row in rows if hypothesis_words.steroid_mark(row)]
    note = f" ({len(marked)} with a possible steroid effect)" if marked else ""
    return f"{lead}{once}{note}: {'; '.join(parts)}."


def outcome(row: Row) -> str:
    """Say what a question came to: ``fell``, ``rose``, ``same`` (excluded), ``open`` or ``none`` (not testable)."""
    verdict, none = row["verdict"], row["direction"] == "none"
    if verdict == "contradicted" or (verdict == "supported" and not none):
        return "fell" if row["estimate"] < 0 else "rose"
    if verdict == "not supported" or verdict == "supported":
        return "same"
    return "none" if verdict == "not testable" else "open"


def named(rows: Sequence[Row], verb: str, *, several: bool) -> str:
    """Name what questions measured and what became of it: programmes of one population together.

    ``several`` adds the visit to each.
    """
    verb = f" {verb}" if verb else ""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        by = f" by {visit(str(row['contrast']).partition('-')[0])}" if several else ""
        share = f"the share of {noun(row['population'])} among {noun(row['denominator'])}"
        if wording.text_of(row["denominator"]):
            found.setdefault(("", by), []).append(share)
        else:
            found.setdefault((f" in {noun(row['population'])}", by), []).append(str(row["program"]))
    return listed(
        [
            f"the {listed(what)} programme{'' if len(what) == 1 else 's'}{verb}{where}{by}"
            if where
            else f"{listed(what)}{verb}{by}"
            for (where, by), what in found.items()
        ]
    )


def open_ends(run: Judged, sheet: pd.DataFrame) -> str:
    """Write what the design and the cells leave open."""
    own = run.verdicts[claims.leads(run.verdicts) & (run.verdicts["family"] == "confirmatory")]
    parts = []
    if (control_of(sheet) == "").all():
        parts.append("whether the treatment caused these changes, as every donor was treated")
    elif not studies.compared(run.statistics["control_arms"]):
        parts.append(
            "whether the treatment caused these changes, as no question can be compared with the controls"
        )
    if not (run.statistics["absolute"]["status"] == "tested").any():
        parts.append("whether cell numbers changed, as only shares were measured")
    undecided = own[own["verdict"].isin(["inconclusive", "not testable"])]
    if len(undecided):
        parts.append(
            f"the answer to {len(undecided)} of {wording.plural(len(own), 'confirmatory question')}, which "
            f"{'is' if len(undecided) == 1 else 'are'} inconclusive or not testable"
        )
    if not parts:
        return "Every confirmatory question has a verdict; it holds for these donors and these visits."
    return f"These data do not show {'; nor '.join(parts)}."


def listed(names: Sequence[str]) -> str:
    """Join names, with "and" before the last."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def lower(text: str) -> str:
    """Start a text with a small letter, unless its first word is a name such as B cells."""
    return text if text.startswith("B cells") else text[:1].lower() + text[1:]


def collect(run: Results) -> dict[str, Any]:
    """Put the first screen together: ``cohort``, ``answer``."""
    return {"cohort": cohort(run), "answer": answer(run, sheet=run.sheet, populations=run.populations)}
