"""How often the tests and verdicts are wrong, by simulation, beside methods in common use.

    .venv/bin/python tests/benchmark/calibration.py [--cohorts 2000] [--only shares bound parts ...]

Needs nothing but the environment; about six minutes on one core. Exits with 1 when a figure misses its bound.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.extend([str(ROOT / "tests"), str(ROOT / "tests/fixtures"), str(ROOT / "scripts")])

from benchmark import (  # noqa: E402
    calibration_arms,
    calibration_expression,
    calibration_programs,
    calibration_shares,
    calibration_tables,
    calibration_verdicts,
)
from cd20scope.study.questions import claim_rows  # noqa: E402

DONORS = (6, 10, 15)
OURS = "this: logit in the parent, paired t"


@dataclass(frozen=True)
class Figure:
    """A measured rate, and the bounds that it must keep to; none for what only stands beside."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    se: float = 0.0
    """Standard error over cohorts, where so few can be afforded that it matters."""

    @property
    def verdict(self) -> str:
        """``ok``, ``MISSED``, or nothing without a bound; beyond it by less than two standard errors it cannot tell."""
        if self.low is None and self.high is None:
            return ""
        if self.se and self.high is not None and self.high < self.value <= self.high + 2 * self.se:
            return f"beyond, by less than two standard errors of {self.se:.3f}"
        inside = (self.low is None or self.value >= self.low) and (
            self.high is None or self.value <= self.high
        )
        return "ok" if inside else "MISSED"

    @property
    def asked(self) -> str:
        """The bounds in words."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        return "" if self.high is None else f"at most {self.high:g}"


def shares(cohorts: int) -> Iterator[Figure]:
    """Unchanged populations while B cells fall by 95 %."""
    for name, noise in calibration_shares.NOISE.items():
        for donors in DONORS:
            rng = np.random.default_rng([1, donors])
            counts = calibration_shares.draw_counts(rng, cohorts=cohorts, donors=donors, noise=noise)
            for method, result in calibration_shares.methods(counts).items():
                rates, ours = calibration_shares.error_rates(result), method == OURS
                what = f"{name} noise, N = {donors:2}, {method}"
                yield Figure(f"{what}: false positives", rates["mean"], *((0.03, 0.07) if ours else ()))
                yield Figure(f"{what}: of the worst population", rates["worst"], None, 0.08 if ours else None)
                yield Figure(f"{what}: coverage", rates["coverage"], 0.93 if ours else None)


def bound(cohorts: int) -> Iterator[Figure]:
    """What is claimed of vanishing B cells."""
    for kept, cells in ((0.2, 2000), (0.2, 5000), (0.05, 5000), (0.005, 2000), (0.005, 5000)):
        for donors in DONORS:
            rng = np.random.default_rng([2, donors])
            noise = calibration_shares.NOISE["low"]
            counts = calibration_shares.draw_counts(
                rng, cohorts=cohorts, donors=donors, noise=noise, kept=kept, cells=cells
            )
            found = calibration_shares.bound_errors(counts, kept=kept)
            what = f"{100 * kept:g} % left, {cells} cells, N = {donors:2}"
            if kept == 0.2:
                yield Figure(f'{what}: "at least 80 %" at its boundary', found["claims 80 %"], None, 0.08)
            else:
                limit = 0.07 if kept == 0.005 else None
                yield Figure(f"{what}: bound beyond the truth", found["beyond nominal"], None, limit)
                yield Figure(f'{what}: power of "at least 80 %"', found["claims 80 %"])


def programmes(cohorts: int) -> Iterator[Figure]:
    """Unchanged programmes, one mean per donor and visit, and cell by cell."""
    for row in calibration_programs.tabulate(cohorts=cohorts).to_dict("records"):
        what = f"visit SD {row['visit SD']}, N = {row['N']:2}"
        yield Figure(f"{what}: false positives by donors", row["donors"], 0.03, 0.07)
        yield Figure(f"{what}: false positives by cells", row["cells"])


def read_catalogues() -> list[Any]:
    """Shipped hypotheses and populations."""
    return [
        yaml.safe_load((ROOT / f"config/{kind}.yaml").read_text()) for kind in ("hypotheses", "populations")
    ]


def questions_of_arms(cohorts: int) -> Iterator[Figure]:
    """Every hypothesis against a control arm; T cells of both arms change, or those of the treated alone."""
    catalogues, few = read_catalogues(), max(100, cohorts // 5)
    table = calibration_arms.tabulate_questions(claim_rows(catalogues[0]), catalogues[1], cohorts=few)
    se = float(np.sqrt(0.05 * 0.95 / few))
    for row in table.to_dict("records"):
        what = f"N = {row['N']:2.0f} + {row['N']:2.0f}"
        yield Figure(
            f"{what}: both change, any confirmatory claim called", row["both change"], None, 0.05, se
        )
        name = "the same with a depletion, any T claim called"
        yield Figure(f"{what}: {name}", row["depletion only"], None, 0.05, se)
        for name in ("T-act-m6", "Treg-share-m6"):
            yield Figure(f"{what}: the treated change, {name} supported", row[name])


def verdicts(cohorts: int) -> Iterator[Figure]:
    """Every hypothesis of the shipped catalogue; claims of no change are true where nothing changes."""
    catalogues = read_catalogues()
    claims, populations = claim_rows(catalogues[0]), catalogues[1]
    for row in calibration_verdicts.tabulate_rows(claims, populations, cohorts=cohorts).to_dict("records"):
        what = f"null, N = {row['donors']:2}, {row['question']}: differs from zero at .05"
        yield Figure(what, row["called"], 0.03, 0.07)
    few = max(20, cohorts // 2)
    table = calibration_verdicts.tabulate(claims, populations, cohorts=few)
    for row in table.to_dict("records"):
        what = f"{row['plan']}, N = {row['donors']:2}"
        if row["plan"] == "null":
            yield Figure(f"{what}: cohorts with any claim supported", row["any supported"], None, 0.05)
            name = "any confirmatory called"
            yield Figure(f"{what}: cohorts with any confirmatory claim called", row[name], None, 0.05)
        elif row["plan"] == "depletion only":
            yield Figure(
                f"{what}: cohorts with any T claim supported, exploratory ones too", row["any T supported"]
            )
            name = "any confirmatory T called"
            yield Figure(f"{what}: cohorts with any confirmatory T claim called", row[name], None, 0.05)
        elif row["plan"] == "at the margin":
            name = "any confirmatory absence"
            yield Figure(f"{what}: cohorts with any false absence of a change", row[name], None, 0.05)
        if row["plan"] != "null":
            yield Figure(f"{what}: B-total-w2 supported", row["B-total-w2"])
        if row["plan"] == "treated":
            for name in ("T-act-m6", "Treg-share-m6", "T-act-biphasic"):
                yield Figure(f"{what}: {name} supported", row[name])


def expression(cohorts: int) -> Iterator[Figure]:
    """Unchanged genes in pseudobulk; few cohorts, as each holds 1,500 genes."""
    table = calibration_expression.tabulate(cohorts=max(2, cohorts // 400), genes=1500)
    bounds = {"PyDESeq2: null p < 0.05": (0.03, 0.06), "PyDESeq2: false share at BH 0.05": (None, 0.08)}
    for row in table.to_dict("records"):
        for name, value in row.items():
            if name != "donors" and not str(name).startswith("se of "):
                low, high = bounds.get(str(name), (None, None))
                what = f"N = {row['donors']:2.0f}, {name}"
                yield Figure(what, value, low, high, row.get(f"se of {name}", 0.0))


def genes_of_arms(cohorts: int) -> Iterator[Figure]:
    """Genes that change alike in treated and controls, and genes of the treated alone; few cohorts, as above."""
    table = calibration_expression.tabulate_arms(cohorts=max(2, cohorts // 400))
    # the false share is told without a bound: Wald's z test is too bold for an interaction of so few donors
    bounds = {"null p < 0.05": (0.03, 0.07), "false share at BH 0.05": (None, None), "power": (None, None)}
    for row in table.to_dict("records"):
        for name, (low, high) in bounds.items():
            what = f"N = {row['donors']:2.0f} + {row['donors']:2.0f}, {name}"
            yield Figure(what, row[name], low, high, row[f"se of {name}"])


def parts(cohorts: int) -> Iterator[Figure]:
    """The parts that verdicts are made of."""
    for name, table in calibration_tables.TABLES.items():
        for what, value, low, high in table(cohorts):
            yield Figure(f"{name}, {what}", value, low, high)


TABLES = {
    table.__name__: table
    for table in (
        *(shares, bound, programmes, verdicts, questions_of_arms),
        *(expression, genes_of_arms, parts),
    )
}


def main() -> int:
    """Print the tables and count the misses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000, help="simulated cohorts of each setting")
    parser.add_argument("--only", nargs="+", choices=list(TABLES), default=list(TABLES))
    options = parser.parse_args()
    missed = 0
    for name in options.only:
        started = time.monotonic()
        print(f"\n{name}: {TABLES[name].__doc__}")
        for figure in TABLES[name](options.cohorts):
            print(f"  {figure.name:88}{figure.value:8.3f}  {figure.asked:14}{figure.verdict}")
            missed += figure.verdict == "MISSED"
        print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
    print(f"\n{missed} figure(s) missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
