"""Colours and signs that the figures share with the page; no plotting library."""

from typing import Any

VERDICT_STYLE: dict[str, dict[str, Any]] = {
    "supported": {"color": "#0b5fa5", "marker": "o", "symbol": "✓", "filled": True},
    "contradicted": {"color": "#b3400a", "marker": "D", "symbol": "✗", "filled": True},
    "not supported": {"color": "#6b3fa0", "marker": "s", "symbol": "≠", "filled": False},
    "inconclusive": {"color": "#6b5a00", "marker": "o", "symbol": "?", "filled": False},
    "not testable": {"color": "#5c5f66", "marker": "x", "symbol": "–", "filled": True},
}
"""Colour, marker and sign of each verdict, shared by the figures and the page."""

INK, MUTED, FAINT = "#1f2328", "#5c5f66", "#d0d3d8"
DOWN, UP = "#0072B2", "#D55E00"
AMOUNT = "Blues"
"""Colours of amounts: one hue from light to dark reads the same for every eye, and in print."""
VISIT_COLOURS = ("#1f2328", "#D55E00", "#0072B2", "#009E73", "#CC79A7")
POPULATION_COLOURS = {
    "B naive": "#D55E00",
    "B memory": "#F0965A",
    "Plasma": "#8C3B00",
    "CD4 naive": "#0072B2",
    "CD4 memory": "#56B4E9",
    "Treg": "#1B2A6B",
    "CD8 naive": "#009E73",
    "CD8 memory": "#7CC9A6",
    "MAIT": "#00594F",
    "gdT": "#A6C36F",
    "NK": "#7A5195",
    "Monocyte": "#E69F00",
    "DC": "#F0E442",
    "pDC": "#B8860B",
    "HSPC": "#CC79A7",
    "Platelet": "#8A8D93",
    "Erythroid": "#A61E4D",
}
"""One family of hues per lineage; every population is also named beside its cells."""
DONOR_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195", "#1f2328")
