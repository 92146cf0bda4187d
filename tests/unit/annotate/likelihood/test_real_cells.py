"""Labels of real cells at every depth, where the reference data lies beside the checkout."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from reference_data import DATA

from benchmark import annotation_data, label_sets
from cd20scope.annotate import labels
from cd20scope.annotate.likelihood import depth
from cd20scope.pseudobulk.sample import count_leaves
from cd20scope.qc import metrics

pytestmark = [
    pytest.mark.cohort("zheng_sorted.h5ad", "kang_ifnb_2000.h5ad"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def zheng():
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


def test_shares_of_a_donor_whose_later_visit_is_shallow(annotator, zheng):
    """The same cells at both visits, the later at a quarter of the depth, through the steps of the workflow."""
    counts, genes, _ = label_sets.one_sample(zheng)
    visits = {"baseline": counts, "month6": label_sets.thin(counts, 0.25, np.random.default_rng(0))}
    model = annotator.fit(sp.vstack(list(visits.values())).tocsr(), genes)
    seen = {
        name: metrics.flag_cells(
            own, genes, populations=annotator.populations, min_counts=0, min_genes=0, max_percent_mito=100
        )
        for name, own in visits.items()
    }
    measured = {
        name: depth.measure_depth(own, populations=annotator.populations) for name, own in seen.items()
    }
    chosen = depth.choose_depth(pd.DataFrame(measured).T.assign(donor="D1"))
    assert (chosen["reason"] == "").all()
    assert chosen.loc["baseline", "keep"] < 0.3
    odds = {}
    for name, own in visits.items():
        barcodes = [f"{name}{place}" for place in range(own.shape[0])]
        keep = chosen.loc[name, "keep"]
        thinned = depth.thin_counts(own, barcodes=barcodes, genes=genes, keep=keep, sample=name)
        told = labels.label_sample(
            own, genes, model, populations=annotator.populations, min_probability=0.5, thinned=thinned
        )
        cells = count_leaves(told.cells, populations=annotator.populations, chances=told.chances.sum())
        summed = cells.groupby("population")["posterior"].sum()
        cd4 = summed[["CD4 naive", "CD4 memory"]].sum()
        odds[name] = np.log([summed["Treg"] / cd4, summed[["B naive", "B memory"]].sum() / len(seen[name])])
    treg, b = odds["month6"] - odds["baseline"]
    assert abs(treg) < 0.10
    assert abs(b) < 0.03
