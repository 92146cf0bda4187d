"""A labelled reference as judge: it learns its labels, and its file holds nothing else."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skops.io
from judge_files import Trap
from skops.io.exceptions import UntrustedTypesFoundException

from cd20scope.annotate.judges import reference
from cd20scope.counts.matrix import Counts

MARKERS = {"CD3E", "CD79A", "NKG7", "FOXP3"}


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
