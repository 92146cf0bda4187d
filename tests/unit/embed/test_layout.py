import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from cd20scope.embed import layout
from cd20scope.study import batches as study_batches


@pytest.mark.parametrize(
    ("batches", "possible"),
    [
        (["r1", "r1", "r2", "r2"], True),
        (["r1", "r2", "r1", "r2"], False),  # the batch is the visit
        (["r1", "r1", "r1", "r1"], False),
        (["r1", "r1", "r2", ""], False),
    ],
)
def test_only_a_batch_that_is_no_visit_in_disguise_is_evened_out(batches, possible):
    samples = pd.DataFrame({"visit": ["baseline", "week2", "baseline", "week2"], "batch": batches})
    assert study_batches.integrable(samples, "batch") is possible
    assert study_batches.integrable(samples, "none") is False


@pytest.mark.slow
def test_kinds_lie_apart_and_batches_together():
    rng = np.random.default_rng(0)
    kind, batch = np.repeat([0, 1], 120), np.tile([0, 1], 120)
    space = rng.normal(size=(240, 10))
    space[:, 0] += 12 * kind
    space[:, 1] += 6 * batch
    placed = layout.embed_sketch(space, batch=batch.astype(str), n_neighbors=15, min_dist=0.4, seed=0)
    assert placed.shape == (240, 2)

    def gap(by):
        centres = [placed[by == value].mean(axis=0) for value in (0, 1)]
        return np.linalg.norm(centres[0] - centres[1])

    assert gap(kind) > 5 * gap(batch)


def test_a_large_sketch_is_thinned_for_the_map_and_a_small_one_is_not():
    drawn = layout.thin(1000, most=300, seed=4)
    assert len(np.unique(drawn)) == 300
    assert (np.diff(drawn) > 0).all()
    assert drawn[0] < 50
    assert drawn[-1] > 950
    np.testing.assert_array_equal(drawn, layout.thin(1000, most=300, seed=4))
    np.testing.assert_array_equal(layout.thin(40, most=300, seed=4), np.arange(40))


@pytest.mark.parametrize(("n_cells", "n_components"), [(3, 1), (12, 2), (400, 30)])
def test_each_cell_of_a_small_cohort_has_a_place_and_the_same_again(n_cells, n_components):
    space = np.random.default_rng(1).normal(size=(n_cells, n_components))
    asked = {"batch": None, "n_neighbors": 15, "min_dist": 0.4}
    placed = layout.embed_sketch(space, **asked, seed=3)
    assert placed.shape == (n_cells, 2)
    assert np.isfinite(placed).all()
    np.testing.assert_array_equal(placed, layout.embed_sketch(space, **asked, seed=3))


# of scanpy, where distances are 0
@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_cells_that_are_all_alike_are_placed_too():
    placed = layout.embed_sketch(np.ones((30, 5)), batch=None, n_neighbors=15, min_dist=0.4, seed=0)
    assert np.isfinite(placed).all()


def test_neighbours_among_the_components_are_neighbours_on_the_map():
    rng = np.random.default_rng(2)
    angle = rng.uniform(0, 2 * np.pi, 600)
    # the first two, which the layout starts from, tell nothing
    space = np.column_stack([rng.normal(size=(600, 8)) * 0.03, np.cos(angle), np.sin(angle)]) * 10
    asked = {"batch": None, "n_neighbors": 15, "min_dist": 0.4}
    placed = layout.embed_sketch(space, **asked, seed=0)

    def near(points):
        return NearestNeighbors(n_neighbors=15).fit(points).kneighbors(return_distance=False)

    kept = [len(set(a) & set(b)) / 15 for a, b in zip(near(space), near(placed), strict=True)]
    assert np.mean(kept) > 0.5  # 0.025 by chance
    assert (placed != layout.embed_sketch(space, **asked, seed=1)).any()
