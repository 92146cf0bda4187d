"""Checks of a study before any file is read whole, from the first look at every sample (:mod:`cd20scope.ingest.look`).

Findings are errors, which stop the run, or warnings, which go with it into the report.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from cd20scope import schema
from cd20scope.preflight.columns import check_columns, tabulate_times
from cd20scope.preflight.design import check_design, treated_of
from cd20scope.preflight.findings import Finding
from cd20scope.preflight.questions import check_contrasts, check_hypotheses
from cd20scope.preflight.sexes import check_sexes
from cd20scope.preflight.visits import check_depth, check_hours, check_names
from cd20scope.study import sizes
from cd20scope.study.batches import integrable

type Panel = tuple[str, str, Sequence[str]]
"""Kind (markers or programme), name and genes."""

FEW_CELLS = 500
FEW_GENES = 5_000
"""Genes below which a file holds a selection; after filters of rare genes, whole transcriptomes keep 10,000 or more."""
FEW_MARKERS = 0.1
"""Part of all markers below which names are not those of genes, or genes were left out."""


def check_genes(
    genes: pd.DataFrame, samples: pd.DataFrame, *, panels: Sequence[Panel], min_coverage: float
) -> tuple[pd.DataFrame, list[Finding]]:
    """Count the genes of every marker panel and programme that all samples have.

    Parameters
    ----------
    genes
        ``gene n_samples``: in how many samples a gene is measured.
    samples
        ``sample n_genes``.
    panels
        Kind (markers or programme), name and genes of each.
    min_coverage
        Part of a panel's genes below which it is warned of.

    Returns
    -------
    ``kind name n_genes n_found missing``, and warnings.
    """
    everywhere = set(genes.loc[genes["n_samples"] == len(samples), "gene"])
    rows, findings = [], []
    for kind, name, members in panels:
        missing = sorted(set(members) - everywhere)
        rows.append((kind, name, len(members), len(members) - len(missing), ", ".join(missing)))
        if len(missing) > (1 - min_coverage) * len(members):
            findings.append(
                Finding(
                    "warning",
                    name,
                    f"{kind}: {len(members) - len(missing)} of {len(members)} genes are in every sample.",
                )
            )
    table = pd.DataFrame(rows, columns=["kind", "name", "n_genes", "n_found", "missing"])
    markers = {gene for kind, _, members in panels if kind == "markers" for gene in members}
    if markers and len(markers & everywhere) < FEW_MARKERS * len(markers):
        fewest = samples.sort_values("n_genes").iloc[0]
        findings.append(
            Finding(
                "error",
                str(fewest["sample"]),
                f"{len(markers & everywhere)} of {len(markers)} marker genes are in every sample: cells cannot be "
                "labelled. Are the genes named by human symbols or Ensembl ids? Correct the names, or give the file "
                "with all genes.",
            )
        )
    if len(everywhere) < 0.9 * len(genes):
        fewest = samples.sort_values("n_genes").iloc[0]
        findings.append(
            Finding(
                "warning",
                str(fewest["sample"]),
                f"samples differ in their genes: {len(genes):,} in any, {len(everywhere):,} in all, "
                f"{fewest['n_genes']:,} here. Labels and programmes rest on genes of all samples. Were genes without "
                "counts left out of the files? Then a gene that falls silent seems not to be measured: give the "
                "unfiltered genes.",
            )
        )
    return table, findings


def check_sheet(sheet: pd.DataFrame, *, integrate_over: str) -> list[Finding]:
    """Find draws soon after a steroid, batches that equal a visit, and several libraries of one visit."""
    findings = []
    if "hours_since_steroid" in sheet:
        hours = pd.to_numeric(sheet["hours_since_steroid"], errors="coerce")
        soon = sheet.loc[hours < sizes.STEROID_HOURS, "sample"]
        if len(soon):
            times = zip(soon, hours[soon.index], strict=True)
            listed = ", ".join(f"{sample}: {hour:g} h" for sample, hour in times)
            findings.append(
                Finding(
                    "warning",
                    f"{len(soon)} samples",
                    f"drawn within {sizes.STEROID_HOURS:g} hours of a steroid, which moves lymphocytes by itself "
                    f"({listed}).",
                )
            )
    if (
        integrate_over in sheet
        and len(set(sheet[integrate_over])) > 1
        and not integrable(sheet, integrate_over)
    ):
        findings.append(
            Finding(
                "warning",
                integrate_over,
                "has a value that occurs at one visit alone, or is not known for all samples: batch and treatment "
                "cannot be told apart, and the embedding is not integrated over it.",
            )
        )
    for (donor, visit), own in sheet.groupby(["donor", "visit"]):
        if len(own) > 1:
            which = ", ".join(own["sample"].astype(str))
            findings.append(
                Finding(
                    "warning", str(donor), f"{visit}: {len(own)} libraries are counted together ({which})."
                )
            )
    return findings


def check_cells(samples: pd.DataFrame) -> list[Finding]:
    """Find samples of so few cells that rare populations are below detection, or of selected genes."""
    found = []
    for column, most, text in (
        ("n_cells", FEW_CELLS, "cells, in which small populations are below detection"),
        (
            "n_genes",
            FEW_GENES,
            "genes: variable genes or a panel in place of all? Labels rest on those that are there",
        ),
    ):
        few = samples[samples[column] < most]
        if len(few):
            listed = ", ".join(f"{sample}: {n}" for sample, n in zip(few["sample"], few[column], strict=True))
            found.append(Finding("warning", f"{len(few)} samples", f"fewer than {most:,} {text} ({listed})."))
    return found


def grid(samples: pd.DataFrame, sheet: pd.DataFrame, *, visits: Sequence[str]) -> pd.DataFrame:
    """Cells per donor (rows) and visit (columns), with the arm; empty where there is no sample that can be read."""
    numbers = sheet.assign(n=sheet["sample"].map(samples.set_index("sample")["n_cells"]))
    table = numbers.pivot_table(index="donor", columns="visit", values="n", aggfunc="sum")
    table = table.reindex(columns=list(visits)).reset_index()
    if len(treated_of(sheet)) < len(sheet):
        control = dict(zip(sheet["donor"], sheet[schema.CONTROL], strict=True))
        table.insert(1, "arm", [control[donor] or "treated" for donor in table["donor"]])
    return table


def forecast(n_cells: Sequence[int], n_genes: int, *, sketch_cells: int) -> pd.DataFrame:
    """Memory and time of the heavy steps, from runs on two cores: rough, for planning.

    Returns
    -------
    ``step jobs memory_gb minutes``; minutes of one core for all jobs of the step.
    """
    total, largest = sum(n_cells), max(n_cells)
    scale = n_genes / 20_000
    sketch = min(total, sketch_cells)
    rows = [
        (
            "ingest, qc, labels per sample",
            len(n_cells),
            0.2 + 2.5e-5 * largest * scale,
            0.05 * len(n_cells) + 6e-5 * total,
        ),
        ("annotation model", 1, 0.5 + 4.5e-5 * sketch, 0.1 + 1.5e-5 * sketch),
        ("embedding", 1, 0.5 + 1e-5 * sketch, 0.3 + 1e-5 * sketch),
        ("expression", 1, 0.8 + 0.01 * len(n_cells) * scale, 0.8 * scale + 0.2),
    ]
    return pd.DataFrame(rows, columns=["step", "jobs", "memory_gb", "minutes"])


def examine(
    samples: pd.DataFrame,
    genes: pd.DataFrame,
    sheet: pd.DataFrame,
    *,
    problems: Iterable[tuple[str, str]],
    panels: Sequence[Panel],
    questions: Sequence[Mapping[str, str]],
    visits: Sequence[str],
    contrasts: Sequence[Sequence[str]],
    alpha: float,
    min_pairs: int,
    min_coverage: float,
    integrate_over: str,
    sketch_cells: int,
    families: Sequence[Mapping[str, Any]],
    design: Mapping[str, Any],
    stated: Mapping[str, float],
    covariates: Mapping[str, Sequence[str]],
) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Put all checks together.

    Parameters
    ----------
    samples
        One row per sample that can be read: ``sample n_cells n_genes molecules xist y_genes``.
    genes
        ``gene n_samples``.
    sheet
        All samples of the study.
    problems
        What is wrong with a sample, by its name.
    panels
        Kind, name and genes of marker panels and programmes.
    questions
        Claims: ``id question contrast endpoint family stage`` and, where there is one, ``program``.
    families
        Confirmatory families of the catalogue.
    design
        What :func:`cd20scope.preflight.design.check_design` is told beside sheet and contrasts.
    stated
        Days that visits state by their names.
    covariates
        Columns of the sheet that changes are tested beside, by contrast.
    visits, contrasts, alpha, min_pairs, min_coverage, integrate_over, sketch_cells
        As in the configuration.

    Returns
    -------
    Tables as :mod:`cd20scope.preflight.page` names them, and findings, errors first.
    """
    pairs, of_contrasts = check_contrasts(
        sheet, contrasts=contrasts, alpha=alpha, min_pairs=min_pairs, covariates=covariates
    )
    errors = [Finding("error", about, text) for about, text in problems]
    tables = {"Donors and visits": grid(samples, sheet, visits=visits), "Contrasts": pairs}
    if len(times := tabulate_times(sheet, visits=visits)):
        tables["Times"] = times
    warnings = [*check_design(sheet, contrasts=contrasts, **design), *of_contrasts]
    warnings += check_sheet(sheet, integrate_over=integrate_over)
    warnings += check_columns(sheet, contrasts=contrasts, stated=stated)
    warnings += check_names(treated_of(sheet), contrasts=contrasts)
    warnings += check_hours(treated_of(sheet), contrasts=contrasts)
    if len(samples):
        readable = sheet[sheet["sample"].isin(samples["sample"])]
        tables["Sex"], of_sex = check_sexes(samples, readable)
        tables["Genes"], of_genes = check_genes(genes, samples, panels=panels, min_coverage=min_coverage)
        tables["Hypotheses"] = check_hypotheses(
            pairs,
            tables["Genes"],
            questions=questions,
            families=families,
            min_pairs=min_pairs,
            min_coverage=min_coverage,
            alpha=alpha,
        )
        tables["Forecast"] = forecast(
            samples["n_cells"].tolist(), int(samples["n_genes"].max()), sketch_cells=sketch_cells
        )
        of_depth = check_depth(samples, treated_of(sheet), contrasts=contrasts)
        warnings = [*of_sex, *warnings, *of_depth, *of_genes, *check_cells(samples)]
    return tables, [*errors, *sorted(warnings, key=lambda finding: finding.level != "error")]
