"""A count file as it was found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cd20scope.counts.matrix import Strings
from cd20scope.init.columns import Column


@dataclass(frozen=True, eq=False)
class Found:
    """A count file.

    Attributes
    ----------
    path, format
        As the sample sheet would have them.
    name
        Name that sets it apart from the others: its own, or that of its folder.
    columns
        Of its table of cells, if it has one.
    n_cells
        0 where telling them takes too long.
    raw
        The unfiltered matrix beside it, if there is one.
    sha256
        Of an R object that R before 4.4 may read; else empty.
    bases
        Of its barcodes; empty where they have none or were not read.
    copy_of
        The file that holds the same cells and is taken in its place, if there is one.
    read_barcodes
        Reads its barcodes again; None where that takes too long.
    """

    path: Path
    format: str
    name: str
    columns: list[Column] = field(default_factory=list)
    n_cells: int = 0
    raw: Path | None = None
    sha256: str = ""
    bases: frozenset[str] = frozenset()
    copy_of: Path | None = None
    read_barcodes: Callable[[], Strings] | None = None
