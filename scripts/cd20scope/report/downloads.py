"""The tables of a run as links inside the page: a reader of the one file can save each of them."""

import base64
import gzip
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
import yaml

from cd20scope.report.results import Results

PLAIN = 60_000
"""Bytes above which a table is compressed: a spreadsheet opens plain ones, and the page stays small."""

PLAIN_FIGURE = 6_000
"""The same for the data of a figure, of which there is one per question."""

FORMULA = re.compile(r"[=@+\t\r]|-(?![\d.]+$)")
"""Starts of cells that a spreadsheet takes for a formula; a number with its minus sign is none."""

MOST_GENES = 20_000
"""Rows of the table of changed genes; those with the smallest p-values are kept."""


def of_figures(
    tables: Mapping[str, pd.DataFrame], pdfs: Mapping[str, bytes]
) -> dict[str, list[dict[str, Any]]]:
    """List what the caption of each figure offers beside its picture: ``kind``, ``name`` and ``href`` of each file.

    Parameters
    ----------
    tables, pdfs
        Data and PDF by the name of the figure, from :func:`cd20scope.report.read.read_saved`.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name, table in tables.items():
        found[name] = [{"kind": "TSV", **pack(f"figure-{name}", table, about="", most=PLAIN_FIGURE)}]
    for name, data in pdfs.items():
        entry = {"kind": "PDF", "name": f"{name}.pdf", "href": address(data, kind="application/pdf")}
        found.setdefault(name, []).append(entry)
    return found


def files(run: Results) -> list[dict[str, Any]]:
    """List every download: ``name``, ``about``, ``rows``, ``size`` in bytes; ``href`` is the file as a data address."""
    packed = [pack(name, table, about=about) for name, (table, about) in tables(run).items()]
    text = yaml.safe_dump(plain(run.config), sort_keys=False, allow_unicode=True)
    packed.append(
        {
            "name": "config.yaml",
            "about": "Configuration of the run, defaults included",
            "rows": None,
            "size": len(text.encode()),
            "href": address(text.encode(), kind="text/plain"),
        }
    )
    return packed


def tables(run: Results) -> dict[str, tuple[pd.DataFrame, str]]:
    """Tables that can be saved, by name, with their description."""
    # a table without a row, where no gene could be tested, is no table of numbers
    called = run.expression["p_adjusted"].astype(float) < run.alpha
    genes = run.expression[called].sort_values("p_value", kind="stable").head(MOST_GENES)
    statistics = run.statistics
    return {
        "verdicts": (
            run.verdicts.drop(columns=["theme", "label"]),
            "Verdict of every hypothesis",
        ),
        "arms": (statistics["arms"], "Every hypothesis in every sensitivity analysis"),
        "parts": (statistics["parts"], "Parts of the claims on the order of events"),
        "technique": (statistics["technique"], "Technique compared between visits"),
        "ledger": (statistics["ledger"], "Change of every donor, and who enters"),
        "flips": (statistics["flips"], "Verdicts under permuted visits"),
        "donors": (run.donors, "Shares of each sample"),
        "abundance": (run.abundance, "Change of each share"),
        "absolute": (statistics["absolute"], "Change of numbers per microlitre"),
        "repopulation": (statistics["repopulation"], "B cells of each donor"),
        "scores": (run.scores, "Programme scores of each sample"),
        "programs": (run.programs, "Change of each programme"),
        "random_sets": (statistics["random_sets"], "Programmes against random gene sets"),
        "changed_genes": (genes, f"Genes with adjusted p below {run.alpha:g}"),
        "enrichment": (statistics["enrichment"], "Gene sets among the changed genes"),
        "gene_flips": (statistics["gene_flips"], "Genes called under permuted visits"),
        "expression_populations": (run.expression_populations, "Populations whose genes were tested"),
        "markers": (run.annotation["markers"], "Markers by label"),
        "probabilities": (run.annotation["probabilities"], "Probability of the labels"),
        "rulers": (run.annotation["rulers"], "How well each population is told"),
        "quality": (run.qc_summary, "Cells read, kept and dropped"),
        "inputs": (run.inputs, "Count files with their SHA-256"),
    } | of_design({**statistics, "tissues": run.tissues["questions"]})


def of_design(statistics: Mapping[str, pd.DataFrame]) -> dict[str, tuple[pd.DataFrame, str]]:
    """Tables that only some designs have: of a control arm, of an outcome, of other tissues."""
    about = {
        "control_arms": "Treated against controls",
        "absolute_arms": "Numbers of the treated against controls",
        "outcome": "Associations with the outcome",
        "tissues": "Questions in other tissues",
    }
    return {name: (statistics[name], text) for name, text in about.items() if len(statistics[name])}


def pack(name: str, table: pd.DataFrame, *, about: str, most: int = PLAIN) -> dict[str, Any]:
    """Put a table into an address; one of more than ``most`` bytes is compressed, the same table to the same bytes."""
    data = safe(table).to_csv(sep="\t", index=False).encode()
    entry = {"about": about, "rows": len(table), "size": len(data)}
    if len(data) <= most:
        return entry | {"name": f"{name}.tsv", "href": address(data, kind="text/tab-separated-values")}
    return entry | {
        "name": f"{name}.tsv.gz",
        "href": address(gzip.compress(data, mtime=0), kind="application/gzip"),
    }


def safe(table: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run as a formula; numbers stay.

    References
    ----------
    OWASP, CSV injection. https://owasp.org/www-community/attacks/CSV_Injection
    """
    texts = table.select_dtypes(exclude="number").columns
    return table.assign(
        **{
            str(name): table[name].map(
                lambda cell: f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell
            )
            for name in texts
        }
    )


def address(data: bytes, *, kind: str) -> str:
    """Write bytes as a data address."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def plain(value: Any) -> Any:  # noqa: ANN401  (whatever stands in a configuration)
    """Turn the mappings and lists of a configuration into plain ones, which YAML can write."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value
