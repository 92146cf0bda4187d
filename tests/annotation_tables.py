"""Made-up tables of the labels for the cohort of ``report_tables``, the same on each call."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

import report_tables
from cd20scope import markers as marker_tables
from cd20scope import overview

N_CELLS = 12_000
UNASSIGNED = "unassigned"
ANTIBODIES = ("CD3", "CD4", "CD19", "CD20", "IgG1 isotype")


@cache
def tree() -> dict:
    """The shipped population tree."""
    path = Path(__file__).parents[1] / "config" / "populations.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def sizes() -> dict[str, int]:
    named = {name: int(N_CELLS * cells[1]) for name, cells in report_tables.CELLS.items()}
    return named | {UNASSIGNED: 240}


def markers() -> pd.DataFrame:
    """Each population shows its own markers and those of the branches above it; no other is on in one cell of ten."""
    rng = np.random.default_rng(6)
    nodes = {node["name"]: node for node in tree()["nodes"] if node["level"] != "subset"}
    genes = marker_tables.named_genes(
        tree(), genes={gene for node in nodes.values() for gene in node["markers"]}
    )
    rows = []
    for name, n in sizes().items():
        own, above = set(), name if name in nodes else None
        while above is not None:
            own |= set(nodes[above]["markers"])
            above = nodes[above]["parent"]
        for gene in genes:
            on = rng.uniform(0.6, 0.9) if gene in own else rng.uniform(0, 0.08)
            rows.append((name, gene, n, on, 1.4 * on))
    return pd.DataFrame(rows, columns=["population", "gene", "n_cells", "share_on", "mean"])


def probabilities() -> pd.DataFrame:
    """Labels are mostly sure, those of CD4 memory less than others; what is unassigned lies below one half."""
    rng = np.random.default_rng(7)
    rows = []
    for name, n in sizes().items():
        chance = 0.5 + rng.beta(4 if name == "CD4 memory" else 9, 0.8, size=n) / 2
        chance = chance - 0.5 if name == UNASSIGNED else chance
        counts = np.histogram(chance, bins=np.linspace(0, 1, overview.N_BINS + 1))[0]
        rows += [(name, low / overview.N_BINS, count) for low, count in enumerate(counts)]
    return pd.DataFrame(rows, columns=["population", "bin_low", "n_cells"])


def samples() -> dict[str, pd.DataFrame]:
    """Tables with a row per sample."""
    rng = np.random.default_rng(8)
    sheet = report_tables.sheet()
    n_cells, n_t = rng.integers(480, 700, len(sheet)), rng.integers(250, 400, len(sheet))
    lost, flagged = rng.binomial(n_cells, 0.02), rng.binomial(n_t, 0.02)
    soup = rng.uniform(0.01, 0.08, len(sheet))
    bounds = {"share": soup, "low": 0.8 * soup, "high": 1.25 * soup}
    return {
        "unassigned": sheet.assign(n_cells=n_cells, n_unassigned=lost, share=lost / n_cells),
        "cd20_t": sheet.assign(n_t_cells=n_t, n_flagged=flagged, share=flagged / n_t),
        "contamination": sheet[["sample"]].assign(
            **bounds, profile="mean of the sample", genes="LYZ,S100A9,IGKC"
        ),
    }


def agreement() -> dict[str, pd.DataFrame]:
    """Two judges that part over CD4 memory and Treg above all."""
    rows = []
    for a, n in sizes().items():
        for b in sizes():
            apart = 120 if (a, b) == ("CD4 memory", "Treg") else 2
            rows.append(("markers", "reference", a, b, n if a == b else apart))
    pairs = pd.DataFrame(rows, columns=["judge_a", "judge_b", "population_a", "population_b", "n_cells"])
    summary = {"judge_a": "markers", "judge_b": "reference", "n_cells": N_CELLS, "n_assigned": 11_800}
    return {
        "agreement": pairs,
        "agreement_summary": pd.DataFrame([summary | {"agree": 0.84, "kappa": 0.81, "ari": 0.79}]),
    }


def protein() -> pd.DataFrame:
    """Antibodies in two samples of one donor; CD20 is read at baseline only."""
    rng = np.random.default_rng(9)
    rows = [
        (f"D01_{visit}", visit, name, antibody, antibody.startswith("IgG"), 40, rng.gamma(2, 0.3))
        for visit in ("baseline", "week2")
        for name in sizes()
        for antibody in ANTIBODIES
        if antibody != "CD20" or visit == "baseline"
    ]
    columns = ["sample", "visit", "population", "protein", "control", "n_cells", "mean"]
    return pd.DataFrame(rows, columns=columns)


def arguments() -> dict:
    """Attributes of ``results.Results`` that have to do with labels."""
    return {"annotation": every(), "populations": tree()}


def every() -> dict[str, pd.DataFrame]:
    """All tables of the section, those that few runs have included."""
    tables = {"markers": markers(), "probabilities": probabilities(), "protein": protein()}
    return tables | samples() | agreement()
