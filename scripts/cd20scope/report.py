"""Tables and figures of a run as one HTML page that needs no network.

The page is a Jinja2 template, handed in as text, rendered with autoescaping: whatever stands in a table (a
donor's name, a statement of a catalogue) reaches the page as text. Only :func:`cd20scope.svg.inline` and
:func:`cd20scope.wording.link_dois` make markup, and both escape what they are given.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from cd20scope import annotation_section, donor_figures, figures, listings, wording
from cd20scope.drawing import VERDICT_STYLE
from cd20scope.schema import VERDICTS, require_columns
from cd20scope.svg import inline

THEMES: tuple[tuple[str, str, Callable[[wording.Row], bool]], ...] = (
    ("depletion", "B-cell depletion", lambda row: of(row, "B ", "Plasma")),
    ("helper", "Helper and other T cells", lambda row: of(row, "CD4", "CD8", "T ", "MAIT", "gdT")),
    ("treg", "Regulatory T cells", lambda row: of(row, "Treg")),
    ("order", "Order of events: B cells, then T cells", lambda row: row["endpoint"] == "biphasic"),
    (
        "presentation",
        "Antigen presentation and B-cell genes",
        lambda row: of(row, "PBMC") or "MHC" in str(row["program"]),
    ),
    ("other", "Other populations", lambda _: True),
)
"""Anchor, heading and members of the groups of claims, in the order of the treatment story."""

MAIN_SHARES = ("B cells", "B naive", "B memory", "Plasma")
T_SHARES = ("CD4 naive", "CD4 memory", "Treg")


def of(row: wording.Row, *starts: str) -> bool:
    """Whether a hypothesis is about a population that starts with one of these words."""
    return row["endpoint"] != "biphasic" and str(row["population"]).startswith(starts)


def render(
    template: str,
    *,
    verdicts: pd.DataFrame,
    donors: pd.DataFrame,
    abundance: pd.DataFrame,
    expression: pd.DataFrame,
    expression_populations: pd.DataFrame,
    scores: pd.DataFrame,
    programs: pd.DataFrame,
    annotation: Mapping[str, pd.DataFrame],
    embedding: pd.DataFrame,
    populations: Mapping[str, Any],
    qc_summary: pd.DataFrame,
    inputs: pd.DataFrame,
    versions: Mapping[str, str],
    config: Mapping[str, Any],
    visits: Sequence[str],
    contrasts: Sequence[tuple[str, str]],
    title: str,
) -> str:
    """Write the report of a run.

    Parameters
    ----------
    template
        Text of ``workflow/report/report.html.j2``.
    verdicts, donors, abundance, expression, expression_populations, scores, programs
        The tables of the steps as on disk (``expression_populations`` is ``expression/populations.tsv``).
    annotation
        The tables of :data:`cd20scope.annotation_section.NEEDED` by name, without those that the run has not.
    embedding
        One row per embedded cell: ``sample barcode x y population donor visit``.
    populations
        The population tree.
    qc_summary
        One row per sample: ``sample donor visit n_cells n_kept``, then one column of cell counts per reason
        to drop a cell, named by the reason, then ``median_counts median_genes`` (of kept cells),
        ``doublet_rate`` and ``unassigned_rate`` (shares, 0 to 1).
    inputs
        One row per count matrix: ``sample path sha256 n_cells n_genes``.
    versions
        Version of each piece of software by its name.
    config
        Configuration of the run with its defaults filled in.
    visits, contrasts, title
        Visits in the order of time; contrasts as (later, earlier); heading of the page.

    Returns
    -------
    str
        The page. Equal tables give equal bytes.

    Raises
    ------
    ValueError
        Where a table lacks a column that the report reads.
    """
    require_columns(verdicts, ["id", "family", "opposes", "donors", "dropped", "effect"], name="verdicts.tsv")
    require_columns(qc_summary, ["sample", "n_cells", "n_kept", "unassigned_rate"], name="qc_summary")
    require_columns(embedding, ["x", "y", "population", "visit"], name="embedding.parquet")
    annotation = annotation_section.complete(annotation)
    verdicts = in_story_order(verdicts)
    answer = shown_first(verdicts)
    names = [f"{later}-{earlier}" for later, earlier in contrasts]
    latest = f"{visits[-1]}-{visits[0]}" if f"{visits[-1]}-{visits[0]}" in names else names[-1]
    alpha = float(config["verdict"]["alpha"])
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"count": wording.count, "percent": wording.percent}
    tables = listings.chosen(
        verdicts=verdicts,
        abundance=abundance,
        programs=programs,
        expression=expression,
        fits=expression_populations,
        qc=qc_summary,
        labelled=annotation_section.by_sample(annotation),
        inputs=inputs,
        versions=versions,
        config=config,
        contrast=latest,
    )
    return environment.from_string(template).render(
        title=title,
        config=config,
        visits=visits,
        contrasts=names,
        latest=latest,
        tally=tally(answer),
        rules=[{"verdict": verdict, **VERDICT_STYLE[verdict]} for verdict in VERDICTS],
        themes=themes(answer),
        figures=draw(
            verdicts=verdicts,
            donors=usual_shares(donors),
            expression=expression,
            scores=scores,
            programs=programs,
            visits=visits,
            contrasts=names,
            latest=latest,
            alpha=alpha,
        )
        | annotation_section.draw(annotation, embedding, populations=populations, visits=visits),
        labels=annotation_section.tell(annotation, populations=populations, visits=visits),
        tables={name: listings.tabulate(table, name=name) for name, table in tables.items()},
        totals=totals(qc_summary),
    )


def theme_of(row: wording.Row) -> str:
    """Anchor of the group that a hypothesis belongs to."""
    return next(anchor for anchor, _, belongs in THEMES if belongs(row))


def in_story_order(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Sort hypotheses by theme, then as in the catalogue; add ``theme`` and a short ``label``."""
    rows = verdicts.to_dict("records")
    order = [anchor for anchor, _, _ in THEMES]
    told = verdicts.assign(
        theme=[theme_of(row) for row in rows], label=[wording.short_name(row) for row in rows]
    )
    return told.sort_values(
        "theme", key=lambda theme: theme.map(order.index), kind="stable", ignore_index=True
    )


def shown_first(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Pick the confirmatory family, the claims it conflicts with, and the parts of a total it names."""
    family = verdicts["family"] == "confirmatory"
    ids, opposed = set(verdicts.loc[family, "id"]), set(verdicts.loc[family, "opposes"].dropna())
    split = pd.Index(
        verdicts[["endpoint", "population", "program", "contrast"]].fillna("").agg("|".join, axis=1)
    )
    part = split.isin(split[family]) & verdicts["component"].isin(["composition", "within"])
    shown: pd.DataFrame = verdicts.loc[
        family | part | verdicts["opposes"].isin(ids) | verdicts["id"].isin(opposed)
    ]
    return shown


def tally(answer: pd.DataFrame) -> list[tuple[int, str]]:
    """Count the verdicts of the confirmatory family, in their order."""
    found = answer.loc[answer["family"] == "confirmatory", "verdict"].value_counts()
    return [(int(found[verdict]), verdict) for verdict in VERDICTS if verdict in found]


def themes(answer: pd.DataFrame) -> list[dict[str, Any]]:
    """Claims by theme; a group of claims is one claim, or two that oppose each other, side by side."""
    told = []
    for anchor, heading, _ in THEMES:
        rows = answer[answer["theme"] == anchor].to_dict("records")
        groups: list[list[dict[str, Any]]] = []
        for told_of in map(claim, rows):
            partner = [
                g for g in groups if g[0]["opposes"] == told_of["id"] or told_of["opposes"] == g[0]["id"]
            ]
            if partner:
                partner[0].append(told_of)
            else:
                groups.append([told_of])
        if groups:
            told.append({"anchor": anchor, "heading": heading, "groups": groups})
    return told


def claim(row: wording.Row) -> dict[str, Any]:
    """Write one hypothesis and its verdict in the words of the page."""
    strong = ", limit included" if row["strength"] == "strong" else ""
    unit = wording.unit_of(row)
    limits = wording.interval(row["ci_low"], row["ci_high"])
    size = f"{row['margin']:g}-fold in the odds" if unit == "log odds" else f"{row['margin']:g} {unit}"
    return {
        **{key: row[key] for key in ("id", "statement", "verdict", "family", "opposes", "contrast")},
        **{key: listings.WRITERS["text"](row[key]) for key in ("effect", "dropped", "test", "note")},
        "reason": wording.sentence(listings.WRITERS["text"](row["reason"])),
        **VERDICT_STYLE[row["verdict"]],
        "anchor": "claim-" + re.sub(r"[^A-Za-z0-9]+", "-", str(row["id"])),
        "tested": not pd.isna(row["estimate"]),
        "estimate": f"{wording.number(row['estimate'])} {unit}",
        "interval": "described only" if limits == wording.NOTHING else f"95 % CI {limits}",
        "p": wording.p_value(row["p_adjusted"]),
        "pairs": wording.count(row["n_pairs"]),
        "donors": wording.names(row["donors"], nothing=""),
        "asked": f"{row['direction']} by at least {size}{strong}",
        "source": wording.link_dois(row["source"]),
    }


def totals(qc_summary: pd.DataFrame) -> dict[str, Any]:
    """Size of the cohort: donors, samples, cells read and kept, share of kept cells without a label."""
    kept = qc_summary["n_kept"]
    return {
        "donors": qc_summary["donor"].nunique(),
        "samples": len(qc_summary),
        "cells": int(qc_summary["n_cells"].sum()),
        "kept": int(kept.sum()),
        "unassigned": float((qc_summary["unassigned_rate"] * kept).sum() / max(kept.sum(), 1)),
    }


def usual_shares(donors: pd.DataFrame) -> pd.DataFrame:
    """Shares of each population in its usual denominator, the first that the table has; figures show no other."""
    usual = donors.drop_duplicates("population")[["population", "denominator"]]
    return donors.merge(usual, on=["population", "denominator"])


def draw(
    *,
    verdicts: pd.DataFrame,
    donors: pd.DataFrame,
    expression: pd.DataFrame,
    scores: pd.DataFrame,
    programs: pd.DataFrame,
    visits: Sequence[str],
    contrasts: Sequence[str],
    latest: str,
    alpha: float,
) -> dict[str, Markup]:
    """Every figure of the page but those of the labels, by the name that the template calls it."""
    scored = verdicts.loc[verdicts["endpoint"] != "abundance", ["population", "program"]].dropna()
    pairs = list(dict.fromkeys(scored.itertuples(index=False, name=None)))
    when = ", ".join(visits)
    found = "; ".join(f"{row.id} {row.verdict}" for row in verdicts.itertuples())
    drawn = {
        "forest": (
            figures.forest(verdicts),
            f"Forest plot: estimate and 95 % interval of each hypothesis against its margin. {found}.",
        ),
        "b_shares": (
            donor_figures.donor_shares(donors, visits=visits, populations=MAIN_SHARES, log=True),
            f"Share of B cells, naive and memory, and of plasma cells per donor at {when}, logarithmic axis.",
        ),
        "t_shares": (
            donor_figures.donor_shares(donors, visits=visits, populations=T_SHARES, log=False),
            f"Share of naive, memory and regulatory cells among CD4 T cells per donor at {when}.",
        ),
        "scores": (
            donor_figures.programme_scores(scores, visits=visits, pairs=pairs),
            f"Mean programme score per donor at {when}: "
            + "; ".join(f"{program} in {population}" for population, program in pairs),
        ),
        "shares": (
            figures.shares(donors, visits=visits),
            "Share of each population in its denominator, one dot per sample, by visit; numbers below.",
        ),
        "programmes": (
            figures.programme_changes(programs, contrasts=contrasts),
            "Heat map of the change of each programme by population and contrast; numbers at the end.",
        ),
        "volcanoes": (
            figures.volcanoes(expression, contrast=latest, alpha=alpha),
            f"Volcano plot per population for {latest}; the clearest genes are in the table below.",
        ),
    }
    return {name: inline(figure, name=f"fig-{name}", alt=alt) for name, (figure, alt) in drawn.items()}
