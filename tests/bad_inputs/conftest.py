"""A sound study to be spoilt, and results of an earlier run that must stay as they are."""

import pytest

from bad_inputs.spoiling import GENES, HEAD, ROWS, SETTINGS, barcodes, dense
from cd20scope.simulate import tenx_files


@pytest.fixture
def study(tmp_path):
    """A sound study of one donor, a 10x HDF5 file and an MTX folder, with results of an earlier run."""
    tenx_files.write_h5(tmp_path / "a.h5", dense(0), genes=GENES, barcodes=barcodes("A"))
    tenx_files.write_mtx(tmp_path / "b", dense(1), genes=GENES, barcodes=barcodes("B"))
    (tmp_path / "samples.tsv").write_text("\n".join([HEAD, *ROWS]) + "\n")
    (tmp_path / "study.yaml").write_text(SETTINGS)
    for path, text in (
        ("results/verdict/verdicts.tsv", "old\n"),
        ("results/report/report.html", "<p>old</p>"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path
