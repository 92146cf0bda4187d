"""Whether a technical difference between visits becomes a verdict: cohorts of sorted cells in which nothing changed.

    .venv/bin/python tests/benchmark/technical.py [--seeds 11 ... 22] [--kinds quarter soup2 ...] [--out folder]

Each cohort (8 donors x 3 visits x 500 cells) goes through the whole workflow beside its twin without the difference;
about a minute each on one core, two hours for all. Exits with 2 where the sorted cells are not there
(``CD20SCOPE_DATA`` names their folder), with 1 when a bound is missed.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

TESTS = Path(__file__).resolve().parents[1]
sys.path.extend([str(TESTS), str(TESTS / "fixtures"), str(TESTS.parent / "scripts")])

from reference_data import missing  # noqa: E402
from sorted_cohort import CELLS, GENERATOR, PERTURBATIONS, draw_cohort, perturb_cohort  # noqa: E402

from workflow.running import ran, snakemake  # noqa: E402


@dataclass(frozen=True)
class Kind:
    """A technical difference between visits: how it is planted, and the quantity that must name it."""

    name: str
    options: tuple[str, ...]
    quantity: str
    strict: bool = False
    """Whether it is of depth or ambient RNA, of whose cohorts at most 2 % may have a verdict, in place of 5 %."""


def shallow_before(share: float) -> tuple[str, ...]:
    """Options by which month 6 is sequenced deeper: the other visits keep this share of their molecules."""
    return ("--depth", f"baseline={share}", "--depth", f"week2={share}")


CHEMISTRY = '{"month6": 0.875, "baseline": 0.125}'
"""Share of donors with the second chemistry: seven of eight against one of eight."""
KINDS = {
    "depth15": Kind("month 6 at 1.5 times the depth", shallow_before(0.6667), "depth", strict=True),
    "depth2": Kind("month 6 at twice the depth", shallow_before(0.5), "depth", strict=True),
    "half": Kind("month 6 at half the depth", ("--depth", "month6=0.5"), "depth", strict=True),
    "quarter": Kind("month 6 at a quarter", ("--depth", "month6=0.25"), "depth", strict=True),
    "soup2": Kind("2 % B-cell RNA at baseline", ("--bsoup", "baseline=0.02"), "b_rna_share", strict=True),
    "soup10": Kind("10 % B-cell RNA at baseline", ("--bsoup", "baseline=0.10"), "b_rna_share", strict=True),
    "chem": Kind("chemistry, 7 of 8 against 1 of 8", ("--chem", CHEMISTRY), "chemistry"),
    "rbc": Kind("30 % hemoglobin at month 6", ("--rbc", "month6=0.3"), "hemoglobin_share"),
    "tb": Kind("5 % T-B doublets at baseline", ("--tb", "baseline=0.05"), "doublet_rate"),
    "cells": Kind("12 % of the cells at month 6", ("--cells", "month6=0.12"), "cells"),
}
"""Differences by the name of their files."""
TWIN = "base"
CONTRAST = "month6-baseline"
DECIDED = ("supported", "contradicted")
STRICT, LOOSE, NAMED, NAMED_IN_TWINS = 0.02, 0.05, 0.9, 0.1
"""Bounds: cohorts with a verdict that the twin has not, of strict kinds and of all; the cause named, also in twins."""


def judge(counts: Path) -> dict[str, pd.DataFrame]:
    """Run the workflow on a cohort: its tables of verdicts and of technique."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "study.yaml").write_text(f"samples: {counts}/samples.tsv\n")
        target = "results/verdict/verdicts.tsv"
        ran(snakemake(target, "--cores", "1", directory=place, config=place / "study.yaml"))
        return {
            name: pd.read_csv(place / f"results/verdict/{name}.tsv", sep="\t")
            for name in ("verdicts", "technique")
        }


def judge_seed(seed: int, kinds: list[str], out: Path, *, donors: int, cells: int) -> None:
    """Judge a cohort and its perturbed copies; tables that are in ``out`` are not made again."""
    absent = [name for name in (TWIN, *kinds) if not (out / f"technique-{name}-{seed}.tsv").exists()]
    if not absent:
        return
    with tempfile.TemporaryDirectory() as folder:
        twin = Path(folder) / TWIN
        draw_cohort(twin, donors=donors, cells=cells, plan="null", seed=seed)
        for name in absent:
            started, counts = time.monotonic(), Path(folder) / name
            if name != TWIN:
                perturb_cohort(twin, counts, KINDS[name].options, seed=seed)
            for table, rows in judge(counts).items():
                rows.to_csv(out / f"{table}-{name}-{seed}.tsv", sep="\t", index=False)
            print(f"{name}, seed {seed}: {time.monotonic() - started:.0f} s", flush=True)


def decided(out: Path, name: str, seed: int) -> set[tuple[str, str]]:
    """Identifier and verdict of each confirmatory claim that is supported or contradicted."""
    table = pd.read_csv(out / f"verdicts-{name}-{seed}.tsv", sep="\t")
    table = table[(table["family"] == "confirmatory") & table["verdict"].isin(DECIDED)]
    return set(zip(table["id"], table["verdict"], strict=True))


def is_named(out: Path, name: str, seed: int, quantity: str) -> bool:
    """Whether the table of technique tells of a difference in a quantity between baseline and month 6."""
    table = pd.read_csv(out / f"technique-{name}-{seed}.tsv", sep="\t")
    found = table[(table["contrast"] == CONTRAST) & (table["quantity"] == quantity)]
    return bool((found["moved"] == "yes").any())


def tabulate(out: Path, seeds: list[int], kinds: list[str]) -> pd.DataFrame:
    """Count, per kind, cohorts with a verdict that the twin has not, verdicts taken back, and causes named."""
    rows = []
    for name in kinds:
        kind = KINDS[name]
        new = [decided(out, name, seed) - decided(out, TWIN, seed) for seed in seeds]
        taken = [
            (pd.read_csv(out / f"verdicts-{name}-{seed}.tsv", sep="\t")["technical"] == "yes").sum()
            for seed in seeds
        ]
        rows.append(
            {
                "difference": kind.name,
                "strict": kind.strict,
                "cohorts": len(seeds),
                "with a verdict": sum(bool(claims) for claims in new),
                "taken back, claims": int(sum(taken)),
                "cause named": sum(is_named(out, name, seed, kind.quantity) for seed in seeds),
                "named in twins": sum(is_named(out, TWIN, seed, kind.quantity) for seed in seeds),
                "verdicts": ", ".join(
                    sorted({f"{claim} {verdict}" for found in new for claim, verdict in found})
                ),
            }
        )
    return pd.DataFrame(rows)


def check(table: pd.DataFrame) -> bool:
    """Print the rates over all kinds beside their bounds; whether all hold."""
    strict = table[table["strict"]]
    rates = [
        ("with a verdict, depth and ambient RNA", strict, "with a verdict", STRICT),
        ("with a verdict, all", table, "with a verdict", LOOSE),
        (
            "cause not named",
            table.assign(missed=table["cohorts"] - table["cause named"]),
            "missed",
            1 - NAMED,
        ),
        ("named in twins", table, "named in twins", NAMED_IN_TWINS),
    ]
    held = True
    for name, of, column, limit in rates:
        if not (cohorts := of["cohorts"].sum()):
            continue
        rate = of[column].sum() / cohorts
        held &= rate <= limit
        print(f"{name}: {rate:.3f} of {cohorts} (at most {limit:.2g})  {'ok' if rate <= limit else 'MISSED'}")
    return held


def main() -> int:
    """Judge the cohorts, print the table, and compare it with the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(11, 23)))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--donors", type=int, default=8)
    parser.add_argument("--cells", type=int, default=500)
    parser.add_argument("--out", type=Path, help="folder of the tables; what is in it is not run again")
    parser.add_argument("--no-fail", action="store_true")
    options = parser.parse_args()
    if absent := missing(CELLS, GENERATOR, PERTURBATIONS):
        print(absent)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        out = options.out or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        for seed in options.seeds:
            judge_seed(seed, options.kinds, out, donors=options.donors, cells=options.cells)
        table = tabulate(out, options.seeds, options.kinds)
    print(table.drop(columns="strict").to_string(index=False))
    held = check(table)
    return 0 if held or options.no_fail else 1


if __name__ == "__main__":
    sys.exit(main())
