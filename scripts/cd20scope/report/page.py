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
from cd20scope.study import batches
from cd20scope.study.nouns import contrast, visit

PAGE = "report.html.j2"
"""Name of the template of the whole page."""


def render(
    templates: Mapping[str, str],
    run: Results,
    *,
    figures: Mapping[str, Markup],
    saved: tuple[Mapping[str, pd.DataFrame], Mapping[str, bytes]],
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
    saved
        From :func:`cd20scope.report.read.read_saved`.
    scripts
        Text of the libraries that the page runs, by name; each is kept as it is.

    Returns
    -------
    str
        The page. Equal tables give equal bytes.
    """
    numbers = count(1)
    return load(templates).render(
        **verdict_parts(run),
        **cohort_parts(run),
        **design_parts(run),
        figures=figures,
        saved=downloads.of_figures(*saved),
        number=lambda: next(numbers),
        citations=references.Citations(),
        downloads=downloads.files(run),
        scripts={name: Markup(text) for name, text in scripts.items()},
    )


def verdict_parts(run: Results) -> dict[str, Any]:
    """Write the answer, the questions and the counts of verdicts."""
    quality = samples.with_soup(run.qc_summary, labels.by_sample(run.annotation))
    known = alerts.collect(
        run, sheet=run.sheet, warning=str(run.asked["warning"]), quality=quality, sexes=run.sexes
    )
    plain = {"steroids": False, "technical": False}
    return {
        "opening": opening.collect(run),
        "alerts": known,
        "checked": alerts.format_checks(known, quality, run.sexes, run.verdicts),
        "tallies": {family: claims.tally(run.verdicts, family=family) for family in FAMILIES},
        "rules": [{"verdict": name, "shown": name, **plain, **VERDICT_STYLE[name]} for name in VERDICTS],
        "themes": questions.themes(run, sentences=answers.sentences(run), known=known),
        "chapters": claims.chapters(run.verdicts),
        "families": run.verdicts.loc[claims.leads(run.verdicts), "family"].value_counts().to_dict(),
    }


def cohort_parts(run: Results) -> dict[str, Any]:
    """Write the sections on cells, samples and donors, and every listing."""
    quality = samples.with_soup(run.qc_summary, labels.by_sample(run.annotation))
    colours = population_colours(run.populations)
    said = trust.format_section(
        run.statistics,
        verdicts=run.verdicts,
        visits=run.visits,
        fraction=float(run.config["abundance"]["repopulation_fraction"]),
    )
    attrition = donors.format_attrition(
        run.statistics["repopulation"], of_treated(run.sheet), visits=run.visits
    )
    return {
        "map": htmlsafe_json_dumps(
            cell_map.pack(run.embedding, run.sheet, visits=run.visits, populations=colours)
        ),
        "labels": labels.format_section(run.annotation, populations=run.populations, visits=run.visits),
        "trust": said
        | {
            "sexes": trust.format_sexes(run.sexes),
            "attrition": attrition,
            "arm_names": trust.arm_names(run.statistics["arms"]),
            "permuted": trust.permuted(run.statistics["flips"], most=int(run.config["verdict"]["flips"])),
        },
        "tables": listed(run, quality),
        "quality": samples.say(quality),
        "totals": totals(run.qc_summary),
        "counted": bool((run.statistics["absolute"]["status"] == "tested").any()),
    }


def design_parts(run: Results) -> dict[str, Any]:
    """Write what the run was asked, and of whom."""
    return {
        "title": run.title,
        "config": run.config,
        "visits": [visit(name) for name in run.visits],
        "contrasts": [contrast(name) for name in run.contrast_names],
        "latest": contrast(run.latest),
        "studies": studies.format_section(run.statistics, alpha=run.alpha),
        "tissues": tissues.format_section(
            run.tissues, contrasts=run.contrasts, config=run.config, primary=tissue_of(run)
        ),
        "tissue": tissue_of(run),
        "reference": reference.caption(run.reference),
        "integrated": batches.integrable(run.sheet, str(run.config["embed"]["integrate_over"])),
        "versions": run.versions,
        "made": run.made,
        "asked": run.asked,
    }


def tissue_of(run: Results) -> str:
    """Tissue of the verdicts; empty where the sheet names none."""
    return "" if "tissue" not in run.sheet or run.sheet.empty else str(run.sheet["tissue"].iloc[0])


def listed(run: Results, quality: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Write every listing by its name; samples beyond a threshold of quality are marked."""
    differing = pd.DataFrame(run.made["settings"], columns=["setting", "default", "run"])
    sexes = samples.suspect_first(run.sexes)
    tables = shown(run) | studies.chosen(run.statistics)
    tables |= {"qc": quality, "differing": differing, "sexes": sexes}
    written = {name: listings.tabulate(table, name=name, visits=run.visits) for name, table in tables.items()}
    of_tissues = tissues.chosen(run.tissues).items()
    written |= {
        name: listings.tabulate(table, name=kind, visits=run.visits) for name, (kind, table) in of_tissues
    }
    marked = {
        "qc": samples.mark(written["qc"], quality),
        "sexes": samples.mark_sexes(written["sexes"], sexes),
    }
    return written | marked


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
