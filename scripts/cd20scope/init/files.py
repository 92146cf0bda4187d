"""Count files of a folder, found by name and content, with the columns of their cells."""

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest.formats.detect import ZARR, open_sources, sniff_format
from cd20scope.ingest.formats.layouts import LAYOUTS, MTX, PART
from cd20scope.ingest.formats.text_table import is_wide
from cd20scope.ingest.formats.unread import name_unread
from cd20scope.init.columns import read_columns
from cd20scope.init.copies import bases_of, set_copies_apart
from cd20scope.init.found import Found
from cd20scope.init.paths import names_of
from cd20scope.init.tables import join, read_table

DEPTH = 6
"""Folders below the one given: per_sample_outs/<sample>/count/sample_filtered_feature_bc_matrix/ is four deep."""
MOST_FILES = 2000
"""Count files; a folder with more is not that of a study."""

BUNDLE = re.compile(
    r"(features|(all_)?genes|barcodes|quants_mat_(rows|cols)|gene_names|genes\.names|featuredump)"
    r"\.(tsv|csv|txt)(\.gz)?$"
)
"""Lists of names that belong to a matrix."""
MATRICES = {layout.matrix for layout in LAYOUTS}
PACKED = re.compile(
    r"(\.((h5|hdf5|h5ad|loom|rds|zarr|h5mu|h5seurat)\.gz|tar(\.gz)?|tgz|zip|7z|rar|bz2|xz|zst|lz4|h5seurat|"
    r"parquet|feather|arrow|npz|npy|pkl|pickle|qs2?|xlsx?)|^quants_mat\.gz)$",
    flags=re.IGNORECASE,
)
"""Files that are told how to unpack or to convert."""
SAMPLES = re.compile(
    r"meta|pheno|clinical|annot|sample_?(sheet|info|list)|aggregation|readme", flags=re.IGNORECASE
)
TABLE = re.compile(r"\.(csv|tsv|txt|st)(\.gz)?$", flags=re.IGNORECASE)
COUNTS = re.compile(r"count|(?<!series_)matrix|umi|dge|expr", flags=re.IGNORECASE)
SINGLE = re.compile(r"\.(h5|hdf5|h5ad|h5mu|loom|rds|rda|rdata)$", flags=re.IGNORECASE)
RAW = re.compile(r"(^|[-_.])(raw|unfiltered)([-_.]|$)", flags=re.IGNORECASE)
TENX_RAW = re.compile(r"raw_(feature|gene|probe|peak)s?_bc|^raw(_matrix)?$|unfiltered", flags=re.IGNORECASE)
ALL_DROPLETS = (
    "an unfiltered matrix of all droplets, and no filtered one is there. Call its cells first (emptyDrops, CellBender, "
    "STARsolo --soloCellFilter, kb count --filter), and give that matrix"
)
NOT_COUNTS = re.compile(
    r"(molecule_info|analysis|cloupe|vdj|metrics|readspercell|posterior)", flags=re.IGNORECASE
)


type MetaReader = Callable[[Path], pd.DataFrame]
"""Reads the meta.data of a Seurat object, one row per cell, as text."""


def find_files(
    place: Path, *, read_seurat: MetaReader
) -> tuple[list[Found], list[tuple[Path, str]], list[str]]:
    """Find the count files at a place, and open their headers.

    Parameters
    ----------
    place
        A count file, or a folder, searched some levels deep.
    read_seurat
        Reads the table of cells of a Seurat object.

    Returns
    -------
    The files; what looks like counts and was left out, with the reason; and which tables beside them were joined.

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
        of_sample = _open(place, names_of([place], place)[0], None, read_seurat)
        of_cells = [table for path in _beside(place) if (table := read_table(path)) is not None]
        joined, notes = join([of_sample], of_cells)
        return joined, [], notes
    left_out: list[tuple[Path, str]] = []
    beside: list[Path] = []
    candidates = list(_candidates(place, left_out, beside))
    raw = [path for path in candidates if _is_unfiltered(path)]
    # where nothing is filtered, raw says that counts are not normalised, but for what Cell Ranger and STARsolo write
    filtered_in = {path.parent for path in candidates if path not in raw}
    raw = [path for path in raw if TENX_RAW.search(_own_name(path)) or path.parent in filtered_in]
    filtered = _best_of_each([path for path in candidates if path not in raw])
    if len(filtered) > MOST_FILES:
        raise IngestError(f"{place}: {len(filtered)} count files. Give the folder of one study.")
    found, aside = _open_each(filtered, raw, place, read_seurat)
    left_out += aside
    used = {file.raw for file in found}
    left_out += [
        (path, "an unfiltered matrix: its samples are the filtered ones" if filtered else ALL_DROPLETS)
        for path in _best_of_each(raw)
        if path not in used and not any(file.path.parent == path.parent for file in found)
    ]
    if not found:
        seen = "; ".join(f"{path}: {why}" for path, why in left_out[:3])
        raise IngestError(
            f"{place}: no count file found, {DEPTH} folders deep{f' ({seen})' if seen else ''}. Give the folder that "
            "holds filtered_feature_bc_matrix.h5, matrix.mtx, .h5ad, .zarr, .loom or .rds files, or such a file."
        )
    # parts of a matrix are listed only where no count file was found
    left_out = [(path, why) for path, why in left_out if not PART.search(path.name)]
    of_samples = [table for path in beside if (table := read_table(path)) is not None]
    joined, notes = join(found, of_samples)
    kept = set_copies_apart(joined)
    left_out += [
        (file.path, f"the same cells as {file.copy_of}, which is taken") for file in kept if file.copy_of
    ]
    return kept, left_out, notes


def _open_each(
    paths: list[Path], raw: list[Path], place: Path, read_seurat: MetaReader
) -> tuple[list[Found], list[tuple[Path, str]]]:
    """Open files with the unfiltered ones beside them; those that hold no counts are left out, with the reason."""
    found: list[Found] = []
    left_out: list[tuple[Path, str]] = []
    for path, name in zip(paths, names_of(paths, place), strict=True):
        try:
            found.append(_open(path, name, _raw_beside(path, raw), read_seurat))
        except IngestError as error:
            left_out.append((path, str(error).removeprefix(f"{path}: ")))
    tables = [file for file in found if file.format == "table"]
    if len(tables) < len(found):
        # beside files of counts, a table is a list of samples or a summary more often than counts
        found = [file for file in found if file.format != "table"]
        why = "a table of text beside other files; add it to the sheet if it holds counts"
        left_out += [(file.path, why) for file in tables]
    return found, left_out


def _candidates(
    folder: Path,
    closed: list[tuple[Path, str]],
    beside: list[Path],
    depth: int = 0,
    seen: set[str] | None = None,
) -> Iterator[Path]:
    """Walk down to what may hold counts, in the order of names; links are followed, no folder twice.

    Other tables of text are added to ``beside``, and folders that cannot be read to ``closed``.
    """
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
    if what := name_unread(folder, names):
        closed.append((folder, f"{what}."))
        return
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
            yield from _candidates(Path(entry.path), closed, beside, depth + 1, seen)
        elif entry.name.removesuffix(".gz") in MATRICES:
            yield folder
        elif MTX.search(entry.name):
            # beside a matrix of all molecules lie those of their parts
            if not any(name.removesuffix(".gz") in MATRICES for name in names):
                yield Path(entry.path)
        elif _looks_like_counts(Path(entry.path)):
            yield Path(entry.path)
        elif TABLE.search(entry.name) and not BUNDLE.search(entry.name):
            beside.append(Path(entry.path))


def _looks_like_counts(path: Path) -> bool:
    name = path.name
    if PACKED.search(name) or SINGLE.search(name):
        return True
    if not TABLE.search(name) or BUNDLE.search(name):
        return False
    return bool(COUNTS.search(name) and not SAMPLES.search(name)) or is_wide(path)


def _beside(path: Path) -> list[Path]:
    """Tables of text in the folder of a count file, and what Cell Ranger writes above it."""
    found = [*sorted(path.parent.iterdir()), path.parent.parent / "aggregation.csv"]
    return [other for other in found if other != path and TABLE.search(other.name) and other.is_file()]


def _is_unfiltered(path: Path) -> bool:
    """Whether a file holds all droplets, by its name; raw says of a table or an h5ad file that it is not normalised."""
    return (
        path.suffix.lower() not in (".h5ad", ".h5mu", ".loom", ".rds", ".zarr")
        and not TABLE.search(path.name)
        and bool(RAW.search(_own_name(path)))
    )


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
    exact = [other for other in beside if other.name == wanted] + [
        other for other in raw if other in (above, above.parent)
    ]
    stem = re.sub(r"\.h5$", "", wanted)
    alike = [other for other in beside if other.name.removesuffix(".h5") == stem]
    return next(iter([*exact, *alike]), None) if "filtered" in str(path) else None


def _open(path: Path, name: str, raw: Path | None, read_seurat: MetaReader) -> Found:
    """Read the names of a file's cells and their columns."""
    format = sniff_format(path)
    if format == "seurat":
        meta = read_seurat(path)
        readers = {str(key): partial(meta[key].to_numpy, dtype=str) for key in meta}
        barcodes = meta.index.to_numpy(dtype=str)
        return Found(
            path, format, name, read_columns(readers, barcodes), len(meta), bases=bases_of(barcodes),
            read_barcodes=lambda: barcodes, sha256=meta.attrs.get("sha256", ""),
        )  # fmt: skip
    with open_sources(path, format=format) as sources:
        barcodes = sources[0].barcodes
        columns = read_columns(sources[0].columns, barcodes)
    return Found(
        path,
        format,
        name,
        columns,
        len(barcodes),
        raw,
        bases=bases_of(barcodes),
        read_barcodes=lambda: barcodes,
    )
