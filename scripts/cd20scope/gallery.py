"""Figures as files: PNG and PDF at the width of a journal page, each with its title."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from cd20scope import wording
from cd20scope.drawing import INK, Drawing, settle

EVIDENCE = wording.anchor("")
DPI, DPI_SINGLE = 300, 150
"""Of figures, and of those of a single hypothesis: these are for the screen, and their PDF is for print."""
SETTINGS: Any = {"pdf.fonttype": 42, "text.parse_math": False, "savefig.facecolor": "white"}
"""Fonts of a PDF stay fonts, so that a journal can set them anew."""


def save_all(drawings: Mapping[str, Drawing], folder: Path) -> list[Path]:
    """Write every figure as PNG and PDF.

    Those of a single hypothesis go into the folder ``evidence`` as PNG, named by its id, and into ``evidence.pdf``, a
    page each: a font is embedded once a file, which for many small files costs more than to draw them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    single = {name: drawn for name, drawn in drawings.items() if name.startswith(EVIDENCE)}
    written = []
    for name, drawn in drawings.items():
        if name not in single:
            written += save(drawn, folder, name=name)
    if not single:
        return written
    (folder / "evidence").mkdir(exist_ok=True)
    with (
        mpl.rc_context(SETTINGS),
        PdfPages(folder / "evidence.pdf", metadata={"CreationDate": None}) as pages,
    ):
        for name, drawn in single.items():
            figure = entitle(drawn)
            written.append(folder / "evidence" / f"{name.removeprefix(EVIDENCE)}.png")
            save_png(figure, written[-1], dpi=DPI_SINGLE)
            pages.savefig(figure)
    return [*written, folder / "evidence.pdf"]


def save(drawing: Drawing, folder: Path, *, name: str) -> list[Path]:
    """Write a figure as ``name.png`` and ``name.pdf``; the same figure gives the same bytes.

    Parameters
    ----------
    drawing
        The figure and its title, which is put above it.
    folder
        Where to; it is there already.
    name
        Of both files.
    """
    figure = entitle(drawing)
    png, pdf = folder / f"{name}.png", folder / f"{name}.pdf"
    save_png(figure, png)
    with mpl.rc_context(SETTINGS):
        figure.savefig(pdf, dpi=DPI, metadata={"CreationDate": None, "Title": drawing.title})
    return [png, pdf]


def save_png(figure: Figure, path: Path, *, dpi: int = DPI) -> None:
    """Write pixels; at 300 per inch (default) they fill the width of a journal page."""
    with mpl.rc_context(SETTINGS):
        # packed less tightly: a third of the time for a fifth more bytes
        figure.savefig(path, dpi=dpi, metadata={"Software": None}, pil_kwargs={"compress_level": 2})


def entitle(drawing: Drawing) -> Figure:
    """Put the title above the panels, and lay them out for good."""
    figure = drawing.figure
    figure.suptitle(drawing.title, fontsize=10, fontweight="bold", color=INK, x=0.01, ha="left")
    settle(figure)
    return figure
