"""Tables of a run from the files that its steps wrote: all of them for the page, a few for each part of the figures."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from markupsafe import Markup

from cd20scope import schema
from cd20scope.report import required
from cd20scope.report.quality import summarise
from cd20scope.report.reference import healthy_shares
from cd20scope.report.results import Cohort, Judged, Results, complete, complete_cohort, complete_judged
from cd20scope.report.sections import samples, trust
from cd20scope.report.sections.labels import NEEDED, by_sample
from cd20scope.schema import FAMILIES, SINGLE, require_columns
from cd20scope.stats.pairs import of_treated
from cd20scope.study import history, themes

TEXT = dict.fromkeys(("donor", "donors", "dropped", "sample", "sex_in_sheet"), str)
"""Names that look like numbers stay names."""

MOST_BYTES = 400_000
"""Size of a figure's table above which it stays beside the page: cells and genes, which would double the page."""


def read(
    files: Mapping[str, str],
    *,
    annotation: Iterable[str],
    cells: Sequence[str],
    labels: Sequence[str],
    sheet: pd.DataFrame,
    hypotheses: Sequence[Mapping[str, Any]],
    digest: str,
    config: Mapping[str, Any],
    populations: Mapping[str, Any],
    versions: Mapping[str, str],
    made: Mapping[str, Any],
    tissues: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Results:
    """Read what the steps wrote.

    Parameters
    ----------
    files
        Path of each table by the name that the rule gives it; those on what the verdicts rest on may be left out.
    annotation
        Paths of the tables on the labels.
    cells, labels
        Of each sample in the order of the sheet: what quality control and annotation wrote.
    sheet, hypotheses, digest, config, populations, versions, made
        Of the run; ``made`` as of :class:`Results`.
    tissues
        Paths of the tables of the other tissues, by name; none by default.
    """
    embedding, qc_summary = read_samples(read_embedding(files), sheet, labels=labels, cells=cells)
    return complete(
        Results(
            **read_measured(files, config=config),
            **(read_tests(files, annotation=annotation) | read_verdicts(files)),
            embedding=embedding,
            populations=populations,
            scored=themes.scored_pairs(hypotheses),
            depletions=themes.depletions(hypotheses),
            expression_populations=read_table(files["populations"]),
            qc_summary=qc_summary,
            sheet=sheet,
            sexes=read_sexes(files["sexes"]),
            inputs=pd.read_csv(files["sums"], sep="\t", dtype=TEXT, keep_default_na=False),
            preflight=pd.read_csv(files["findings"], sep="\t", dtype=str, keep_default_na=False),
            versions=versions,
            made=made,
            asked=history.tell(pd.read_csv(files["questions"], sep="\t", dtype=str), digest),
            tissues={
                name: pd.concat(map(read_table, paths), ignore_index=True)
                for name, paths in tissues.items()
                if paths
            },
        )
    )


def read_cohort(
    files: Mapping[str, str],
    *,
    annotation: Iterable[str],
    labels: Sequence[str],
    sheet: pd.DataFrame,
    scored: Sequence[tuple[str, str]],
    config: Mapping[str, Any],
    populations: Mapping[str, Any],
) -> Cohort:
    """Read what the figures of the cohort show; parameters as of :func:`read`, ``scored`` as of :class:`Cohort`."""
    embedding, _ = read_samples(read_embedding(files), sheet, labels=labels)
    return complete_cohort(
        Cohort(
            **read_measured(files, config=config),
            **read_tests(files, annotation=annotation),
            embedding=embedding,
            populations=populations,
            scored=scored,
        )
    )


def read_judged(
    files: Mapping[str, str], *, depletions: Mapping[str, tuple[str, str]], config: Mapping[str, Any]
) -> Judged:
    """Read what the figures of the hypotheses show; ``files`` as of :func:`read`, the rest as of :class:`Judged`."""
    return complete_judged(
        Judged(**read_measured(files, config=config), **read_verdicts(files), depletions=depletions)
    )


def read_measured(files: Mapping[str, str], *, config: Mapping[str, Any]) -> dict[str, Any]:
    """Read what all figures need: attributes of :class:`Measured`."""
    donors = read_table(files["donors"])
    return {
        "donors": of_treated(donors),
        "reference": healthy_shares(donors, list(config["visits"])),
        "scores": of_treated(read_table(files["scores"])),
        "config": config,
        "visits": list(config["visits"]),
        "contrasts": [(later, earlier) for later, earlier in config["contrasts"]],
    }


def read_tests(files: Mapping[str, str], *, annotation: Iterable[str]) -> dict[str, Any]:
    """Read the tables of genes, programmes and labels: attributes of :class:`Cohort`."""
    return {
        "expression": read_table(files["expression"]),
        "programs": read_table(files["programs"]),
        "annotation": {Path(path).stem: read_table(path) for path in annotation},
    }


def read_verdicts(files: Mapping[str, str]) -> dict[str, Any]:
    """Read the verdicts and what they rest on: attributes of :class:`Judged`."""
    return {
        "verdicts": read_table(files["verdicts"]),
        "abundance": read_table(files["abundance"]),
        "programs": read_table(files["programs"]),
        "statistics": {name: read_table(files[name]) for name in trust.NEEDED if name in files},
    }


def read_embedding(files: Mapping[str, str]) -> pd.DataFrame:
    """Read the coordinates of the embedded cells."""
    embedding = pd.read_parquet(files["embedding"])
    require_columns(embedding, ("sample", "barcode", "x", "y"), name="embedding.parquet")
    return embedding


def read_samples(
    embedding: pd.DataFrame, sheet: pd.DataFrame, *, labels: Sequence[str], cells: Sequence[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the tables of cells, one sample at a time, so that only the embedded cells of each are kept.

    Parameters
    ----------
    embedding
        ``sample barcode x y`` of each embedded cell.
    sheet
        ``sample donor visit``.
    labels, cells
        Of each sample in the order of the sheet: what annotation and quality control wrote; without ``cells``, the
        quality is not summed up.

    Returns
    -------
    embedding
        With ``donor``, ``visit`` and ``population`` of each cell.
    quality
        One row per sample, see :func:`cd20scope.report.quality.summarise`; empty without ``cells``.
    """
    placed = embedding.merge(sheet[["sample", "donor", "visit"]], on="sample")
    embedded, quality = [], []
    for row, labelled, flagged in zip(
        sheet.to_dict("records"), labels, cells or [""] * len(labels), strict=True
    ):
        told = pd.read_parquet(labelled, columns=["population", "doublet"])
        own = placed[placed["sample"] == row["sample"]]
        embedded.append(own.assign(population=told["population"].reindex(own["barcode"]).to_numpy()))
        if flagged:
            who = {key: row[key] for key in ("sample", "donor", "visit")}
            quality.append(who | summarise(pd.read_parquet(flagged), told))
    return pd.concat(embedded), pd.DataFrame(quality)


def read_quality(
    sheet: pd.DataFrame, *, cells: Sequence[str], labels: Sequence[str], annotation: Iterable[str]
) -> pd.DataFrame:
    """Read the quality of each sample, those beyond a threshold first; parameters as of :func:`read`."""
    nothing = pd.DataFrame(columns=["sample", "barcode", "x", "y"])
    _, quality = read_samples(nothing, sheet, labels=labels, cells=cells)
    tables = {Path(path).stem: read_table(path) for path in annotation}
    known = required.complete(NEEDED, tables, folder="annotate/")
    return samples.with_soup(quality, by_sample(known))


def read_sexes(path: str) -> pd.DataFrame:
    """Read ``preflight/sexes.tsv``."""
    return pd.read_csv(path, sep="\t", dtype=TEXT, keep_default_na=False)


def read_table(path: str) -> pd.DataFrame:
    """Read one table of a step; nothing but an empty cell is missing."""
    return pd.read_csv(path, sep="\t", dtype=TEXT, keep_default_na=False, na_values=[""])


def read_saved(
    tables: Sequence[Path], figures: Sequence[Path]
) -> tuple[dict[str, pd.DataFrame], dict[str, bytes]]:
    """Read the data of the figures of the page, and the PDFs of the confirmatory ones, by the names of the figures."""
    data = {
        figure_name(path): read_table(str(path))
        for path in (path for folder in tables for path in sorted(folder.rglob("*.tsv")))
        if path.stat().st_size <= MOST_BYTES
    }
    own = [folder for folder in figures if folder.name == FAMILIES[0]]
    return data, {path.stem: path.read_bytes() for folder in own for path in sorted(folder.glob("*.pdf"))}


def figure_name(path: Path) -> str:
    """Name a figure by the path of one of its files."""
    return schema.anchor(path.stem) if path.parent.name == SINGLE else path.stem


def read_figures(folders: Iterable[Path]) -> dict[str, Markup]:
    """Read the figures of the page by their names, as :func:`cd20scope.report.figures.save.save_all` wrote them."""
    found = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("*.svg"))):
        found[figure_name(path)] = Markup(path.read_text(encoding="utf-8"))  # svg.inline wrote it
    return found
