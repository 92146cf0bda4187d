"""The tables of a run as the report reads them: one object for its page, and the parts of it that figures need.

:mod:`cd20scope.report.read` reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from cd20scope.report import claims, required
from cd20scope.report.reference import COLUMNS as REFERENCE
from cd20scope.report.sections import labels, tissues, trust
from cd20scope.schema import contrast_name, require_columns

VERDICT_COLUMNS = (
    *("id", "family", "question", "asks", "donors", "dropped"),
    *("arms_held", "arms_asked", "arms_against", "smallest_effect_low", "smallest_effect_high"),
    *("p_exact", "reach", "beside", "caution", "technical"),
    *("decide_low", "decide_high", "coverage"),
)
"""Columns of the verdicts that the report cannot do without."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """What was measured in each donor at each visit: the base of all figures.

    Attributes
    ----------
    donors, scores
        ``abundance/donors.tsv`` and ``programs/scores.tsv``.
    config
        Configuration of the run with its defaults filled in; of figures, those keys that they read.
    visits, contrasts
        Visits in the order of time; contrasts as (later, earlier).
    reference
        Shares in healthy donors (:func:`cd20scope.report.reference.healthy_shares`); none by default.
    """

    donors: pd.DataFrame
    scores: pd.DataFrame
    config: Mapping[str, Any]
    visits: Sequence[str]
    contrasts: Sequence[tuple[str, str]]
    reference: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(REFERENCE)))

    @property
    def contrast_names(self) -> list[str]:
        """Contrasts as the tables name them."""
        return [contrast_name(contrast) for contrast in self.contrasts]

    @property
    def latest(self) -> str:
        """The contrast of the last visit with the first, or else the last contrast."""
        wanted = contrast_name((self.visits[-1], self.visits[0]))
        return wanted if wanted in self.contrast_names else self.contrast_names[-1]

    @property
    def alpha(self) -> float:
        """Level of the run."""
        return float(self.config["verdict"]["alpha"])

    @property
    def donor_names(self) -> list[str]:
        """Every donor of the study, sorted."""
        return sorted(self.donors["donor"].astype(str).unique())


@dataclass(frozen=True, eq=False, kw_only=True)
class Cohort(Measured):
    """Findings in the cohort as a whole: no verdict, no margin.

    Attributes
    ----------
    expression, programs
        The tables of the steps as on disk.
    annotation
        The tables of :data:`cd20scope.report.sections.labels.NEEDED` by name.
    embedding
        One row per embedded cell: ``sample barcode x y population donor visit``.
    populations
        The population tree.
    scored
        Population and programme of each hypothesis on scores, in story order, each pair once.
    """

    expression: pd.DataFrame
    programs: pd.DataFrame
    annotation: Mapping[str, pd.DataFrame]
    embedding: pd.DataFrame
    populations: Mapping[str, Any]
    scored: Sequence[tuple[str, str]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged(Measured):
    """Verdicts on the hypotheses and what they rest on.

    Attributes
    ----------
    verdicts
        ``verdict/verdicts.tsv`` in story order, with what that adds.
    statistics
        The tables of :data:`cd20scope.report.sections.trust.NEEDED` by name; figures need ``arms`` and ``ledger``.
    abundance, programs
        ``abundance/abundance.tsv`` and ``programs/programs.tsv``.
    depletions
        Population and denominator of the depletion that a claim on the order of events rests on, by its id.
    """

    verdicts: pd.DataFrame
    abundance: pd.DataFrame
    programs: pd.DataFrame
    statistics: Mapping[str, pd.DataFrame]
    depletions: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Results(Cohort, Judged):
    """All tables of a run that the page shows.

    Attributes
    ----------
    expression_populations
        ``expression/populations.tsv``.
    qc_summary
        One row per sample: ``sample donor visit n_cells n_kept``, then one column of cell counts per reason
        to drop a cell, named by the reason, then ``median_counts median_genes`` (of kept cells),
        ``doublet_rate`` and ``unassigned_rate`` (shares, 0 to 1).
    sheet
        The sample sheet without paths.
    sexes
        One row per sample: ``sample donor visit sex_in_sheet sex_by_genes xist y_genes``.
    inputs
        One row per sample: ``sample path cells sha256 bytes format place n_cells n_genes n_proteins left_out others``.
    preflight
        Warnings of the preflight: ``level about text``.
    versions
        Version of each piece of software by its name.
    made
        ``written``, time of the report; ``command`` of the run; ``code``, digest of the code; ``settings``, from
        :func:`cd20scope.study.defaults.differing`.
    asked
        From :func:`cd20scope.study.history.tell`.
    tissues
        The tables of :data:`cd20scope.report.sections.tissues.NEEDED` by name; none by default.
    """

    expression_populations: pd.DataFrame
    qc_summary: pd.DataFrame
    sheet: pd.DataFrame
    sexes: pd.DataFrame
    inputs: pd.DataFrame
    preflight: pd.DataFrame
    versions: Mapping[str, str]
    made: Mapping[str, Any]
    asked: Mapping[str, Any]
    tissues: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Heading of the page."""
        return str(self.config["report"]["title"])


def complete(results: Results) -> Results:
    """Check the tables, replace those that the run has not by empty ones, and put the verdicts in story order.

    Raises
    ------
    ValueError
        Where a table lacks a column that the report reads.
    """
    require_columns(results.qc_summary, ["sample", "n_cells", "n_kept", "unassigned_rate"], name="qc_summary")
    run = complete_judged(complete_cohort(results))
    return replace(
        run,
        programs=trust.add_random(run.programs, run.statistics["random_sets"]),
        tissues=required.complete(tissues.NEEDED, run.tissues),
    )


def complete_cohort[C: Cohort](cohort: C) -> C:
    """Check the tables of the cohort as :func:`complete` does."""
    require_columns(cohort.embedding, ["sample", "x", "y", "population", "visit"], name="embedding.parquet")
    return replace(cohort, annotation=required.complete(labels.NEEDED, cohort.annotation, folder="annotate/"))


def complete_judged[J: Judged](judged: J) -> J:
    """Check the tables of the hypotheses as :func:`complete` does."""
    require_columns(judged.verdicts, VERDICT_COLUMNS, name="verdicts.tsv")
    return replace(
        judged,
        verdicts=claims.in_story_order(judged.verdicts),
        statistics=required.complete(trust.NEEDED, judged.statistics),
    )
