"""What a job of a sample imports, most of the time that it takes."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = """
import sys
from pathlib import Path
from cd20scope.annotate import labels
from cd20scope.qc import metrics
tools = {"numpy.f2py.crackfortran", "numpy.testing._private.utils"}
print(tools & set(sys.modules))
import numpy.testing
numpy.testing.assert_allclose(1.0, 1.0)
print(Path(numpy.f2py.get_include()).is_dir(), tools <= set(sys.modules))
"""
PANDAS = """
import sys
import numpy as np
from scipy import sparse
from cd20scope.ingest import read as ingest
barcodes, names = np.array(["A", "C"]), np.array(["CD3E", "LYZ"], dtype=object)
counts = ingest.Counts(sparse.csr_matrix(np.eye(2, dtype=np.int32)), barcodes, {"gene": names, "gene_id": names})
ingest.write_counts(counts, sys.argv[1], provenance={"sample": "s"})
ingest.read_sample(sys.argv[1])
print({"pandas", "sklearn", "anndata"} & set(sys.modules))
"""


@pytest.mark.parametrize(("code", "said"), [(TOOLS, "set()\nTrue True\n"), (PANDAS, "set()\n")])
def test_what_a_sample_does_not_need_is_not_loaded(tmp_path, code, said):
    environment = {"PYTHONPATH": str(Path(__file__).parents[3] / "scripts")}
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "s.h5ad")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == said
