"""A matplotlib figure as SVG text that can stand inside a page, beside others, without a network."""

import io
import xml.etree.ElementTree as ET

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

XLINK = "{http://www.w3.org/1999/xlink}"


def inline(figure: Figure, *, name: str, alt: str, dpi: int = 160) -> Markup:
    """Write a figure as one ``<svg>`` element of a page.

    Every id carries ``name``, so that figures of one page cannot take each other's clip paths and markers.
    Text stays text. No date, metadata or style sheet is kept, so equal figures give equal bytes.

    Parameters
    ----------
    name
        Short name, unique on the page.
    alt
        What a reader who cannot see the figure is told.
    dpi
        Resolution of the rasterised points; 160 is sharp in print and keeps 14,000 points small.
    """
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False}):
        figure.savefig(buffer, format="svg", dpi=dpi, metadata={"Date": None})
    root = ET.fromstring(buffer.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for key, value in list(element.attrib.items()):
            del element.attrib[key]
            element.set(key.removeprefix(XLINK), own(value, key=key, name=name))
    width = float(root.attrib.pop("width").removesuffix("pt"))
    del root.attrib["height"]
    root.set("role", "img")
    root.set("aria-label", alt)
    root.set("style", f"--width: {width * 4 / 3:.0f}px")
    return Markup(ET.tostring(root, encoding="unicode"))


def own(value: str, *, key: str, name: str) -> str:
    """Attribute with the ids in it made those of this figure."""
    if key == "id":
        return f"{name}-{value}"
    if key.endswith("href") and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    return value.replace("url(#", f"url(#{name}-")
