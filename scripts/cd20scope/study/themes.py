"""Themes of the hypotheses in the order of the treatment story."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

type Row = Mapping[Any, Any]
"""A hypothesis: an entry of the catalogue or a row of the table of verdicts."""


def of(row: Row, *starts: str) -> bool:
    """Whether a hypothesis is about a population that starts with one of these words."""
    return row["endpoint"] != "biphasic" and str(row["population"]).startswith(starts)


THEMES: tuple[tuple[str, str, Callable[[Row], bool]], ...] = (
    ("depletion", "B cells and plasma cells", lambda row: of(row, "B ", "Plasma")),
    (
        "presentation",
        "Antigen presentation and B-cell genes",
        lambda row: of(row, "PBMC") or "MHC" in str(row["program"]),
    ),
    ("helper", "Helper and other T cells", lambda row: of(row, "CD4", "CD8", "T ", "MAIT", "gdT")),
    ("treg", "Regulatory T cells", lambda row: of(row, "Treg")),
    ("order", "Order of events: B cells, then T cells", lambda row: row["endpoint"] == "biphasic"),
    ("innate", "NK and myeloid cells", lambda row: of(row, "NK", "Monocyte", "DC", "pDC", "Myeloid")),
    ("other", "Other populations", lambda _: True),
)
"""Anchor, heading and members of the groups of claims, in the order of the treatment story."""


def theme_of(row: Row) -> str:
    """Anchor of the group that a hypothesis belongs to."""
    return next(anchor for anchor, _, belongs in THEMES if belongs(row))


def depletions(hypotheses: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Name, for each claim on the order of events, the population and denominator of its depletion."""
    return {
        entry["id"]: (entry["depletion"]["population"], entry["depletion"]["denominator"])
        for entry in hypotheses
        if "depletion" in entry
    }


def scored_pairs(hypotheses: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Name population and programme of each hypothesis on scores, in story order, each pair once."""
    rows: list[Row] = [dict(entry) for entry in hypotheses if "program" in entry]
    themes = [anchor for anchor, _, _ in THEMES]
    rows.sort(key=lambda row: themes.index(theme_of(row)))
    return list(dict.fromkeys((row["population"], row["program"]) for row in rows))
