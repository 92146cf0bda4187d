"""Cohorts for the comparison of methods: nothing changes, only technique changes, or a treatment is planted.

    .venv/bin/python tests/benchmark/comparison_cohorts.py FOLDER [--source built-in sorted] [--seeds 21 22]

Each cohort has 8 donors at three visits and goes through the whole workflow; its results are
``FOLDER/<source>-<plan>-<seed>/results``. Cohorts that are there are not run again. ``sorted`` needs the sorted cells
(``CD20SCOPE_DATA`` names their folder).
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

TESTS = Path(__file__).resolve().parents[1]
sys.path.extend([str(TESTS), str(TESTS / "fixtures"), str(TESTS.parent / "scripts")])

from reference_data import missing  # noqa: E402
from sorted_cohort import CELLS, GENERATOR, draw_cohort  # noqa: E402

from workflow.running import ran, snakemake  # noqa: E402

DONORS = 8
CELLS_A_SAMPLE = {"built-in": 600, "sorted": 800}
PLANS = ("null", "depth", "chemistry", "treated")
"""``depth`` and ``chemistry`` are the null cohort of the same seed with a technical difference between visits."""
LAST = "month6"
DEPTH = 0.25
"""Part of the molecules that are left at the last visit."""
CHEMISTRY_SD = 0.4
"""SD of the log efficiency of a gene between the two chemistries."""
BUILT_IN = {"null": "untreated", "treated": "treated"}
TARGETS = ("results/verdict/verdicts.tsv", "results/expression/expression.tsv.gz")

type Change = Callable[[sparse.csr_matrix, str, bool], sparse.csr_matrix]
"""From counts, visit and whether the donor is the first one, to what the other technique would have counted."""


def thinned(
    counts: sparse.csr_matrix, keep: np.ndarray | float, rng: np.random.Generator
) -> sparse.csr_matrix:
    """Keep each molecule with a probability, the same for all genes or one of each."""
    counts = counts.astype(np.int64)
    counts.data = rng.binomial(counts.data, np.broadcast_to(keep, counts.shape[1])[counts.indices])
    counts.eliminate_zeros()
    return counts


def shallower(rng: np.random.Generator) -> Change:
    """Sequence the last visit to a quarter of the depth."""
    return lambda counts, visit, _: thinned(counts, DEPTH if visit == LAST else 1.0, rng)


def other_chemistry(rng: np.random.Generator, n_genes: int) -> Change:
    """Measure the last visit of all donors but the first with a chemistry of other efficiencies, same mean depth."""
    efficiency = np.clip(rng.lognormal(-CHEMISTRY_SD, CHEMISTRY_SD, n_genes), 0.02, 1)

    def change(counts: sparse.csr_matrix, visit: str, first: bool) -> sparse.csr_matrix:
        second = visit == LAST and not first
        return thinned(counts, efficiency if second else np.exp(-CHEMISTRY_SD), rng)

    return change


def draw_technical(null: Path, counts: Path, *, plan: str, seed: int) -> Path:
    """Write the count files and the sheet of a null cohort measured with a technical difference; gives the sheet."""
    sheet = pd.read_csv(null / "results/abundance/donors.tsv", sep="\t", dtype=str)
    sheet = sheet[["sample", "donor", "visit"]].drop_duplicates()
    files = {sample: null / f"results/ingest/{sample}.h5ad" for sample in sheet["sample"]}
    rng = np.random.default_rng([seed, 77])
    n_genes = ad.read_h5ad(next(iter(files.values())), backed="r").n_vars
    change = shallower(rng) if plan == "depth" else other_chemistry(rng, n_genes)
    counts.mkdir(parents=True, exist_ok=True)
    first = sheet["donor"].iloc[0]
    for row in sheet.itertuples():
        data = ad.read_h5ad(files[row.sample])
        matrix = change(sparse.csr_matrix(data.X), row.visit, row.donor == first)
        ad.AnnData(matrix.astype(np.int32), obs=data.obs[[]], var=data.var).write_h5ad(
            counts / f"{row.sample}.h5ad", compression="gzip"
        )
    if plan == "chemistry":
        second = (sheet["visit"] == LAST) & (sheet["donor"] != first)
        sheet["chemistry"] = second.map({True: "3' v3", False: "3' v2"})
    sheet.assign(path=sheet["sample"] + ".h5ad").to_csv(counts / "samples.tsv", sep="\t", index=False)
    return counts / "samples.tsv"


def run_cohort(folder: Path, *, source: str, plan: str, seed: int) -> Path:
    """Draw a cohort and run the workflow on it, unless its results are there; gives its folder."""
    place = folder / f"{source}-{plan}-{seed}"
    if all((place / target).exists() for target in TARGETS):
        return place
    place.mkdir(parents=True, exist_ok=True)
    cells = CELLS_A_SAMPLE[source]
    config = f"samples: {place / 'counts/samples.tsv'}\n"
    if plan not in BUILT_IN:
        draw_technical(folder / f"{source}-null-{seed}", place / "counts", plan=plan, seed=seed)
    elif source == "sorted":
        draw_cohort(place / "counts", donors=DONORS, cells=cells, plan=plan, seed=seed)
    else:
        simulate = f"{{plan: {BUILT_IN[plan]}, donors: {DONORS}, cells: {cells}, seed: {seed}}}"
        config = f"samples: built-in\nsimulate: {simulate}\n"
    (place / "study.yaml").write_text(config, encoding="utf-8")
    ran(snakemake(*TARGETS, directory=place, config=place / "study.yaml"))
    return place


def main() -> int:
    """Run the cohorts that are not there yet and print where they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--source", nargs="+", choices=CELLS_A_SAMPLE, default=["built-in"])
    parser.add_argument("--plans", nargs="+", choices=PLANS, default=list(PLANS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[21, 22])
    options = parser.parse_args()
    if "sorted" in options.source and (absent := missing(CELLS, GENERATOR)):
        print(absent)
        return 2
    for source in options.source:
        for seed in options.seeds:
            for plan in options.plans:
                place = run_cohort(options.folder.resolve(), source=source, plan=plan, seed=seed)
                print(place, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
