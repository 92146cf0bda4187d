"""Verdicts beside methods in common use, on finished results: false calls and hits of each.

    .venv/bin/python tests/benchmark/comparison.py COHORTS [--peers PYTHON]
    .venv/bin/python tests/benchmark/comparison.py PLAN=FOLDER [PLAN=FOLDER ...] [--peers PYTHON]

COHORTS is the folder of ``tests/benchmark/comparison_cohorts.py``; FOLDER holds ``results`` of any run of which one
knows the plan. Cohorts of one plan are counted together. What was planted in ``treated`` is read from the file
``truth.json`` of the cohort; any other plan has nothing planted. PYTHON is one that has scanpro
(``tests/benchmark/comparison_peers.py``). Prints the tables of ``docs/comparison.md``.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import anndata as ad
import pandas as pd
import scanpy as sc
import yaml

TESTS = Path(__file__).resolve().parents[1]
sys.path.extend([str(TESTS), str(TESTS.parent / "scripts")])

from benchmark import comparison_methods as methods  # noqa: E402
from benchmark.comparison_cohorts import PLANS  # noqa: E402
from benchmark.comparison_tables import show, summarise  # noqa: E402
from benchmark.comparison_truth import (  # noqa: E402
    MEMBERS,
    Truth,
    read_truth,
    state_of_program,
    state_of_share,
)

CONTRASTS = ("week2-baseline", "month6-baseline")
ON_REQUEST = ("B lineage", "B cells")
"""Denominators that the treatment takes out, so that nothing is true of shares of them by construction."""
WORKFLOW, VERDICT = "cd20scope, table", "cd20scope, verdicts"
LABELS = ("unassigned", "", "Platelet", "Erythroid")
"""Not counted as populations: cells without a label, and what is no mononuclear cell."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, samples (index: sample), cells with labels, and programmes."""

    results: Path
    samples: pd.DataFrame
    cells: ad.AnnData
    programs: Mapping[str, list[str]]

    def table(self, name: str) -> pd.DataFrame:
        """Read a table of the results."""
        return pd.read_csv(self.results / name, sep="\t")


def read_run(folder: Path, programs: Mapping[str, list[str]]) -> Run:
    """Read the kept cells of every sample with their labels, log-normalised as scanpy's tutorials do."""
    results = folder / "results"
    samples = pd.read_csv(results / "abundance/donors.tsv", sep="\t")[["sample", "donor", "visit"]]
    samples = samples.drop_duplicates().set_index("sample")
    parts = {}
    for sample, row in samples.iterrows():
        data = ad.read_h5ad(results / f"ingest/{sample}.h5ad")
        labels = pd.read_parquet(results / f"annotate/{sample}.parquet").reindex(data.obs_names)
        keep = pd.read_parquet(results / f"qc/{sample}.parquet")["keep"].reindex(data.obs_names)
        keep = (keep & labels["doublet"].fillna("").eq("")).to_numpy(dtype=bool)
        obs = pd.DataFrame(
            {
                "population": labels["population"].fillna("").to_numpy(dtype=object),
                "sample": sample,
                "donor": row["donor"],
                "visit": row["visit"],
            },
            index=data.obs_names,
        )
        parts[sample] = ad.AnnData(data.X[keep].astype("float32"), obs=obs[keep], var=data.var[[]])
    cells = ad.concat(parts, index_unique="_")
    sc.pp.normalize_total(cells, target_sum=1e4)
    sc.pp.log1p(cells)
    return Run(results, samples, cells, programs)


def compare_shares(run: Run, truth: Truth, peers: str) -> pd.DataFrame:
    """Every method's calls on the shares of populations: ``method``, ``planted``, ``effect``, ``called``."""
    tested = run.table("abundance/abundance.tsv")
    tested = tested[~tested["population"].str.contains(" / ") & (tested["status"] == "tested")]
    tested = tested[~tested["denominator"].isin(ON_REQUEST)]
    counts = pd.crosstab(run.cells.obs["sample"], run.cells.obs["population"])
    counts = counts.reindex(run.samples.index).drop(columns=list(LABELS), errors="ignore")
    shares = counts.div(run.cells.obs["sample"].value_counts(), axis=0)
    rows = [
        methods.apply_tests(methods.SHARES, shares, run.samples, contrast).rename(
            columns={"index": "population"}
        )
        for contrast in CONTRASTS
    ]
    own = tested.assign(
        method=WORKFLOW, effect=tested["estimate"], called=tested["p_adjusted"] <= methods.FDR
    )
    table = pd.concat([*rows, peer_calls(counts, run.samples, peers), own])
    # the same units for all: populations with a label that the workflow tests
    known = set(map(tuple, tested[["contrast", "population"]].to_numpy())) & {
        (contrast, population) for contrast in CONTRASTS for population in counts.columns
    }
    units = pd.MultiIndex.from_frame(table[["contrast", "population"]])
    table = table[units.isin(known)]
    table = table.groupby(["method", "contrast", "population"], sort=False, as_index=False).agg(
        effect=("effect", "first"), called=("called", "any")
    )
    planted = [state_of_share(truth, row.contrast, row.population) for row in table.itertuples()]
    return table.assign(planted=planted)


def peer_calls(counts: pd.DataFrame, samples: pd.DataFrame, python: str) -> pd.DataFrame:
    """Calls of packages that another Python has; nothing without one."""
    if not python:
        return pd.DataFrame(columns=["method", "contrast", "population", "effect", "called"])
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        samples.join(counts).reset_index().to_csv(file.name, sep="\t", index=False)
        script = str(TESTS / "benchmark/comparison_peers.py")
        found = subprocess.run([python, script, file.name], check=True, stdout=subprocess.PIPE, text=True)
    lines = [line.split("\t") for line in found.stdout.splitlines()]
    table = pd.DataFrame(lines[1:], columns=lines[0])
    return table.assign(effect=table["effect"].astype(float), called=table["called"] == "True")


def compare_programs(run: Run, truth: Truth) -> pd.DataFrame:
    """Every method's calls on gene programmes within populations."""
    tested = run.table("programs/programs.tsv")
    tested = tested[
        (tested["role"] == "endpoint")
        & (tested["component"] == "total")
        & (tested["status"] == "tested")
        & ~tested["population"].str.contains(" / ")
        & (tested["population"] != "PBMC")
        & tested["contrast"].isin(CONTRASTS)
    ]
    rows = [
        tested.assign(method=WORKFLOW, effect=tested["estimate"], called=tested["p_adjusted"] <= methods.FDR)
    ]
    for population, units in tested.groupby("population"):
        names = MEMBERS.get(population, [population])
        cells = run.cells[run.cells.obs["population"].isin(names)].copy()
        scores = methods.score_cells(cells, {name: run.programs[name] for name in units["program"].unique()})
        means = scores.groupby(cells.obs["sample"].to_numpy()).mean().reindex(run.samples.index)
        for contrast in CONTRASTS:
            found = methods.apply_tests(methods.SCORES, means, run.samples, contrast)
            cellwise = methods.wilcoxon_of_cells(scores, cells.obs["visit"], contrast)
            cellwise = cellwise.assign(method="Wilcoxon test of cells", contrast=contrast).reset_index()
            both = pd.concat([found, cellwise]).rename(columns={"index": "program"})
            rows.append(both.assign(population=population))
    table = pd.concat(rows)
    # one rate per contrast over all programmes, for every method
    table = pd.concat(
        part if method == WORKFLOW else methods.called(part)
        for (method, _), part in table.groupby(["method", "contrast"], sort=False)
    )
    planted = [
        state_of_program(truth, row.contrast, row.population, run.programs[row.program])
        for row in table.itertuples()
    ]
    return table.assign(planted=planted)


def compare_genes(run: Run, truth: Truth) -> pd.DataFrame:
    """Calls on single genes: Wilcoxon's test of cells, and the workflow's table of expression."""
    rows = []
    expressed = run.table("expression/expression.tsv.gz")
    expressed = expressed[expressed["contrast"].isin(CONTRASTS)]
    for (population, contrast), own in expressed.groupby(["population", "contrast"]):
        if " / " in population:
            continue
        names = MEMBERS.get(population, [population])
        cells = run.cells[run.cells.obs["population"].isin(names)]
        found = methods.genes_of_cells(cells, contrast).assign(method="Wilcoxon test of cells")
        if found.empty:
            continue
        called = (own["p_adjusted"] <= methods.FDR) & (own["log2_fold_change"].abs() >= methods.LEAST_FOLD)
        own = own.assign(method="cd20scope, PyDESeq2", effect=own["log2_fold_change"], called=called)
        planted = truth.genes.get((contrast, population), {})
        both = pd.concat([found, own[["method", "gene", "effect", "called"]]])
        rows.append(both.assign(planted=both["gene"].map(planted).fillna("")))
    return pd.concat(rows)


def verdict_calls(run: Run, truth: Truth) -> Iterator[tuple[str, dict]]:
    """Questions by kind (``shares``, ``programmes``) with what their claims say: changed, or not."""
    for _, claims in run.table("verdict/verdicts.tsv").groupby("question", sort=False):
        first = claims.iloc[0]
        if first["population"] == "PBMC" or first["denominator"] in ON_REQUEST:
            continue
        if first["contrast"] not in CONTRASTS or (claims["verdict"] == "not testable").all():
            continue
        moved = (claims["direction"] != "none") & claims["verdict"].isin(["supported", "contradicted"])
        moved |= (claims["direction"] == "none") & (claims["verdict"] == "contradicted")
        unit = (first["contrast"], first["population"])
        if first["endpoint"] == "abundance":
            kind, planted = "shares", state_of_share(truth, *unit)
        else:
            kind, planted = "programmes", state_of_program(truth, *unit, run.programs[first["program"]])
        yield (
            kind,
            {
                "method": VERDICT,
                "effect": first["estimate"],
                "called": bool(moved.any()),
                "planted": planted,
                "unit": first["question"],
            },
        )


def compare(folder: Path, plan: str, programs: Mapping[str, list[str]], peers: str) -> pd.DataFrame:
    """Compare all methods on one run: one row per kind, method and unit."""
    run = read_run(folder, programs)
    truth = read_truth(folder, programs) if plan.startswith("treated") else Truth({}, {})
    tables = {
        "shares": compare_shares(run, truth, peers),
        "programmes": compare_programs(run, truth),
        "genes": compare_genes(run, truth),
    }
    rows = [table.assign(kind=kind) for kind, table in tables.items()]
    rows += [pd.DataFrame([row]).assign(kind=kind) for kind, row in verdict_calls(run, truth)]
    return pd.concat(rows, ignore_index=True).assign(plan=plan, cohort=folder.name)


def plans_of(argument: str) -> Iterator[tuple[str, Path]]:
    """Plans and folders that an argument names: ``plan=folder``, or a folder of cohorts."""
    plan, sign, folder = argument.partition("=")
    if sign:
        yield plan, Path(folder).resolve()
        return
    finished = Path(argument).resolve().glob("*/results/verdict/verdicts.tsv")
    named = sorted((*path.parents[2].name.rsplit("-", 2), path.parents[2]) for path in finished)
    for source, plan, _, cohort in sorted(named, key=lambda run: (run[0], PLANS.index(run[1]))):
        yield f"{plan}, {source}", cohort


def main() -> int:
    """Compare, and print one table per kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="COHORTS | PLAN=FOLDER")
    parser.add_argument("--peers", default="", metavar="PYTHON", help="a Python with scanpro")
    parser.add_argument("--out", type=Path, help="table of all calls")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    catalogue = yaml.safe_load((TESTS.parent / "config/programs.yaml").read_text(encoding="utf-8"))
    programs = {entry["name"]: entry["genes"] for entry in catalogue["programs"]}
    tables = []
    for plan, folder in (pair for run in options.runs for pair in plans_of(run)):
        tables.append(compare(folder, plan, programs, options.peers))
    table = pd.concat(tables, ignore_index=True)
    if options.out:
        table.to_csv(options.out, sep="\t", index=False)
    show(summarise(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
