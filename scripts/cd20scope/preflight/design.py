"""What the design of a study lets a run compare: arms, tissues, donors left out, and what goes with them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cd20scope import schema
from cd20scope.preflight.findings import Finding, list_names
from cd20scope.study.design import count_pairs
from cd20scope.study.pairing import donors_with_both

FEW = 2
"""Donors below which a control arm has no spread."""


def treated_of(sheet: pd.DataFrame) -> pd.DataFrame:
    """Take the samples of treated donors; all of a sheet without the column ``control``."""
    return sheet[sheet[schema.CONTROL] == ""] if schema.CONTROL in sheet else sheet


def check_design(
    sheet: pd.DataFrame,
    *,
    contrasts: Sequence[Sequence[str]],
    arms: Mapping[str, str],
    tissue: str,
    tissues: Mapping[str, int],
    others: Sequence[Mapping[str, str]],
    left_out: Sequence[Mapping[str, str]],
    covariate_notes: Sequence[tuple[str, str, str]],
) -> list[Finding]:
    """Say which donors and samples a run compares, and which it does not.

    Parameters
    ----------
    sheet
        Samples that are analysed, with the column ``control``.
    contrasts
        Pairs (later, earlier) of visits.
    arms
        ``column`` that tells the arms, and the ``treated`` level.
    tissue, tissues
        Tissue of the sheet, and donors with both visits of a contrast in each.
    others
        ``sample``, ``donor``, ``visit``, ``tissue`` and ``control`` of the samples of other tissues.
    left_out
        ``sample``, ``donor``, ``visit`` and ``reason`` of samples that are not in the sheet.
    covariate_notes
        Contrast, covariate and why it has no part there.
    """
    findings = [*_left_out(left_out), *_tissues(sheet, tissue, tissues, left_out, contrasts)]
    findings += _other_tissues(pd.DataFrame(others), contrasts)
    findings += _arms(sheet, arms, contrasts)
    findings += [
        Finding("warning", contrast, f"covariate {name} {why}: it is left out here.")
        for contrast, name, why in covariate_notes
    ]
    return findings


def _left_out(left_out: Sequence[Mapping[str, str]]) -> list[Finding]:
    table = pd.DataFrame(left_out, columns=["sample", "donor", "visit", "reason"])
    table = table[~table["reason"].str.startswith("tissue ")]
    return [
        Finding("warning", list_names(own["donor"]), f"left out of this run: {reason}.")
        for reason, own in table.groupby("reason", sort=False)
    ]


def _tissues(
    sheet: pd.DataFrame,
    tissue: str,
    tissues: Mapping[str, int],
    left_out: Sequence[Mapping[str, str]],
    contrasts: Sequence[Sequence[str]],
) -> list[Finding]:
    if len(tissues) < 2:
        return []
    counted = ", ".join(f"{name or 'not given'}: {n}" for name, n in tissues.items())
    others = [entry for entry in left_out if entry["reason"].startswith("tissue ")]
    findings = [
        Finding(
            "warning",
            tissue or "tissue",
            f"the questions are answered in {tissue or 'samples without a tissue'} (donors with both visits of a "
            f"contrast, by tissue: {counted}), and {list_names([entry['sample'] for entry in others])} have no part in "
            "it. Tissues are neither compared nor pooled. For the verdicts of another one, name it by tissue: in the "
            "configuration.",
        )
    ]
    other = {(entry["donor"], entry["visit"]): entry for entry in others}
    have = {(str(row.donor), str(row.visit)): str(row.sample) for row in sheet.itertuples()}
    for later, earlier in contrasts:
        mixed = []
        for donor in dict.fromkeys(donor for donor, _ in [*have, *other]):
            for own, missing in ((earlier, later), (later, earlier)):
                if (donor, own) in have and (donor, missing) in other and (donor, missing) not in have:
                    mixed.append(f"{other[donor, missing]['sample']} against {have[donor, own]}")
        if mixed:
            findings.append(
                Finding(
                    "warning",
                    schema.contrast_name((later, earlier)),
                    f"{later} and {earlier} are of two tissues in {list_names(mixed)}: not comparable, so these donors "
                    f"do not enter. Give samples of {tissue} at both visits, or correct the column tissue.",
                )
            )
    return findings


def _other_tissues(others: pd.DataFrame, contrasts: Sequence[Sequence[str]]) -> list[Finding]:
    """Say of each other tissue how many donors can be compared with themselves."""
    findings = []
    for tissue, own in others.groupby("tissue", sort=False) if len(others) else []:
        treated = treated_of(own)
        pairs = {schema.contrast_name(contrast): count_pairs(treated, [contrast]) for contrast in contrasts}
        counted = ", ".join(f"{name}: {n}" for name, n in pairs.items())
        text = f"{len(own)} samples, tested apart and without verdicts. Donors with both visits: {counted}."
        if not any(pairs.values()):
            text += " No donor can be compared with itself: every question is not testable in this tissue."
        if len(treated) < len(own):
            controls = sorted(set(own["donor"]) - set(treated["donor"]))
            text += f" Donors of control arms ({list_names(controls)}) enter no change."
        findings.append(Finding("warning", str(tissue), text))
    return findings


def _arms(sheet: pd.DataFrame, arms: Mapping[str, str], contrasts: Sequence[Sequence[str]]) -> list[Finding]:
    if schema.CONTROL not in sheet or not (sheet[schema.CONTROL] != "").any():
        return []
    findings = []
    treated, control = treated_of(sheet), sheet[sheet[schema.CONTROL] != ""]
    source = f" (by the column {arms['column']})" if arms.get("column") else ""
    for level, own in control.groupby(schema.CONTROL):
        donors = list(dict.fromkeys(own["donor"].astype(str)))
        once = own.groupby("donor")["visit"].nunique().max() == 1
        text = (
            f"control arm{source}: {list_names(donors)}. {len(donors)} donors, never pooled with the "
            f"{treated['donor'].nunique()} treated, in whom changes are tested"
        )
        text += ", and donors at one visit are never tested as a change." if once else "."
        if len(donors) < FEW:
            text += " One donor has no spread: nothing can be compared with this arm."
        findings.append(Finding("warning", str(level), text))
        text = (
            f"no donor of the control arm {level} has both visits: the change of the treated cannot be compared with "
            "theirs."
        )
        findings += [
            Finding("warning", schema.contrast_name(contrast), text)
            for contrast in contrasts
            if not once and donors_with_both(treated, contrast) and not donors_with_both(own, contrast)
        ]
    return [*findings, *_beside_arms(treated, control)]


def _beside_arms(treated: pd.DataFrame, control: pd.DataFrame) -> list[Finding]:
    """Find chemistries and batches that go with the arm."""
    findings = []
    for column in (name for name in ("chemistry", "batch") if name in treated):
        here, there = (set(part[column]) - {""} for part in (treated, control))
        if here and there and not here & there:
            findings.append(
                Finding(
                    "warning",
                    column,
                    f"the arms have no {column} in common ({', '.join(sorted(here))} in the treated, "
                    f"{', '.join(sorted(there))} in the controls): levels of the arms cannot be compared, changes "
                    "within donors can.",
                )
            )
    return findings
