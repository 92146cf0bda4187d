"""Files made to break a reader are refused by name within seconds and a gigabyte; no other file is read."""

import os
import subprocess
import sys

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from count_files import counts, write_10x_h5, write_mtx
from hostile_files import BOMBS, MISTAKEN, OUTSIDE, SHAPES
from measured_looks import SECONDS, measure
from scipy import sparse

from cd20scope.counts.foreign import LEAST_MEMORY, MEMORY_PER_BYTE
from cd20scope.ingest import read
from workflow.running import ROOT

CASES = OUTSIDE | BOMBS | MISTAKEN | {name: (make, []) for name, make in SHAPES.items()}
MEGABYTES = 1024
N_CELLS, N_GENES = 340, 5000


@pytest.fixture(scope="module")
def looks(tmp_path_factory):
    """What each case ends with, and the folder of each."""
    folders = {name: tmp_path_factory.mktemp("hostile") for name in CASES}

    paths = {name: make(folders[name]) for name, (make, _) in CASES.items()}

    found = measure(paths.values())
    return {name: (paths[name], look) for name, look in zip(paths, found, strict=True)}


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_by_name_within_seconds_and_a_gigabyte(looks, case):
    path, look = looks[case]
    assert look["error"] in {"IngestError", "NotRawError"}, look
    for word in (path.name, *CASES[case][1]):
        assert word in look["text"]
    assert "root:x" not in look["text"]
    assert look["seconds"] < SECONDS
    assert look["megabytes"] < MEGABYTES
    assert not (path.parent / "ran").exists()


def test_links_within_a_file_are_followed(tmp_path):
    path = write_10x_h5(tmp_path / "a.h5", counts())
    with h5py.File(path, "r+") as file:
        file.move("matrix", "elsewhere")
        file["matrix"] = h5py.SoftLink("/elsewhere")
        file["elsewhere/itself"] = file["elsewhere"]
        file["nowhere"] = h5py.SoftLink("/not/there")
    np.testing.assert_array_equal(read.read_sample(path).matrix.toarray(), counts())


def test_a_byte_order_mark_is_passed_over(tmp_path):
    folder = write_mtx(tmp_path / "m", counts(), zipped=False)
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    found = read.read_sample(folder)
    np.testing.assert_array_equal(found.matrix.toarray(), counts())
    assert found.genes["gene"][0] == "MS4A1"


def test_memory_is_free_again_after_a_refusal(tmp_path):
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    make, _ = BOMBS["genes declared"]
    with pytest.raises(ValueError, match=r"a\.h5"):
        read.read_sample(make(tmp_path))
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_what_an_allocator_reserves_is_not_the_memory_of_a_file(tmp_path):
    # the bound of a file of this size leaves room for the gigabyte that Arrow reserves, and for little beside it
    genes = pd.DataFrame(
        {"gene_ids": [f"ID{number}" for number in range(N_GENES)]},
        index=pd.Index([f"GENE{number}" for number in range(N_GENES)], dtype="str"),
    )
    cells = pd.DataFrame(index=pd.Index([f"CELL{number}-1" for number in range(N_CELLS)], dtype="str"))
    rng = np.random.default_rng(0)
    matrix = rng.poisson(rng.lognormal(0, 0.5, (N_CELLS, 1)), (N_CELLS, N_GENES)).astype(np.float32)
    ad.AnnData(sparse.csr_matrix(matrix), obs=cells, var=genes).write_h5ad(
        tmp_path / "a.h5ad", compression="gzip"
    )
    room = LEAST_MEMORY + MEMORY_PER_BYTE * (tmp_path / "a.h5ad").stat().st_size - (1 << 30)
    assert 0 < room < 30 << 20
    asked = f"from cd20scope.ingest import read; print(read.read_sample({str(tmp_path / 'a.h5ad')!r}).matrix.sum())"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    said = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=False, env=environment
    )
    assert said.returncode == 0, said.stderr
    assert float(said.stdout) == matrix.sum()
