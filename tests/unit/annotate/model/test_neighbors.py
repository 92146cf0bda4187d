import numpy as np
import pytest

from cd20scope.annotate.model import chances, neighbors


@pytest.mark.parametrize(("n_cells", "n_components"), [(400, 30), (400, 12), (40, 30)])
def test_one_search_serves_larger_and_smaller_neighbourhoods(n_cells, n_components):
    rng = np.random.default_rng(5)
    space, scores = rng.normal(size=(n_cells, n_components)).astype(np.float32), rng.normal(size=(n_cells, 3))
    few, many = (
        chances.consensus_scores(scores, space, neighbors.find_neighbors(space, n=n))
        for n in (max(chances.NEIGHBORS), 90)
    )
    np.testing.assert_array_equal(few, many)
    # by hand, of the spaces and sizes that there are
    found = []
    for used in (min(part, n_components) for part in chances.COMPONENTS):
        distance = np.linalg.norm(space[:, None, :used] - space[None, :, :used], axis=2)
        order = np.argsort(distance, axis=1)
        for size in chances.NEIGHBORS:
            mean = scores[order[:, :size]].mean(axis=1)
            found.append((mean - mean.mean(axis=0)) / (mean.std(axis=0) + 1e-9))
    np.testing.assert_allclose(few, np.mean(found, axis=0), atol=1e-4)


def test_neighbours_are_the_same_on_any_number_of_threads():
    # more cells than two threads need to be given a search each
    space = np.random.default_rng(0).normal(size=(2 * neighbors.LEAST_PER_THREAD + 900, 12))
    one = neighbors.find_neighbors(space, n=30)
    np.testing.assert_array_equal(one, neighbors.find_neighbors(space, n=30, threads=2))
    np.testing.assert_array_equal(one[:, 0], np.arange(len(space)))
