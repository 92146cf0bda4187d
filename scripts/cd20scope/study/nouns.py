"""Cells and visits as people name them."""

import re
from collections.abc import Sequence

NOUNS = {
    "Plasma": "plasma cells",
    "Monocyte": "monocytes",
    "Platelet": "platelets",
    "Treg": "regulatory T cells",
    "B naive": "naive B cells",
    "B memory": "memory B cells",
    "CD4 naive": "naive CD4 T cells",
    "CD4 memory": "memory CD4 T cells",
    "CD8 naive": "naive CD8 T cells",
    "CD8 memory": "memory CD8 T cells",
    "DC": "dendritic cells",
    "pDC": "plasmacytoid dendritic cells",
    "NK": "NK cells",
    "MAIT": "MAIT cells",
    "gdT": "gamma-delta T cells",
    "HSPC": "haematopoietic progenitors",
    "CD4 T": "CD4 T cells",
    "CD8 T": "CD8 T cells",
    "B lineage": "B-lineage cells",
    "PBMC": "PBMC",
    "non-B PBMC": "PBMC other than B cells",
    "Myeloid": "myeloid cells",
}
"""Populations and denominators as people name them; any other keeps its name."""

SUBSETS = {"B naive / naive": "mature naive B cells"}
"""Subsets whose name would repeat that of the whole."""


def noun(name: object) -> str:
    """Name cells as people do: ``Treg / naive`` are naive regulatory T cells."""
    text = str(name)
    if text in SUBSETS:
        return SUBSETS[text]
    whole, _, subset = text.partition(" / ")
    cells = NOUNS.get(whole, whole)
    if subset and subset.split()[-1] == cells.split()[0]:  # unswitched memory memory B cells
        cells = cells.partition(" ")[2]
    return f"{subset} {cells}" if subset else cells


def visit(name: object) -> str:
    """Name a visit as people do: ``week2`` is week 2."""
    return re.sub(r"^([A-Za-z]{3,})[_-]?(\d+)$", r"\1 \2", str(name))


def contrast(name: object) -> str:
    """Name a contrast as people do: ``week2-baseline`` is week 2 vs baseline; other names stay."""
    parts = str(name).split("-")
    return f"{visit(parts[0])} vs {visit(parts[1])}" if len(parts) == 2 and all(parts) else str(name)


def visits_in(text: str, names: Sequence[str]) -> str:
    """Write the visits that a text names as people do."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w/.-]){re.escape(name)}(?![\w/.-])", visit(name), text)
    return text
