"""Models as judges: a CellTypist pickle is opened only when it is the one meant; a reference learns its labels."""

import os
import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skops.io
from judge_files import sha256, train_celltypist
from skops.io.exceptions import UntrustedTypesFoundException

from cd20scope.annotate.judges import celltypist, reference
from cd20scope.counts.matrix import Counts, log_normalise

MARKERS = {"CD3E", "CD79A", "NKG7", "FOXP3"}


@pytest.fixture(scope="module")
def parts(cohort):
    """Cells of one donor to learn from, and those of another to judge; doublets left out of the first."""
    first, *_, last = cohort["counts"]
    known = cohort["truth"][first] != "doublet"
    return {
        "genes": cohort["genes"],
        "counts": cohort["counts"][first][known],
        "labels": cohort["truth"][first][known],
        "new": cohort["counts"][last],
        "truth": cohort["truth"][last],
    }


@pytest.fixture(scope="module")
def model_file(parts, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.pkl"
    return train_celltypist(path, log_normalise(parts["counts"]), parts["genes"], parts["labels"])


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_model_with_another_checksum_is_never_unpickled(tmp_path):
    sprung, path = tmp_path / "sprung", tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"Model": Trap(sprung)}))
    with pytest.raises(ValueError, match=r"model.pkl: its sha256 is .* A CellTypist model is a pickle"):
        celltypist.read_model(path, sha256="0" * 64)
    assert not sprung.exists()
    # the trap does work once the file is vouched for
    with pytest.raises(ValueError, match="no CellTypist model"):
        celltypist.read_model(path, sha256=sha256(path))
    assert sprung.exists()


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"no pickle")
    with pytest.raises(ValueError, match=r"model.pkl: no CellTypist model"):
        celltypist.read_model(path, sha256=sha256(path))


def test_celltypist_gives_its_documented_probabilities(parts, model_file, monkeypatch):
    """The oracle: scale, cut at 10, multiply, sigmoid; over the genes that sample and model share."""
    monkeypatch.setattr(celltypist, "BLOCK_CELLS", 150)
    stored = pickle.loads(model_file.read_bytes())
    classifier, scaler = stored["Model"], stored["Scaler_"]
    lognorm, shuffled = log_normalise(parts["new"]), np.random.default_rng(0).permutation(len(parts["genes"]))
    some = np.sort(shuffled[: len(shuffled) * 3 // 4])[::-1]  # genes missing, and in another order
    model = celltypist.read_model(model_file, sha256=sha256(model_file))
    found = celltypist.judge(lognorm[:, some], parts["genes"][some], model)
    at = pd.Index(parts["genes"][some]).get_indexer(classifier.features)
    here = at >= 0
    assert 0 < here.sum() < len(here)
    values = lognorm[:, some].toarray().astype(np.float64)[:, at[here]]
    scaled = np.minimum((values - scaler.mean_[here]) / scaler.scale_[here], 10)
    logit = scaled @ classifier.coef_[:, here].T + classifier.intercept_
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-logit))
    assert found.columns.tolist() == classifier.classes_.tolist()
    assert len(found) == lognorm.shape[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    whole = celltypist.judge(lognorm, parts["genes"], model)
    known = parts["truth"] != "doublet"
    assert (whole.idxmax(axis=1).to_numpy() == parts["truth"])[known].mean() > 0.9


def test_a_model_of_other_genes_is_refused(parts, model_file):
    model = celltypist.read_model(model_file, sha256=sha256(model_file))
    genes = np.array([f"ENSG{number:011d}" for number in range(parts["new"].shape[1])])
    with pytest.raises(ValueError, match=r"0 are in the sample .ENSG00000000000, .* gene symbols"):
        celltypist.judge(log_normalise(parts["new"]), genes, model)


def test_importing_celltypist_leaves_nothing_behind(tmp_path, monkeypatch):
    import logging
    import sys

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CELLTYPIST_FOLDER", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "celltypist"]:
        monkeypatch.delitem(sys.modules, name)
    filters, handlers, level = list(warnings.filters), list(logging.root.handlers), logging.root.level
    celltypist._celltypist()
    assert not list(tmp_path.iterdir())
    assert "CELLTYPIST_FOLDER" not in os.environ
    assert list(warnings.filters) == filters
    assert (list(logging.root.handlers), logging.root.level) == (handlers, level)


def as_counts(matrix, genes):
    barcodes = np.arange(matrix.shape[0]).astype(str)
    return Counts(
        matrix=matrix,
        barcodes=barcodes,
        genes={"gene": genes.astype(object), "gene_id": genes.astype(object)},
    )


@pytest.fixture(scope="module")
def trained(parts):
    return reference.fit(
        as_counts(parts["counts"], parts["genes"]),
        pd.Series(parts["labels"], dtype=object),
        genes=parts["genes"][::-1],
        markers=MARKERS,
        seed=0,
        name="reference.h5ad",
    )


def test_a_reference_tells_the_cells_of_another_donor(parts, trained):
    chances = reference.judge(parts["new"], parts["genes"], trained)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)
    learned = np.isin(parts["truth"], chances.columns)
    best = chances.idxmax(axis=1).to_numpy()
    assert (best == parts["truth"])[learned].mean() > 0.9
    # the probability is worth something: as high as the share of right labels, and lower for what was not learned
    highest = chances.max(axis=1).to_numpy()
    assert abs(highest[learned].mean() - (best == parts["truth"])[learned].mean()) < 0.05
    assert highest[learned].mean() > highest[~learned].mean()


def test_the_order_of_genes_and_genes_of_one_side_do_not_matter(parts, trained):
    expected = reference.judge(parts["new"], parts["genes"], trained)
    turned = reference.judge(parts["new"][:, ::-1].tocsr(), parts["genes"][::-1], trained)
    pd.testing.assert_frame_equal(turned, expected)
    foreign = sp.hstack([parts["new"], sp.csr_matrix(np.full((len(expected), 1), 500))], format="csr")
    more = reference.judge(foreign, np.append(parts["genes"], "TRANSGENE"), trained)
    pd.testing.assert_frame_equal(more, expected)


def test_a_class_too_small_is_left_out(parts, trained):
    sizes = pd.Series(parts["labels"]).value_counts()
    assert (sizes < reference.MIN_CELLS).any()
    assert set(trained.classifier.classes_) == set(sizes.index[sizes >= reference.MIN_CELLS])


def test_a_reference_survives_skops_and_nothing_else_is_read(parts, trained, tmp_path):
    path = tmp_path / "reference.skops"
    reference.dump(trained, path)
    assert set(skops.io.get_untrusted_types(file=path)) <= set(reference.TRUSTED)
    pd.testing.assert_frame_equal(
        reference.judge(parts["new"], parts["genes"], reference.load(path)),
        reference.judge(parts["new"], parts["genes"], trained),
    )
    skops.io.dump({"genes": Trap(tmp_path / "sprung")}, path)
    with pytest.raises(UntrustedTypesFoundException, match="Trap"):
        reference.load(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("n_genes", "labels", "message"),
    [
        (400, None, "shares 400 genes with the study .* at least 500"),
        (None, "NK", r"has 1 labels with at least 10 cells; two are needed .* Found: NK \(\d+\)"),
        (None, "", "has 0 labels with at least 10 cells; .* Found: none"),
    ],
)
def test_a_reference_that_cannot_teach_is_refused(parts, n_genes, labels, message):
    said = parts["labels"] if labels is None else np.full(len(parts["labels"]), labels, dtype=object)
    with pytest.raises(ValueError, match=message):
        reference.fit(
            as_counts(parts["counts"], parts["genes"]),
            pd.Series(said, dtype=object),
            genes=parts["genes"][:n_genes],
            markers=MARKERS,
            seed=0,
            name="reference.h5ad",
        )
