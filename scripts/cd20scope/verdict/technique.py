"""What differs between the visits of a contrast that is technique and not treatment, donor by donor.

A difference between visits that all donors share is one that a paired test takes for an effect. So depth, ambient RNA,
chemistry and the like are compared as the endpoints are, and a verdict names what could have faked it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope import schema
from cd20scope.stats import paired_tests, pairs

type Endpoint = Literal["depletion", "share", "score", "split"]
"""Types of estimates that technique acts on differently: a fall beyond a large margin; a share of cells; a score within
one population, less its control genes; a plain score over several populations, or a part of its split. The order claim
is a depletion and a score."""

ENDPOINTS: tuple[Endpoint, ...] = ("depletion", "share", "score", "split")
TECHNICAL_COLUMNS = ("sample", "donor", "visit", "quantity", "value")
"""Columns of the table of technical quantities; ``value`` is a number, or a name for chemistry and batch."""

COLUMNS = (
    *("contrast", "quantity", "scale", "n_pairs", "earlier", "later"),
    *("change", "ci_low", "ci_high", "p_value", "size", "moved", "statement"),
)
"""Columns of the table of differences. ``change`` is a ratio for quantities on scale ``ratio``, else a difference."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One technical quantity.

    Attributes
    ----------
    scale
        ``ratio``: compared by its logarithm. ``share``: a part of cells or molecules, 0 to 1. ``name``: a category; its
        change is the largest difference between visits in the part of donors with one name.
    size
        Smallest change that is told; a ratio above 1 on scale ``ratio``.
    more, less
        What is said of a later visit with more or less of it, with ``{}`` for how much.
    fakes
        Types of endpoints that it can fake.
    """

    scale: Literal["ratio", "share", "name"]
    size: float
    more: str
    less: str
    fakes: tuple[Endpoint, ...]


CALLS: tuple[Endpoint, ...] = ("share", "split")
RNA: tuple[Endpoint, ...] = ("score", "split")
QUANTITIES: dict[str, Quantity] = {
    # at 1.5 times the depth a third of cohorts, at twice two thirds had a false claim on Treg; at a quarter less, none
    "depth": Quantity(
        "ratio", 1.25, "is sequenced {} times deeper", "is sequenced {} times shallower", ("share", "score", "split")
    ),
    "genes_per_cell": Quantity(
        "ratio", 1.15, "has {} times more genes per cell", "has {} times fewer genes per cell",
        ("share", "score", "split"),
    ),
    "ambient_share": Quantity(
        "share", 0.02, "has {} more ambient RNA", "has {} less ambient RNA", RNA
    ),
    "mitochondrial_share": Quantity(
        "share", 0.03, "has {} more mitochondrial RNA", "has {} less mitochondrial RNA", ("share", "score", "split")
    ),
    "doublet_rate": Quantity(
        "share", 0.03, "has {} more doublets", "has {} fewer doublets", ("share", "score", "split")
    ),
    "kept_share": Quantity(
        "share", 0.15, "keeps {} more of its cells", "keeps {} fewer of its cells", ("depletion", "share", "split")
    ),
    "unassigned_share": Quantity(
        "share", 0.05, "has {} more cells without a label", "has {} fewer cells without a label", CALLS
    ),
    "chemistry": Quantity("name", 0.25, "differs in chemistry ({})", "", ENDPOINTS),
    "batch": Quantity("name", 0.25, "differs in batch ({})", "", ENDPOINTS),
}  # fmt: skip
"""Technical quantities, in the order in which they are told."""

LEVEL = 0.1
"""Level at which a difference beyond its size counts as one: of 8 donors, one that was drawn at random."""


def measure_sample(cells: pd.DataFrame, labels: pd.DataFrame) -> dict[str, float]:
    """Measure the technique of one sample.

    Parameters
    ----------
    cells
        Its table of quality control, the columns of :data:`cd20scope.schema.QC`.
    labels
        ``population`` and ``doublet`` of each of its cells, in the same order (:data:`cd20scope.schema.LABELS`).

    Returns
    -------
    Quantities of :data:`QUANTITIES`: medians of molecules and genes, the share of mitochondrial RNA of a cell and of
    cells without a label, over kept single cells; doublets among kept cells. Empty without a kept single cell.
    """
    kept = cells["keep"].to_numpy(dtype=bool)
    doublet = kept & (labels["doublet"] != "").to_numpy()
    single = kept & ~doublet
    if not single.any():
        return {}
    return {
        "depth": float(cells.loc[single, "n_counts"].median()),
        "genes_per_cell": float(cells.loc[single, "n_genes"].median()),
        "mitochondrial_share": float(cells.loc[single, "percent_mito"].median()) / 100,
        "doublet_rate": float(doublet.sum() / kept.sum()),
        "kept_share": float(kept.mean()),
        "unassigned_share": float((labels["population"] == schema.UNASSIGNED)[single].mean()),
    }


def tabulate_sample(
    row: Mapping[str, Any], measured: Mapping[str, float], *, ambient_share: float | None
) -> pd.DataFrame:
    """Put what is known of one sample into rows of :data:`TECHNICAL_COLUMNS`.

    Parameters
    ----------
    row
        Of the sheet: ``sample``, ``donor``, ``visit`` and, where it has them, ``chemistry`` and ``batch``.
    measured
        From :func:`measure_sample`.
    ambient_share
        Ambient part of the molecules, if it was estimated.
    """
    named = {name: row.get(name) or None for name in ("chemistry", "batch")}
    values: dict[str, Any] = {**measured, "ambient_share": ambient_share, **named}
    table = pd.DataFrame({"quantity": list(values), "value": pd.Series(list(values.values()), dtype=object)})
    table = table.assign(**{name: row[name] for name in ("sample", "donor", "visit")})
    return table[list(TECHNICAL_COLUMNS)]


def types_of(hypothesis: Mapping[str, Any]) -> dict[str, set[Endpoint]]:
    """Say which contrasts a hypothesis rests on, with the types of its estimates there."""
    if hypothesis["endpoint"] == "abundance":
        return {hypothesis["contrast"]: {"depletion" if hypothesis["strength"] == "strong" else "share"}}
    if hypothesis["endpoint"] == "biphasic":
        contrasts = (hypothesis["depletion"]["first"], hypothesis["contrast"])
        return {contrast: {"depletion", "score"} for contrast in contrasts}
    return {hypothesis["contrast"]: {"split" if "component" in hypothesis else "score"}}


def compare_technique(table: pd.DataFrame, *, contrasts: Sequence[pairs.Contrast]) -> pd.DataFrame:
    """Compare every technical quantity between the visits of every contrast.

    Parameters
    ----------
    table
        :data:`TECHNICAL_COLUMNS`, one row per sample and quantity; samples of a donor-visit are averaged, unknown
        values missing.
    contrasts
        Pairs (later, earlier) of visits.

    Returns
    -------
    :data:`COLUMNS`, one row per contrast and quantity that some donor has at both visits. ``moved`` is "yes" where the
    mean paired change reaches its size and is told from none at level :data:`LEVEL`; with fewer than three donors
    where it reaches its size. Names are "yes" by their size alone. ``statement`` says it in words.

    Raises
    ------
    ValueError
        For a quantity that is not known, or a value that is no number where one is needed.
    """
    schema.require_columns(table, TECHNICAL_COLUMNS, name="technical quantities")
    if strange := sorted(set(table["quantity"].astype(str)) - set(QUANTITIES)):
        raise ValueError(
            f"technical quantities: {', '.join(strange)} is not known; known are {', '.join(QUANTITIES)}."
        )
    rows = []
    for contrast in contrasts:
        for name, quantity in QUANTITIES.items():
            own = table[(table["quantity"] == name) & table["value"].notna()]
            paired = pairs.pair(own, contrast) if len(own) else pairs.Pairs(())
            if paired.donors:
                compare = _compare_names if quantity.scale == "name" else _compare_numbers
                rows.append(
                    {
                        "contrast": schema.contrast_name(contrast),
                        "quantity": name,
                        "scale": quantity.scale,
                        "n_pairs": len(paired),
                        "size": quantity.size,
                    }
                    | compare(own, contrast, paired.donors, quantity)
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def cautions_of(hypothesis: Mapping[str, Any], compared: pd.DataFrame) -> list[str]:
    """Say what could have faked the estimate of a hypothesis.

    Parameters
    ----------
    hypothesis
        An entry of the catalogue.
    compared
        From :func:`compare_technique`.

    Returns
    -------
    Statements such as "month6 is sequenced 2.1 times deeper than baseline (8 of 8 donors)", in the order of
    :data:`QUANTITIES`; none where nothing moved that can fake it.
    """
    moved = compared[compared["moved"] == "yes"]
    return [
        str(row.statement)
        for contrast, types in types_of(hypothesis).items()
        for row in moved[moved["contrast"] == contrast].itertuples()
        if types & set(QUANTITIES[str(row.quantity)].fakes)
    ]


def _values(
    own: pd.DataFrame, contrast: pairs.Contrast, donors: Sequence[str], quantity: Quantity
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Value of each donor at the later and at the earlier visit, on the scale of the test."""
    number = pd.to_numeric(own["value"], errors="coerce")
    if number.isna().any():
        bad = own.loc[number.isna()].iloc[0]
        raise ValueError(
            f"technical quantities: {bad['quantity']} of sample {bad['sample']} is {bad['value']!r}, not a number."
        )
    if quantity.scale == "ratio" and (number <= 0).any():
        bad = own.loc[number <= 0].iloc[0]
        raise ValueError(
            f"technical quantities: {bad['quantity']} of sample {bad['sample']} is {bad['value']}; it must be above 0."
        )
    scaled = np.log(number) if quantity.scale == "ratio" else number
    mean = scaled.groupby([own["visit"].astype(str), own["donor"].astype(str)]).mean()
    later, earlier = (mean.loc[visit].loc[list(donors)].to_numpy(dtype=float) for visit in contrast)
    return later, earlier


def _compare_numbers(
    own: pd.DataFrame, contrast: pairs.Contrast, donors: Sequence[str], quantity: Quantity
) -> dict[str, object]:
    later, earlier = _values(own, contrast, donors, quantity)
    d = later - earlier
    t = paired_tests.paired_t(d)
    ratio = quantity.scale == "ratio"
    back = np.exp if ratio else np.asarray
    far = abs(t.estimate) >= (np.log(quantity.size) if ratio else quantity.size)
    row: dict[str, object] = {"earlier": float(back(earlier.mean())), "later": float(back(later.mean()))}
    row |= {"change": float(back(t.estimate)), "ci_low": np.nan, "ci_high": np.nan, "p_value": np.nan}
    if t.se > 0:
        low, high = t.interval(0.05)
        row |= {"ci_low": float(back(low)), "ci_high": float(back(high)), "p_value": t.p_value}
    told = far and (len(donors) < 3 or not t.se > 0 or t.p_value < LEVEL)
    same_way = int((np.sign(d) == np.sign(t.estimate)).sum())
    amount = {
        "ratio": f"{np.exp(abs(t.estimate)):.2g}",
        "share": f"{100 * abs(t.estimate):.2g} points",
    }[quantity.scale]
    words = (quantity.more if t.estimate > 0 else quantity.less).format(amount)
    said = f"{contrast[0]} {words} than {contrast[1]} ({same_way} of {len(donors)} donors)"
    return row | {"moved": "yes" if told else "no", "statement": said}


def _compare_names(
    own: pd.DataFrame, contrast: pairs.Contrast, donors: Sequence[str], quantity: Quantity
) -> dict[str, object]:
    # two samples of a donor-visit with two names count half each
    shares = [
        pd.concat(
            [
                own.loc[(own["visit"] == visit) & (own["donor"].astype(str) == donor), "value"]
                .astype(str)
                .value_counts(normalize=True)
                for donor in donors
            ]
        )
        .groupby(level=0)
        .sum()
        / len(donors)
        for visit in contrast
    ]
    gap = shares[0].sub(shares[1], fill_value=0.0)
    # what became more common is named, unless something else became rarer by more
    name = str(gap.idxmax() if gap.max() >= -gap.min() - 1e-9 else gap.idxmin())
    n, (now, before) = len(donors), (len(donors) * share.get(name, 0.0) for share in shares)
    detail = f"{name} in {now:.3g} of {n} donors against {before:.3g} of {n} at {contrast[1]}"
    return {
        "earlier": str(shares[1].idxmax()),
        "later": str(shares[0].idxmax()),
        "change": float(gap[name]),
        "moved": "yes" if abs(gap[name]) >= quantity.size else "no",
        "statement": f"{contrast[0]} {quantity.more.format(detail)}",
    }
