"""Moments of sparse expression are those of the dense matrix, however many values are summed at a time."""

import numpy as np
import pytest
import scipy.sparse as sp

from cd20scope.annotate.model import standardised


@pytest.mark.parametrize("at_once", [7, 4_000_000])
def test_moments_are_those_of_the_dense_matrix(monkeypatch, at_once):
    monkeypatch.setattr(standardised, "AT_ONCE", at_once)
    values = sp.random(40, 9, density=0.4, format="csr", dtype=np.float32, random_state=0)
    assert values.nnz > 2 * 7
    mean, sd = standardised.moments(values)
    np.testing.assert_allclose(mean, values.toarray().mean(axis=0, dtype=float), rtol=1e-12)
    np.testing.assert_allclose(sd, values.toarray().std(axis=0, dtype=float), rtol=1e-10)


def test_moments_of_nothing_seen_are_zero():
    mean, sd = standardised.moments(sp.csr_matrix((5, 3), dtype=np.float32))
    assert mean.tolist() == sd.tolist() == [0.0] * 3
