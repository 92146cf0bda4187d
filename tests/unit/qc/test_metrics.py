import numpy as np
import scipy.sparse as sp

from cd20scope import schema
from cd20scope.qc import metrics

BOUNDS = {
    "min_counts": 10,
    "min_genes": 3,
    "max_percent_mito": 20,
}


def flag(matrix, genes, populations, **changed):
    counts = sp.csr_matrix(np.array(matrix))
    return metrics.flag_cells(
        counts,
        np.array(genes),
        populations=populations,
        **{**BOUNDS, **changed},
    )


def test_each_bound_gives_its_reason_and_all_are_said(populations):
    genes = ["CD3E", "CD3D", "IL7R", "LTB", "MT-CO1"]
    table = flag(
        [
            [5, 5, 5, 5, 0],
            [3, 3, 3, 0, 0],
            [20, 0, 0, 0, 0],
            [5, 5, 5, 5, 5],
            [5, 5, 5, 5, 6],
            [0, 0, 0, 0, 0],
        ],
        genes,
        populations,
    )
    assert table.columns.tolist() == list(schema.QC)
    assert table["reason"].tolist() == [
        "",
        "few counts",
        "few genes",
        "",
        "mitochondrial",
        "few counts; few genes",
    ]
    assert table["keep"].tolist() == [True, False, False, True, False, False]
    np.testing.assert_allclose(table["percent_mito"], [0, 0, 0, 20, 100 * 6 / 26, 0], rtol=1e-6)


def test_strata_follow_the_markers(cohort, populations):
    name = next(iter(cohort["truth"]))
    strata = metrics.coarse_stratum(cohort["counts"][name], cohort["genes"], populations=populations)
    truth = cohort["truth"][name]
    for population, stratum in {"B naive": "B", "Monocyte": "Myeloid", "CD4 memory": "T", "NK": "NK"}.items():
        assert (strata[truth == population] == stratum).mean() > 0.9


def test_a_cell_without_any_marker_has_no_stratum(populations):
    assert flag([[9, 9, 9]], ["ACTB", "GAPDH", "B2M"], populations)["stratum"].tolist() == [schema.UNASSIGNED]
