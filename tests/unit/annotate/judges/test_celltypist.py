"""A CellTypist model as judge: a pickle is opened only when it is the one meant."""

import os
import pickle
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from judge_files import Trap, sha256, train_celltypist

from cd20scope.annotate.judges import celltypist
from cd20scope.counts.matrix import log_normalise


@pytest.fixture(scope="module")
def model_file(parts, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.pkl"
    return train_celltypist(path, log_normalise(parts["counts"]), parts["genes"], parts["labels"])


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


def test_a_model_of_an_older_scikit_learn_is_read(parts, model_file, tmp_path, monkeypatch):
    """Models trained before scikit-learn 1.6 name a class of the loss that is gone; STCAT's do."""
    stored = pickle.loads(model_file.read_bytes())
    module = sys.modules["sklearn.linear_model._sgd_fast"]
    monkeypatch.setattr(module, "Log", type("Log", (), {"__module__": module.__name__}), raising=False)
    stored["Model"].loss_function_ = module.Log()
    path = tmp_path / "older.pkl"
    path.write_bytes(pickle.dumps(stored))
    monkeypatch.undo()
    assert not hasattr(module, "Log")
    model, newer = (celltypist.read_model(file, sha256=sha256(file)) for file in (path, model_file))
    lognorm = log_normalise(parts["new"])
    pd.testing.assert_frame_equal(
        celltypist.judge(lognorm, parts["genes"], model), celltypist.judge(lognorm, parts["genes"], newer)
    )


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
