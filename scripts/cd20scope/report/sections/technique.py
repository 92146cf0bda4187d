"""Technical differences between visits in the words and units of the page."""

import pandas as pd

from cd20scope.report import wording

QUANTITIES = {
    "depth": "molecules per cell",
    "genes_per_cell": "genes per cell",
    "ambient_share": "ambient RNA",
    "b_rna_share": "B-cell RNA in other cells",
    "hemoglobin_share": "hemoglobin RNA",
    "mitochondrial_share": "mitochondrial RNA",
    "doublet_rate": "doublets",
    "cells": "cells per sample",
    "kept_share": "cells kept",
    "unassigned_share": "cells without a label",
    "drawn_at": "time of the draw",
}
"""Technical quantities as people name them; any other keeps its name."""


def name_of(name: str) -> str:
    """Name a technical quantity as people do."""
    return QUANTITIES.get(name, name.replace("_", " "))


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Name the technical quantities, write shares in percent, and say in words what moved and nothing else."""
    share = (table["scale"] == "share") if "scale" in table else pd.Series(False, index=table.index)
    names = table["quantity"].map(name_of)
    told = table.assign(
        quantity=names.where(~share, names + ", %"),
        statement=table["statement"].where(table["moved"] == "yes", ""),
    )
    for column in ("change", "ci_low", "ci_high"):
        told[column] = table[column].astype(float).where(~share, 100 * table[column].astype(float))
    for column in ("earlier", "later"):
        told[column] = [
            wording.short(100 * float(value) if percent else value)
            for value, percent in zip(table[column], share, strict=True)
        ]
    return told
