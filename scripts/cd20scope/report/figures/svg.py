"""A matplotlib figure as SVG text that can stand inside a page, beside others, without a network."""

import hashlib
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from cd20scope.report.figures.style import settle

GEOMETRY = {"d", "x", "y", "cx", "cy", "r", "transform", "points", "width", "height", "viewBox"}
DECIMALS = re.compile(r"(\.\d\d)\d+")
ZEROS = re.compile(r"\.0+\b|(\.\d*?[1-9])0+\b")
"""Decimals that say nothing, such as those of 1.00 and 2.50."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
"""Numbers of a path."""
COMMAND = re.compile(r" ?([A-Za-z]) ?")
"""A command of a path, which needs no blank beside it."""
REFERRED = re.compile(r"#([^)\s]+)")
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no XML may hold; a title or a claim of a catalogue can have them."""
XLINK = "{http://www.w3.org/1999/xlink}"
OUTSIDE = "#claim-"
"""Start of references that leave the figure, to the evidence of a hypothesis."""


def inline(figure: Figure, *, name: str, alt: str, dpi: int = 160) -> Markup:
    """Write a figure as one ``<svg>`` element of a page.

    Every id carries ``name``, so that figures of one page cannot take each other's clip paths and markers.
    Text stays text. No date, metadata or style sheet is kept, so equal figures give equal bytes.

    Parameters
    ----------
    name
        Short name, unique on the page.
    alt
        Text in place of the figure, for readers who cannot see it.
    dpi
        Resolution of the rasterised points; 160 is sharp in print and keeps 14,000 points small.
    """
    settle(figure)
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False}):
        figure.savefig(buffer, format="svg", dpi=dpi, metadata={"Date": None})
    root = ET.fromstring(ILLEGAL.sub("", buffer.getvalue().decode()))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for key, value in list(element.attrib.items()):
            del element.attrib[key]
            element.set(key.removeprefix(XLINK), own(value, key=key, name=name))
    links = list(root.iter("a"))
    seen: set[str] = set()
    for link in links:
        link.attrib.pop("target", None)
        if link.get("href", "") in seen:  # the second line of a name: one stop of the keyboard is enough
            link.set("tabindex", "-1")
        elif link.find(".//text") is not None:
            seen.add(link.get("href", ""))
        if link.find(".//text") is None:  # a duplicate link for the mouse
            link.set("tabindex", "-1")
            link.set("aria-hidden", "true")
    shorten(root)
    ungroup(root)
    classify(root, name=name)
    width = float(root.attrib.pop("width").removesuffix("pt"))
    del root.attrib["height"]
    root.set("xmlns", "http://www.w3.org/2000/svg")  # it is a file, too
    root.set("role", "group" if links else "img")
    root.set("aria-label", ILLEGAL.sub("", alt))
    root.set("style", f"--width: {width * 4 / 3:.0f}px")
    return Markup(ET.tostring(root, encoding="unicode"))


def shorten(root: ET.Element) -> None:
    """Leave out what does not show: further decimals, blanks, ids nobody refers to; write circles as such."""
    used = {
        name
        for element in root.iter()
        for value in element.attrib.values()
        for name in REFERRED.findall(value)
    }
    for element in root.iter():
        if element.tag not in ("text", "tspan"):
            element.text = (element.text or "").strip() or None
        element.tail = (element.tail or "").strip() or None
        if element.get("id") not in used:
            element.attrib.pop("id", None)
        if element.tag == "path":
            write_circle(element)
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
        for key in GEOMETRY & element.attrib.keys():
            value = ZEROS.sub(r"\1", DECIMALS.sub(r"\1", " ".join(element.get(key, "").split())))
            element.set(key, COMMAND.sub(r"\1", value) if key == "d" else value)
        if (style := element.get("style")) is not None:
            element.set("style", style.replace("; ", ";").replace(": ", ":"))


def ungroup(element: ET.Element) -> None:
    """Take the members of groups that say nothing out of them."""
    for child in list(element):
        ungroup(child)
    for place, child in reversed(list(enumerate(element))):
        if child.tag == "g" and not child.attrib:
            element[place : place + 1] = list(child)


def classify(root: ET.Element, *, name: str) -> None:
    """Say every style that elements share once, in a style sheet of the figure; its classes are no other figure's.

    Selectors of single classes, which programs that edit figures read as well.
    """
    styled = [element for element in root.iter() if element.get("style")]
    counts = Counter(element.get("style", "") for element in styled)
    own = f"s{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    shared = {style: f"{own}{number:x}" for number, style in enumerate(counts) if counts[style] > 1}
    for element in styled:
        if (style := element.get("style", "")) in shared:
            del element.attrib["style"]
            element.set("class", shared[style])
    if shared:
        sheet = ET.Element("style")
        sheet.text = "".join(f".{short}{{{style}}}" for style, short in shared.items())
        root.insert(0, sheet)


def write_circle(element: ET.Element) -> None:
    """Write a path as a circle where it is one: matplotlib draws the points of a cloud as eight curves each."""
    path = element.get("d", "")
    if NUMBER.sub("", path).split() != ["M", *["C"] * 8, "z"] or element.get("transform"):
        return
    numbers = np.array(NUMBER.findall(path), dtype=float).reshape(-1, 2)
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    # corners of its frame, whose sides are equal; the curves' control points lie within
    if np.ptp(high - low) > 0.01:
        return
    element.tag = "circle"
    del element.attrib["d"]
    (x, y), r = (low + high) / 2, (high - low).mean() / 2
    for key, value in (("cx", x), ("cy", y), ("r", r)):
        element.set(key, f"{value:.2f}")


def own(value: str, *, key: str, name: str) -> str:
    """Replace the ids in an attribute by those of this figure."""
    if key == "id":
        return f"{name}-{value}"
    if key.endswith("href") and value.startswith("#") and not value.startswith(OUTSIDE):
        return f"#{name}-{value[1:]}"
    return value.replace("url(#", f"url(#{name}-")
