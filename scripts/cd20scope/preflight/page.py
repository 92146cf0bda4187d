"""The page of the preflight: what to do next, findings, then what they rest on."""

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import pandas as pd

from cd20scope.preflight.findings import Finding

NOTES = {
    "Donors and visits": "Cells per donor and visit, and the arm where there are controls; empty without a sample.",
    "Times": "Days from the first infusion to the draw, by visit.",
    "Contrasts": "Treated donors with both visits and known covariates, how many a verdict needs, and the smallest "
    "true change that so many would show in 80 of 100 studies, in standard deviations of the donors' changes "
    "(two-sided paired t-test).",
    "Hypotheses": "Hypotheses that pairs and genes of these data allow to test, with the donors that enter and the "
    "smallest true effect that they would show in 80 of 100 studies: from the level without correction to that with "
    "correction; for shares in fold changes of the odds, with the noise between visits of untreated people.",
    "Sex": "Molecules of XIST and of Y genes in the first cells of each sample.",
    "Genes": "Genes of each marker panel and programme that every sample has.",
    "Forecast": "Memory of one job and minutes of one core for all jobs of a step, from runs on two cores; rough.",
}


def render(
    template: str,
    *,
    findings: Sequence[Finding],
    tables: Mapping[str, pd.DataFrame],
    totals: Mapping[str, Any],
) -> str:
    """Write the page.

    Parameters
    ----------
    template
        Text of the Jinja template; everything put into it is escaped.
    findings
        Errors and warnings.
    tables
        Named as in :data:`NOTES`.
    totals
        ``n_samples``, ``n_donors`` and ``n_cells``.
    """
    shown = [
        (
            "Findings",
            "",
            pd.DataFrame([vars(finding) for finding in findings], columns=["level", "about", "text"]),
        )
    ]
    shown += [(name, note, tables[name]) for name, note in NOTES.items() if name in tables]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    levels = [finding.level for finding in findings]
    return environment.from_string(template).render(
        tables=[(name, note, _cells(table)) for name, note, table in shown],
        steps=next_steps(findings, tables.get("Hypotheses")),
        errors=levels.count("error"),
        warnings=levels.count("warning"),
        **totals,
    )


def next_steps(findings: Sequence[Finding], hypotheses: pd.DataFrame | None) -> list[str]:
    """Say what a laboratory does with the findings, first things first.

    Parameters
    ----------
    findings
        Errors and warnings.
    hypotheses
        ``id testable``; None where none could be looked at.
    """
    levels = [finding.level for finding in findings]
    steps = []
    if "error" in levels:
        steps.append(
            "Correct what the errors name, in the count files, the sample sheet or the configuration, and run the "
            "preflight again: nothing is read before."
        )
    if "warning" in levels:
        steps.append(
            "Read the warnings and compare them with the notes of the laboratory. A run goes on with them, and the "
            "report repeats them; samples that were swapped, and names of visits, can only be corrected here."
        )
    if hypotheses is not None and len(hypotheses):
        no = int((hypotheses["testable"] != "yes").sum())
        if no:
            steps.append(
                f"{no} of {len(hypotheses)} hypotheses cannot be tested; the table says what each lacks. They stay in "
                "the report as not testable: only more donors with both visits, or files with all genes, change that."
            )
        if no < len(hypotheses):
            steps.append(
                "Compare the smallest effects with those that you expect. Smaller ones will be inconclusive, which is "
                "no evidence of no change. Change questions and margins now, not after the first verdict."
            )
    if "error" not in levels:
        steps.append(
            "Start the run as the README shows (.venv/bin/snakemake --cores 8 --configfile with your configuration), "
            "on as many cores as you have."
        )
    return steps


def _cells(table: pd.DataFrame) -> dict[str, Any]:
    rows = [["" if pd.isna(cell) else _text(cell) for cell in row] for row in table.itertuples(index=False)]
    return {"head": [str(name).replace("_", " ") for name in table.columns], "rows": rows}


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if cell == int(cell) else f"{cell:.2g}"
    return str(cell)
