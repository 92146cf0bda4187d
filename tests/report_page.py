"""The report's page of made-up tables, as the workflow writes it."""

from pathlib import Path

import annotation_tables
import report_tables
import statistics_tables
from cd20scope import pictures, report, results, schema, svg
from cd20scope.drawing import Drawing

FOLDER = Path(__file__).parents[1] / "workflow" / "report"
PARTS = (
    *("report.html.j2", "parts.html.j2", "trust.html.j2", "methods.html.j2"),
    *("report.css", "report.js"),
)
TEMPLATES = {name: (FOLDER / name).read_text(encoding="utf-8") for name in PARTS}
SCRIPTS = {
    name: (FOLDER / "vendor" / name).read_text(encoding="utf-8")
    for name in ("dataTables.min.js", "echarts.common.min.js")
}


def tables(*, n_cells: int = 2000, n_genes: int = 300) -> dict:
    """Attributes of ``results.Results``."""
    made = report_tables.tables(n_cells=n_cells, n_genes=n_genes)
    return made | annotation_tables.arguments() | {"statistics": statistics_tables.every()}


def complete(made: dict) -> results.Results:
    """Results that are ready for the report."""
    return results.complete(results.Results(**made))


def draw(run: results.Results) -> dict[str, Drawing]:
    """Every figure, of all parts."""
    drawn = pictures.draw_cohort(run)
    for family in schema.FAMILIES:
        drawn |= pictures.draw_family(run, family=family)
    return drawn


def render(made: dict) -> str:
    """The page."""
    run = complete(made)
    figures = {
        name: svg.inline(drawn.figure, name=f"fig-{name}", alt=drawn.alt) for name, drawn in draw(run).items()
    }
    return report.render(TEMPLATES, run, figures=figures, scripts=SCRIPTS)
