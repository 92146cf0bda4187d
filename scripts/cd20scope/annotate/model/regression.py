"""From what cells may be to a regression over many genes that says so for any cell."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

if TYPE_CHECKING:
    from cd20scope.annotate.model.standardised import Standardised

Array = npt.NDArray[Any]

MAX_TRAINING = 800
"""Most training cells of a class; more add time and no accuracy at this penalty."""
N_COMPONENTS = 200
"""Principal components of the training cells in which the regression is solved; a ridge penalty of this strength
leaves what lies beyond them near zero, and 6,000 genes would take ten times as long."""
PENALTY = 0.002
"""Inverse strength C of the ridge penalty; strong, because training cells are labelled by markers and not by
truth."""
LEAST = 0.02
"""Probability below which a cell does not train a class."""
FOLDS = 2


@dataclass(frozen=True)
class Fit:
    """A fitted regression: ``softmax(scaled @ coefficients.T + offset)``.

    Attributes
    ----------
    coefficients
        Shape (n_classes, n_genes).
    offset
        Shape (n_classes,).
    confusion
        Probability that a cell of the class in the row is given, on average, for the class in the column, when it was
        not trained on; shape (n_classes, n_classes), rows sum to 1.
    """

    coefficients: Array
    offset: Array
    confusion: Array


def fit_regression(scaled: "Array | Standardised", chance: Array, *, balanced: bool, seed: int) -> Fit:
    """Fit a multinomial ridge regression to cells that belong to classes by degrees.

    Parameters
    ----------
    scaled
        Standardised expression, cells x genes; only rows of training cells are taken.
    chance
        Probability of each class, cells x classes; cells whose row is zero do not train.
    balanced
        Whether every class weighs the same, as when only clear cells train and their numbers say nothing; otherwise
        classes weigh by their cells.
    seed
        Seed of the choice of training cells and of the decomposition.

    Notes
    -----
    A cell trains each class it may be, weighted by the probability. The logits are then multiplied by one factor
    (temperature scaling, Guo 2017, doi:10.48550/arXiv.1706.04599) that makes probabilities of cells left out
    fit their chances best: the strong penalty keeps classes right and probabilities timid.
    """
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(seed)
    rows, weight = _choose_training(chance, rng)
    if balanced:
        weight /= (chance[rows] * weight[:, None]).sum(axis=0)[chance[rows].argmax(axis=1)]
    training = scaled[rows]
    n_components = min(N_COMPONENTS, len(rows) - 1, scaled.shape[1])
    pca = PCA(n_components, svd_solver="randomized", random_state=seed).fit(training)
    reduced, given = pca.transform(training), chance[rows]
    fold = rng.permutation(len(chance))[rows] % FOLDS
    left_out = np.zeros(given.shape)
    for number in range(FOLDS):
        inside = fold != number
        coefficients, offset = _solve(reduced[inside], given[inside], weight[inside])
        left_out[~inside] = reduced[~inside] @ coefficients.T + offset
    factor = _sharpness(left_out, given, weight)
    coefficients, offset = _solve(reduced, given, weight)
    told = softmax(factor * left_out, axis=1)
    counted = (given * weight[:, None]).T @ told
    confusion = counted / np.maximum(counted.sum(axis=1, keepdims=True), 1e-12)
    back = coefficients @ pca.components_
    return Fit(factor * back, factor * (offset - back @ pca.mean_), confusion)


def _choose_training(chance: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Rows of the training cells, and how many cells each stands for."""
    likeliest = np.where(chance.sum(axis=1) > 0, chance.argmax(axis=1), -1)
    # each cell has its place in the draw: a cell more or less in a class, by rounding, does not exchange all others
    place = rng.permutation(len(chance))
    rows, weight = [], []
    for position in range(chance.shape[1]):
        of_class = np.flatnonzero(likeliest == position)
        taken = np.sort(of_class[np.argsort(place[of_class])[:MAX_TRAINING]])
        rows.append(taken)
        weight.append(np.full(len(taken), len(of_class) / max(len(taken), 1)))
    return np.concatenate(rows), np.concatenate(weight)


def _solve(values: Array, chance: Array, weight: Array) -> tuple[Array, Array]:
    """Coefficients (classes x columns) and offsets; a class that no cell may be gets an offset of minus infinity."""
    from sklearn.linear_model import LogisticRegression

    cell, label = np.nonzero(chance > LEAST)
    sample_weight = chance[cell, label] * weight[cell]
    sample_weight *= len(values) / sample_weight.sum()
    regression = LogisticRegression(C=PENALTY, max_iter=500)
    regression.fit(values[cell], label, sample_weight=sample_weight)
    found, intercept = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # scikit-learn gives one row for two classes
        found, intercept = np.vstack([-found, found]) / 2, np.array([-intercept[0], intercept[0]]) / 2
    coefficients = np.zeros((chance.shape[1], values.shape[1]))
    offset = np.full(chance.shape[1], -np.inf)
    coefficients[regression.classes_], offset[regression.classes_] = found, intercept
    return coefficients, offset


def _sharpness(logits: Array, chance: Array, weight: Array) -> float:
    """Factor on the logits that brings them nearest to the chances, by cross-entropy."""
    from scipy.optimize import minimize_scalar

    told = np.isfinite(logits).all(axis=1)

    def loss(log_factor: float) -> float:
        entropy = (chance[told] * log_softmax(logits[told] * np.exp(log_factor), axis=1)).sum(axis=1)
        return float(-np.average(entropy, weights=weight[told]))

    return float(np.exp(minimize_scalar(loss, bounds=(-1.0, 3.0), method="bounded").x)) if told.any() else 1.0
