"""Section of the report on the labels: its tables and sentences.

Each sentence is written from the numbers that it states, and is left out where the run has none: no second judge, no
protein, no cell.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cd20scope.report import wording
from cd20scope.report.marker_panel import MIN_CELLS, choose_panel, highest_in
from cd20scope.schema import UNASSIGNED
from cd20scope.study.nouns import visit as when

SURE = 0.9
"""Probability from which a sentence calls a label sure."""
N_GENES = 5
"""Markers in the soup that a sentence names."""

NEEDED = {
    "markers": ("population", "gene", "n_cells", "share_on", "mean"),
    "probabilities": ("population", "bin_low", "n_cells"),
    "unassigned": ("sample", "donor", "visit", "n_cells", "n_unassigned", "share"),
    "cd20_t": ("sample", "n_t_cells", "n_flagged", "share"),
    "contamination": ("sample", "share", "low", "high", "genes"),
    "protein": ("sample", "visit", "population", "protein", "control", "n_cells", "mean"),
    "protein_gates": (
        *(
            "level",
            "gate",
            "visit",
            "n_gated",
            "n_right",
            "sensitivity",
            "low",
            "high",
            "n_called",
            "agreement",
        ),
    ),
    "rulers": ("ruler", "gene", "visit", "positive", "sensitivity", "low", "high", "enrichment", "told"),
    "agreement": ("judge_a", "judge_b", "population_a", "population_b", "n_cells"),
    "agreement_summary": ("judge_a", "judge_b", "n_assigned", "agree", "kappa", "ari"),
}
"""Tables of the section and the columns it reads; the file of each is named after it."""


def by_sample(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per sample: who it is, then ``unassigned``, ``soup low high genes`` and ``cd20_t`` with its counts."""
    flagged = tables["cd20_t"][["sample", "n_t_cells", "n_flagged", "share"]]
    soup = tables["contamination"][["sample", "share", "low", "high", "genes"]]
    samples = tables["unassigned"].rename(columns={"share": "unassigned"})
    samples = samples.merge(flagged.rename(columns={"share": "cd20_t"}), on="sample", how="left")
    return samples.merge(soup.rename(columns={"share": "soup"}), on="sample", how="left")


def format_section(
    tables: Mapping[str, pd.DataFrame], *, populations: Mapping[str, Any], visits: Sequence[str]
) -> dict[str, str]:
    """Write the sentences of the section by the name of their part; empty where the tables have nothing."""
    samples = by_sample(tables)
    texts = {
        "unassigned": format_unassigned(samples, visits=visits),
        "probabilities": format_probabilities(tables["probabilities"]),
        "markers": format_markers(tables["markers"], populations=populations),
        "soup": format_soup(samples),
        "cd20_t": format_cd20_t(samples, visits=visits),
        "rulers": format_rulers(tables["rulers"]),
        "agreement": format_agreement(tables["agreement"], tables["agreement_summary"]),
        "protein": format_protein(tables["protein"], n_samples=len(samples)),
        "gates": format_gates(tables["protein_gates"]),
    }
    # a number stays on the line of its sign
    return {name: wording.unbroken(text) for name, text in texts.items()}


def format_unassigned(samples: pd.DataFrame, *, visits: Sequence[str]) -> str:
    """How many of the kept cells have no population, overall, by visit, and where most."""
    kept = int(samples["n_cells"].sum())
    if not kept:
        return "No cell was kept."
    missing = int(samples["n_unassigned"].sum())
    if not missing:
        return f"Each of the {wording.count(kept)} kept cells could be assigned to a population."
    most = samples.iloc[int(samples["unassigned"].argmax())]
    return (
        f"{wording.percent(missing / kept)} of the {wording.count(kept)} kept cells could not be assigned to a "
        f"population and are counted as unassigned: {_by_visit(samples, 'unassigned', visits)} in the "
        f"median sample, at most {wording.percent(most['unassigned'])} ({most['sample']})."
    )


def format_probabilities(table: pd.DataFrame) -> str:
    """How many labels are unsure, and where most are."""
    labelled = table[table["population"] != UNASSIGNED]
    if labelled.empty:
        return ""
    below = labelled["n_cells"].where(labelled["bin_low"] < SURE - 1e-9, 0)
    counts = (
        pd.DataFrame({"below": below, "n": labelled["n_cells"]})
        .groupby(labelled["population"], sort=False)
        .sum()
    )
    unsure = counts["below"].sum() / counts["n"].sum()
    if not unsure:
        return f"Every label has a probability of at least {SURE:g}."
    share = counts["below"] / counts["n"]
    return (
        f"{wording.percent(unsure)} of the labels have a probability below {SURE:g}, most often those of "
        f"{share.idxmax()} ({wording.percent(share.max())})."
    )


def format_markers(markers: pd.DataFrame, *, populations: Mapping[str, Any]) -> str:
    """Whether each population's own markers are highest in it, and where not."""
    shown = markers[markers["n_cells"] >= MIN_CELLS]
    if shown.empty:
        return ""
    highest = highest_in(shown, panel=choose_panel(populations, shown))
    right = [name for name, found in highest.items() if name == found]
    wrong = [f"those of {name} are higher in {found}" for name, found in highest.items() if name != found]
    if not highest:
        return ""
    text = (
        f"For {len(right)} of {len(highest)} populations the markers shown are, on average, highest in the population "
        f"itself{'; ' if wrong else ''}{', '.join(wrong)}."
    )
    few = sorted(set(markers["population"]) - set(shown["population"]))
    if few:
        text += f" Fewer than {MIN_CELLS} cells, not shown: {', '.join(few)}."
    return text


def format_soup(samples: pd.DataFrame) -> str:
    """How much ambient RNA there is, and which markers are common in it."""
    known = samples[samples["soup"].notna()]
    if known.empty:
        return ""
    named = known["genes"].dropna().astype(str).str.split(",").explode().str.strip()
    often = named[named != ""].value_counts(sort=False).sort_values(ascending=False, kind="stable")
    genes = ", ".join(often.index[:N_GENES])
    low, high = wording.percent(known["soup"].min()), wording.percent(known["soup"].max())
    return (
        f"Of the molecules of a cell, an estimated {wording.percent(known['soup'].median())} are ambient RNA in the "
        f"median sample ({low} to {high})"
        + (f"; markers among its commonest genes: {genes}." if genes else ".")
    )


def format_cd20_t(samples: pd.DataFrame, *, visits: Sequence[str]) -> str:
    """How many T cells are flagged at each visit."""
    total = samples["n_t_cells"].sum()
    if not total > 0:
        return ""
    per_visit = samples.groupby("visit")[["n_flagged", "n_t_cells"]].sum().to_dict("index")
    texts = [
        f"{when(visit)} {wording.count(n['n_flagged'])} of {wording.count(n['n_t_cells'])} "
        f"({wording.percent(n['n_flagged'] / n['n_t_cells'])})"
        for visit, n in ((visit, per_visit[visit]) for visit in visits if visit in per_visit)
        if n["n_t_cells"]
    ]
    return f"T cells with MS4A1 and no other B-cell transcript: {', '.join(texts)}."


def format_rulers(rulers: pd.DataFrame) -> str:
    """Format how well each population is told, by a gene that the labels did not see."""
    every = rulers[(rulers["visit"] == "all") & rulers["told"].fillna("").ne("")]
    if every.empty:
        return ""
    told = [
        f"{row['ruler']} ({row['gene']}) {wording.percent(row['sensitivity'])}, {row['enrichment']:.0f}-fold: "
        f"{row['told']}"
        for row in every.to_dict("records")
    ]
    return (
        "Genes that were kept out of a second fit show how well each population is told at the depth of the "
        "comparison, as the share of the cells with the gene that are called, and the gene among the called cells "
        f"against the rest: {'; '.join(told)}."
    )


def format_agreement(pairs: pd.DataFrame, summary: pd.DataFrame) -> str:
    """How often each two judges agree, and over what they part most often."""
    texts = []
    for row in summary.to_dict("records"):
        if not row["n_assigned"] > 0:
            texts.append(
                f"There is no cell to which both {row['judge_a']} and {row['judge_b']} give a population."
            )
            continue
        text = (
            f"The judges {row['judge_a']} and {row['judge_b']} give the same population to "
            f"{wording.percent(row['agree'])} of the {wording.count(row['n_assigned'])} cells that both assign "
            f"(kappa {wording.number(row['kappa'])}, adjusted Rand index {wording.number(row['ari'])})"
        )
        same = (pairs["judge_a"] == row["judge_a"]) & (pairs["judge_b"] == row["judge_b"])
        named = (pairs[["population_a", "population_b"]] != UNASSIGNED).all(axis=1)
        apart = pairs[same & named & (pairs["population_a"] != pairs["population_b"])]
        if len(apart):
            most = apart.iloc[int(apart["n_cells"].argmax())]
            text += (
                f"; they differ most often in cells that are {most['population_a']} to the first and "
                f"{most['population_b']} to the second ({wording.count(most['n_cells'])})"
            )
        texts.append(f"{text}.")
    return " ".join(texts)


def format_protein(protein: pd.DataFrame, *, n_samples: int) -> str:
    """In how many samples surface protein was counted, and with how many antibodies."""
    if protein.empty:
        return ""
    return (
        f"Surface protein was counted in {protein['sample'].nunique()} of {n_samples} samples, with "
        f"{protein['protein'].nunique()} antibodies."
    )


def format_gates(gates: pd.DataFrame) -> str:
    """Where the labels find the fewest of the cells that protein gates tell; "" where no gate has cells enough."""
    judged = gates[(gates["visit"] == "all") & gates["sensitivity"].notna()]
    if judged.empty:
        return ""
    least = judged.iloc[int(judged["sensitivity"].argmin())]
    return (
        f"Of {wording.count(judged['n_gated'].sum())} cells in {len(judged)} protein gates, "
        f"{wording.percent(judged['n_right'].sum() / judged['n_gated'].sum())} have the label of the gate, fewest in "
        f"{least['gate']} ({wording.percent(least['sensitivity'])}, 95 % interval "
        f"{wording.share_interval(least['low'], least['high'])})."
    )


def tabulate_gates(gates: pd.DataFrame) -> pd.DataFrame:
    """Rows of the listing of the gates: of all cells and of each visit."""
    pairs = zip(gates["low"], gates["high"], strict=True)
    return gates.assign(
        limits=["" if pd.isna(low) else wording.share_interval(low, high) for low, high in pairs]
    )


def _by_visit(samples: pd.DataFrame, column: str, visits: Sequence[str]) -> str:
    medians = samples.groupby("visit")[column].median().dropna().to_dict()
    return ", ".join(
        f"{when(visit)} {wording.percent(medians[visit])}" for visit in visits if visit in medians
    )
