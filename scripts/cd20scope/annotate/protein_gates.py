"""Populations told by surface protein (CITE-seq), as a judge of the labels: gates, and what is called inside them.

Gates are those of flow cytometry. A protein is on or off in a cell by a mixture of two normals on its log ratio to the
other proteins of the cell; a cell between both is in no gate. A sample without antibodies is passed over.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta

from cd20scope.annotate.protein import is_control, usable

Array = npt.NDArray[Any]

USUAL = {
    "CD3": "CD3[DEG]?",
    "CD4": "CD4",
    "CD8": "CD8[AB]?",
    "CD11c": "CD11C|ITGAX",
    "CD14": "CD14",
    "CD16": "CD16|FCGR3A?",
    "CD19": "CD19",
    "CD20": "CD20|MS4A1",
    "CD25": "CD25|IL-?2RA",
    "CD27": "CD27",
    "CD45RA": "CD45RA",
    "CD56": "CD56|NCAM1?",
    "CD127": "CD127|IL-?7RA?",
    "IgD": "IGHD|IGD",
}
"""Usual names of each target; clone, tag and species may stand before and after (``Hu.CD3_UCHT1``, ``hCD8a``)."""
CUT_AMONG = {"B": ("B",), "CD4 T": ("CD4 T", "CD8 T"), "CD8 T": ("CD4 T", "CD8 T")}
"""Lineages among whose cells the proteins of their populations are cut: T cells together, since all CD8 T cells of a
sample may show CD45RA."""
SURE = 0.9
"""A protein is on, or off, in a cell when the mixture says so with this probability."""
FIT_CELLS = 200
"""Cells of a sample from which its own mixture is fitted; smaller ones take the cuts of the others."""
SEPARATED = 2.5
"""Distance of both means, in standard deviations, from which a protein is on in some cells and off in others: of
200 cells of one kind the mixture makes two that are up to 2.2 apart, of 1,000 up to 1.8."""
STARTS = ((0.25, 0.99), (0.01, 0.75))
"""Quantiles at which the means start: they find a positive, and a negative part of a few in a hundred; the likelier
fit counts."""
MIN_CELLS = 50
"""Gated cells from which a sensitivity is given."""
MIN_PROTEINS = 4
"""Targets below which a log ratio within the cell means little."""
TABLE = (
    "level",
    "gate",
    "visit",
    "n_gated",
    "n_right",
    "sensitivity",
    "low",
    "high",
    "n_called",
    "agreement",
)
"""Columns of ``results/annotate/protein_gates.tsv``."""


@dataclass(frozen=True)
class Gate:
    """Proteins that are on and off in the cells of a lineage or population.

    Attributes
    ----------
    name
        Lineage or population of the shipped tree.
    on, off
        Targets.
    within
        Lineage gate inside which the proteins are looked at; "" for a lineage.
    also
        Labels that count as right because the gate does not exclude them.
    """

    name: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    within: str = ""
    also: tuple[str, ...] = field(default=())


GATES = (
    Gate("B", ("CD19",), ("CD3", "CD14")),
    Gate("CD4 T", ("CD3", "CD4"), ("CD8", "CD14", "CD19"), also=("other T",)),
    Gate("CD8 T", ("CD3", "CD8"), ("CD4", "CD14", "CD19"), also=("other T",)),
    Gate("NK", ("CD56",), ("CD3", "CD14", "CD19")),
    Gate("NK", ("CD16",), ("CD3", "CD14", "CD19", "CD11c")),
    Gate("Myeloid", ("CD14",), ("CD3", "CD19")),
    Gate("B naive", ("IgD",), ("CD27",), within="B"),
    Gate("B memory", ("CD27",), (), within="B", also=("Plasma",)),
    Gate("CD4 naive", ("CD45RA", "CD127"), ("CD25",), within="CD4 T"),
    Gate("CD4 memory", ("CD127",), ("CD45RA",), within="CD4 T", also=("MAIT", "gdT")),
    Gate("Treg", ("CD25",), ("CD127",), within="CD4 T"),
    Gate("CD8 naive", ("CD45RA", "CD27"), (), within="CD8 T"),
    Gate("CD8 memory", (), ("CD45RA",), within="CD8 T", also=("MAIT", "gdT")),
    Gate("CD8 memory", ("CD45RA",), ("CD27",), within="CD8 T", also=("MAIT", "gdT")),
)
"""Any gate of a name will do; a cell in gates of two names is in none. MAIT and gdT cells carry CD4 or CD8."""


def find_targets(names: Iterable[str]) -> dict[str, str]:
    """Name the antibody of each target: the first that bears a usual name of it and is no isotype control."""
    found = {}
    for target, pattern in USUAL.items():
        written = "|".join(
            re.sub("^CD", r"CD[ ._-]?", name) if name.startswith("CD") else rf"(?<![A-Z]){name}"
            for name in pattern.split("|")
        )
        named = re.compile(rf"(?:{written})(?![A-Z0-9])", re.IGNORECASE)
        own = [name for name in names if named.search(name) and not is_control(name)]
        if own:
            found[target] = own[0]
    return found


def log_ratios(counts: pd.DataFrame, *, visit: str, baseline: str) -> pd.DataFrame:
    """Take the log ratio of each target to the mean over the targets of the cell, cells x targets.

    CD20 is no target: after baseline the drug covers it (:func:`protein.usable`), and cuts are shared by visits.
    """
    names = usable(counts.columns, visit=visit, baseline=baseline)["protein"].tolist()
    targets = {target: name for target, name in find_targets(names).items() if target != "CD20"}
    logs = np.log1p(counts[list(targets.values())].to_numpy(dtype=np.float64))
    ratio = logs - logs.mean(axis=1, keepdims=True) if len(targets) else logs
    return pd.DataFrame(ratio, index=counts.index, columns=list(targets))


def fit_cut(values: Array) -> tuple[float, float]:
    """Log ratios below which a protein is off and above which it is on; both missing where it has one mode.

    One spread for both normals keeps the probability rising with the protein.
    """
    from sklearn.mixture import GaussianMixture

    values = values[np.isfinite(values)]
    if len(values) < FIT_CELLS or np.ptp(values) == 0:
        return np.nan, np.nan
    fits = [
        GaussianMixture(
            2,
            covariance_type="tied",
            means_init=np.quantile(values, [[low], [high]]),
            weights_init=[0.5, 0.5],
            # both parts of a protein with two modes are much narrower than the whole
            precisions_init=[[4 / values.var()]],
            random_state=0,
        ).fit(values[:, None])
        for low, high in STARTS
    ]
    mixture = max(fits, key=lambda fit: fit.lower_bound_)
    mean, variance = mixture.means_.ravel(), float(mixture.covariances_.ravel()[0])
    below, above = np.argsort(mean)
    gap = mean[above] - mean[below]
    if gap < SEPARATED * np.sqrt(variance):
        return np.nan, np.nan
    odds = np.log(mixture.weights_[above] / mixture.weights_[below])
    sure = np.log(SURE / (1 - SURE))
    low, high = (mean.mean() + variance / gap * (side - odds) for side in (-sure, sure))
    return float(low), float(high)


def fit_cuts(values: Sequence[Array]) -> list[tuple[float, float]]:
    """Cuts of a protein by sample: its own, else the median of the others', else those of all cells together.

    A depleted sample has no cells with CD19, so that its own values tell nothing.
    """
    cuts = [fit_cut(own) for own in values]
    known = np.array([pair for pair in cuts if np.isfinite(pair[0])])
    low, high = np.median(known, axis=0).tolist() if len(known) else fit_cut(np.concatenate(values))
    return [pair if np.isfinite(pair[0]) else (low, high) for pair in cuts]


def gate_cells(ratios: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Gate the cells of all samples.

    Parameters
    ----------
    ratios
        By sample, as :func:`log_ratios` gives them. Proteins of a population are cut among the cells of its lineage.

    Returns
    -------
    list of pandas.DataFrame
        By sample, ``lineage`` and ``population`` of each cell: the gate it is in, "" for none.
    """
    ratios = [table if table.shape[1] >= MIN_PROTEINS else table.iloc[:, :0] for table in ratios]
    every = [np.ones(len(table), dtype=bool) for table in ratios]
    lineage = _inside("", every, every, ratios)
    population = [np.full(len(table), "", dtype=object) for table in ratios]
    for name, among in CUT_AMONG.items():
        members = [own == name for own in lineage]
        inside = _inside(name, members, [np.isin(own, among) for own in lineage], ratios)
        for whole, rows, own in zip(population, members, inside, strict=True):
            whole[rows] = own[rows]
    return [
        pd.DataFrame({"lineage": above, "population": below}, index=table.index)
        for above, below, table in zip(lineage, population, ratios, strict=True)
    ]


def _inside(
    within: str, rows: Sequence[Array], among: Sequence[Array], ratios: Sequence[pd.DataFrame]
) -> list[Array]:
    """Name of the gate within a lineage that each cell of ``rows`` is in; proteins are cut among other rows."""
    gates = [gate for gate in GATES if gate.within == within]
    targets = dict.fromkeys(target for gate in gates for target in (*gate.on, *gate.off))
    state: list[dict[str, tuple[Array, Array]]] = [{} for _ in ratios]
    for target in targets:
        of = [
            table[target].to_numpy() if target in table else np.full(len(table), np.nan) for table in ratios
        ]
        cuts = fit_cuts([values[cut] for values, cut in zip(of, among, strict=True)])
        for place, (values, (low, high)) in enumerate(zip(of, cuts, strict=True)):
            state[place][target] = values > high, values < low
    return [_name_gates(gates, known, inside) for known, inside in zip(state, rows, strict=True)]


def _name_gates(gates: Sequence[Gate], state: Mapping[str, tuple[Array, Array]], rows: Array) -> Array:
    """Name the one gate that each cell is in; a gate with a protein that was not measured holds no cell."""
    inside = {gate.name: np.zeros(len(rows), dtype=bool) for gate in gates}
    for gate in gates:
        asked = [state[target][0] for target in gate.on] + [state[target][1] for target in gate.off]
        inside[gate.name] |= np.all(asked, axis=0) & rows
    one = np.sum(list(inside.values()), axis=0) == 1
    names = np.full(len(rows), "", dtype=object)
    for name, within in inside.items():
        names[within & one] = name
    return names


def compare(
    gated: pd.DataFrame, labels: pd.DataFrame, *, known: Container[str], visits: Iterable[str] = ()
) -> pd.DataFrame:
    """Compare labels with gates.

    Parameters
    ----------
    gated
        ``lineage population`` of the gates and ``visit``, one row per cell of all samples.
    labels
        ``lineage population`` of the labels, of the same cells.
    known
        Lineages and populations of the tree; gates of others are passed over.
    visits
        Visits in order; each has rows of its own beside those of all cells (``visit`` "all").

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`TABLE`, a row per gate with cells and visit. ``sensitivity`` is the part of the gated
        cells (``n_gated``) with the label of the gate (``n_right``), with its exact 95 % interval, missing below
        :data:`MIN_CELLS` cells. ``agreement`` is that part of the cells with the label that are in a gate
        (``n_called``).

    References
    ----------
    Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404.
    """
    rows = []
    for level in ("lineage", "population"):
        of, said = gated[level].to_numpy(dtype=object), labels[level].astype(str).to_numpy()
        names = dict.fromkeys(gate.name for gate in GATES if bool(gate.within) == (level == "population"))
        for name in filter(known.__contains__, names):
            right = np.isin(said, [name, *next(gate.also for gate in GATES if gate.name == name)])
            for visit in ("all", *visits):
                now = np.ones(len(of), dtype=bool) if visit == "all" else (gated["visit"] == visit).to_numpy()
                inside, called = now & (of == name), now & (of != "") & (said == name)
                if inside.any():
                    rows.append((level, name, visit, *_counted(inside, right, called, of == name)))
    return pd.DataFrame(rows, columns=list(TABLE))


def _counted(inside: Array, right: Array, called: Array, of: Array) -> tuple[float, ...]:
    """Numbers of one row of :func:`compare`, from ``n_gated`` on."""
    n, k, n_called = int(inside.sum()), int((inside & right).sum()), int(called.sum())
    agreement = float((called & of).sum()) / n_called if n_called else np.nan
    sensitivity, low, high = (k / n, *exact_interval(k, n)) if n >= MIN_CELLS else (np.nan,) * 3
    return n, k, sensitivity, low, high, n_called, agreement


def exact_interval(k: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact (Clopper-Pearson) interval of a proportion of ``k`` in ``n``."""
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    return low, 1.0 if k == n else float(beta.ppf(1 - tail, k + 1, n - k))
