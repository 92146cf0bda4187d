"""Which samples a run analyses: donors chosen, tissues apart, and the arm of each donor.

Imported while Snakemake parses the workflow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cd20scope.schema import CONTROL
from cd20scope.study.arms import Arms, read_arms
from cd20scope.study.donor_choice import choose_donors
from cd20scope.study.levels import name_tissue
from cd20scope.study.nearest import nearest
from cd20scope.study.pairing import donors_with_both
from cd20scope.study.strict_yaml import ConfigError

LEFT_OUT = ("sample", "donor", "visit", "reason")
"""Columns of the table of samples that a run does not analyse."""


@dataclass(frozen=True)
class Design:
    """Design of a run.

    Attributes
    ----------
    samples
        Rows of the sheet that the questions are answered with, with the column ``control``: level of the control arm
        of the donor, empty if treated.
    others
        The same of the samples of other tissues, which are tested apart.
    left_out
        :data:`LEFT_OUT`, one row per sample that is not among ``samples``.
    arms
        Donors of the arms.
    tissue
        Tissue of ``samples``; empty where the sheet names none.
    tissues
        Donors with both visits of a contrast, by tissue; empty where the sheet names fewer than two.
    """

    samples: pd.DataFrame
    others: pd.DataFrame
    left_out: pd.DataFrame
    arms: Arms
    tissue: str
    tissues: Mapping[str, int]

    @property
    def treated(self) -> pd.DataFrame:
        """Samples of treated donors."""
        return self.samples[self.samples[CONTROL] == ""]


def plan_study(
    sheet: pd.DataFrame,
    *,
    contrasts: Sequence[Sequence[str]],
    arm: Mapping[str, Any],
    tissue: str,
    donors: Mapping[str, Any],
) -> Design:
    """Choose the samples of a run.

    Parameters
    ----------
    sheet
        From :func:`cd20scope.study.sheet.read_sheet`.
    contrasts, arm, tissue, donors
        As in the configuration; of ``donors`` the keys ``include`` and ``exclude``.

    Raises
    ------
    ConfigError
        When the configuration names a column, level or tissue that the sheet has not, or nothing is left.
    """
    choice = {key: donors.get(key, {}) for key in ("include", "exclude")}
    donor_of = sheet["donor"].astype(str)
    reasons = _of_donors(donor_of, choose_donors(sheet, **choice))
    arms = read_arms(sheet[reasons == ""], **arm)
    unknown = "drug not stated at every visit" if arms.column == "drug" else f"no {arms.column} in the sheet"
    reasons = reasons.mask(donor_of.isin(arms.unknown) & (reasons == ""), unknown)
    control = _of_donors(donor_of, arms.control)
    chosen, counted = _choose_tissue(
        sheet[reasons == ""], tissue, contrasts=contrasts, treated=control[reasons == ""] == ""
    )
    apart = pd.Series(False, index=sheet.index)
    if counted:
        other = (sheet["tissue"] != chosen) & (reasons == "")
        apart = other & (sheet["tissue"] != "")
        ours = chosen or "samples without a tissue"
        reasons = reasons.mask(apart, "tissue " + sheet["tissue"] + f", tested apart from {ours}")
        reasons = reasons.mask(other & ~apart, f"tissue not given, and the questions are asked of {ours}")
    kept = reasons == ""
    gone = sheet.loc[~kept, ["sample", "donor", "visit"]].assign(reason=reasons[~kept])
    with_arm = sheet.assign(**{CONTROL: control})
    return Design(
        samples=with_arm[kept].reset_index(drop=True),
        others=with_arm[apart].reset_index(drop=True),
        left_out=gone.reset_index(drop=True),
        arms=arms,
        tissue=chosen,
        tissues=counted,
    )


def _of_donors(donors: pd.Series, values: Mapping[str, str]) -> pd.Series:
    return pd.Series([values.get(donor, "") for donor in donors], index=donors.index, dtype=str)


def count_pairs(sheet: pd.DataFrame, contrasts: Sequence[Sequence[str]]) -> int:
    """Donors that have both visits of at least one contrast."""
    return len({donor for contrast in contrasts for donor in donors_with_both(sheet, contrast)})


def _choose_tissue(
    sheet: pd.DataFrame, wanted: str, *, contrasts: Sequence[Sequence[str]], treated: pd.Series
) -> tuple[str, dict[str, int]]:
    """Choose the tissue, and count the donors of each one."""
    if "tissue" not in sheet or not sheet["tissue"].any():
        if wanted:
            raise ConfigError(
                "configuration", [f"tissue: {wanted!r}, and the sheet names no tissue. Remove it."]
            )
        return "", {}
    own = sheet[treated] if treated.any() else sheet
    counted = {
        str(name): count_pairs(own[own["tissue"] == name], contrasts) for name in sheet["tissue"].unique()
    }
    if wanted:
        names = {name_tissue(name).casefold(): name for name in counted if name}
        chosen = names.get(name_tissue(wanted).casefold())
        if chosen is None:
            close = nearest(wanted, names.values())
            hint = f" Did you mean {close!r}?" if close else ""
            raise ConfigError(
                "configuration",
                [f"tissue: no sample is of {wanted!r}; found {', '.join(names.values())}.{hint} Correct it."],
            )
        return chosen, counted if len(counted) > 1 else {}
    order = sorted(counted, key=lambda name: (-counted[name], name != "blood", not name, name))
    return order[0], counted if len(counted) > 1 else {}
