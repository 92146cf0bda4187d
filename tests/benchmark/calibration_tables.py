"""Rates of the parts that verdicts are made of, with the bounds that each must keep to.

Each table yields name, value, and lowest and highest value allowed; :mod:`benchmark.calibration` prints them.
"""

from collections.abc import Iterator

import numpy as np

from benchmark import (
    calibration_arms,
    calibration_association,
    calibration_dropout,
    calibration_low_counts,
    calibration_order,
    calibration_repopulation,
    calibration_standardised,
    calibration_technique,
)

type Row = tuple[str, float, float | None, float | None]


def _three_se(rate: float, cohorts: int) -> float:
    """Bound of a rate, and what chance may add in so many cohorts."""
    return rate + 3 * float(np.sqrt(rate * (1 - rate) / cohorts))


def standardised(cohorts: int) -> Iterator[Row]:
    """Intervals and equivalence in SDs between donors at baseline."""
    for row in calibration_standardised.coverage(cohorts=cohorts).to_dict("records"):
        what = f"N = {row['N']:2}, visit SD {row['visit SD']}, change {row['change']} SD"
        slack = 3 * float(np.sqrt(0.05 * 0.95 / cohorts))
        yield f"{what}: coverage", row["coverage"], 0.945 - slack, 0.955 + slack
        yield f"{what}: coverage with the SD taken for known", row["divisor known"], None, None
    for row in calibration_standardised.equivalence(cohorts=cohorts).to_dict("records"):
        what = f"N = {row['N']:2}, visit SD {row['visit SD']}"
        yield (
            f"{what}: a change of the margin called none",
            row["called same"],
            None,
            _three_se(0.05, cohorts),
        )
        yield f"{what}: no change called none", row["power"], None, None


def order(cohorts: int) -> Iterator[Row]:
    """The order claim where one of its parts is false, and where all are true."""
    few = max(200, cohorts // 4)
    for row in calibration_order.tabulate(cohorts=few).to_dict("records"):
        bound = None if row["case"].startswith("true") else _three_se(0.05, few)
        what = f"{row['case']}, N = {row['N']:2}, visit SD {row['visit SD']}"
        yield f"{what}: supported", row["supported"], None, bound


def low_counts(cohorts: int) -> Iterator[Row]:
    """Unchanged rare populations read in 10,000 and in 500 cells."""
    few = max(200, cohorts // 2)
    for row in calibration_low_counts.tabulate(cohorts=few).to_dict("records"):
        what = f"{100 * row['share']:g} %, N = {row['N']:2}"
        yield f"{what}: called, plain", row["plain"], None, None
        yield f"{what}: called at equal numbers of cells", row["thinned"], None, _three_se(0.06, few)
        yield f"{what}: called where testable", row["plain and testable"], None, _three_se(0.06, few)


def technique(cohorts: int) -> Iterator[Row]:
    """Cautions that name a planted difference, and one that is not there."""
    few = max(100, cohorts // 20)
    for row in calibration_technique.tabulate(cohorts=few).to_dict("records"):
        what = f"{row['quantity']} {row['planted']:g}, N = {row['N']:2}"
        yield f"{what}: named", row["named"], 0.9 if row["N"] >= 8 else None, None
        yield f"{what}: named in the twin", row["named in the twin"], None, 0.1
    few = max(20, cohorts // 40)
    for row in calibration_technique.tabulate_soup(cohorts=few).to_dict("records"):
        what = (
            f"B-cell RNA {row['soup']:g} more at baseline, MHC-II {row['within']:+g} in cells, {row['claim']}"
        )
        yield f"{what}: called as measured", row["as measured"], None, None
        bounds = (None, _three_se(0.05, few)) if row["within"] == 0 else (0.8, None)
        yield f"{what}: called in the end", row["in the end"], *bounds


def dropout(cohorts: int) -> Iterator[Row]:
    """Unchanged donors of whom some leave after a visible change, and of whom some leave at random."""
    few = max(100, cohorts // 10)
    for row in calibration_dropout.tabulate(cohorts=few).to_dict("records"):
        what = f"leaving {'depends' if row['depends'] else 'is random'}, N = {row['N']:2}"
        yield f"{what}: called by completers", row["completers"], None, None
        yield f"{what}: called by the mixed model", row["mixed model"], None, _three_se(0.05, few)


def arms(cohorts: int) -> Iterator[Row]:
    """Treated and controls that change alike, and treated that change alone."""
    slack = 3 * float(np.sqrt(0.05 * 0.95 / cohorts))
    for row in calibration_arms.tabulate(cohorts=cohorts).to_dict("records"):
        what = f"{row['quantity']}, N = {row['N']:2} + {row['N']:2}"
        yield f"{what}: both change, called by the difference", row["false"], 0.03, 0.07
        yield f"{what}: both change, called within the treated", row["within"], None, None
        yield f"{what}: coverage of the difference", row["covered"], 0.95 - slack, None
        yield f"{what}: the treated change, called by the difference", row["power"], None, None
        yield f"{what}: the treated change, called within them", row["power within"], None, None
    for row in calibration_arms.tabulate_beside(cohorts=cohorts).to_dict("records"):
        what = f"a covariate differs between the arms, N = {row['treated']:2} + {row['control']:2}"
        yield f"{what}: called beside it", row["beside"], None, 0.07
        yield f"{what}: called without it", row["plain"], None, None
        yield f"{what}: coverage beside it", row["covered"], 0.95 - slack, None
        yield f"{what}: the treated change, called beside it", row["power"], None, None


def association(cohorts: int) -> Iterator[Row]:
    """An outcome of the donors beside a change that has nothing to do with it, and one that follows it."""
    few = max(200, cohorts // 4)
    for row in calibration_association.tabulate(cohorts=few).to_dict("records"):
        what = f"outcome in {row['kind']}, N = {row['N']:2}, correlation {row['rho']:g}"
        none = row["rho"] == 0
        yield f"{what}: p at most .05", row["called"], None, _three_se(0.05, few) if none else None
        yield f"{what}: coverage", row["covered"], 0.95 - 3 * float(np.sqrt(0.05 * 0.95 / few)), None


def repopulation(cohorts: int) -> Iterator[Row]:
    """Donors whose B cells stay below a tenth of baseline, and donors whose B cells return."""
    for row in calibration_repopulation.tabulate(donors=cohorts).to_dict("records"):
        what = f"B cells at {row['ratio']:g} of baseline{', heavy tails' if row['heavy'] else ''}"
        bound = 0.05 if row["ratio"] < calibration_repopulation.FRACTION else None
        yield f"{what}: called back early", row["early"], None, bound


TABLES = {
    table.__name__: table
    for table in (
        *(standardised, order, low_counts, technique, dropout),
        *(arms, association, repopulation),
    )
}
