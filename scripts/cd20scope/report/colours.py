"""Colours and signs that the figures share with the page; no plotting library."""

import colorsys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

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
DONOR_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195", "#1f2328")

VISION = np.array(
    [
        np.eye(3),
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
)
"""Linear RGB as seen with full colour vision, and without red, green or blue cones (Machado et al. 2009, severity 1,
doi:10.1109/TVCG.2009.113)."""


def population_colours(populations: Mapping[str, Any]) -> dict[str, str]:
    """Colour of each population, in the order of the tree: that of the catalogue, or one unlike all others.

    Each colour that is missing is the one of a fixed grid whose distance to the nearest colour in use, by the eye that
    tells the two apart worst (:func:`distances`), is the largest.

    Returns
    -------
    dict of str to str
        Colours as ``#rrggbb``; the same tree gives the same colours.
    """
    nodes = [node for node in populations["nodes"] if node["level"] == "population"]
    used = ["#ffffff", FAINT, *(node["colour"] for node in nodes if "colour" in node)]
    found = {}
    for node in nodes:
        if "colour" in node:
            found[node["name"]] = str(node["colour"])
            continue
        colour = GRID[int(distances(GRID, used).min(axis=1).argmax())]
        used.append(colour)
        found[node["name"]] = colour
    return found


def distances(some: list[str], others: list[str]) -> npt.NDArray[np.float64]:
    """Distance in CIELAB between colours by the eye that tells the two apart worst; shape (some, others)."""
    one, two = appearance(some), appearance(others)
    seen = np.linalg.norm(one[:, :, None] - two[:, None, :], axis=-1)
    return np.asarray(seen.min(axis=0))


def appearance(colours: list[str]) -> npt.NDArray[np.float64]:
    """CIELAB coordinates (D65) of colours with each kind of vision; shape (kinds, colours, 3)."""
    rgb = np.array([[int(text[at : at + 2], 16) for at in (1, 3, 5)] for text in colours]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ VISION.transpose(0, 2, 1), 0, 1)
    xyz = seen @ XYZ.T / XYZ.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Linear sRGB to CIE XYZ (IEC 61966-2-1)."""


def _hex(hue: float, lightness: float, saturation: float) -> str:
    parts = (round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, saturation))
    return "#" + "".join(f"{part:02x}" for part in parts)


GRID = [
    _hex(hue / 24, lightness, saturation)
    for lightness in (0.25, 0.4, 0.55, 0.7)
    for saturation in (0.35, 0.7, 1.0)
    for hue in range(24)
]
"""Colours to choose from, neither near black, which is text, nor near white, which is paper."""
