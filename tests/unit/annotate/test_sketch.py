import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd20scope.annotate import sketch


@given(st.lists(st.integers(0, 200), min_size=1, max_size=12), st.integers(0, 500))
def test_share_out_gives_all_places_and_never_more_than_a_group_holds(sizes, total):
    places = sketch.share_out(np.array(sizes), total)
    assert places.sum() == min(total, sum(sizes))
    assert (places <= sizes).all()
    # water-filling: a group that is cut short has within one place as many as any other
    cut = places[places < np.array(sizes)]
    if len(cut):
        assert places.max() - cut.min() <= 1


def cells(**strata):
    rows = [(stratum, keep) for stratum, (n, keep) in strata.items() for _ in range(n)]
    table = pd.DataFrame(rows, columns=["stratum", "keep"])
    return table.assign(row=np.arange(len(table)))


def test_rare_strata_are_taken_whole():
    table = cells(T=(900, True), B=(7, True), dropped=(50, False)).assign(sample="s1")
    chosen = sketch.choose_sketch(table, n_cells=100, seed=0)
    assert len(chosen) == 100
    assert set(range(900, 907)) <= set(chosen["row"])
    assert not set(range(907, 957)) & set(chosen["row"])


def test_a_small_sample_survives_beside_large_ones():
    tables = [cells(T=(n, True)).assign(sample=f"s{i}") for i, n in enumerate((5000, 5000, 30))]
    chosen = sketch.choose_sketch(pd.concat(tables), n_cells=300, seed=0)
    assert chosen.groupby("sample").size().tolist() == [135, 135, 30]


def test_the_draw_depends_on_the_seed_alone():
    table = cells(T=(500, True), B=(100, True)).assign(sample="s1")
    first, again, other = (sketch.choose_sketch(table, n_cells=50, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_no_kept_cell_is_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match=r"not one cell of any sample was kept.*widen the bounds under qc"):
        sketch.choose_sketch(cells(T=(5, False)).assign(sample="s1"), n_cells=10, seed=0)


def test_shared_genes_counts_the_samples_that_have_a_gene():
    references = {
        "a": {"gene": np.array(["MS4A1", "CD19"]), "gene_id": np.array(["E1", "E2"])},
        "b": {"gene": np.array(["CD19", "CD3E"]), "gene_id": np.array(["E2", "E3"])},
    }
    references["c"] = references["b"]  # of one reference
    found = sketch.shared_genes(references)
    assert found["gene"].tolist() == ["MS4A1", "CD19", "CD3E"]
    assert found["gene_id"].tolist() == ["E1", "E2", "E3"]
    assert found["n_samples"].tolist() == [1, 3, 2]
    assert found["missing_in"].tolist() == ["b,c", "", "a"]
    assert sketch.shared_genes({"a": references["a"]})["missing_in"].tolist() == ["", ""]
