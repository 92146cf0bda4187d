"""Sentences on the donors: depletion and repopulation of each, and absolute counts."""

from collections.abc import Sequence

import pandas as pd

from cd20scope.report import wording
from cd20scope.study.nouns import visit

CALLS = ("depleted", "repopulated early", "not depleted", "uncertain", "not measured")
NAMED = ("repopulated early", "not depleted")
"""Calls of donors in the order of the text, and those whose donors are named."""
CALLED = {
    "depleted": "depleted",
    "repopulated early": "repopulated",
    "not depleted": "not depleted",
    "uncertain": "undetermined",
    "not measured": "not measured",
}
"""What a call is named."""

NO_COUNTS = "fractions alone"
"""Start of the reason of a run whose sheet has no lymphocyte counts."""


def first_followed(table: pd.DataFrame) -> str:
    """Name the population whose return the text is about: the first of the table, which is all B cells."""
    return str(table["population"].iloc[0]) if len(table) else ""


def format_repopulation(table: pd.DataFrame, *, visits: Sequence[str], fraction: float) -> str:
    """In how many donors the B cells are gone at each visit, and in which they came back."""
    whole = first_followed(table)
    own = table[table["population"] == whole]
    parts = []
    for name in visits[1:]:
        calls = own[own["visit"] == name]
        if len(calls):
            parts.append(
                f"{wording.sentence(visit(name)).removesuffix('.')}: {format_calls(calls, fraction)}."
            )
    if not parts:
        return ""
    return (
        f"{' '.join(parts)} Depleted: the interval of a donor’s {whole} share lies below {wording.percent(fraction)} "
        f"of that donor’s share at {visit(visits[0])}. Repopulated: above it again, after a visit below it. "
        "Undetermined: too few cells to decide."
    )


def format_calls(calls: pd.DataFrame, fraction: float) -> str:
    """Write the calls of all donors at one visit."""
    who = {call: calls.loc[calls["call"] == call, "donor"].astype(str).tolist() for call in CALLS}
    measured = len(calls) - len(who["not measured"])
    if measured and len(who["uncertain"]) == measured:
        text = f"too few cells to confirm depletion below {wording.percent(fraction)} of baseline in any single donor"
    else:
        text = "; ".join(
            f"{', '.join(who[call])} {CALLED[call]}" if call in NAMED else f"{len(who[call])} {CALLED[call]}"
            for call in CALLS[:-1]
            if who[call]
        )
    missing = f"{', '.join(who['not measured'])} not sampled or not measured" if who["not measured"] else ""
    return "; ".join(part for part in (text, missing) if part)


def format_attrition(table: pd.DataFrame, sheet: pd.DataFrame, *, visits: Sequence[str]) -> str:
    """Write which donors miss a visit, and how far they were depleted when last seen, beside the others."""
    everyone = sorted(sheet["donor"].astype(str).unique())
    lost = {
        name: sorted(set(everyone) - set(sheet.loc[sheet["visit"] == name, "donor"].astype(str)))
        for name in visits
    }
    if not any(lost.values()):
        return f"No donor is missing at any visit ({wording.donors(len(everyone))})."
    whole = table[(table["population"] == first_followed(table)) & table["ratio"].notna()]
    parts = []
    for number, name in enumerate(visits):
        if lost[name] == everyone:
            parts.append(f"No donor has {visit(name)}")
            continue
        for donor in lost[name]:
            seen = next((one for one in reversed(visits[1:number]) if donor not in lost[one]), "")
            parts.append(f"{donor} has no {visit(name)}{last_seen(whole, donor, seen)}")
    return f"{'; '.join(parts)}."  # names of donors keep their small letters


def last_seen(table: pd.DataFrame, donor: str, name: str) -> str:
    """Write how far a donor was depleted at the visit when last seen, and its rank; empty where it is not known."""
    own = table[table["visit"] == name].set_index("donor")["ratio"].astype(float)
    own.index = own.index.astype(str)
    if donor not in own.index or len(own) < 2:
        return ""
    rank, others = int((own < own[donor]).sum()) + 1, own.drop(donor)
    place = (
        "the lowest" if rank == 1 else "the highest" if rank == len(own) else f"rank {rank} from the lowest"
    )
    return (
        f"; at {visit(name)} its B cells were at {wording.percent(own[donor])} of baseline, {place} of {len(own)} "
        f"donors (median of the others: {wording.percent(others.median())})"
    )


def format_absolute(table: pd.DataFrame) -> str:
    """Why numbers of cells could not be tested, where none could be; the plain reason that the step gave."""
    if table.empty or (table["status"] == "tested").any():
        return ""
    reason = str(table["reason"].iloc[0])
    if reason.startswith(NO_COUNTS):
        return (
            "Not tested: the sample sheet has no lymphocyte counts. Add lymphocytes_per_ul, from a blood count of each "
            "draw, to test cells per microlitre."
        )
    return f"Not tested: {wording.sentence(reason)}"
