"""Matrices in MTX format and the lists of names beside them, as each tool lays them out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest.formats.unread import name_inside, name_unread

MATRIX = "matrix.mtx"
MTX = re.compile(r"\.mtx(\.gz)?$", flags=re.IGNORECASE)
LIST = re.compile(r"\.(tsv|txt|csv)(\.gz)?$", flags=re.IGNORECASE)
ROLES = {
    "matrix": r"matrix|mtx|raw[-_. ]?counts?|counts?|umis?|dge|expression|expr|data",
    "features": r"features?|genes?([-_. ]?(names?|ids?|symbols?))?|row[-_. ]?names?|var([-_. ]?names)?",
    "barcodes": r"(cell[-_. ]?)?barcodes?|cells?([-_. ]?(names?|ids?))?|col(umn)?[-_. ]?names?|obs([-_. ]?names)?",
}
"""Words for the three files, wherever they stand in a name: ``matrix_P01.mtx``, ``P01_counts.mtx``."""


@dataclass(frozen=True)
class Layout:
    """Files that a tool writes for one sample.

    Attributes
    ----------
    tool
        Who writes them.
    matrix
        Name of the matrix, without .gz.
    features, barcodes
        Names of the lists of genes and cells, in order of preference.
    symbols
        A second list of genes, by symbol; empty (default) for none.
    cells_down
        Whether cells lie in rows of the matrix; Cell Ranger has them in columns.
    """

    tool: str
    matrix: str
    features: tuple[str, ...]
    barcodes: tuple[str, ...]
    symbols: str = ""
    cells_down: bool = False


BUS = ("cells_x_genes.genes.txt",), ("cells_x_genes.barcodes.txt",), "cells_x_genes.genes.names.txt", True
LAYOUTS = (
    Layout(
        "alevin-fry", "quants_mat.mtx", ("quants_mat_cols.txt",), ("quants_mat_rows.txt",), cells_down=True
    ),
    Layout("kallisto|bustools", "cells_x_genes.mtx", *BUS),
    Layout("kallisto|bustools", "cells_x_genes.total.mtx", *BUS),
    Layout("Parse", "DGE.mtx", ("all_genes.csv", "genes.csv"), ("cell_metadata.csv",), cells_down=True),
    Layout(
        "Parse", "count_matrix.mtx", ("all_genes.csv", "genes.csv"), ("cell_metadata.csv",), cells_down=True
    ),
    Layout(
        "Cell Ranger",
        MATRIX,
        ("features.tsv", "genes.tsv", "features.txt", "genes.txt", "features.csv", "genes.csv"),
        ("barcodes.tsv", "barcodes.txt", "barcodes.csv", "cells.tsv"),
    ),
)
"""STARsolo and PIPseeker write what Cell Ranger writes. The first whose matrix is there is taken."""


OTHER = "another tool"
PART = re.compile(
    r"(?<![a-z])((?:un)?spliced|ambiguous|mature|nascent|intronic|exonic|(?<=cells_x_genes\.)(?:cell|nucleus))(?![a-z])",
    flags=re.IGNORECASE,
)
"""Matrices that hold a part of the molecules."""
SHARED_READS = re.compile(r"UniqueAndMult", flags=re.IGNORECASE)
"""STARsolo's matrices in which a read of several genes is a fraction of each."""


@dataclass(frozen=True)
class Bundle:
    """A matrix and the lists of its names; ``symbols`` is None where there is no second list of genes."""

    layout: Layout
    matrix: Path
    features: Path
    barcodes: Path
    symbols: Path | None = None


def layout_of(name: str) -> Layout | None:
    """Layout that a matrix belongs to by its name, plain or with .gz; a part may stand before."""
    plain = name.removesuffix(".gz")
    return next((layout for layout in LAYOUTS if plain.endswith(layout.matrix)), None)


def layout_beside(matrix: Path) -> Layout | None:
    """Layout of a matrix of another name: lists beside it are called as it is but for the word of what they hold.

    Returns
    -------
    None where not exactly one list of genes and one of cells is.
    """
    rest = _rest_of(matrix.name, "matrix")
    lists = [path.name for path in sorted(matrix.parent.iterdir()) if LIST.search(path.name)]
    found = [[name for name in lists if rest in _rests_of(name, role)] for role in ("features", "barcodes")]
    if any(len(names) != 1 for names in found) or found[0] == found[1]:
        return None
    return Layout(OTHER, matrix.name.removesuffix(".gz"), tuple(found[0]), tuple(found[1]))


def _rest_of(name: str, role: str) -> str:
    """Words of a name but for that of its role, the last of them."""
    return next(iter(_rests_of(name, role)), _words(name))


def _rests_of(name: str, role: str) -> list[str]:
    """Words of a name without each of those that may say its role, the last of them first; none where it has none."""
    stem = re.sub(r"\.(mtx|tsv|txt|csv)(\.gz)?$", "", name, flags=re.IGNORECASE)
    found = list(re.finditer(rf"(?<![a-z0-9])({ROLES[role]})(?![a-z0-9])", stem, flags=re.IGNORECASE))
    return [_words(stem[: match.start()] + " " + stem[match.end() :]) for match in reversed(found)]


def _words(name: str) -> str:
    return " ".join(re.split(r"[-_. ]+", re.sub(r"\.mtx(\.gz)?$", "", name).casefold().strip("-_. ")))


def find_matrix(place: Path) -> tuple[Path, Layout]:
    """Find the matrix of a folder, or take a matrix itself.

    Parameters
    ----------
    place
        The folder; or the matrix, when what stands before its usual name stands before the names of the other files
        too, as in public archives (``GSM123_P01_matrix.mtx.gz``).

    Raises
    ------
    IngestError
    """
    if not place.is_dir():
        layout = layout_of(place.name)
        layout = layout or layout_beside(place)
        if layout is None and SHARED_READS.search(place.name):
            raise IngestError(
                f"{place}: fractions of reads that map to several genes (STARsolo). Give the unique "
                "reads: the folder Gene/filtered, with matrix.mtx."
            )
        if layout is None and (part := PART.search(place.name)):
            raise IngestError(
                f"{place}: a part of the counts ({part[1]}). Give the matrix of all molecules: of kb count with --sum "
                "total, of STARsolo that of Gene, of alevin-fry the sum."
            )
        if layout is None:
            raise IngestError(
                f"{place}: a matrix on its own. Name it (something)matrix.mtx, with (something)features.tsv and "
                "(something)barcodes.tsv beside it, or give the folder of the three."
            )
        return place, layout
    for layout in LAYOUTS:
        for path in (place / layout.matrix, place / f"{layout.matrix}.gz"):
            if path.exists():
                return path, layout
    others = [(path, layout_beside(path)) for path in sorted(place.iterdir()) if MTX.search(path.name)]
    named = [(path, layout) for path, layout in others if layout is not None]
    if len(named) == 1:
        return named[0]
    raise _lacking(place, [MATRIX])


def find_bundle(place: Path) -> Bundle:
    """Find the matrix and the lists of its names; see :func:`find_matrix`.

    Raises
    ------
    IngestError
        When one of the files is missing.
    """
    matrix, layout = find_matrix(place)
    if layout.tool == OTHER:
        return Bundle(layout, matrix, matrix.parent / layout.features[0], matrix.parent / layout.barcodes[0])
    folder, prefix = matrix.parent, matrix.name.removesuffix(".gz").removesuffix(layout.matrix)
    symbols = _first(folder, [prefix + layout.symbols]) if layout.symbols else None
    found = []
    for names in (layout.features, layout.barcodes):
        path = _first(folder, [prefix + name for name in names])
        if path is None:
            raise _lacking(folder, [prefix + name for name in names[:2]])
        found.append(path)
    return Bundle(layout, matrix, found[0], found[1], symbols)


def _first(folder: Path, names: Sequence[str]) -> Path | None:
    paths = [path for name in names for path in (folder / name, folder / f"{name}.gz")]
    return next((path for path in paths if path.exists()), None)


def _lacking(folder: Path, names: Sequence[str]) -> IngestError:
    found = sorted(path.name for path in folder.iterdir())
    if what := name_unread(folder, found) or name_inside(found):
        return IngestError(f"{folder}: {what}.")
    if parts := [name for name in found if MTX.search(name) and PART.search(name)]:
        return IngestError(
            f"{folder}: a folder of parts of the counts ({', '.join(parts[:3])}). Give the matrix of all molecules: of "
            "kb count with --sum total, of STARsolo the folder Gene/filtered, of alevin-fry the sum."
        )
    return IngestError(
        f"{folder}: a folder without {' or '.join(names)} (plain or .gz); it holds "
        f"{', '.join(found[:8]) or 'nothing'}{', ...' if len(found) > 8 else ''}. Give the folder that holds "
        "matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv under exactly these names."
    )
