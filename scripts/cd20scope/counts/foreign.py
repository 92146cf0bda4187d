"""Files that others wrote: what they may be, refer to and take of the memory, and errors that name them."""

import os
import re
import resource
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pyarrow
from scipy import sparse

from cd20scope.counts.matrix import LONGEST_NAME, IngestError

LONGEST_TEXT = 4096
"""Characters of a value in a column of cells, where sequences of receptors are the longest."""
MOST_OBJECTS = 20_000
"""Groups and arrays of an HDF5 file; h5ad files have some hundreds."""
LEAST_MEMORY = 800 << 20
"""Bytes that any file may take: names of a lane's droplets, and a block of a dense matrix, take half of it."""
PER_BYTE = 250
"""Numbers that one byte of a file can stand for at most: what gzip makes of zeros. Real counts reach about two."""
MEMORY_PER_BYTE = 100
"""Bytes of memory for one of the file; counts as gzip packs them take 20 to 30 while they are read."""


def check_regular(path: Path | str) -> None:
    """Refuse what is neither file nor folder: a pipe or a device has no end, or never begins.

    Raises
    ------
    IngestError
    """
    mode = os.stat(path).st_mode  # noqa: PTH116 - follows links, and takes both kinds of path
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise IngestError(f"{path}: a pipe, socket or device, no file. Give a file or a folder.")


def check_lengths(texts: Sequence[str], *, most: int = LONGEST_NAME) -> None:
    """Refuse texts too long for names, before room is made for as long a name in each place.

    Parameters
    ----------
    texts
        Names of cells or genes, or values of a column.
    most
        Characters that each may have.

    Raises
    ------
    ValueError
        Which :func:`explained` gives the name of the file.
    """
    if max(map(len, texts), default=0) > most:
        longest = max(texts, key=len)
        raise ValueError(f"a name of {len(longest):,} characters, {longest[:40]!r}...; {most} are the most")


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files of a folder; 0 when there is none."""
    parts = path.rglob("*") if path.is_dir() else [path]
    return sum(part.stat().st_size for part in parts if part.is_file())


def check_size(n: int, *, path: Path, what: str) -> None:
    """Refuse a file that declares more numbers than its bytes can hold, before anything is made room for.

    Raises
    ------
    IngestError
    """
    if n < 1 << 24:
        return
    size = size_of(path)
    if n > PER_BYTE * size:
        raise IngestError(
            f"{path}: declares {n:,} {what} but has {size:,} bytes, which cannot hold them: damaged, or made to fill "
            "the memory. Give the original file."
        )


@contextmanager
def bounded_memory(path: Path) -> Iterator[None]:
    """Let the process take no more memory than a file of this size needs; MemoryError follows where it wants more.

    Of two that are open the outer one counts. Where the system does not tell a process its memory (not Linux), there
    is no bound.
    """
    statistics = Path("/proc/self/statm")
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft != hard or not statistics.exists():
        yield
        return
    # at its first use Arrow's allocator reserves a gigabyte, which would pass for the file's
    pyarrow.allocate_buffer(1)
    in_use = int(statistics.read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    bound = in_use + LEAST_MEMORY + MEMORY_PER_BYTE * size_of(path)
    if hard != resource.RLIM_INFINITY and bound >= hard:
        yield
        return
    resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


FILTER = re.compile(
    r"filter\b.*(?:not registered|not available)|can't open directory.*plugin", flags=re.DOTALL
)
"""What HDF5 says of a compression whose library is not there."""

COPY_AGAIN = "compare its size and checksum with the original and copy it again"


@contextmanager
def explained(path: Path, *, remedy: str = COPY_AGAIN) -> Iterator[None]:
    """Turn whatever goes wrong with a file into one error that names it, and bound the memory that it may take.

    The one boundary around all readers: what libraries raise over a file made to break them cannot be listed. Their
    traceback goes into the log with the error, as its cause.

    Raises
    ------
    IngestError
    """
    try:
        with bounded_memory(path):
            yield
    except IngestError:
        raise
    except MemoryError as error:
        raise IngestError(
            f"{path}: would take more memory than {size_of(path):,} bytes of counts can need ({str(error)[:200]}): "
            "damaged, or made to fill the memory. Give the original file."
        ) from error
    except PermissionError as error:
        raise IngestError(
            f"{path}: may not be read by this user ({error.strerror}). Change its permissions (chmod), or copy it."
        ) from error
    except Exception as error:
        if isinstance(error, OSError) and FILTER.search(str(error)):
            raise IngestError(
                f"{path}: its arrays are compressed by a filter of HDF5 that is not installed ({str(error)[:200]}). "
                "Write it with gzip: h5repack -f GZIP=4 FILE NEW, where the filter is installed (Python: import "
                "hdf5plugin)."
            ) from error
        raise IngestError(
            f"{path}: cannot be read ({type(error).__name__}: {' '.join(str(error).split())[:300]}). It may be "
            f"truncated or damaged: {remedy}."
        ) from error


def checked(matrix: sparse.csr_matrix | sparse.csc_matrix) -> sparse.csr_matrix:
    """Prove of a matrix, by row or by column, that every index lies inside: scipy would write outside its arrays."""
    # scipy passes over pointers that go down where the last of them is 0, and then reads outside its arrays
    if (np.diff(matrix.indptr) < 0).any():
        raise ValueError("indptr goes down")
    matrix.check_format(full_check=True)  # type: ignore[no-untyped-call]
    return sparse.csr_matrix(matrix)


@contextmanager
def open_hdf5(path: Path | str) -> Iterator[h5py.File]:
    """Open an HDF5 file of others for reading, once it is proven to hold all that it shows.

    Raises
    ------
    IngestError
        When it refers to other files: what they hold would be shown as this file's own.
    """
    check_regular(path)
    with h5py.File(path, "r") as file:
        _check_own(file, Path(path))
        yield file


def _check_own(file: h5py.File, path: Path) -> None:
    """Look at every link and array of a file; groups that hold themselves are passed once."""
    waiting: list[h5py.Group] = [file]
    seen = {_address(file)}
    while waiting:
        group = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            place = f"{group.name.rstrip('/')}/{name}"
            if isinstance(link, h5py.ExternalLink):
                _refuse(path, place, link.filename)
            if isinstance(link, h5py.SoftLink):
                continue  # what it names is passed under its own name
            node = group[name]
            address = _address(node)
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MOST_OBJECTS:
                raise IngestError(
                    f"{path}: more than {MOST_OBJECTS:,} groups and arrays, which no file of counts has. Give a file "
                    "with counts, names and tables of cells alone."
                )
            if isinstance(node, h5py.Group):
                waiting.append(node)
            elif isinstance(node, h5py.Dataset):
                _check_array(node, path, place)


def _address(node: h5py.Group | h5py.Dataset | h5py.Datatype) -> int:
    """Where a node lies in its file: the same for all its names."""
    return int(h5py.h5o.get_info(node.id).addr)  # type: ignore[attr-defined] # compiled, without types


def _check_array(node: h5py.Dataset, path: Path, place: str) -> None:
    """Refuse an array whose values lie in other files."""
    if node.external:
        _refuse(path, place, node.external[0][0])
    if node.is_virtual:
        for source in node.virtual_sources():
            if source.file_name != ".":
                _refuse(path, place, source.file_name)


def _refuse(path: Path, place: str, other: object) -> None:
    name = other.decode("utf-8", "replace") if isinstance(other, bytes) else str(other)
    raise IngestError(
        f"{path}: {place} lies in another file ({name!r}), which is not read. Write the counts into one file "
        "(h5repack, or read and write it again with anndata)."
    )
