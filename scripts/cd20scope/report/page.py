"""Tables and figures of a run as one HTML page that needs no network.

The page is a Jinja2 template, handed in as text with the parts that it includes, rendered with autoescaping:
whatever stands in a table (a donor's name, a statement of a catalogue) reaches the page as text. Only
:func:`cd20scope.report.figures.svg.inline`, :func:`cd20scope.report.wording.link_dois` and
:class:`cd20scope.report.sections.references.Citations` make markup, and escape what they are given; figures come as
the first of these wrote them.
"""

from collections.abc import Mapping
from itertools import count
from typing import Any

import jinja2
import pandas as pd
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from cd20scope.report import alerts, claims, downloads, opening, reference, wording
from cd20scope.report import answer as answers
from cd20scope.report.colours import VERDICT_STYLE, population_colours
from cd20scope.report.results import Results
from cd20scope.report.sections import (
    cell_map,
    donors,
    labels,
    questions,
    references,
    samples,
    studies,
    tissues,
    trust,
)
from cd20scope.report.tables import listings
from cd20scope.schema import FAMILIES, VERDICTS
from cd20scope.stats.pairs import of_treated
from cd20scope.study.nouns import contrast, visit

PAGE = "report.html.j2"
"""Name of the template of the whole page."""


def render(
    templates: Mapping[str, str],
    run: Results,
    *,
    figures: Mapping[str, Markup],
    scripts: Mapping[str, str],
) -> str:
    """Write the report of a run.

    Parameters
    ----------
    templates
        Text of :data:`PAGE` and of what it includes, by the name of the file in ``workflow/report``.
    run
        From :func:`cd20scope.report.results.complete`.
    figures
        From :func:`cd20scope.report.read.read_figures`, those of all parts.
    scripts
        Text of the libraries that the page runs, by name; each is kept as it is.

    Returns
    -------
    str
        The page. Equal tables give equal bytes.
    """
    quality = samples.with_soup(run.qc_summary, labels.by_sample(run.annotation))
    numbers = count(1)
    sentences, known = (
        answers.sentences(run),
        alerts.collect(run, sheet=run.sheet, warning=str(run.asked["warning"])),
    )
    return load(templates).render(
        title=run.title,
        config=run.config,
        opening=opening.collect(run),
        alerts=known,
        visits=[visit(name) for name in run.visits],
        contrasts=[contrast(name) for name in run.contrast_names],
        latest=contrast(run.latest),
        tallies={family: claims.tally(run.verdicts, family=family) for family in FAMILIES},
        rules=[
            {
                "verdict": verdict,
                "shown": verdict,
                "steroids": False,
                "technical": False,
                **VERDICT_STYLE[verdict],
            }
            for verdict in VERDICTS
        ],
        themes=questions.themes(run, sentences=sentences, known=known),
        chapters=claims.chapters(run.verdicts),
        figures=figures,
        map=htmlsafe_json_dumps(
            cell_map.pack(
                run.embedding,
                run.sheet,
                visits=run.visits,
                populations=population_colours(run.populations),
            )
        ),
        labels=labels.format_section(run.annotation, populations=run.populations, visits=run.visits),
        trust=trust.format_section(
            run.statistics,
            verdicts=run.verdicts,
            visits=run.visits,
            fraction=float(run.config["abundance"]["repopulation_fraction"]),
        )
        | {
            "sexes": trust.format_sexes(run.sexes),
            "attrition": donors.format_attrition(
                run.statistics["repopulation"], of_treated(run.sheet), visits=run.visits
            ),
        },
        studies=studies.format_section(run.statistics, alpha=run.alpha),
        tissues=tissues.format_section(
            run.tissues, contrasts=run.contrasts, config=run.config, primary=tissue_of(run)
        ),
        tissue=tissue_of(run),
        reference=reference.caption(run.reference),
        tables=listed(run, quality),
        quality=samples.say(quality),
        number=lambda: next(numbers),
        totals=totals(run.qc_summary),
        citations=references.Citations(),
        versions=run.versions,
        asked=run.asked,
        families=run.verdicts.loc[claims.leads(run.verdicts), "family"].value_counts().to_dict(),
        counted=bool((run.statistics["absolute"]["status"] == "tested").any()),
        downloads=downloads.files(run),
        scripts={name: Markup(text) for name, text in scripts.items()},
    )


def tissue_of(run: Results) -> str:
    """Tissue of the verdicts; empty where the sheet names none."""
    return "" if "tissue" not in run.sheet or run.sheet.empty else str(run.sheet["tissue"].iloc[0])


def listed(run: Results, quality: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Write every listing by its name; samples beyond a threshold of quality are marked."""
    tables = shown(run) | studies.chosen(run.statistics) | {"qc": quality}
    written = {name: listings.tabulate(table, name=name) for name, table in tables.items()}
    of_tissues = tissues.chosen(run.tissues).items()
    written |= {name: listings.tabulate(table, name=kind) for name, (kind, table) in of_tissues}
    return written | {"qc": samples.mark(written["qc"], quality)}


def shown(run: Results) -> dict[str, pd.DataFrame]:
    """Rows of every listing by its name."""
    return listings.chosen(
        verdicts=run.verdicts,
        abundance=run.abundance,
        programs=run.programs,
        expression=run.expression,
        fits=run.expression_populations,
        qc=run.qc_summary,
        labelled=labels.by_sample(run.annotation),
        gates=labels.tabulate_gates(run.annotation["protein_gates"]),
        sexes=run.sexes,
        inputs=run.inputs,
        preflight=run.preflight,
        versions=run.versions,
        config=run.config,
        contrast=run.latest,
    ) | trust.chosen(run.statistics, verdicts=run.verdicts, programs=run.programs, contrast=run.latest)


def load(templates: Mapping[str, str]) -> jinja2.Template:
    """Make the template of the page from the texts of its parts."""
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(dict(templates)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": wording.count,
        "percent": wording.percent,
        "size": wording.size,
        "sentence": wording.sentence,
    }
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
