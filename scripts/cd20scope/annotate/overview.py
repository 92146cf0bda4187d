"""What the labels of a run look like, for the reader's eye: small sums over cells, one sample at a time.

Each sample is reduced to numbers of a fixed shape, which are added up, so that the memory a cohort takes is that of
its largest sample. No test of a hypothesis reads any of this.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope import schema
from cd20scope.annotate import markers, protein, protein_gates
from cd20scope.study import roles
from cd20scope.study.catalogue import rows_of

Array = npt.NDArray[Any]

N_BINS = 20
"""Bins of equal width for probabilities; 0.05 is finer than what calibration can promise."""
N_NAMED = 5
"""Markers named of the soup of a sample."""
READ = ("lineage", "population", "probability", "cd20_t")
"""Columns of the labels that are looked at."""
PROTEIN = ("sample", "visit", "population", "protein", "control", "n_cells", "mean")
"""Columns of ``results/annotate/protein.tsv``."""
SOUP = ("sample", "share", "low", "high", "profile", "genes")
"""Columns of ``results/annotate/contamination.tsv``: part of a cell's molecules that is soup, its 95 % interval, where
the soup's profile comes from, and the markers among the commonest genes of the soup."""


class Overview:
    """Running totals of the labels over the samples of a study."""

    def __init__(self, populations: Mapping[str, Any], *, genes: Iterable[str], baseline: str) -> None:
        """Start with no sample.

        Parameters
        ----------
        populations
            The population tree.
        genes
            Genes in the reference of every sample; others would read as lost where they were never measured.
        baseline
            First visit of the study.
        """
        self.names = rows_of(populations)
        self.genes = markers.named_genes(populations, genes=genes)
        self._t_lineages = roles.lineages_with(populations, *roles.T)
        self._baseline = baseline
        self._expressed = np.zeros((len(self.names), len(self.genes), 2))
        self._n_cells = np.zeros(len(self.names), dtype=np.int64)
        self._probabilities = np.zeros((len(self.names), N_BINS), dtype=np.int64)
        self._unassigned: list[dict[str, Any]] = []
        self._cd20_t: list[dict[str, Any]] = []
        self._protein = [pd.DataFrame(columns=list(PROTEIN))]
        self._known = {entry["name"] for entry in populations["lineages"]} | set(self.names)
        self._ratios: list[pd.DataFrame] = []
        self._labelled: list[pd.DataFrame] = []

    def add(
        self,
        sample: Mapping[str, Any],
        *,
        labels: pd.DataFrame,
        cells: pd.DataFrame,
        sums: pd.DataFrame,
        protein: pd.DataFrame | None,
    ) -> None:
        """Take in one sample.

        Parameters
        ----------
        sample
            Its ``sample``, ``donor`` and ``visit``.
        labels
            Of its kept cells, by barcode, with the columns of :data:`READ`.
        cells, sums
            Its cells per leaf (:data:`schema.CELLS`) and sums per leaf and gene (:data:`schema.SUMS`).
        protein
            Its antibody counts, barcodes x antibodies, where it has any.
        """
        who = {key: sample[key] for key in ("sample", "donor", "visit")}
        self._expressed += markers.add_up(sums, genes=self.genes, names=self.names)
        self._n_cells += count_cells(cells, names=self.names)
        self._probabilities += bin_probabilities(labels, names=self.names)
        self._unassigned.append(who | count_unassigned(labels))
        self._cd20_t.append(who | count_cd20_t(labels, t_lineages=self._t_lineages))
        if protein is not None and len(labels):
            table = describe_protein(protein, labels, visit=who["visit"], baseline=self._baseline)
            self._protein.append(table.assign(sample=who["sample"], visit=who["visit"])[list(PROTEIN)])
            own = {"visit": who["visit"], "baseline": self._baseline}
            self._ratios.append(protein_gates.log_ratios(protein.loc[labels.index], **own))
            self._labelled.append(labels[["lineage", "population"]].assign(visit=who["visit"]))

    def tables(self) -> dict[str, pd.DataFrame]:
        """All that was gathered, by the name of the table: one row per sample, or over all samples."""
        filled = [table for table in self._protein if len(table)] or self._protein
        return {
            "markers": markers.tabulate(self._expressed, self._n_cells, genes=self.genes, names=self.names),
            "probabilities": tabulate_probabilities(self._probabilities, names=self.names),
            "unassigned": pd.DataFrame(self._unassigned),
            "cd20_t": pd.DataFrame(self._cd20_t),
            "protein": pd.concat(filled, ignore_index=True),
            "protein_gates": self._compare_gates(),
        }

    def _compare_gates(self) -> pd.DataFrame:
        """Labels against gates on protein, over the samples that have antibodies (:func:`protein_gates.compare`)."""
        if not self._ratios:
            return pd.DataFrame(columns=list(protein_gates.TABLE))
        labelled = pd.concat(self._labelled, ignore_index=True)
        gated = pd.concat(protein_gates.gate_cells(self._ratios), ignore_index=True)
        visits = labelled["visit"].unique()
        return protein_gates.compare(
            gated.assign(visit=labelled["visit"]), labelled, known=self._known, visits=visits
        )


def count_cells(cells: pd.DataFrame, *, names: Sequence[str]) -> Array:
    """Kept cells of each population of a sample, from its table of cells per leaf; shape (names,)."""
    found = cells.groupby(cells["population"].astype(str), observed=True)["n_cells"].sum()
    return found.reindex(pd.Index(names), fill_value=0).to_numpy(dtype=np.int64)


def bin_probabilities(labels: pd.DataFrame, *, names: Sequence[str]) -> Array:
    """Count the kept cells of a sample by population and probability, shape (names, :data:`N_BINS`)."""
    schema.require_columns(labels, ("population", "probability"), name="labels")
    row = pd.Index(names).get_indexer(pd.Index(labels["population"].astype(str)))
    # stored as 32-bit numbers: what was 0.95 may be a little less, and belongs to the bin that starts there
    wide = np.floor(labels["probability"].to_numpy(dtype=np.float64) * N_BINS + 1e-5)
    column = np.clip(wide, 0, N_BINS - 1).astype(np.int64)
    counted = np.zeros((len(names), N_BINS), dtype=np.int64)
    np.add.at(counted, (row[row >= 0], column[row >= 0]), 1)
    return counted


def tabulate_probabilities(counted: Array, *, names: Sequence[str]) -> pd.DataFrame:
    """Turn counts over all samples into ``population bin_low n_cells``, for the populations that have cells."""
    low = np.round(np.arange(N_BINS) / N_BINS, 2)
    table = pd.DataFrame(
        {
            "population": np.repeat(np.asarray(names, dtype=object), N_BINS),
            "bin_low": np.tile(low, len(names)),
            "n_cells": counted.ravel(),
        }
    )
    return table[np.repeat(counted.sum(axis=1) > 0, N_BINS)].reset_index(drop=True)


def count_unassigned(labels: pd.DataFrame) -> dict[str, float]:
    """Kept cells of a sample without a population: ``n_cells n_unassigned share``; no share without cells."""
    n_unassigned = int((labels["population"] == schema.UNASSIGNED).sum())
    return {
        "n_cells": len(labels),
        "n_unassigned": n_unassigned,
        "share": n_unassigned / len(labels) if len(labels) else np.nan,
    }


def count_cd20_t(labels: pd.DataFrame, *, t_lineages: Sequence[str]) -> dict[str, float]:
    """Kept T cells of a sample that are flagged as CD20+: ``n_t_cells n_flagged share``; no share without cells."""
    schema.require_columns(labels, ("lineage", "cd20_t"), name="labels")
    t_cells = labels["lineage"].isin(t_lineages)
    n, flagged = int(t_cells.sum()), int((t_cells & labels["cd20_t"].astype(bool)).sum())
    return {"n_t_cells": n, "n_flagged": flagged, "share": flagged / n if n else np.nan}


def stack_soup(
    estimates: Mapping[str, pd.DataFrame], genes: Mapping[str, pd.DataFrame], *, markers: Sequence[str]
) -> pd.DataFrame:
    """Put the estimates of the soup of the samples below one another.

    Parameters
    ----------
    estimates
        By sample, a row with ``share low high profile``; empty in a run that estimates none.
    genes
        By sample, the commonest genes of the soup, ``gene``, the commonest first.
    markers
        Genes worth naming: those of all cells, which are most of any soup, are not informative.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`SOUP`, one row per sample.

    Raises
    ------
    ValueError
        Where a table lacks a column.
    """
    rows = []
    for sample, estimate in estimates.items():
        schema.require_columns(estimate, ("share", "low", "high", "profile"), name=f"soup of {sample}")
        named: list[str] = []
        if sample in genes:
            schema.require_columns(genes[sample], ("gene",), name=f"genes of the soup of {sample}")
            named = [gene for gene in genes[sample]["gene"] if gene in markers][:N_NAMED]
        row = estimate.iloc[0]
        rows.append((sample, row["share"], row["low"], row["high"], row["profile"], ",".join(named)))
    return pd.DataFrame(rows, columns=list(SOUP))


def describe_protein(
    counts: pd.DataFrame, labels: pd.DataFrame, *, visit: str, baseline: str
) -> pd.DataFrame:
    """Normalise the antibody counts of a sample and average them over each population.

    Parameters
    ----------
    counts
        Raw counts of the sample, barcodes x antibodies, in any order of barcodes.
    labels
        Labels of its kept cells, by barcode.
    visit, baseline
        Visit of the sample, and the first of the study: at any other, CD20 is left out
        (:func:`cd20scope.annotate.protein.usable`).

    Returns
    -------
    pandas.DataFrame
        ``population protein control n_cells mean``; the mean is of centred log ratios within the sample.
    """
    antibodies = protein.usable(counts.columns, visit=visit, baseline=baseline)["protein"].tolist()
    values = protein.normalise(counts.loc[labels.index, antibodies])
    table = protein.summarise(values, labels["population"])
    return table[["population", "protein", "control", "n_cells", "mean"]]
