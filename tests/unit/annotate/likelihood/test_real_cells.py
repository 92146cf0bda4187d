"""Labels of real cells at every depth, where the reference data lies beside the checkout."""

import numpy as np
import pytest

from benchmark import annotation_data, label_sets
from benchmark.labels import DATA
from cd20scope.annotate.likelihood import depth

pytestmark = [
    pytest.mark.skipif(not (DATA / "zheng_sorted.h5ad").exists(), reason=f"no labelled cells in {DATA}"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def zheng():
    annotation_data.DATA = DATA
    return annotation_data.load_zheng()


@pytest.fixture(scope="module")
def annotator():
    return label_sets.Annotator()


def missed(rows):
    return [(row.data, row.name, row.value) for row in rows if row.verdict == "MISSED"]


def test_accuracy_of_sorted_cells(annotator, zheng):
    assert not missed(label_sets.accuracy(annotator, zheng, (0.78, 0.55)))


def test_b_cells_at_a_quarter_of_the_depth(annotator, zheng):
    assert not missed(label_sets.b_cells(annotator, zheng))


@pytest.mark.parametrize("soup", [False, True])
def test_made_doublets(annotator, zheng, soup):
    assert not missed(label_sets.doublets(annotator, zheng, soup=soup, bounded=True))


def test_interferon_moves_few_labels(annotator):
    assert not missed(label_sets.interferon(annotator, DATA / "kang_ifnb_2000.h5ad"))


def test_share_of_treg_at_equal_depth(annotator, zheng):
    """The same cells, once measured at a quarter of the depth and once thinned to it."""
    counts, genes, _ = label_sets.one_sample(zheng)
    shallow = label_sets.thin(counts, 0.25, np.random.default_rng(0))
    names = [str(place) for place in range(counts.shape[0])]
    thinned = depth.thin_counts(counts, barcodes=names, genes=genes, keep=0.25)
    model = annotator.fit(counts, genes)

    def log_odds(cells):
        sums = annotator.label(cells, genes, model).chances.sum()
        return np.log(sums["Treg"] / (sums["CD4 naive"] + sums["CD4 memory"]))

    assert abs(log_odds(shallow) - log_odds(thinned)) < 0.10
