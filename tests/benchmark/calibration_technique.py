"""How often technique is named where it is there and where it is not, and how often it makes a verdict."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from soup_cells import B_GENES, GENES, POPULATIONS, PROGRAMS, collect, draw_cells

from cd20scope import schema
from cd20scope.programs.scores import score_programs
from cd20scope.programs.without_b_rna import profile_of, score_without_b_rna
from cd20scope.verdict import decide, measure, quantities, robustness, technical
from cd20scope.verdict.technique import compare_technique

SCATTER = {
    "depth": 0.2,
    "ambient_share": 0.01,
    "b_rna_share": 0.005,
    "hemoglobin_share": 0.02,
    "doublet_rate": 0.01,
    "cells": 0.4,
    "kept_share": 0.05,
}
"""SD of a sample around its donor: of the logarithm for ratios, of the share elsewhere."""
BASE = {
    "depth": 3000.0,
    "ambient_share": 0.05,
    "b_rna_share": 0.01,
    "hemoglobin_share": 0.02,
    "doublet_rate": 0.04,
    "cells": 4000.0,
    "kept_share": 0.85,
}
PLANTED = {
    "depth": (1.5, 2.0, 0.5, 0.25),
    "ambient_share": (0.1,),
    "b_rna_share": (0.02, 0.1),
    "hemoglobin_share": (0.3,),
    "doublet_rate": (0.05,),
    "cells": (0.12,),
    "kept_share": (-0.3,),
}
"""Differences at the later visit: factors of ratios, additions to shares."""


def draw(rng: np.random.Generator, *, donors: int, quantity: str, planted: float) -> pd.DataFrame:
    """Draw the table of one quantity in one cohort with a difference planted at the later visit."""
    rows = []
    for donor in range(donors):
        for visit in ("baseline", "month6"):
            noise, late = rng.normal(0, SCATTER[quantity]), visit == "month6"
            if quantities.QUANTITIES[quantity].scale == "ratio":
                value = BASE[quantity] * np.exp(noise) * (planted if late else 1.0)
            else:
                value = max(BASE[quantity] + noise + (planted if late else 0.0), 0.0)
            rows.append((f"D{donor}_{visit}", f"D{donor}", visit, quantity, value))
    return pd.DataFrame(rows, columns=["sample", "donor", "visit", "quantity", "value"])


def tabulate(*, cohorts: int, donors: Sequence[int] = (6, 8, 12), seed: int = 71) -> pd.DataFrame:
    """Share of cohorts in which the planted quantity is named, and in which it is named without being planted."""
    rows = []
    for quantity, differences in PLANTED.items():
        for planted in differences:
            for n in donors:
                rng = np.random.default_rng([seed, n, list(PLANTED).index(quantity)])
                nothing = 1.0 if quantities.QUANTITIES[quantity].scale == "ratio" else 0.0
                named = {"named": 0, "named in the twin": 0}
                for _ in range(cohorts):
                    for key, size in (
                        ("named", planted),
                        ("named in the twin", nothing),
                    ):
                        table = draw(rng, donors=n, quantity=quantity, planted=size)
                        found = compare_technique(table, contrasts=[("month6", "baseline")])
                        named[key] += int(found["moved"].iloc[0] == "yes")
                rows.append(
                    {"quantity": quantity, "planted": planted, "N": n}
                    | {key: count / cohorts for key, count in named.items()}
                )
    return pd.DataFrame(rows)


CLAIMS = [
    {
        "id": f"{population} {component}",
        "question": f"{population} {component}",
        "stage": "",
        "endpoint": "program",
        "population": population,
        "program": "MHC-II",
        "component": component,
        "contrast": "week2-baseline",
        "direction": "down",
        "margin": 0.5,
        "strength": "plain",
        "family": "exploratory",
    }
    for population, component in (("CD4 memory", "total"), ("PBMC", "within"))
]
CONTRAST = ("week2", "baseline")


def judge(counts: np.ndarray, told: pd.DataFrame) -> list[tuple[str, bool]]:
    """Judge :data:`CLAIMS` in one cohort: verdict as measured, and whether technique takes it back."""
    sums = collect(counts, told)
    options = {
        "populations": POPULATIONS,
        "programs": PROGRAMS,
        "seed": 1,
        "split": ["PBMC"],
        "n_controls": 20,
    }
    options |= {"tests": [("PBMC", "MHC-II"), ("CD4 memory", "MHC-II")], "not_controls": B_GENES}
    scores, parts = score_programs(sums, **options)
    profile = profile_of(sums, populations=POPULATIONS, baseline="baseline")
    others = [
        table.assign(arm=schema.NO_B_RNA_ARM) for table in score_without_b_rna(sums, profile, **options)
    ]
    none = pd.DataFrame(columns=["population", "denominator", "arm"])
    settings = measure.Settings([CONTRAST], "baseline")
    made = measure.measure_needed(CLAIMS, donors=none, scores=scores, parts=parts, settings=settings)
    arms_of = {"donors": none, "scores": others[0], "parts": others[1]}
    by_arm = robustness.measure_arms(CLAIMS, tables={"donors": none}, arms=arms_of, settings=settings)
    decisions = decide.decide_all(CLAIMS, made)
    nothing = {"steroid": {}, "random_sets": {}, "all_visits": {}}
    arms = robustness.decide_arms(decisions, made, by_arm, **nothing, alpha=0.05, min_pairs=6)
    settled = technical.settle(decisions, arms, compare_soup(counts, told))
    return [(was.verdict.verdict, found.technical) for was, found in zip(decisions, settled, strict=True)]


def compare_soup(counts: np.ndarray, told: pd.DataFrame) -> pd.DataFrame:
    """Compare what B cells spilled between the visits of one cohort."""
    spilled = {}
    for sample, rows in told.groupby("sample").indices.items():
        summed = pd.DataFrame(counts[rows], columns=GENES).groupby(told["population"].to_numpy()[rows]).sum()
        table = summed.rename_axis("population").reset_index().melt("population", GENES, "gene", "counts")
        spilled[str(sample)] = quantities.count_spilled(table, POPULATIONS)
    sheet = told[["sample", "donor", "visit"]].drop_duplicates()
    first = sheet.loc[sheet["visit"] == "baseline", "sample"].tolist()
    shares = quantities.share_spilled(spilled, baseline=first)
    rows = [
        quantities.tabulate_sample(row, shares[row["sample"]], ambient_share=None)
        for row in sheet.to_dict("records")
    ]
    return compare_technique(pd.concat(rows, ignore_index=True), contrasts=[CONTRAST])


def tabulate_soup(*, cohorts: int, donors: int = 8, seed: int = 83) -> pd.DataFrame:
    """Claims that MHC-II falls inside cells, by the B-cell RNA that only baseline has and the true change within cells.

    Returns
    -------
    ``soup``, ``within`` (change of the logarithm in each cell), ``claim``, and the shares of cohorts in which it is
    supported or contradicted ``as measured`` and ``in the end``.
    """
    rows = []
    for soup, within in ((0.0, 0.0), (0.02, 0.0), (0.1, 0.0), (0.0, -1.0), (0.02, -1.0)):
        found = [
            judge(
                *draw_cells(
                    soup=soup, always=0.01, donors=donors, within=within, cells=60, seed=seed + cohort
                )
            )
            for cohort in range(cohorts)
        ]
        for number, claim in enumerate(CLAIMS):
            called = np.array([one[number][0] in ("supported", "contradicted") for one in found])
            kept = called & ~np.array([one[number][1] for one in found])
            rows.append(
                {
                    "soup": soup,
                    "within": within,
                    "claim": claim["id"],
                    "as measured": called.mean(),
                    "in the end": kept.mean(),
                }
            )
    return pd.DataFrame(rows)
