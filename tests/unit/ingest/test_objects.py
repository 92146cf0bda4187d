"""Objects of R, unpacked and put together: Seurat 2, SingleCellExperiment, lists and bare matrices."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cd20scope.ingest import read
from cd20scope.ingest.formats import seurat

ROOT = Path(__file__).resolve().parents[3]
GENES = ["CD3D", "MS4A1", "LYZ", "NKG7"]
CELLS = ["AAACCC-1", "AAACCG-1", "AAACCT-1"]
COUNTS = np.array([[1, 0, 4, 0], [0, 2, 0, 5], [3, 0, 0, 6]])
PROTEIN = np.array([[10, 0], [0, 20], [30, 1]])
SETUP = f"""
suppressPackageStartupMessages(library(Matrix))
dense <- matrix(c({",".join(map(str, COUNTS.ravel()))}), nrow = 4,
                dimnames = list(c({",".join(map(repr, GENES))}), c({",".join(map(repr, CELLS))})))
counts <- as(as(dense, "generalMatrix"), "CsparseMatrix") + 0
adt <- matrix(c({",".join(map(str, PROTEIN.ravel()))}), nrow = 2, dimnames = list(c("CD3", "HLA-A/B"), colnames(dense)))
meta <- data.frame(donor = c("P1", "P1", "P2"), row.names = colnames(dense))
frame <- function(columns, names = NULL) {{
  setClass("DFrame", representation(listData = "list", rownames = "ANY"))
  new("DFrame", listData = columns, rownames = names)
}}
experiment <- function(assays, inside = list(), cells = frame(list(donor = meta$donor), rownames(meta))) {{
  setClass("Assays", representation(data = "ANY"))
  setClass("SimpleList", representation(listData = "list"))
  setClass("SingleCellExperiment", representation(assays = "ANY", colData = "ANY", int_colData = "ANY", NAMES = "ANY",
                                                  elementMetadata = "ANY"))
  new("SingleCellExperiment", assays = new("Assays", data = new("SimpleList", listData = assays)), colData = cells,
      int_colData = frame(list(altExps = frame(inside))), NAMES = rownames(dense),
      elementMetadata = frame(list(Symbol = rownames(dense))))
}}
old <- function() {{
  setClass("seurat", representation(raw.data = "ANY", meta.data = "data.frame", assay = "list"))
  setClass("assay", representation(raw.data = "ANY"))
  more <- cbind(counts, filtered = 1)
  new("seurat", raw.data = more, meta.data = meta, assay = list(CITE = new("assay", raw.data = adt)))
}}
with_antibodies <- function() {{
  setClass("Column", representation(se = "ANY"))
  beside <- new("Column", se = experiment(list(counts = adt)))
  experiment(list(logcounts = log1p(counts), counts = counts), list(ADT = beside))
}}
"""


@pytest.fixture(scope="module", autouse=True)
def needs_r():
    if not shutil.which("Rscript"):
        pytest.skip("needs R: Rscript is not on the path")
    probe = ["Rscript", "-e", "library(Matrix); library(SeuratObject)"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("needs R with SeuratObject (Debian: r-cran-seuratobject)")


def unpacked(folder, expression):
    """Save what an expression of R makes, and unpack it as the rule does."""
    made = [
        SETUP,
        f"object <- {expression}",
        f'saveRDS(object, "{folder}/x.rds")',
        'lists <- setNames(rep(list("list"), 4), c("input", "output", "log", "params"))',
        'setClass("Job", do.call(representation, c(lists, scriptdir = "character")))',
        f'snakemake <- new("Job", input = list(object = "{folder}/x.rds"), output = list(parts = "{folder}/parts"),',
        f'log = list("{folder}/log"), params = list(sha256 = "known"), scriptdir = "{ROOT}/scripts/ingest")',
        f'source("{ROOT}/scripts/ingest/unpack_seurat.R")',
    ]
    (folder / "make.R").write_text("\n".join(made))
    command = ["Rscript", "--vanilla", str(folder / "make.R")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.r
@pytest.mark.parametrize(
    ("expression", "protein", "donors"),
    [
        ("counts", False, False),
        ("dense", False, False),
        ("as.data.frame(dense)", False, False),
        ('list("Gene Expression" = counts, "Antibody Capture" = adt)', True, False),
        ("experiment(list(counts = counts))", False, True),
        ("experiment(list(logcounts = log1p(counts), whole = dense))", False, True),
        ("with_antibodies()", True, True),
        ("old()", True, True),
    ],
)
def test_objects_of_r_are_read(tmp_path, expression, protein, donors):
    made = unpacked(tmp_path, expression)
    assert made.returncode == 0, made.stderr
    seurat.pack(tmp_path / "parts", tmp_path / "x.h5ad")
    found = read.read_sample(tmp_path / "x.h5ad")
    np.testing.assert_array_equal(found.matrix.toarray(), COUNTS)
    assert found.genes["gene"].tolist() == GENES
    assert found.barcodes.tolist() == CELLS
    if protein:
        np.testing.assert_array_equal(found.protein.to_numpy(), PROTEIN)
        assert found.protein.columns.tolist() == ["CD3", "HLA-A_B"]
    else:
        assert found.protein is None
    if donors:
        chosen = read.read_sample(tmp_path / "x.h5ad", cells="donor=P2")
        np.testing.assert_array_equal(chosen.matrix.toarray(), COUNTS[2:])


@pytest.mark.r
@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("lm(1:3 ~ c(1, 2, 4))", "holds an object of class lm"),
        ("unname(dense)", "has no names of genes"),
        ("experiment(list(logcounts = log1p(counts)))", "has no assay counts; it has logcounts"),
    ],
)
def test_the_reason_of_a_refusal_is_in_the_terminal_and_in_the_log(tmp_path, expression, reason):
    made = unpacked(tmp_path, expression)
    assert made.returncode != 0
    assert reason in made.stderr
    assert reason in (tmp_path / "log").read_text()
    assert not (tmp_path / "parts").exists()
