"""Figures as files: SVG as on the page, PNG and PDF at the width of a journal page with a title above; data as TSV."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from cd20scope import schema
from cd20scope.report.colours import INK
from cd20scope.report.figures.style import UNHINTED, Drawing
from cd20scope.report.figures.svg import inline
from cd20scope.schema import SINGLE

EVIDENCE = schema.anchor("")
DPI, DPI_SINGLE = 300, 150
"""Of figures, and of those of a single hypothesis: these are for the screen, and their PDF is for print."""
TITLE_HEIGHT = 0.3
"""Inches that the title adds above a figure."""
SETTINGS: Any = {
    "pdf.fonttype": 42,
    "text.parse_math": False,
    "savefig.facecolor": "white",
    **UNHINTED,
}
"""Fonts of a PDF stay fonts, so that a journal can set them anew."""


def save_all(drawings: Mapping[str, Drawing], folder: Path) -> list[Path]:
    """Write every figure as SVG, PNG and PDF; the same figures give the same bytes.

    Those of a single hypothesis go into the folder ``evidence`` as SVG and PNG, named as its place on the page, and
    into ``evidence.pdf``, a page each: a font is embedded once a file, which for many small files costs more than to
    draw them.

    Parameters
    ----------
    drawings
        By their names on the page. They are drawn once: a title is put on them, and they are of no further use.
    folder
        Folder to write to; it is created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    single = {name: drawn for name, drawn in drawings.items() if name.startswith(EVIDENCE)}
    written = []
    for name, drawn in drawings.items():
        if name not in single:
            area = save_for_screen(drawn, folder / name, name=name, dpi=DPI)
            written += [folder / f"{name}.{kind}" for kind in ("svg", "png", "pdf")]
            with mpl.rc_context(SETTINGS):
                drawn.figure.savefig(
                    written[-1],
                    dpi=DPI,
                    bbox_inches=area,
                    metadata={"CreationDate": None, "Title": drawn.title},
                )
    if not single:
        return written
    (folder / SINGLE).mkdir(exist_ok=True)
    with (
        mpl.rc_context(SETTINGS),
        PdfPages(folder / f"{SINGLE}.pdf", metadata={"CreationDate": None}) as pages,
    ):
        for name, drawn in single.items():
            path = folder / SINGLE / name.removeprefix(EVIDENCE)
            area = save_for_screen(drawn, path, name=name, dpi=DPI_SINGLE)
            pages.savefig(drawn.figure, bbox_inches=area)
            written += [path.with_name(f"{path.name}.{kind}") for kind in ("svg", "png")]
    return [*written, folder / f"{SINGLE}.pdf"]


def save_data(drawings: Mapping[str, Drawing], folder: Path) -> list[Path]:
    """Write what each figure shows as a table with its name; those of a single hypothesis into ``evidence``."""
    (folder / SINGLE).mkdir(parents=True, exist_ok=True)
    written = []
    for name, drawn in drawings.items():
        own = folder / SINGLE / name.removeprefix(EVIDENCE) if name.startswith(EVIDENCE) else folder / name
        written.append(own.with_name(f"{own.name}.tsv"))
        drawn.data.to_csv(written[-1], sep="\t", index=False)
    return written


def save_for_screen(drawing: Drawing, path: Path, *, name: str, dpi: int) -> Bbox:
    """Write the SVG and, with its title, the PNG of a figure; give what is to be saved of it from then on.

    Parameters
    ----------
    drawing
        The figure; its title is on it afterwards.
    path
        Without the endings.
    name
        On the page.
    dpi
        Of the PNG.

    Returns
    -------
    matplotlib.transforms.Bbox
        The figure and the title above it, in inches.
    """
    text = inline(drawing.figure, name=f"fig-{name}", alt=drawing.alt)
    path.with_name(f"{path.name}.svg").write_text(text, encoding="utf-8")
    area = entitle(drawing.figure, drawing.title)
    with mpl.rc_context(SETTINGS):
        drawing.figure.savefig(
            path.with_name(f"{path.name}.png"),
            dpi=dpi,
            bbox_inches=area,
            metadata={"Software": None},
            # packed less tightly: a third of the time for a fifth more bytes
            pil_kwargs={"compress_level": 2},
        )
    return area


def entitle(figure: Figure, title: str) -> Bbox:
    """Put a title above a figure, outside of it, so that its panels stay where they are on the page."""
    width, height = figure.get_size_inches()
    look: Any = {"fontsize": 10, "fontweight": "bold", "color": INK, "ha": "left", "va": "bottom"}
    # decided as the text is created: a visit called "$1$" stays what it is
    written = figure.text(0.01, 1 + 0.08 / height, title, parse_math=False, **look)
    with mpl.rc_context(UNHINTED):
        reach = written.get_window_extent().x1 / figure.dpi  # a long title over a narrow figure
    return Bbox([[0, 0], [max(width, reach + 0.1), height + TITLE_HEIGHT]])
