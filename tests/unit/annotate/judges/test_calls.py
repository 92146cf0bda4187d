"""From a judge's probabilities to labels of the tree, whether its labels share one probability or not."""

import annotation_tables
import numpy as np
import pandas as pd
import scipy.sparse as sp

from cd20scope import schema
from cd20scope.annotate.judges import calls, settings
from cd20scope.schema import UNASSIGNED

MAPPING = {
    "Tn": "CD4 naive",
    "Tcm": "CD4 memory / central memory",
    "Th2": "CD4 memory / Th2",
    "Tem": "CD4 memory",
    "Breg": "B memory",
}


def called(chances, populations, *, exclusive, hard=0.8):
    chances = pd.DataFrame(chances)
    leaves = settings.translate(chances.columns, mapping=MAPPING, populations=populations)
    return calls.call(
        chances,
        leaves,
        populations=populations,
        min_probability=0.5,
        min_probability_hard=hard,
        exclusive=exclusive,
    )


def test_labels_that_share_a_probability_add_up_within_their_population(populations):
    chances = {"Tcm": [0.4], "Tem": [0.3], "Tn": [0.2], "Neutrophil": [0.1]}
    table = called(chances, populations, exclusive=True, hard=0.5)
    row = table.loc[0]
    assert row["population"] == "CD4 memory"
    assert np.isclose(row["probability"], 0.7)
    # 0.4 of 0.7 are central memory
    assert row["subset"] == "central memory"
    assert np.isclose(row["subset_probability"], 0.4 / 0.7)
    assert row["lineage"] == "CD4 T"


def test_labels_judged_one_by_one_do_not_add_up(populations):
    table = called({"Tcm": [0.45], "Tem": [0.45], "Tn": [0.1]}, populations, exclusive=False)
    assert table.loc[0, "population"] == UNASSIGNED
    assert np.isclose(table.loc[0, "probability"], 0.45)
    # which CD4 cell it is was not told, but that it is one was
    assert table.loc[0, "lineage"] == "CD4 T"


def test_a_cell_likeliest_of_what_means_nothing_is_unassigned(populations):
    table = called({"NK": [0.6, 0.6], "Neutrophil": [0.9, 0.2]}, populations, exclusive=False)
    assert table["population"].tolist() == [UNASSIGNED, "NK"]
    low = called({"NK": [0.4], "Treg": [0.3], "Neutrophil": [0.3]}, populations, exclusive=True)
    assert low.loc[0, "population"] == UNASSIGNED


def test_a_hard_subset_needs_its_own_bound_and_keeps_its_score(populations):
    chances = {"Th2": [0.7, 0.9, 0.05], "Tcm": [0.3, 0.1, 0.0], "NK": [0.0, 0.0, 0.95]}
    table = called(chances, populations, exclusive=True)
    assert table["subset"].tolist() == [UNASSIGNED, "Th2", UNASSIGNED]
    assert table["population"].tolist() == ["CD4 memory", "CD4 memory", "NK"]
    np.testing.assert_allclose(table["CD4 memory / Th2"], [0.7, 0.9, 0.0], rtol=1e-6)
    assert table["subset_probability"].isna().tolist() == [False, False, True]
    assert called(chances, populations, exclusive=True, hard=0.6).loc[0, "subset"] == "Th2"


def test_labels_of_the_input_are_certain(populations):
    said = pd.get_dummies(pd.Series(["NK", "", "Tcm", "Neutrophil"]))
    table = called(said, populations, exclusive=True)
    assert table["population"].tolist() == ["NK", UNASSIGNED, "CD4 memory", UNASSIGNED]
    assert table["subset"].tolist() == [UNASSIGNED, UNASSIGNED, "central memory", UNASSIGNED]
    assert table["lineage"].tolist() == ["NK", UNASSIGNED, "CD4 T", UNASSIGNED]
    assert table["probability"].tolist() == [1, 0, 1, 0]


def test_every_column_of_the_label_tables_is_there_and_cd20_t_cells_are_flagged(populations):
    table = called({"Tn": [0.9, 0.9, 0.0, 0.0], "Breg": [0.0, 0.0, 0.9, 0.0]}, populations, exclusive=False)
    genes = np.array(["MS4A1", "CD79A", "CD3E"])
    counts = sp.csr_matrix(np.array([[1, 0, 3], [1, 1, 3], [2, 2, 0], [1, 0, 0]]))
    whole = calls.complete(table, counts, genes, populations=annotation_tables.tree())
    assert whole.columns[: len(schema.LABELS)].tolist() == list(schema.LABELS)
    # MS4A1 in a T cell with no other B transcript; not in a B cell, not in a cell of unknown lineage
    assert whole["cd20_t"].tolist() == [True, False, False, False]


def test_no_cell_at_all_makes_an_empty_table(populations):
    table = called({"NK": np.zeros(0), "Tcm": np.zeros(0)}, populations, exclusive=True)
    assert len(table) == 0
    assert "lineage" in table
