"""A made-up cohort as the report reads it: 8 donors x 3 visits, every table, the same on each call.

Counts and scores are drawn, then tested with plain paired t-tests, so that the tables agree with one another.
Donor D05 has no week 2, D07 repopulates early, two populations and one programme cannot be tested.
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import stats

from cd20scope import claims

VISITS = ["baseline", "week2", "month6"]
CONTRASTS = [("week2", "baseline"), ("month6", "baseline"), ("month6", "week2")]
DONORS = [f"D{number:02d}" for number in range(1, 9)]
MISSING = ("D05", "week2")

# population: (denominator, share of PBMC at baseline, fold at week 2, fold at month 6)
CELLS = {
    "B naive": ("PBMC", 0.055, 0.008, 0.012),
    "B memory": ("PBMC", 0.035, 0.03, 0.015),
    "Plasma": ("PBMC", 0.012, 0.8, 0.6),
    "CD4 naive": ("CD4 T", 0.17, 1, 1.05),
    "CD4 memory": ("CD4 T", 0.16, 1, 0.95),
    "Treg": ("CD4 T", 0.03, 1.02, 1.5),
    "CD8 naive": ("CD8 T", 0.08, 1, 1),
    "CD8 memory": ("CD8 T", 0.12, 1, 0.95),
    "MAIT": ("non-B PBMC", 0.02, 1, 1),
    "gdT": ("non-B PBMC", 0.02, 1, 1),
    "NK": ("non-B PBMC", 0.11, 1, 1.1),
    "Monocyte": ("Myeloid", 0.17, 1, 1),
    "DC": ("Myeloid", 0.012, 1, 1),
    "pDC": ("non-B PBMC", 0.004, 1, 1),
    "HSPC": ("non-B PBMC", 0.001, 1, 1),
}
SETS = {
    "B cells": ["B naive", "B memory"],
    "CD4 T": ["CD4 naive", "CD4 memory", "Treg"],
    "CD8 T": ["CD8 naive", "CD8 memory"],
    "Myeloid": ["Monocyte", "DC"],
    "PBMC": list(CELLS),
    "non-B PBMC": [name for name in CELLS if name not in ("B naive", "B memory", "Plasma")],
}
# (population, component, programme, role, change at week 2, change at month 6)
PROGRAMS = [
    ("CD4 memory", "total", "T-cell activation", "endpoint", 0.0, -1.4),
    ("CD4 memory", "total", "Th17", "endpoint", -0.1, -1.1),
    ("CD4 memory", "total", "Th1", "endpoint", 0.0, -0.2),
    ("Treg", "total", "Treg suppression", "endpoint", 0.1, 1.5),
    ("Treg", "total", "IL-2 STAT5", "endpoint", 0.0, 0.4),
    ("PBMC", "total", "MHC class II", "endpoint", -2.2, -1.8),
    ("PBMC", "composition", "MHC class II", "endpoint", -2.1, -1.8),
    ("PBMC", "within", "MHC class II", "endpoint", -0.1, 0.0),
    ("Monocyte", "total", "MHC class II", "endpoint", 0.0, 0.1),
    ("Monocyte", "total", "TNF via NF-kB", "endpoint", 0.1, 0.7),
    ("DC", "total", "MHC class II", "endpoint", 0.0, 0.0),
    *[
        (population, "total", program, "confounder", 0.2, 0.1)
        for population in ("CD4 memory", "Treg", "Monocyte")
        for program in ("Glucocorticoid response", "Dissociation stress")
    ],
]


def sheet() -> pd.DataFrame:
    rows = [(f"{d}_{v}", d, v) for d in DONORS for v in VISITS if (d, v) != MISSING]
    return pd.DataFrame(rows, columns=["sample", "donor", "visit"])


def _paired(table: pd.DataFrame, value: str, later: str, earlier: str, *, scale: float = 1.0) -> dict:
    """Paired t over the donors with both visits, and who was left out."""
    wide = table.pivot_table(index="donor", columns="visit", values=value).reindex(DONORS)
    change = (wide[later] - wide[earlier]) / scale
    dropped = "; ".join(
        f"{d}: no {later if np.isnan(wide.loc[d, later]) else earlier}" for d in DONORS if np.isnan(change[d])
    )
    change = change.dropna()
    fit = stats.ttest_1samp(change, 0)
    low, high = fit.confidence_interval(0.95)
    return {
        "n_pairs": len(change),
        "estimate": change.mean(),
        "se": stats.sem(change),
        "df": len(change) - 1.0,
        "ci_low": low,
        "ci_high": high,
        "p_value": fit.pvalue,
        "donors": ", ".join(change.index),
        "dropped": dropped,
        "status": "tested",
        "reason": "",
    }


def _not_testable(row: dict, reason: str) -> dict:
    kept = {"n_pairs": 0, "donors": "", "dropped": row["dropped"], "status": "not testable", "reason": reason}
    return {key: kept.get(key, np.nan) for key in row}


def _adjusted(table: pd.DataFrame, family: pd.Series) -> pd.Series:
    adjusted = pd.Series(np.nan, index=table.index)
    for _, rows in table[(table["status"] == "tested") & family].groupby("contrast"):
        adjusted[rows.index] = stats.false_discovery_control(rows["p_value"])
    return adjusted


def donors() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    donor_share = {d: {p: np.log(c[1]) + rng.normal(0, 0.3) for p, c in CELLS.items()} for d in DONORS}
    rows = []
    for sample, donor, visit in sheet().itertuples(index=False):
        expected = {}
        for population, (_, _, week2, month6) in CELLS.items():
            fold = {"baseline": 1.0, "week2": week2, "month6": month6}[visit]
            if donor == "D07" and visit == "month6" and population.startswith("B "):
                fold = 0.45
            expected[population] = np.exp(donor_share[donor][population] + rng.normal(0, 0.12)) * fold
        shares = np.array(list(expected.values())) / sum(expected.values())
        counts = dict(zip(CELLS, rng.multinomial(int(rng.integers(480, 700)), shares), strict=True))
        totals = {name: sum(counts[m] for m in members) for name, members in SETS.items()} | counts
        named = {"B cells": "PBMC"} | {name: cells[0] for name, cells in CELLS.items()}
        for population, denominator in named.items():
            rows.append(
                (sample, donor, visit, population, denominator, totals[population], totals[denominator])
            )
    table = pd.DataFrame(
        rows, columns=["sample", "donor", "visit", "population", "denominator", "n_cells", "n_denominator"]
    )
    x, n = table["n_cells"], table["n_denominator"]
    table["fraction"] = x / n
    table["fraction_upper"] = stats.beta.ppf(0.95, x + 1, n - x)
    table["logit"] = np.log((x + 0.5) / (n - x + 0.5))
    return table


def abundance() -> pd.DataFrame:
    rows = []
    for (population, denominator), cells in donors().groupby(["population", "denominator"], sort=False):
        for later, earlier in CONTRASTS:
            row = _paired(cells, "logit", later, earlier)
            means = {
                v: 1 / (1 + np.exp(-cells.loc[cells["visit"] == v, "logit"].mean())) for v in (earlier, later)
            }
            upper = row["estimate"] + stats.t.ppf(0.95, row["df"]) * row["se"]
            row |= {"odds_ratio": np.exp(row["estimate"]), "fraction_before": means[earlier]}
            row |= {"fraction_after": means[later], "upper_bound": upper, "floor": -4.2}
            row["fell_at_least"] = 1 - np.exp(max(upper, -4.2)) if upper < 0 else np.nan
            if population == "B naive" and later == "week2":
                row["ci_low"] = np.nan  # the detection limit decides
            if population == "HSPC":
                row = _not_testable(row, "fewer than 6 pairs with at least 10 cells in the denominator")
            contrast = f"{later}-{earlier}"
            rows.append({"population": population, "denominator": denominator, "contrast": contrast, **row})
    table = pd.DataFrame(rows)
    table.insert(10, "p_adjusted", _adjusted(table, table["population"] != ""))
    return table


def scores() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = []
    for population, component, program, _, week2, month6 in PROGRAMS:
        if component != "total":
            continue
        level = {donor: rng.normal(0.4, 0.05) for donor in DONORS}
        for sample, donor, visit in sheet().itertuples(index=False):
            shift = {"baseline": 0.0, "week2": week2, "month6": month6}[visit] * 0.05
            score = level[donor] + shift + rng.normal(0, 0.015)
            rows.append((sample, donor, visit, population, program, score, int(rng.integers(15, 200))))
    return pd.DataFrame(
        rows, columns=["sample", "donor", "visit", "population", "program", "score", "n_cells"]
    )


def programs() -> pd.DataFrame:
    values, rows = scores(), []
    for population, component, program, role, _, _ in PROGRAMS:
        cells = values[(values["population"] == population) & (values["program"] == program)]
        sd = cells.loc[cells["visit"] == "baseline", "score"].std()
        for later, earlier in CONTRASTS:
            row = _paired(cells, "score", later, earlier, scale=sd)
            if component == "within":
                row |= {key: row[key] * 0.05 for key in ("estimate", "ci_low", "ci_high", "se")} | {
                    "p_value": 0.61
                }
            row |= {"change": row["estimate"] * sd, "baseline_sd": sd}
            if population == "DC":
                described = {"estimate": row["estimate"]}
                row = _not_testable(row, "4 pairs, at least 6 are needed") | described
            key = {"population": population, "program": program, "component": component}
            key |= {"contrast": f"{later}-{earlier}", "n_genes": 24, "coverage": 0.92, "role": role}
            rows.append(key | row)
    table = pd.DataFrame(rows)
    table["p_adjusted"] = _adjusted(table, table["role"] == "endpoint")
    return table


def expression(*, n_genes: int = 300) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table of genes, and the table of populations that says which were fitted."""
    rng = np.random.default_rng(3)
    genes, fits = [], []
    names = ["FOXP3", "CTLA4", "IL2RA", "TIGIT", "RORC", "CCR6", "HLA-DRA", "CD74", "TNF", "NFKBIA"]
    names += [f"GENE{number}" for number in range(len(names), n_genes)]
    for population in ("CD4 naive", "CD4 memory", "Treg", "CD8 memory", "NK", "Monocyte", "B memory"):
        for later, earlier in CONTRASTS:
            fit = {"population": population, "contrast": f"{later}-{earlier}"}
            missing = "D05: no week2" if "week2" in (later, earlier) else ""
            donors_in = [d for d in DONORS if not (missing and d == "D05")]
            if population == "B memory":
                fit |= {"n_pairs": 1, "donors": "", "dropped": missing, "n_genes": 0, "n_significant": 0}
                fit |= {
                    "status": "not testable",
                    "reason": "1 pair with at least 10 cells; at least 6 are needed",
                }
                fits.append(fit)
                continue
            fold = rng.normal(0, 0.25, n_genes)
            changed = rng.choice(n_genes, 12, replace=False) if later == "month6" else np.array([], dtype=int)
            fold[changed] += rng.choice([-1, 1], changed.size) * rng.uniform(0.8, 2, changed.size)
            se = rng.uniform(0.18, 0.35, n_genes)
            p = 2 * stats.norm.sf(np.abs(fold / se))
            p[:1] = 0.0 if population == "Treg" and later == "month6" else p[:1]
            table = pd.DataFrame({"gene": names, "base_mean": rng.lognormal(3, 1, n_genes)})
            table = table.assign(log2_fold_change=fold, lfc_se=se, stat=fold / se, p_value=p)
            table["p_adjusted"] = stats.false_discovery_control(p)
            table = table.assign(population=population, contrast=fit["contrast"], n_pairs=len(donors_in))
            genes.append(table)
            fit |= {"n_pairs": len(donors_in), "donors": ", ".join(donors_in), "dropped": missing}
            fit |= {"n_genes": n_genes, "n_significant": int((table["p_adjusted"] < 0.05).sum())}
            fit |= {"status": "tested", "reason": "", "cross_check_sign_agreement": 0.97}
            fits.append(fit | {"cross_check_rank_correlation": 0.94})
    return pd.concat(genes, ignore_index=True), pd.DataFrame(fits)


def embedding(*, n_cells: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    samples = sheet()
    # far apart lineages, neighbouring siblings
    centres = {p: (4 * np.cos(i * 0.42) * (1 + i % 3 / 3), 4 * np.sin(i * 0.42)) for i, p in enumerate(CELLS)}
    shares = np.array([cells[1] for cells in CELLS.values()])
    labels = rng.choice(list(CELLS), n_cells, p=shares / shares.sum())
    table = samples.iloc[rng.integers(len(samples), size=n_cells)].reset_index(drop=True)
    table["barcode"] = [f"CELL{number:05d}-1" for number in range(n_cells)]
    table[["x", "y"]] = np.array([centres[label] for label in labels]) + rng.normal(0, 0.45, (n_cells, 2))
    table["population"] = np.where(rng.random(n_cells) < 0.03, "unassigned", labels)
    return table


def qc_summary() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    table = sheet()
    n = len(table)
    table["n_cells"] = rng.integers(560, 760, n)
    for reason in ("few genes", "mitochondrial", "doublet"):
        table[reason] = rng.integers(4, 40, n)
    table.insert(4, "n_kept", table["n_cells"] - table[["few genes", "mitochondrial", "doublet"]].sum(axis=1))
    table["median_counts"] = rng.integers(2500, 5200, n)
    table["median_genes"] = rng.integers(1100, 1700, n)
    table["doublet_rate"] = table["doublet"] / table["n_cells"]
    table["unassigned_rate"] = rng.uniform(0.01, 0.06, n)
    return table


def inputs() -> pd.DataFrame:
    table = sheet()[["sample"]]
    table["path"] = [f"counts/{sample}.h5" for sample in table["sample"]]
    table["sha256"] = [f"{number * 7919:064x}" for number in range(1, len(table) + 1)]
    table["n_cells"] = qc_summary()["n_cells"].to_numpy()
    table["n_genes"] = 18_000
    table["bytes"] = 4_000_000
    return table


def sexes() -> pd.DataFrame:
    """Women by sheet and genes, but for one sample of D03."""
    table = sheet().assign(sex_in_sheet="F", sex_by_genes="F", xist=40, y_genes=0)
    swapped = table["sample"] == "D03_week2"
    return table.assign(
        sex_by_genes=table["sex_by_genes"].mask(swapped, "M"),
        xist=table["xist"].mask(swapped, 0),
        y_genes=table["y_genes"].mask(swapped, 25),
    )


HYPOTHESES = """
id|statement|endpoint|population|denominator|program|component|contrast|direction|margin|strength|opposes
B1|B cells fall by at least 80 % by week 2|abundance|B cells|PBMC|||week2-baseline|down|5|strong|
B2|B cells are still down at month 6|abundance|B cells|PBMC|||month6-baseline|down|5|strong|
B3|Naive B cells fall by at least 80 %|abundance|B naive|PBMC|||week2-baseline|down|5|strong|
B4|Plasma cells, without CD20, fall|abundance|Plasma|PBMC|||week2-baseline|down|1.2|plain|
T1|Activation of memory CD4 T falls|program|CD4 memory||T-cell activation|total|month6-baseline|down|0.5|plain|
T2|Th17 in memory CD4 T falls|program|CD4 memory||Th17|total|month6-baseline|down|0.5|plain|
T3|Th1 in memory CD4 T falls|program|CD4 memory||Th1|total|month6-baseline|down|0.5|plain|
T4|Th1 in memory CD4 T rises|program|CD4 memory||Th1|total|month6-baseline|up|0.5|plain|T3
R1|The Treg share of CD4 T cells rises by month 6|abundance|Treg|CD4 T|||month6-baseline|up|1.2|plain|
R2|The Treg share of CD4 T cells falls by month 6|abundance|Treg|CD4 T|||month6-baseline|down|1.2|plain|R1
R3|Treg suppression rises|program|Treg||Treg suppression|total|month6-baseline|up|0.5|plain|
P1|B cells go first, T cells later|biphasic|CD4 memory||T-cell activation|total|month6-week2|down|0.5|plain|
A1|MHC class II falls in blood|program|PBMC||MHC class II|total|week2-baseline|down|0.5|plain|
A2|MHC class II falls as B cells go|program|PBMC||MHC class II|composition|week2-baseline|down|0.5|plain|
A3|MHC class II falls within cells|program|PBMC||MHC class II|within|week2-baseline|down|0.5|plain|
A4|MHC class II falls within DC|program|DC||MHC class II|total|week2-baseline|down|0.5|plain|
E1|Monocytes turn on TNF by month 6|program|Monocyte||TNF via NF-kB|total|month6-baseline|up|0.5|plain|
E2|NK cells rise by month 6|abundance|NK|non-B PBMC|||month6-baseline|up|1.2|plain|
E3|NK cells fall by month 6|abundance|NK|non-B PBMC|||month6-baseline|down|1.2|plain|E2
R4|The Treg share of CD4 T cells has not changed|abundance|Treg|CD4 T|||month6-baseline|none|1.2|plain|R1
"""
EXPLORATORY = ("A2", "A3", "E1", "E2", "E3", "R4")


def _verdict(row: dict) -> str:
    """Small stand-in for the rule of the workflow, enough for rows that agree with their numbers."""
    if row["status"] != "tested":
        return "not testable"
    sign = -1 if row["direction"] == "down" else 1
    margin = np.log(row["margin"]) if row["endpoint"] == "abundance" else row["margin"]
    low, high = sorted((sign * row["ci_low"], sign * row["ci_high"]))
    if np.isnan(row["ci_low"]):
        low, high = sign * row["ci_high"], np.inf
    if row["direction"] == "none":
        if min(low, -high) > -margin:
            return "supported"
        return "contradicted" if low * high > 0 and abs(row["estimate"]) >= margin else "inconclusive"
    bar = margin if row["strength"] == "strong" else 0
    if low > bar and sign * row["estimate"] >= margin:
        return "supported"
    if high < 0:
        return "contradicted"
    return "not supported" if high < margin else "inconclusive"


def verdicts() -> pd.DataFrame:
    shares, changes, rows = abundance(), programs(), []
    hypotheses = pd.read_csv(io.StringIO(HYPOTHESES), sep="|", keep_default_na=False)
    for row in hypotheses.astype({"margin": float}).to_dict("records"):
        at = {"population": row["population"], "contrast": row["contrast"]}
        if row["endpoint"] != "abundance":
            at |= {"program": row["program"], "component": row["component"]}
        table = shares if row["endpoint"] == "abundance" else changes
        result = table.loc[(table[list(at)] == pd.Series(at)).all(axis=1)].iloc[0]
        row |= result[["n_pairs", "estimate", "ci_low", "ci_high", "p_value", "donors", "dropped"]].to_dict()
        row |= {"verdict": _verdict(row | {"status": result["status"]}), "note": "", "level": 0.05}
        row |= {"p_adjusted": min(1, row["p_value"] * 4), "test": "paired t, Holm over 14 tests"}
        row |= {"family": "exploratory" if row["id"] in EXPLORATORY else "confirmatory"}
        row |= {"source": f"Author {row['id']} 2021, doi:10.1000/{row['id'].lower()}.1; Other 2020"}
        row |= {"effect": f"{row['population']}: {row['estimate']:+.2f}"}
        row |= {"reason": result["reason"] or f"the interval makes it {row['verdict']}"}
        rows.append(row | _trust(row))
    return pd.DataFrame(rows)


def _trust(row: dict) -> dict:
    """What stands beside a verdict: T1 fails in two of six arms, a caution says that steroids explain R3."""
    steroid = "Glucocorticoid -0.31 SD (-0.62 to -0.00); Handling stress +0.10 SD"
    beside = {"beside": steroid if row["endpoint"] == "program" else ""}
    if row["verdict"] == "not testable":
        nothing = {"arms_held": np.nan, "arms_asked": np.nan, "arms_against": "", "smallest_effect": np.nan}
        return nothing | beside | {"caution": ""}
    against = ["leave one donor out", "adjusted for steroid score"] if row["id"] == "T1" else []
    asked = 6 if row["endpoint"] == "program" else 5
    why = "explained by steroids: the steroid score of the same cells changed by -0.31 baseline SD"
    return beside | {
        "arms_held": float(asked - len(against)),
        "arms_asked": float(asked),
        "arms_against": "; ".join(against),
        "smallest_effect": abs(row["ci_high"] - row["estimate"]) + 0.5,
        "caution": why if row["id"] == "R3" else "",
    }


def shipped_hypotheses() -> list[dict]:
    """Rows of the shipped catalogue, with the columns that the verdict table has in each."""
    path = Path(__file__).parents[1] / "config" / "hypotheses.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["hypotheses"]
    return [{"denominator": "", "program": "", "component": "", **entry} for entry in entries]


def config() -> dict:
    """The configuration of a run that sets nothing: every default of the schema."""
    schema = Path(__file__).parents[1] / "workflow" / "schemas" / "config.schema.yaml"
    return _defaults(yaml.safe_load(schema.read_text(encoding="utf-8"))["properties"])


def _defaults(properties: dict) -> dict:
    return {
        key: _defaults(value["properties"]) if "properties" in value else value["default"]
        for key, value in properties.items()
        if "default" in value
    }


def tables(*, n_cells: int = 2000, n_genes: int = 300) -> dict:
    """Attributes of ``results.Results`` but what ``annotation_tables`` and ``statistics_tables`` have."""
    genes, fits = expression(n_genes=n_genes)
    return {
        "verdicts": verdicts(),
        "donors": donors(),
        "abundance": abundance(),
        "expression": genes,
        "expression_populations": fits,
        "scores": scores(),
        "programs": programs(),
        "embedding": embedding(n_cells=n_cells),
        "qc_summary": qc_summary(),
        "sheet": sheet(),
        "sexes": sexes(),
        "depletions": {"P1": ("B cells", "PBMC")},
        "scored": claims.scored_pairs([row for row in verdicts().to_dict("records") if row["program"]]),
        "inputs": inputs(),
        "preflight": pd.DataFrame(
            [("warning", "D03", "samples of one donor differ in sex")], columns=["level", "about", "text"]
        ),
        "versions": {"cd20scope": "0.1.0", "python": "3.12.0", "pandas": "3.1.1", "pydeseq2": "0.5.4"},
        "config": config(),
        "visits": VISITS,
        "contrasts": CONTRASTS,
    }
