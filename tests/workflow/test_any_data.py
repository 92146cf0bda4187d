"""Data as labs have them: one file of many samples, Seurat objects, libraries, no pairs, wrong checksums."""

import hashlib
import warnings

import numpy as np
import pandas as pd
import pytest
from measured_genes import few_genes
from reference_data import locate
from scipy import sparse
from seurat_objects import write_seurat

from cd20scope.counts import ingested
from cd20scope.simulate import tenx_files
from workflow.running import plan, ran, snakemake

# anndata 0.13 asks pandas 3 for an option that pandas 4 will not have; a caller cannot help it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option:DeprecationWarning")

GENES = few_genes("CD3E", "MS4A1", "LYZ", "NKG7", "GNLY", "B2M")
N = 40


@pytest.fixture
def data():
    """Counts of 40 cells, and whose they are."""
    rng = np.random.default_rng(0)
    bases = rng.choice(list("ACGT"), size=(N, 16))
    barcodes = ["".join(row) + "-1" for row in bases]
    obs = pd.DataFrame(
        {"donor": np.repeat(["P01", "P02"], N // 2), "visit": np.tile(["baseline", "week2"], N // 2)},
        index=pd.Index(barcodes, dtype=object),
    )
    return rng.poisson(1.5, (N, len(GENES))), obs


def study(folder, sheet, config="samples: samples.tsv\nqc: {min_counts: 1, min_genes: 1}\n"):
    (folder / "samples.tsv").write_text("\n".join("\t".join(row) for row in sheet) + "\n")
    (folder / "study.yaml").write_text(config)
    return folder / "study.yaml"


def split_sheet(path):
    rows = [
        (f"{donor}_{visit}", donor, visit, path, f"donor={donor}; visit={visit}")
        for donor in ("P01", "P02")
        for visit in ("baseline", "week2")
    ]
    return [("sample", "donor", "visit", "path", "cells"), *rows]


def trusted(folder, sheet):
    """State the checksum of the file, without which R before 4.4 does not read it."""
    head, *rows = sheet
    sums = [hashlib.sha256((folder / row[3]).read_bytes()).hexdigest() for row in rows]
    return [(*head, "sha256"), *((*row, found) for row, found in zip(rows, sums, strict=True))]


def assert_split(folder, data):
    dense, obs = data
    for (donor, visit), own in obs.groupby(["donor", "visit"]):
        counts = ingested.read_counts(folder / f"results/ingest/{donor}_{visit}.h5ad")
        assert counts.barcodes.tolist() == own.index.tolist()
        order = counts.genes["gene"].tolist()
        expected = pd.DataFrame(dense, columns=GENES)[order].to_numpy()[obs.index.get_indexer(own.index)]
        np.testing.assert_array_equal(counts.matrix.toarray(), expected)


PASSED = ["results/preflight/passed.txt"]
TARGETS = PASSED + [
    f"results/ingest/{donor}_{visit}.h5ad" for donor in ("P01", "P02") for visit in ("baseline", "week2")
]


def test_one_h5ad_of_all_samples_named_by_ensembl_ids(tmp_path, data):
    import anndata as ad

    dense, obs = data
    ids = {"CD3E": "ENSG00000198851", "MS4A1": "ENSG00000156738"}
    with warnings.catch_warnings(action="ignore"):
        ad.AnnData(
            sparse.csr_matrix(dense.astype(np.float32)),
            obs=obs,
            var=pd.DataFrame(index=pd.Index([ids.get(gene, gene) for gene in GENES], dtype=object)),
        ).write_h5ad(tmp_path / "all.h5ad")
    config = study(tmp_path, split_sheet("all.h5ad"))
    ran(snakemake(*TARGETS, directory=tmp_path, config=config))
    assert_split(tmp_path, data)
    checked = pd.read_csv(tmp_path / "results/preflight/samples.tsv", sep="\t")
    assert checked["n_cells"].tolist() == [10] * 4


@pytest.fixture
def seurat(tmp_path, data):
    """A folder with the same data as Seurat objects of both generations."""
    dense, obs = data
    write_seurat(tmp_path, pd.DataFrame(dense, index=obs.index, columns=GENES), obs)
    return tmp_path


@pytest.mark.r
@pytest.mark.parametrize("name", ["assay.rds", "assay5.rds"])
def test_seurat_objects_of_both_generations(seurat, data, name):
    dense, obs = data
    if name == "assay5.rds":
        # the first gene is not in the second layer, whose cells are those of week 2
        dense = np.where(
            (obs["visit"] == "week2").to_numpy()[:, None] & (np.arange(len(GENES)) == 0), 0, dense
        )
    config = study(seurat, trusted(seurat, split_sheet(name)))
    ran(snakemake(*TARGETS, directory=seurat, config=config))
    assert_split(seurat, (dense, obs))
    assert not list((seurat / "results/ingest/seurat").glob("*.parts"))


@pytest.mark.r
def test_another_r_object_is_named_and_explained(seurat):
    config = study(seurat, trusted(seurat, split_sheet("list.rds")))
    process = snakemake(*TARGETS, directory=seurat, config=config)
    assert process.returncode != 0
    reason = "list.rds: holds an object of class list. Give a Seurat object, a SingleCellExperiment"
    assert reason in " ".join(process.stderr.split())


@pytest.mark.r
@pytest.mark.cohort("pbmc_seurat.rds")
def test_the_real_seurat_object(seurat):
    path = locate("pbmc_seurat.rds")
    sheet = [("sample", "donor", "visit", "path", "cells")]
    sheet += [
        (f"S{i}", "D1", visit, str(path), f"condition=condition{i}")
        for i, visit in ((1, "baseline"), (2, "week2"))
    ]
    config = study(seurat, trusted(seurat, sheet))
    ran(snakemake("results/ingest/S1.h5ad", "results/ingest/S2.h5ad", directory=seurat, config=config))
    first, second = (ingested.read_counts(seurat / f"results/ingest/S{i}.h5ad") for i in (1, 2))
    assert first.matrix.shape == (168, 12627)
    assert second.matrix.shape == (332, 12627)
    assert "MS4A1" in set(first.genes["gene"])


def two_files(folder, data):
    dense, obs = data
    for name, rows in (("a.h5", slice(0, 20)), ("b.h5", slice(20, 40))):
        tenx_files.write_h5(folder / name, dense[rows], genes=GENES, barcodes=obs.index[rows].tolist())


def test_a_wrong_checksum_stops_before_anything_is_read(tmp_path, data):
    two_files(tmp_path, data)
    right = hashlib.sha256((tmp_path / "a.h5").read_bytes()).hexdigest()
    head = ("sample", "donor", "visit", "path", "sha256")
    rows = [("s1", "D1", "baseline", "a.h5", right.upper()), ("s2", "D1", "week2", "b.h5", "0" * 64)]
    process = snakemake(*PASSED, directory=tmp_path, config=study(tmp_path, [head, *rows]))
    said = process.stdout + process.stderr
    assert process.returncode != 0
    assert "sample s2" in said
    assert f"the sheet says {'0' * 64}" in said
    assert "sample s1" not in said
    assert not list((tmp_path / "results/ingest").glob("*.h5ad"))


def test_without_pairs_cells_can_be_labelled_and_verdicts_cannot_be_asked_for(tmp_path, data):
    two_files(tmp_path, data)
    head = ("sample", "donor", "visit", "path")
    config = study(tmp_path, [head, ("s1", "D1", "baseline", "a.h5"), ("s2", "D2", "week2", "b.h5")])
    ran(plan("annotate", directory=tmp_path, config=config))
    # all, and each of the two tables by itself
    for target in ((), ("results/verdict/verdicts.tsv",), ("results/verdict/flips.tsv",)):
        process = plan(*target, directory=tmp_path, config=config)
        said = process.stdout + process.stderr
        assert process.returncode != 0, target
        for words in (
            "no donor has both visits of a contrast",
            "D1: baseline",
            "D2: week2",
            "snakemake annotate",
        ):
            assert words in said, target


def test_the_same_library_twice_stops_the_run_and_leaves_the_page(tmp_path, data):
    dense, obs = data
    for name in ("a.h5", "b.h5"):
        tenx_files.write_h5(tmp_path / name, dense, genes=GENES, barcodes=obs.index.tolist())
    head = ("sample", "donor", "visit", "path")
    config = study(tmp_path, [head, ("s1", "D1", "baseline", "a.h5"), ("s2", "D1", "week2", "b.h5")])
    process = snakemake(*PASSED, directory=tmp_path, config=config)
    said = process.stdout + process.stderr
    assert process.returncode != 0
    assert "s1, s2: the same library twice: 100% of the barcodes" in said
    page = (tmp_path / "results/preflight/preflight.html").read_text()
    assert "1 error stops the run." in page
    assert "the same library twice" in page
    assert not list((tmp_path / "results/ingest").glob("*.h5ad"))
