"""Raw counts of a sample: from whatever file a lab has, into the one file that later steps read.

``results/ingest/{sample}.h5ad`` is an ordinary h5ad file, cells x genes, raw integers in CSR. It is written
through anndata, once, and read through h5py: a job that only reads then starts in 1.6 s instead of 2.4 s.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cd20scope import counts as proofs
from cd20scope import readers
from cd20scope.counts import Counts, IngestError, NotRawError
from cd20scope.sources import Source, explained, read_strings

FORMATS = ("10x_h5", "10x_mtx", "h5ad")

COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
"""For 9 million stored counts: 0.4 s to write, 0.2 s to read, 15 MB. Without shuffle 0.7 s and 22 MB; level 4
takes 0.6 s for 14 MB; lzf is as fast but 18 to 38 MB, and few HDF5 libraries outside Python read it."""

RUN_AGAIN = "remove it and run again, so that the ingest step makes it anew"

BLOCK_ROWS = 1024
"""Cells read together by :func:`read_rows`: a few tens of MB at usual depth."""


@dataclass(frozen=True)
class Header:
    """What a first look at a count file tells.

    Attributes
    ----------
    format
        One of :data:`FORMATS`.
    place
        Where in the file the counts are: ``matrix``, ``X``, ``layers['counts']``, ``raw.X`` or the
        name of the MTX file.
    n_cells, n_genes
        Without antibodies and other features that are no genes.
    """

    format: str
    place: str
    n_cells: int
    n_genes: int


def sniff_format(path: Path | str) -> str:
    """Tell the format of a count file from its content; see :func:`cd20scope.readers.sniff_format`."""
    return readers.sniff_format(path)


def read_sample(path: Path | str, *, format: str = "") -> Counts:
    """Read the raw counts of one sample.

    An h5ad file is searched for counts in ``X``, then ``layers['counts']``, then ``raw.X``; the first that is
    proven to hold non-negative integers is taken. Features that are no genes are left out; genome prefixes
    (``hg19_``) are taken off; repeated symbols get -1, -2, ... as in anndata.

    Parameters
    ----------
    path
        10x HDF5 file (Cell Ranger 1 to 9), 10x MTX folder, or h5ad file.
    format
        One of :data:`FORMATS`; empty (default) to tell it from the content.

    Raises
    ------
    IngestError
        When the file cannot be read or holds something else than raw counts of human genes named by symbol.
    """
    path = Path(path)

    def take(source: Source, genes: pd.DataFrame) -> Counts:
        where = f"{path}, {source.place}"
        matrix = source.load()
        matrix = matrix if source.keep.all() else matrix[:, np.flatnonzero(source.keep)]
        proofs.check_raw(matrix, barcodes=source.barcodes, names=source.names[source.keep], where=where)
        return Counts(matrix=proofs.finish_matrix(matrix, where=where), barcodes=source.barcodes, genes=genes)

    return _first_raw(path, _format(path, format), take)


def peek(path: Path | str, *, format: str = "") -> Header:
    """Check a count file by its names and first few thousand values, without loading the matrix.

    Whatever :func:`read_sample` refuses is refused here, except damage and odd values that lie deeper in the
    file. Imports no anndata and takes a fraction of a second, so that a run can look at every sample first.

    Parameters
    ----------
    path, format
        As for :func:`read_sample`.

    Raises
    ------
    IngestError
        As :func:`read_sample`.
    """
    path = Path(path)
    name = _format(path, format)
    return _first_raw(
        path, name, lambda source, genes: Header(name, source.place, len(source.barcodes), len(genes))
    )


def _format(path: Path, format: str) -> str:
    if format and format not in FORMATS:
        raise IngestError(
            f"{path}: unknown format {format!r}. Use one of {', '.join(FORMATS)}, or leave it empty."
        )
    found = sniff_format(path)
    if format and format != found:
        raise IngestError(
            f"{path}: said to be {format}, but its content is {found}. Correct 'format' in the sample sheet, "
            "or leave it empty."
        )
    return found


def _first_raw[T](path: Path, format: str, take: Callable[[Source, pd.DataFrame], T]) -> T:
    """Give the first place of the file that holds raw counts to ``take``, or say what each place holds."""
    refused: list[NotRawError] = []
    with readers.open_sources(path, format=format) as sources:
        for source in sources:
            proofs.check_names(source.barcodes, source.names, shape=source.shape, where=str(path))
            ids = source.ids[source.keep] if source.ids.size else source.ids
            genes = proofs.tidy_genes(source.names[source.keep], ids, where=str(path))
            try:
                head = source.head()[:, np.flatnonzero(source.keep)]
                names, where = source.names[source.keep], f"{path}, {source.place}"
                proofs.check_raw(head, barcodes=source.barcodes, names=names, where=where)
                return take(source, genes)
            except NotRawError as error:
                refused.append(error)
    raise NotRawError("\n".join(str(error) for error in refused))


def write_counts(counts: Counts, path: Path | str, *, provenance: Mapping[str, str]) -> None:
    """Write the counts of a sample as h5ad; the same input gives the same bytes.

    The file appears whole or not at all: it is written beside its place under another name and moved.

    Parameters
    ----------
    counts
        As :func:`read_sample` gives them.
    path
        To write to; an existing file is replaced.
    provenance
        What the sheet says about the sample; kept in ``uns['sample']``. No times or machine names, which
        would make every run's file another.
    """
    from anndata.io import write_elem  # costs a second or more: only the ingest step writes

    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    # Plain object strings, not pandas' own: those are stored in a way that only anndata 0.11 and later read.
    gene = pd.Index(counts.genes["gene"].to_numpy(dtype=object), dtype=object, name="gene")
    var = pd.DataFrame({"gene_id": counts.genes["gene_id"].to_numpy(dtype=object)}, index=gene, dtype=object)
    obs = pd.DataFrame(index=pd.Index(counts.barcodes.astype(object), dtype=object, name="barcode"))
    try:
        with h5py.File(partial, "w") as file:
            file.attrs["encoding-type"], file.attrs["encoding-version"] = "anndata", "0.1.0"
            write_elem(file, "X", counts.matrix, dataset_kwargs=COMPRESSION)
            write_elem(file, "obs", obs, dataset_kwargs=COMPRESSION)
            write_elem(file, "var", var, dataset_kwargs=COMPRESSION)
            write_elem(file, "uns", {"sample": {key: str(value) for key, value in provenance.items()}})
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_counts(path: Path | str) -> Counts:
    """Read what :func:`write_counts` wrote, without importing anndata.

    Raises
    ------
    IngestError
        When the file is damaged or was written by something else.
    """
    path = Path(path)
    with _opened(path) as (file, shape):
        X, obs = file["X"], file["obs"]
        matrix = sparse.csr_matrix((X["data"][:], X["indices"][:], X["indptr"][:]), shape=shape)
        barcodes, genes = read_strings(obs[obs.attrs["_index"]]), _genes(file["var"])
    return Counts(matrix=matrix, barcodes=barcodes, genes=genes)


def read_genes(path: Path | str) -> pd.DataFrame:
    """Read the genes alone of what :func:`write_counts` wrote: ``gene`` and ``gene_id``, in order.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    """
    with _opened(Path(path)) as (file, _):
        return _genes(file["var"])


def read_barcodes(path: Path | str) -> npt.NDArray[np.str_]:
    """Read the barcodes alone of what :func:`write_counts` wrote, in order.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    """
    with _opened(Path(path)) as (file, _):
        return read_strings(file["obs"][file["obs"].attrs["_index"]])


def _genes(var: h5py.Group) -> pd.DataFrame:
    gene, gene_id = read_strings(var[var.attrs["_index"]]), read_strings(var["gene_id"])
    return pd.DataFrame({"gene": gene, "gene_id": gene_id})


def read_rows(path: Path | str, rows: npt.NDArray[np.integer]) -> sparse.csr_matrix:
    """Read chosen cells of what :func:`write_counts` wrote, never holding more than a block of the others.

    Parameters
    ----------
    path
        As for :func:`read_counts`.
    rows
        Positions of the cells in the file, in any order, repeats allowed.

    Returns
    -------
    Cells x genes, int32, in the order of ``rows``.

    Raises
    ------
    IngestError
        As :func:`read_counts`.
    IndexError
        When a position lies outside the file.
    """
    path = Path(path)
    rows = np.asarray(rows, dtype=np.int64)
    wanted, back = np.unique(rows, return_inverse=True)
    with _opened(path) as (file, (n_cells, n_genes)):
        X = file["X"]
        pointers = X["indptr"][:]
        if wanted.size and not 0 <= wanted[0] <= wanted[-1] < n_cells:
            raise IndexError(
                f"{path}: cells {wanted[0]} to {wanted[-1]} asked for; it holds 0 to {n_cells - 1}."
            )
        parts = [sparse.csr_matrix((0, n_genes), dtype=np.int32)]
        for block in np.unique(wanted // BLOCK_ROWS):
            inside = wanted[wanted // BLOCK_ROWS == block]
            # From the first to the last cell wanted, so that few wanted cells read few chunks.
            bounds = pointers[inside[0] : inside[-1] + 2]
            span = slice(int(bounds[0]), int(bounds[-1]))
            stored = (X["data"][span], X["indices"][span], bounds - bounds[0])
            parts.append(sparse.csr_matrix(stored, shape=(len(bounds) - 1, n_genes))[inside - inside[0]])
    chosen: sparse.csr_matrix = sparse.vstack(parts, format="csr")[back]
    return chosen


@contextmanager
def _opened(path: Path) -> Iterator[tuple[h5py.File, tuple[int, int]]]:
    """Open what :func:`write_counts` wrote; the file and the shape of its matrix."""
    with explained(path, remedy=RUN_AGAIN), h5py.File(path, "r") as file:
        X = file.get("X")
        if X is None or X.attrs.get("encoding-type") != "csr_matrix" or "gene_id" not in file.get("var", ()):
            raise IngestError(f"{path}: not written by the ingest step: {RUN_AGAIN}.")
        n_cells, n_genes = (int(n) for n in X.attrs["shape"])
        yield file, (n_cells, n_genes)


def log_normalise(matrix: sparse.csr_matrix, *, target: float = 10_000.0) -> sparse.csr_matrix:
    """Scale each cell to the same total and take logs: y = log(1 + target * count / total of the cell).

    Parameters
    ----------
    matrix
        Raw counts, cells x all genes: the total is taken from what is given.
    target
        Total after scaling; 10,000 is the field's habit, so that values compare with published ones.

    Returns
    -------
    Cells x genes, float32; a cell without counts stays all zero. The input is not changed.
    """
    total = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
    factor = np.divide(target, total, out=np.zeros_like(total), where=total > 0)
    values = matrix.data * np.repeat(factor, np.diff(matrix.indptr))
    return sparse.csr_matrix(
        (np.log1p(values, out=values).astype(np.float32), matrix.indices.copy(), matrix.indptr.copy()),
        shape=matrix.shape,
    )
