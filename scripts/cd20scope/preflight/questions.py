"""Which questions the donors of a study can answer, and how small an effect they would show."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.power import TTestPower

from cd20scope import schema
from cd20scope.preflight.design import treated_of
from cd20scope.preflight.findings import Finding
from cd20scope.study.covariates import change_columns
from cd20scope.study.pairing import donors_with_both
from cd20scope.study.question_rules import EXPLORATORY
from cd20scope.study.questions import read_families

POWER = 0.8
SHARE_SD = (0.34, 0.59)
"""Least and largest standard deviation, over populations, of the change in log odds of a share between two visits of
eight untreated people, counting included (Hao 2021, doi:10.1016/j.cell.2021.04.048), by
``tests/benchmark/visit_noise.py``."""


def check_contrasts(
    sheet: pd.DataFrame,
    *,
    contrasts: Sequence[Sequence[str]],
    min_pairs: int,
    alpha: float,
    covariates: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> tuple[pd.DataFrame, list[Finding]]:
    """Count the treated donors of each contrast, and compute what so many can show.

    Parameters
    ----------
    sheet
        Samples that are analysed.
    contrasts, min_pairs, alpha
        As in the configuration.
    covariates
        Columns of the sheet that changes are tested beside, by contrast; none by default. Donors of whom one is not
        known do not enter, and every column that they make (of a categorical one a column per level but the first)
        costs a donor.

    Returns
    -------
    ``contrast n_pairs needed donors smallest_effect``, the last in standard deviations of the donors' changes: what a
    two-sided paired t-test at ``alpha`` finds with 80 % power; and warnings.
    """
    treated = treated_of(sheet)
    visits = treated.groupby("donor")["visit"].agg(set)
    rows, findings = [], []
    for later, earlier in contrasts:
        name, donors = schema.contrast_name((later, earlier)), donors_with_both(treated, (later, earlier))
        beside, n_columns = list(covariates.get(name, ())), 0
        if beside and donors:
            known = change_columns(treated, beside, (later, earlier), donors).dropna()
            donors, n_columns = [str(donor) for donor in known.index], known.shape[1]
        n, needed = len(donors), min_pairs + n_columns
        rows.append((name, n, needed, ", ".join(donors), smallest_effect(n - n_columns, alpha)))
        if n < needed:
            shown = (
                f" beside {', '.join(beside)}, whose {n_columns} columns cost a donor each"
                if n_columns
                else ""
            )
            which = "both visits and known covariates" if beside else "both visits"
            findings.append(
                Finding(
                    "warning",
                    name,
                    f"{n} treated donors have {which} and a verdict needs {needed}{shown}: its hypotheses will be "
                    f"not testable.{' Leave a covariate out.' if n >= min_pairs else ''}",
                )
            )
    for visit in dict.fromkeys(earlier for _, earlier in contrasts):
        without = sorted(str(donor) for donor, own in visits.items() if visit not in own)
        if without:
            findings.append(
                Finding(
                    "warning",
                    visit,
                    f"donors without this visit, who enter no comparison with it: {', '.join(without)}.",
                )
            )
    columns = ["contrast", "n_pairs", "needed", "donors", "smallest_effect"]
    return pd.DataFrame(rows, columns=columns), findings


@cache
def smallest_effect(n: int, level: float) -> float:
    """Effect that a two-sided paired t-test of n donors finds with 80 % power, in SDs of the changes."""
    if n < 2:
        return float("nan")
    return float(np.squeeze(TTestPower().solve_power(nobs=n, alpha=level, power=POWER)))


def first_levels(
    questions: Sequence[Mapping[str, Any]], families: Sequence[Mapping[str, Any]]
) -> dict[str, float]:
    """Part of the level at which each question would be judged were it the only one with an effect.

    Parameters
    ----------
    questions
        Rows of claims: ``question``, ``family`` and ``stage``.
    families
        As the catalogue has them.

    Returns
    -------
    Question -> part of the level, 0 to 1.
    """
    share = {family.name: family.share for family in read_families({"families": families})}
    stages = {row["question"]: row["stage"] if row["family"] != EXPLORATORY else "" for row in questions}
    size = pd.Series(list(stages.values()), dtype=object).value_counts()
    return {name: share.get(stage, 1.0) / int(size[stage]) for name, stage in stages.items()}


def check_hypotheses(
    contrasts: pd.DataFrame,
    genes: pd.DataFrame,
    *,
    questions: Sequence[Mapping[str, Any]],
    families: Sequence[Mapping[str, Any]],
    min_pairs: int,
    min_coverage: float,
    alpha: float,
) -> pd.DataFrame:
    """Check for every hypothesis whether pairs and genes allow a test, and what it could show.

    Parameters
    ----------
    contrasts
        From :func:`check_contrasts`.
    genes
        ``kind name n_genes n_found`` of programmes.
    questions, families
        Claims and families of the catalogue.
    min_pairs, min_coverage, alpha
        As in the configuration.

    Returns
    -------
    ``id statement contrast n_pairs testable smallest_effect``. The effect is a range: from the level without
    correction and, for shares, the least noise between visits, to the level with correction and the largest noise.
    """
    pairs, needed = (contrasts.set_index("contrast")[name] for name in ("n_pairs", "needed"))
    found = genes[genes["kind"] == "programme"].set_index("name")
    level = first_levels(questions, families)
    rows = []
    for entry in questions:
        n, least = int(pairs.get(entry["contrast"], 0)), int(needed.get(entry["contrast"], min_pairs))
        program = entry.get("program")
        reason = "" if n >= least else f"no: {n} pairs, {least} are needed"
        if not reason and program in found.index:
            part = found.loc[program]
            if part["n_found"] < min_coverage * part["n_genes"]:
                reason = f"no: {part['n_found']} of {part['n_genes']} genes"
        # a covariate costs a donor
        left = n - (least - min_pairs)
        effect = "" if reason else _effect_text(entry, left, alpha, alpha * level[entry["question"]])
        rows.append((entry["id"], entry["statement"], entry["contrast"], n, reason or "yes", effect))
    names = ["id", "statement", "contrast", "n_pairs", "testable", "smallest_effect"]
    return pd.DataFrame(rows, columns=names)


def _effect_text(entry: Mapping[str, Any], n: int, alpha: float, lowest: float) -> str:
    ends = smallest_effect(n, alpha), smallest_effect(n, lowest)
    if entry.get("denominator"):  # a share of cells
        folds = [np.exp(end * sd) for end, sd in zip(ends, SHARE_SD, strict=True)]
        return f"{folds[0]:.2g}- to {folds[1]:.2g}-fold"
    return f"{ends[0]:.2g} to {ends[1]:.2g} SD of the changes"
