"""The tables of a run as the report reads them: one object that its page, its figures and its twins share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from cd20scope import annotation_section, claims, qc, statistics_section, wording
from cd20scope.schema import SINGLE, require_columns
from cd20scope.sexes import check_sexes

VERDICT_COLUMNS = (
    *("id", "family", "opposes", "donors", "dropped", "effect"),
    *("arms_held", "arms_asked", "arms_against", "smallest_effect", "beside", "caution"),
)
"""Columns of the verdicts that the report cannot do without."""

TEXT = {"donor": str, "donors": str, "dropped": str, "sample": str}
"""Names that look like numbers stay names."""


@dataclass(frozen=True, eq=False)
class Results:
    """What a run found.

    Attributes
    ----------
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
    sheet
        The sample sheet without paths.
    sexes
        One row per sample: ``sample donor visit sex_in_sheet sex_by_genes xist y_genes``.
    inputs
        One row per sample: ``sample path sha256 bytes n_cells n_genes``.
    preflight
        What the preflight warned of: ``level about text``.
    versions
        Version of each piece of software by its name.
    config
        Configuration of the run with its defaults filled in.
    depletions
        Population and denominator of the depletion that a claim on the order of events rests on, by its id.
    visits, contrasts, title
        Visits in the order of time; contrasts as (later, earlier); heading of the page.
    """

    verdicts: pd.DataFrame
    donors: pd.DataFrame
    abundance: pd.DataFrame
    expression: pd.DataFrame
    expression_populations: pd.DataFrame
    scores: pd.DataFrame
    programs: pd.DataFrame
    annotation: Mapping[str, pd.DataFrame]
    statistics: Mapping[str, pd.DataFrame]
    embedding: pd.DataFrame
    populations: Mapping[str, Any]
    qc_summary: pd.DataFrame
    sheet: pd.DataFrame
    sexes: pd.DataFrame
    inputs: pd.DataFrame
    preflight: pd.DataFrame
    versions: Mapping[str, str]
    config: Mapping[str, Any]
    depletions: Mapping[str, tuple[str, str]]
    visits: Sequence[str]
    contrasts: Sequence[tuple[str, str]]
    title: str

    @property
    def contrast_names(self) -> list[str]:
        """Contrasts as the tables name them."""
        return [f"{later}-{earlier}" for later, earlier in self.contrasts]

    @property
    def latest(self) -> str:
        """The contrast of the last visit with the first, or else the last contrast."""
        wanted = f"{self.visits[-1]}-{self.visits[0]}"
        return wanted if wanted in self.contrast_names else self.contrast_names[-1]

    @property
    def alpha(self) -> float:
        """Level of the run."""
        return float(self.config["verdict"]["alpha"])

    @property
    def donor_names(self) -> list[str]:
        """Every donor of the study, sorted."""
        return sorted(self.donors["donor"].astype(str).unique())


def complete(results: Results) -> Results:
    """Check the tables, stand empty ones in for those that a run has not, and put the verdicts in story order.

    Raises
    ------
    ValueError
        Where a table lacks a column that the report reads.
    """
    require_columns(results.verdicts, VERDICT_COLUMNS, name="verdicts.tsv")
    require_columns(results.qc_summary, ["sample", "n_cells", "n_kept", "unassigned_rate"], name="qc_summary")
    require_columns(results.embedding, ["sample", "x", "y", "population", "visit"], name="embedding.parquet")
    statistics = statistics_section.complete(results.statistics)
    return replace(
        results,
        verdicts=claims.in_story_order(results.verdicts),
        annotation=annotation_section.complete(results.annotation),
        statistics=statistics,
        programs=statistics_section.add_random(results.programs, statistics["random_sets"]),
    )


def read(
    files: Mapping[str, str],
    *,
    annotation: Iterable[str],
    cells: Sequence[str],
    labels: Sequence[str],
    sheet: pd.DataFrame,
    hypotheses: Sequence[Mapping[str, Any]],
    config: Mapping[str, Any],
    populations: Mapping[str, Any],
    versions: Mapping[str, str],
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
    sheet, hypotheses, config, populations, versions
        Of the run.
    """
    placed = pd.read_parquet(files["embedding"]).merge(sheet[["sample", "donor", "visit"]], on="sample")
    quality, embedded = [], []
    # one sample at a time: of its cells only a summary and the labels of those in the sketch are kept
    for row, kept, labelled in zip(sheet.to_dict("records"), cells, labels, strict=True):
        population = pd.read_parquet(labelled, columns=["population"])["population"]
        who = {key: row[key] for key in ("sample", "donor", "visit")}
        quality.append(who | qc.summarise(pd.read_parquet(kept), population))
        own = placed[placed["sample"] == row["sample"]]
        embedded.append(own.assign(population=population.reindex(own["barcode"]).to_numpy()))
    checked = read_table(files["checked"])
    own_tables = ("verdicts", "donors", "abundance", "expression", "scores", "programs")
    return complete(
        Results(
            **{name: read_table(files[name]) for name in own_tables},
            expression_populations=read_table(files["populations"]),
            annotation={Path(path).stem: read_table(path) for path in annotation},
            statistics={name: read_table(files[name]) for name in statistics_section.NEEDED if name in files},
            embedding=pd.concat(embedded),
            populations=populations,
            qc_summary=pd.DataFrame(quality),
            sheet=sheet,
            sexes=check_sexes(checked[["sample", "xist", "y_genes"]], sheet)[0],
            inputs=read_table(files["sums"]).merge(
                checked[["sample", "n_cells", "n_genes"]], on="sample", how="left"
            ),
            preflight=pd.read_csv(files["findings"], sep="\t", dtype=str, keep_default_na=False),
            versions=versions,
            config=config,
            depletions=depletions(hypotheses),
            visits=list(config["visits"]),
            contrasts=[(later, earlier) for later, earlier in config["contrasts"]],
            title=config["report"]["title"],
        )
    )


def read_table(path: str) -> pd.DataFrame:
    """Read one table of a step."""
    return pd.read_csv(path, sep="\t", dtype=TEXT)


def read_figures(folders: Iterable[Path]) -> dict[str, Markup]:
    """Read the figures of the page by their names, as :func:`cd20scope.gallery.save_all` wrote them."""
    found = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("*.svg"))):
        name = wording.anchor(path.stem) if path.parent.name == SINGLE else path.stem
        found[name] = Markup(path.read_text(encoding="utf-8"))  # svg.inline wrote it
    return found


def depletions(hypotheses: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Name, for each claim on the order of events, the population and denominator of its depletion."""
    return {
        entry["id"]: (entry["depletion"]["population"], entry["depletion"]["denominator"])
        for entry in hypotheses
        if "depletion" in entry
    }
