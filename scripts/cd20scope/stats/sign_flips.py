"""Patterns of signs that exchange the visits of donors."""

from itertools import product

import numpy as np
from numpy.typing import NDArray


def other_patterns(n: int, *, limit: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Patterns of signs of ``n`` donors that differ from the real one and its mirror image; shape (flips, n).

    All of them when they are at most ``limit``, else as many at random, none twice. The first donor keeps its sign.
    """
    # far more than are kept, so that enough differ
    rest = np.unique(flip_signs(n - 1, limit=4 * max(limit, 16), rng=rng), axis=0)
    rest = rest[(rest < 0).any(axis=1)]
    if len(rest) > limit:
        rest = rest[rng.choice(len(rest), limit, replace=False)]
    return np.column_stack([np.ones(len(rest)), rest])


def flip_signs(n: int, *, limit: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """All 2^n patterns of signs when they are at most ``limit``, else ``limit`` random ones; shape (flips, n)."""
    if 2**n <= limit:
        return np.array(list(product((1.0, -1.0), repeat=n)))
    return np.where(rng.random((limit, n)) < 0.5, 1.0, -1.0)
