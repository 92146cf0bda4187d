"""Foreign count files, told apart by their content and opened without loading the matrix.

Each opener yields the places of a file that may hold counts, as
:class:`~cd20scope.ingest.formats.source.Source`: names at once, values on request. A look at the first values and a
full read go through the same code. 10x files are read with h5py and not with scanpy: its import takes 2.5 s, and it
reads a file whole where a sample is some of its cells.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import zarr

from cd20scope.counts.foreign import check_regular, explained, open_hdf5
from cd20scope.counts.matrix import IngestError
from cd20scope.ingest.formats.h5ad import open_anndata
from cd20scope.ingest.formats.h5mu import open_mudata
from cd20scope.ingest.formats.layouts import find_matrix
from cd20scope.ingest.formats.loom import open_loom
from cd20scope.ingest.formats.mistaken import HDF5_SIGNATURE, name_mistaken
from cd20scope.ingest.formats.mtx_names import open_text
from cd20scope.ingest.formats.source import Source
from cd20scope.ingest.formats.tenx_h5 import _10x_h5, _version_2_groups
from cd20scope.ingest.formats.tenx_mtx import open_mtx
from cd20scope.ingest.formats.text_table import open_table, separator_of
from cd20scope.ingest.formats.unread import name_hdf5

ZARR = (".zgroup", ".zattrs", "zarr.json")
"""What the folder of a zarr store holds, in its versions 2 and 3."""
RDS = (b"X\n\x00\x00\x00", b"A\n2\n", b"A\n3\n")
WORKSPACE = (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n")
"""How R's own files begin, once unpacked: of one object, and of several."""


def sniff_format(path: Path | str) -> str:
    """Tell the format of a count file from its content, whatever it is called.

    Returns
    -------
    One of :data:`cd20scope.schema.FORMATS`.

    Raises
    ------
    IngestError
        When the path is not there or its content is none of these.
    """
    path = Path(path)
    with explained(path):
        if not path.exists():
            raise IngestError(f"{path}: not there. Correct the path in the sample sheet.")
        check_regular(path)
        if path.is_dir():
            if any((path / name).exists() for name in ZARR):
                return "zarr"
            find_matrix(path)
            return "10x_mtx"
        with path.open("rb") as handle:
            start = handle.read(len(HDF5_SIGNATURE))
        # files of mudata and MATLAB have a text of their own in front
        if start == HDF5_SIGNATURE or h5py.is_hdf5(path):
            return _sniff_hdf5(path)
        return _sniff_text(path, start)


def _sniff_hdf5(path: Path) -> str:
    with open_hdf5(path) as file:
        if {"matrix", "row_attrs", "col_attrs"} <= set(file):
            return "loom"
        if "matrix" in file or _version_2_groups(file):
            return "10x_h5"
        # h5mu has tables of all its cells, too
        if "mod" in file:
            return "h5mu"
        if file.attrs.get("encoding-type") == "anndata" or {"obs", "var"} <= set(file):
            return "h5ad"
        if what := name_hdf5(file, path):
            raise IngestError(f"{path}: {what}.")
        raise IngestError(
            f"{path}: an HDF5 file, but neither 10x counts nor h5ad nor loom; it holds "
            f"{', '.join(file) or 'nothing'}. Give Cell Ranger's filtered_feature_bc_matrix.h5 or an "
            "h5ad file with raw counts."
        )


def _sniff_text(path: Path, start: bytes) -> str:
    if path.suffix.lower() == ".cloupe":
        raise IngestError(
            f"{path}: a file of the Loupe Browser. Give filtered_feature_bc_matrix.h5 of the same run."
        )
    if path.name == "quants_mat.gz":
        raise IngestError(
            f"{path}: a matrix of salmon alevin in its own binary format. Quantify with alevin-fry, or write it as .rds"
            " (R): saveRDS(tximport::tximport('quants_mat.gz', type='alevin')$counts, 'x.rds')."
        )
    if start.startswith((b"BZh", b"\xfd7zXZ")):
        text = start
    else:
        with open_text(path) as handle:
            text = handle.read(1 << 16)
    if text.startswith(RDS) or (start.startswith((b"BZh", b"\xfd7zXZ")) and path.suffix.lower() == ".rds"):
        return "seurat"
    if text.startswith(WORKSPACE):
        raise IngestError(
            f"{path}: a workspace of R (save). Write the object alone (R): e <- new.env(); "
            f"n <- load({path.name!r}, e); saveRDS(e[[n[1]]], 'x.rds')."
        )
    if mistaken := name_mistaken(start, text):
        raise IngestError(f"{path}: {mistaken}")
    if text.removeprefix(b"\xef\xbb\xbf").startswith(b"%%MatrixMarket"):
        return "10x_mtx"
    lines = text.split(b"\n")
    line = next((line for line in lines if not line.startswith(b"#")), lines[0])
    try:
        if separator_of(line.decode("utf-8-sig").strip()) and b"\0" not in text:
            return "table"
    except UnicodeDecodeError:
        pass
    what = "is empty" if not start else f"is no file of counts that is known (it starts with {start!r})"
    raise IngestError(
        f"{path}: {what}. Give a 10x HDF5 file, the folder that holds matrix.mtx, features.tsv and barcodes.tsv, an "
        "h5ad, zarr, loom or Seurat .rds file, or a table of counts as text with names in the first row and column."
    )


@contextmanager
def open_sources(path: Path, *, format: str, place: str = "") -> Iterator[list[Source]]:
    """Open a count file; the places where counts may be, the likeliest first.

    Parameters
    ----------
    path
        File or folder.
    format
        As :func:`sniff_format` tells it.
    place
        Where an h5ad file or a zarr store holds the counts; empty (default) to look for them.

    Raises
    ------
    IngestError
        Also for whatever goes wrong while the file is open.
    """
    with explained(path):
        if format == "10x_mtx":
            yield [open_mtx(path)]
            return
        if format == "table":
            yield open_table(path)
            return
        if format == "seurat":
            raise IngestError(
                f"{path}: a file of R. The workflow reads Seurat objects through R; give it in the sample sheet under "
                "a name that ends in .rds."
            )
        if format == "zarr":
            store = zarr.open_group(str(path), mode="r")
            yield (open_mudata if "mod" in store else open_anndata)(store, path, place=place)
            return
        with open_hdf5(path) as file:
            match format:
                case "10x_h5":
                    yield [_10x_h5(file, path)]
                case "loom":
                    yield open_loom(file, path)
                case "h5mu":
                    yield open_mudata(file, path, place=place)
                case _:
                    yield open_anndata(file, path, place=place)
