"""Any counts and names are read as they stand in a file; what stands there in their place is refused by name."""

import gzip
import warnings

import numpy as np
import pytest
from count_files import write_10x_h5, write_h5ad, write_loom, write_mtx, write_table
from hdf5_mutations import unexplained
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest import look, read

GENE = st.text("ABCDEFGHKLMNPQRSTVWXYZ0123456789-.", min_size=2, max_size=9).map(lambda text: f"Q{text}")
CELL = st.text("ACGT", min_size=12, max_size=16)


@st.composite
def samples(draw):
    """Counts of a few cells with at least one molecule, names of genes and of cells."""
    names = draw(st.lists(GENE, min_size=2, max_size=7, unique=True))
    cells = draw(
        st.lists(CELL, min_size=2, max_size=7, unique=True).filter(lambda own: len(own) != len(names))
    )
    values = st.integers(0, 3) | st.integers(0, 2**31 - 1)
    size = len(names) * len(cells)
    dense = np.array(draw(st.lists(values, min_size=size, max_size=size)), dtype=np.int64)
    dense[draw(st.integers(0, size - 1))] += dense.sum() == 0
    return dense.reshape(len(cells), len(names)), names, cells


WRITERS = {
    "10x HDF5": lambda folder, dense, **own: write_10x_h5(
        folder / "a.h5", dense, dtype=np.int64, ids=None, **own
    ),
    "10x MTX": lambda folder, dense, **own: write_mtx(folder / "m", dense, ids=None, **own),
    "h5ad by row": lambda folder, dense, **own: write_h5ad(
        folder / "a.h5ad", sparse.csr_matrix(dense), **own
    ),
    "h5ad by column": lambda folder, dense, **own: write_h5ad(
        folder / "a.h5ad", sparse.csc_matrix(dense), **own
    ),
    "h5ad dense": lambda folder, dense, **own: write_h5ad(folder / "a.h5ad", dense, **own),
    "loom": lambda folder, dense, **own: write_loom(folder / "a.loom", dense, **own),
    "table": lambda folder, dense, **own: write_table(folder / "t.csv", dense, **own),
}
SOME = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("form", WRITERS)
@SOME
@given(sample=samples())
def test_any_counts_are_read_as_they_are(tmp_path_factory, form, sample):
    dense, names, cells = sample
    folder = tmp_path_factory.mktemp("any")
    with warnings.catch_warnings(action="ignore"):
        path = WRITERS[form](folder, dense, names=names, barcodes=cells)
        found = read.read_sample(path)
    np.testing.assert_array_equal(found.matrix.toarray(), dense)
    assert found.barcodes.tolist() == cells
    assert found.genes["gene"].tolist() == names


PLACES = ("matrix.mtx.gz", "features.tsv.gz", "barcodes.tsv.gz")
LINES = st.sampled_from(
    [
        "1 1 1",
        "%",
        "%%MatrixMarket matrix coordinate integer general",
        "2 2 1",
        "A\tB\tGene Expression",
        "\t",
        "\x00",
        "é",
        "9" * 30,
    ]
)


@SOME
@given(
    place=st.sampled_from(PLACES),
    lines=st.lists(LINES | st.text(max_size=20), max_size=5),
    head=st.booleans(),
)
def test_any_text_in_a_10x_folder_is_read_or_refused_by_name(tmp_path_factory, place, lines, head):
    folder = write_mtx(
        tmp_path_factory.mktemp("any") / "m",
        np.eye(3, 4, dtype=int),
        names=list("ABCD"),
        ids=None,
        barcodes=list("xyz"),
    )
    start = gzip.decompress((folder / place).read_bytes()).split(b"\n")[:3] if head else []
    text = b"\n".join([*start, *(line.encode("utf-8", "surrogatepass") for line in lines)])
    (folder / place).write_bytes(gzip.compress(text))
    look_and_read(folder)


@SOME
@given(content=st.binary(max_size=60) | st.text('a1,;\t "\n.-TrueNA', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_by_name(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes(content)
    look_and_read(path)


def look_and_read(path):
    """Look at a file and read it; any other error than the project's own fails the test."""
    refusals = []
    for step in (lambda: look.look(path, sample="s"), lambda: read.read_sample(path)):
        try:
            step()
        except IngestError as error:
            refusals.append(str(error))
    assert all(str(path) in said for said in refusals)


def test_mutated_trees_are_read_or_refused_by_name(tmp_path):
    assert unexplained(tmp_path, seed=0, n=120) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_many_mutated_trees_are_read_or_refused_by_name(tmp_path, seed):
    assert unexplained(tmp_path, seed=seed, n=3000) == []
