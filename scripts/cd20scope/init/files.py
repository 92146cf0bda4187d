"""Count files of a folder, found by name and content, with the columns of their cells."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest.formats.detect import ZARR, open_sources, sniff_format
from cd20scope.init.columns import Column, read_columns

DEPTH = 6
"""Folders below the one given: per_sample_outs/<sample>/count/sample_filtered_feature_bc_matrix/ is four deep."""
MOST_FILES = 2000
"""Count files; a folder with more is not that of a study."""

BUNDLE = re.compile(r"(matrix|features|genes|barcodes)\.(mtx|tsv)(\.gz)?$")
TABLE = re.compile(r"\.(csv|tsv|txt)(\.gz)?$", flags=re.IGNORECASE)
COUNTS = re.compile(r"count|matrix|umi|dge|expr", flags=re.IGNORECASE)
SINGLE = re.compile(r"\.(h5|hdf5|h5ad|loom|rds)$", flags=re.IGNORECASE)
ENDINGS = re.compile(
    r"[-_.]?(sample_)?(filtered|raw)?[-_]?((feature|gene)s?_bc_matri(x|ces)(_h5)?|matrix)?"
    r"(\.(h5|hdf5|h5ad|loom|rds|zarr|mtx|csv|tsv|txt))?(\.gz)?$",
    flags=re.IGNORECASE,
)
PLACES = re.compile(
    r"(sample_)?(filtered|raw)_(feature|gene)_bc_matri(x|ces)|outs?|count|counts|per_sample_outs|multi|GRCh38.*|hg19|hg38|"
    r"(filtered|raw)|cellranger.*|matrix|data",
    flags=re.IGNORECASE,
)
"""Folders that Cell Ranger makes in every sample, which name none."""
RAW = re.compile(r"(^|[-_.])raw([-_.]|$)", flags=re.IGNORECASE)
NOT_COUNTS = re.compile(r"(molecule_info|raw_molecule_info|analysis|cloupe|vdj|metrics)", flags=re.IGNORECASE)


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
    """

    path: Path
    format: str
    name: str
    columns: list[Column] = field(default_factory=list)
    n_cells: int = 0
    raw: Path | None = None
    sha256: str = ""


type MetaReader = Callable[[Path], pd.DataFrame]
"""Reads the meta.data of a Seurat object, one row per cell, as text."""


def find_files(place: Path, *, read_seurat: MetaReader) -> tuple[list[Found], list[tuple[Path, str]]]:
    """Find the count files at a place, and open their headers.

    Parameters
    ----------
    place
        A count file, or a folder, searched some levels deep.
    read_seurat
        Reads the table of cells of a Seurat object.

    Returns
    -------
    The files; and what looks like counts and was left out, with the reason.

    Raises
    ------
    IngestError
        When the place itself cannot be read, or nothing is found there.
    """
    if not place.exists():
        raise IngestError(
            f"{place}: not there. Give a count file, or the folder that holds your count files."
        )
    if not place.is_dir() or any((place / name).exists() for name in ZARR):
        return [_open(place, place, None, read_seurat)], []
    left_out: list[tuple[Path, str]] = []
    candidates = list(_candidates(place, left_out))
    filtered = _best_of_each([path for path in candidates if not RAW.search(_own_name(path))])
    raw = [path for path in candidates if RAW.search(_own_name(path))]
    if len(filtered) > MOST_FILES:
        raise IngestError(f"{place}: {len(filtered)} count files. Give the folder of one study.")
    found = []
    for path in filtered:
        try:
            found.append(_open(path, place, _raw_beside(path, raw), read_seurat))
        except IngestError as error:
            left_out.append((path, str(error).removeprefix(f"{path}: ")))
    tables = [file for file in found if file.format == "table"]
    if len(tables) < len(found):
        # beside files of counts, a table is a list of samples or a summary more often than counts
        found = [file for file in found if file.format != "table"]
        why = "a table of text beside other files; add it to the sheet if it holds counts"
        left_out += [(file.path, why) for file in tables]
    used = {file.raw for file in found}
    left_out += [
        (path, "an unfiltered matrix: its samples are the filtered ones")
        for path in _best_of_each(raw)
        if path not in used and not any(file.path.parent == path.parent for file in found)
    ]
    if not found:
        seen = "; ".join(f"{path}: {why}" for path, why in left_out[:3])
        raise IngestError(
            f"{place}: no count file found, {DEPTH} folders deep{f' ({seen})' if seen else ''}. Give the folder that "
            "holds filtered_feature_bc_matrix.h5, matrix.mtx, .h5ad, .zarr, .loom or .rds files, or such a file."
        )
    return found, left_out


def _candidates(
    folder: Path, closed: list[tuple[Path, str]], depth: int = 0, seen: set[str] | None = None
) -> Iterator[Path]:
    """Walk down to what may hold counts, in the order of names; links are followed, no folder twice."""
    seen = set() if seen is None else seen
    there = os.path.realpath(folder)
    if there in seen or depth > DEPTH:
        return
    seen.add(there)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        closed.append((folder, f"a folder that cannot be read ({error.strerror})"))
        return
    names = {entry.name for entry in entries}
    if names & set(ZARR):
        yield folder
        return
    # what an earlier run wrote is no count file of a lab
    if folder.name == "results" and {"ingest", "preflight"} <= names:
        return
    for entry in entries:
        if entry.name.startswith(".") or NOT_COUNTS.search(entry.name):
            continue
        if entry.is_dir():
            yield from _candidates(Path(entry.path), closed, depth + 1, seen)
        elif entry.name in ("matrix.mtx", "matrix.mtx.gz"):
            yield folder
        elif _looks_like_counts(entry.name):
            yield Path(entry.path)


def _looks_like_counts(name: str) -> bool:
    if re.search(r"matrix\.mtx(\.gz)?$", name) or SINGLE.search(name):
        return True
    return bool(TABLE.search(name) and COUNTS.search(name) and not BUNDLE.search(name))


def _own_name(path: Path) -> str:
    """Give the name that says filtered or raw; for the folder of a genome, that above."""
    return path.parent.name if re.fullmatch(r"GRCh38.*|hg19|hg38", path.name) else path.name


def _best_of_each(paths: list[Path]) -> list[Path]:
    """Take one form of counts that lie side by side in two, the HDF5 file before the MTX folder."""
    best: dict[tuple[Path, str], Path] = {}
    for path in sorted(paths, key=lambda path: (path.suffix.lower() not in (".h5", ".h5ad"), path)):
        stem = re.sub(r"(_h5)?\.(h5|hdf5)$", "", path.name)
        best.setdefault((path.parent, stem.removesuffix(".gz").removesuffix(".mtx")), path)
    return sorted(best.values())


def _raw_beside(path: Path, raw: list[Path]) -> Path | None:
    """Find the unfiltered matrix of the same sample: the same name but for raw, the same form if there is one."""
    wanted = re.sub("filtered", "raw", path.name)
    beside = [other for other in raw if other.parent == path.parent]
    above = path.parent.parent / re.sub("filtered", "raw", path.parent.name) / path.name
    exact = [other for other in beside if other.name == wanted] + [other for other in raw if other == above]
    stem = re.sub(r"\.h5$", "", wanted)
    alike = [other for other in beside if other.name.removesuffix(".h5") == stem]
    return next(iter([*exact, *alike]), None) if "filtered" in str(path) else None


def name_of(path: Path, top: Path) -> str:
    """Name what a count file holds: by its own name, or by the nearest folder that is not Cell Ranger's."""
    own = path.name if path.is_dir() and not path.suffix else ENDINGS.sub("", path.name)
    if own and not PLACES.fullmatch(own):
        return own
    for folder in path.parents:
        if not PLACES.fullmatch(folder.name):
            return folder.name or "sample"
        if folder == top:
            break
    return top.name or "sample"


def _open(path: Path, top: Path, raw: Path | None, read_seurat: MetaReader) -> Found:
    """Read the names of a file's cells and their columns."""
    format = sniff_format(path)
    name = name_of(path, top)
    if format == "seurat":
        meta = read_seurat(path)
        readers = {str(key): partial(meta[key].to_numpy, dtype=str) for key in meta}
        columns = read_columns(readers, meta.index.to_numpy(dtype=str))
        return Found(path, format, name, columns, len(meta), sha256=meta.attrs.get("sha256", ""))
    if format == "table":
        return Found(path, format, name)
    with open_sources(path, format=format) as sources:
        columns = read_columns(sources[0].columns, sources[0].barcodes)
        return Found(path, format, name, columns, len(sources[0].barcodes), raw)
