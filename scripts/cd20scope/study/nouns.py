"""Populations and visits as people say them."""

import re

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
    "NK": "NK cells",
    "CD4 T": "CD4 T cells",
    "CD8 T": "CD8 T cells",
    "B lineage": "cells of the B lineage",
    "PBMC": "blood mononuclear cells",
    "non-B PBMC": "blood mononuclear cells other than B cells",
    "Myeloid": "myeloid cells",
}
"""Populations and denominators as people say them; any other keeps its name."""


def noun(name: object) -> str:
    """Name cells as people do: ``Treg / naive`` are naive cells of the Treg."""
    whole, _, subset = str(name).partition(" / ")
    name_of_whole = NOUNS.get(whole, whole)
    if not subset:
        return name_of_whole
    first, _, rest = name_of_whole.partition(" ")
    if subset.split()[-1] == first:  # naive naive B cells
        return f"{subset} {rest} ({name})"
    return f"{subset} {name_of_whole}"


def visit(name: str) -> str:
    """Name a visit as people do: ``week2`` is week 2."""
    return re.sub(r"^([A-Za-z]{3,})[_-]?(\d+)$", r"\1 \2", name)
