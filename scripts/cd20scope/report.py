"""Tables and figures of a run as one HTML page that needs no network.

The page is a Jinja2 template, handed in as text with the parts that it includes, rendered with autoescaping:
whatever stands in a table (a donor's name, a statement of a catalogue) reaches the page as text. Only
:func:`cd20scope.svg.inline` and :func:`cd20scope.wording.link_dois` make markup, and both escape what they are given.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from cd20scope import (
    annotation_section,
    claims,
    donor_figures,
    figures,
    listings,
    statistics_section,
    verdict_figures,
    wording,
)
from cd20scope.drawing import VERDICT_STYLE
from cd20scope.schema import VERDICTS, require_columns
from cd20scope.svg import inline

FAMILIES = ("confirmatory", "exploratory")

PAGE = "report.html.j2"
"""Name of the template of the whole page."""

VERDICT_COLUMNS = (
    *("id", "family", "opposes", "donors", "dropped", "effect"),
    *("arms_held", "arms_asked", "arms_against", "smallest_effect", "beside", "caution"),
)
"""Columns of the verdicts that the page cannot do without."""

MAIN_SHARES = ("B cells", "B naive", "B memory", "Plasma")
T_SHARES = ("CD4 naive", "CD4 memory", "Treg")


def render(
    templates: Mapping[str, str],
    *,
    verdicts: pd.DataFrame,
    donors: pd.DataFrame,
    abundance: pd.DataFrame,
    expression: pd.DataFrame,
    expression_populations: pd.DataFrame,
    scores: pd.DataFrame,
    programs: pd.DataFrame,
    annotation: Mapping[str, pd.DataFrame],
    statistics: Mapping[str, pd.DataFrame],
    embedding: pd.DataFrame,
    populations: Mapping[str, Any],
    qc_summary: pd.DataFrame,
    inputs: pd.DataFrame,
    preflight: pd.DataFrame,
    versions: Mapping[str, str],
    config: Mapping[str, Any],
    visits: Sequence[str],
    contrasts: Sequence[tuple[str, str]],
    title: str,
) -> str:
    """Write the report of a run.

    Parameters
    ----------
    templates
        Text of :data:`PAGE` and of what it includes, by the name of the file in ``workflow/report``.
    verdicts, donors, abundance, expression, expression_populations, scores, programs
        The tables of the steps as on disk (``expression_populations`` is ``expression/populations.tsv``).
    annotation
        The tables of :data:`cd20scope.annotation_section.NEEDED` by name, without those that the run has not.
    statistics
        The same, of :data:`cd20scope.statistics_section.NEEDED`.
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
    preflight
        What the preflight warned of: ``level about text``.
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
    require_columns(verdicts, VERDICT_COLUMNS, name="verdicts.tsv")
    require_columns(qc_summary, ["sample", "n_cells", "n_kept", "unassigned_rate"], name="qc_summary")
    require_columns(embedding, ["x", "y", "population", "visit"], name="embedding.parquet")
    annotation, statistics = annotation_section.complete(annotation), statistics_section.complete(statistics)
    verdicts = claims.in_story_order(verdicts)
    answer = claims.shown_first(verdicts)
    programs = statistics_section.add_random(programs, statistics["random_sets"])
    names = [f"{later}-{earlier}" for later, earlier in contrasts]
    latest = f"{visits[-1]}-{visits[0]}" if f"{visits[-1]}-{visits[0]}" in names else names[-1]
    tables = listings.chosen(
        verdicts=verdicts,
        abundance=abundance,
        programs=programs,
        expression=expression,
        fits=expression_populations,
        qc=qc_summary,
        labelled=annotation_section.by_sample(annotation),
        inputs=inputs,
        preflight=preflight,
        versions=versions,
        config=config,
        contrast=latest,
    ) | statistics_section.chosen(statistics, verdicts=verdicts, programs=programs, contrast=latest)
    return load(templates).render(
        title=title,
        config=config,
        visits=visits,
        contrasts=names,
        latest=latest,
        tallies={family: claims.tally(verdicts, family=family) for family in FAMILIES},
        rules=[{"verdict": verdict, **VERDICT_STYLE[verdict]} for verdict in VERDICTS],
        themes=claims.themes(answer, ledger=statistics["ledger"]),
        figures=draw(
            verdicts=verdicts,
            arms=statistics["arms"],
            donors=usual_shares(donors),
            expression=expression,
            scores=scores,
            programs=programs,
            visits=visits,
            contrasts=names,
            latest=latest,
            alpha=float(config["verdict"]["alpha"]),
        )
        | annotation_section.draw(annotation, embedding, populations=populations, visits=visits),
        labels=annotation_section.tell(annotation, populations=populations, visits=visits),
        trust=statistics_section.tell(
            statistics,
            verdicts=verdicts,
            visits=visits,
            fraction=float(config["abundance"]["repopulation_fraction"]),
        ),
        tables={name: listings.tabulate(table, name=name) for name, table in tables.items()},
        totals=totals(qc_summary),
    )


def load(templates: Mapping[str, str]) -> jinja2.Template:
    """Make the template of the page from the texts of its parts."""
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(dict(templates)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": wording.count, "percent": wording.percent}
    return environment.get_template(PAGE)


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
    arms: pd.DataFrame,
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
    drawn = draw_verdicts(verdicts, arms) | {
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


def draw_verdicts(verdicts: pd.DataFrame, arms: pd.DataFrame) -> dict[str, tuple[Figure, str]]:
    """Draw the figures of all verdicts, each with the text for those who cannot see it."""
    found = "; ".join(f"{row.id} {row.verdict}" for row in verdicts.itertuples())
    told = ((row["id"], wording.held({**row, "arms_against": ""})) for row in verdicts.to_dict("records"))
    held = "; ".join(f"{name} {text}" for name, text in told if text)
    return {
        "forest": (
            verdict_figures.forest(verdicts),
            f"Forest plot: estimate and 95 % interval of each hypothesis against its margin. {found}.",
        ),
        "arms": (
            verdict_figures.arm_grid(verdicts, arms),
            f"Grid of hypotheses and arms, in how many each verdict holds: {held}. The table of arms is at the end.",
        ),
    }
