"""Peers of the labels: the best attempt of each counts, and all name the classes of the truth."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from benchmark import label_peers
from benchmark.annotation_data import Task
from cd20scope.counts.matrix import Counts
from fixtures import likelihood_study as study

pytestmark = pytest.mark.slow

CLASSES = {"B": ("B naive", "B memory"), "CD4 memory": ("CD4 memory",), "Treg": ("Treg",), "NK": ("NK",)}


class Annotator:
    """What peers read of it."""

    table, names = study.table(), study.lineage_names()


@pytest.fixture(scope="module")
def task():
    """Cells of three classes, drawn from the shipped profiles."""
    counts, genes, profile = study.draw({"Bnaive": 60, "Th1": 60, "mTreg": 60, "cytotoxicNK": 60}, seed=3)
    truth = pd.Series(profile).map({"Bnaive": "B", "Th1": "CD4 memory", "mTreg": "Treg", "cytotoxicNK": "NK"})
    cells = Counts(
        matrix=sp.csr_matrix(counts),
        genes=pd.DataFrame({"gene": genes}),
        barcodes=np.array([f"c{place}" for place in range(len(truth))]),
    )
    return Task("drawn", {"drawn": cells}, {"drawn": truth.to_numpy(dtype=object)}, classes=CLASSES, also={})


def test_the_best_attempt_of_a_peer_counts(task, monkeypatch):
    truth = task.all_truth
    worse = np.where(truth == "Treg", "CD4 memory", truth)
    attempts = [("Leiden", worse), ("Leiden", truth), ("Leiden", worse), ("SingleR", worse)]
    monkeypatch.setattr(label_peers, "classes_of_peers", lambda *_: iter(attempts))
    found = label_peers.figures(task, Annotator())
    assert found["macro-F1"]["Leiden"] == found["F1 of Treg"]["Leiden"] == 1
    assert found["F1 of Treg"]["SingleR"] == 0
    # no Treg, and as many memory cells too many
    assert found["macro-F1"]["SingleR"] == pytest.approx((1 + 1 + 0 + 2 / 3) / 4)


@pytest.mark.filterwarnings("ignore:zero-centering a sparse")
def test_clusters_of_drawn_cells_are_named_by_their_markers(task):
    called = [of for peer, of in label_peers.classes_of_peers(task, Annotator()) if peer.startswith("Leiden")]
    assert len(called) == 6
    b = task.all_truth == "B"
    assert max(np.mean((of == "B") == b) for of in called) > 0.95
    assert all(set(of) <= set(CLASSES) for of in called)


def test_singler_takes_the_same_table(task):
    of = next(of for peer, of in label_peers.classes_of_peers(task, Annotator()) if peer == "SingleR")
    assert np.mean((of == "B") == (task.all_truth == "B")) > 0.95
