"""The molecules of droplets without a cell, from the unfiltered matrix of a run."""

import numpy as np
import pytest
from scipy import sparse

from cd20scope.counts import ingested, store
from cd20scope.counts.matrix import IngestError
from cd20scope.ingest import look, read
from cd20scope.preflight import files
from cd20scope.simulate import tenx_files

GENES = [f"GENE{number}" for number in range(40)]
BASES = np.array(list("ACGT"))


def barcodes(n, *, seed):
    rng = np.random.default_rng(seed)
    return ["".join(row) + "-1" for row in BASES[rng.integers(0, 4, (n, 16))]]


@pytest.fixture
def run(tmp_path):
    """A filtered and an unfiltered matrix of one run: 50 cells, 4,000 droplets without, of another profile."""
    rng = np.random.default_rng(3)
    cells, droplets = barcodes(50, seed=1), barcodes(4000, seed=2)
    counts = rng.poisson(20, (50, 40))
    ambient = np.linspace(1, 3, 40) / np.linspace(1, 3, 40).sum()
    empty = rng.poisson(8 * ambient, (4000, 40))
    order = rng.permutation(4050)
    everything, names = np.vstack([counts, empty])[order], np.array(cells + droplets)[order]
    tenx_files.write_h5(tmp_path / "raw.h5", everything, genes=GENES, barcodes=names.tolist())
    tenx_files.write_mtx(tmp_path / "raw", everything, genes=GENES, barcodes=names.tolist())
    tenx_files.write_h5(tmp_path / "cells.h5", counts, genes=GENES, barcodes=cells)
    return tmp_path, empty


@pytest.mark.parametrize("name", ["raw.h5", "raw"])
def test_molecules_of_droplets_without_a_cell_are_summed_and_kept(run, name):
    folder, empty = run
    counts = read.read_sample(folder / "cells.h5")
    found = read.read_empty(folder / name, counts)
    np.testing.assert_array_equal(found, empty.sum(axis=0))
    from dataclasses import replace

    store.write_counts(replace(counts, empty=found), folder / "s.h5ad", provenance={"sample": "s"})
    np.testing.assert_array_equal(ingested.read_counts(folder / "s.h5ad").empty, found)
    assert ingested.read_genes({"s": folder / "s.h5ad"})["s"]["gene"].tolist() == GENES
    store.write_counts(counts, folder / "s.h5ad", provenance={"sample": "s"})
    assert ingested.read_counts(folder / "s.h5ad").empty is None


def test_genes_in_another_order_and_barcodes_with_another_end_are_matched(run):
    folder, empty = run
    counts = read.read_sample(folder / "cells.h5")
    renamed = np.array([f"P01_{name[:-2]}" for name in counts.barcodes])
    tenx_files.write_h5(
        folder / "turned.h5", counts.matrix.toarray()[:, ::-1], genes=GENES[::-1], barcodes=renamed.tolist()
    )
    turned = read.read_sample(folder / "turned.h5")
    np.testing.assert_array_equal(read.read_empty(folder / "raw.h5", turned), empty.sum(axis=0)[::-1])


def spoilt(folder, name, *, cells=None, genes=GENES, counts=None):
    n = 50 if counts is None else len(counts)
    tenx_files.write_h5(
        folder / name,
        np.full((n, len(genes)), 3) if counts is None else counts,
        genes=genes,
        barcodes=cells or barcodes(n, seed=1),
    )
    return folder / name


def test_the_matrix_of_another_run_is_refused(run):
    folder, _ = run
    counts = read.read_sample(folder / "cells.h5")
    header, seen = look.look(folder / "cells.h5", sample="s")
    assert header.n_cells == 50
    for path, words in (
        (spoilt(folder, "other.h5", cells=barcodes(50, seed=9)), "0% of the sample's cells are among"),
        (
            spoilt(folder, "genes.h5", genes=[f"OTHER{number}" for number in range(40)]),
            "0% of the sample's genes",
        ),
    ):
        for check in (
            lambda path: read.read_empty(path, counts),
            lambda path: look.check_empty(path, seen),
        ):
            with pytest.raises(IngestError, match=words) as error:
                check(path)
            assert path.name in str(error.value)
            assert "column raw" in str(error.value)
    # names cannot tell that a filtered matrix was given twice
    with pytest.raises(IngestError, match="0 droplets without a cell hold 0 molecules"):
        read.read_empty(folder / "cells.h5", counts)


def test_an_unfiltered_matrix_is_no_sample():
    names = np.array([f"C{number}" for number in range(25_000)])
    nearly_empty = sparse.csr_matrix(np.random.default_rng(0).poisson(0.1, (300, 40)))
    whole = look.Look("s1", names, np.array(GENES), nearly_empty)
    ((about, text),) = files.find_unfiltered(
        [whole, look.Look("s2", names[:300], np.array(GENES), nearly_empty)]
    )
    assert about == "s1"
    assert "25,000 barcodes" in text
    assert "column raw" in text
    full = sparse.csr_matrix(np.full((300, 40), 5))
    assert files.find_unfiltered([look.Look("s3", names, np.array(GENES), full)]) == []
