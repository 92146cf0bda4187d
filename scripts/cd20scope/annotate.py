"""Fit the annotation model: markers start each class on the sketch, the transcriptome finishes it.

The population tree is cut into nodes. The root tells B, plasma, T, NK, myeloid and the rare lineages apart; each
branch is then resolved into its populations in one step, and each population into its subsets. At a node, marker
scores are smoothed over each cell's neighbours; cells whose own score and whose fine cluster point to the same
class, clearly, become its training set; a regularised multinomial regression over many genes takes it from there.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cd20scope.decisions import NodeSpec, node_specs
from cd20scope.features import choose_features
from cd20scope.model import Model, NodeModel

Array = npt.NDArray[Any]

N_COMPONENTS = 30
"""Principal components of the neighbourhood graph of a node."""
N_NEIGHBORS = 30
"""Neighbours that smooth a marker score; FOXP3 is seen in 7 to 18 % of sorted Tregs, so one cell's markers say
little."""
MAX_NEIGHBORS = 90
"""In a node of many cells the neighbours grow to one in 200 cells, up to this."""
CELLS_PER_CLUSTER = 15
"""Size of the fine clusters that must agree with a cell's own score."""
MAX_CLUSTERS = 100
"""Bound on the fine clusters of a node, for time."""
SEED_QUANTILE = 0.5
"""Of the cells that agree on a class, those above this quantile of the margin train it."""
N_BEST = 10
"""Best cells of a class that must show its markers for it to be taken for present."""
MIN_ON = 0.1
"""Part of the best cells' marker expression that a cell must reach to be of a class. On sorted and on unsorted public
cells 0.1 kept monocytes from being called dendritic cells (F1 of DC 0.21 to 0.92) and cost no other class."""
OFF = 10.0
"""Score, in standard deviations below the mean, of a class whose markers are off."""
MIN_SEEDS = 5
"""A class with fewer training cells is taken for absent."""
MAX_SEEDS = 600
"""Most training cells of a class; more add time and no accuracy at this penalty."""
PENALTY = 0.001
"""Inverse strength C of the ridge penalty; strong, because training cells are labelled by markers and not by
truth."""
SD_FLOOR = 0.05
"""Added to a gene's standard deviation so that a gene seen in a handful of cells does not weigh in."""
CAP_SDS = 8.0
"""Values above the mean by more standard deviations are cut there."""


def fit_model(
    lognorm: sp.csr_matrix, genes: Array, *, populations: Mapping[str, Any], seed: int
) -> tuple[Model, Array]:
    """Fit every decision of the tree to the sketch.

    Parameters
    ----------
    lognorm
        Log-normalised counts of the sketch, cells x genes, float32.
    genes
        Gene names, shape (n_genes,).
    populations
        The population tree.
    seed
        Seed of the decompositions and clusterings.

    Returns
    -------
    Model, numpy.ndarray
        The model, and the principal components of the sketch (cells x 30), for the embedding.

    Raises
    ------
    ValueError
        When no lineage can be told, as with genes of another species.
    """
    specs = node_specs(populations)
    markers = {gene for spec in specs for lists in spec.markers.values() for part in lists for gene in part}
    chosen = choose_features(lognorm, genes, markers=markers)
    values = np.asarray(lognorm[:, chosen].todense(), dtype=np.float32)
    names = genes[chosen]
    cap = values.mean(axis=0) + CAP_SDS * (values.std(axis=0) + SD_FLOOR)
    values = np.minimum(values, cap)
    fitted: dict[str, NodeModel] = {}
    members = {"root": np.arange(len(values))}
    components = np.zeros((len(values), 0), dtype=np.float32)
    for spec in specs:
        rows = members.get(spec.name, np.array([], dtype=int))
        if len(rows) < 2 * MIN_SEEDS:
            continue
        node, called, reduced = _fit_node(values[rows], names, spec, seed=seed)
        if spec.name == "root":
            components = reduced
        if node is None:
            continue
        fitted[spec.name] = node
        if spec.level != "population":
            members |= {label: rows[called == position] for position, label in enumerate(node.classes)}
    if "root" not in fitted:
        raise ValueError(
            f"annotate: none of {', '.join(specs[0].classes)} was found in {len(values)} cells. Of "
            f"{len(markers)} marker genes {len(markers & set(genes))} are in the data ({len(genes)} genes). Are "
            "these human blood cells, named by symbols such as CD3E, and do all samples share their genes?"
        )
    return Model(genes=names, cap=cap.astype(np.float32), nodes=fitted), components


def _fit_node(
    values: Array, genes: Array, spec: NodeSpec, *, seed: int
) -> tuple[NodeModel | None, Array, Array]:
    """Fit one decision; None when no class is there. Also the class position of each cell, and its components."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression

    mean, sd = values.mean(axis=0), values.std(axis=0) + SD_FLOOR
    standard = (values - mean) / sd
    n_components = min(N_COMPONENTS, len(values) - 1, values.shape[1] - 1)
    reduced = PCA(n_components, svd_solver="randomized", random_state=seed).fit_transform(standard)
    smooth = _neighbor_mean(reduced)
    classes = [name for name in spec.classes if _is_present(spec.markers[name][0], values, genes, smooth)]
    if not classes:
        return None, np.zeros(0, dtype=int), reduced
    scores = np.column_stack([_class_score(spec, name, values, genes, smooth) for name in classes])
    seeds, agreed = _choose_seeds(scores, reduced, seed=seed)
    kept = [position for position in range(len(classes)) if (seeds == position).sum() >= MIN_SEEDS]
    # one subset alone tells nothing: its cells may be of those whose markers were not seen
    if not kept or (spec.level == "population" and len(kept) < 2):
        return None, np.zeros(0, dtype=int), reduced
    names = tuple(classes[position] for position in kept)
    if len(kept) == 1:
        weights, intercept = np.zeros((values.shape[1], 1)), np.zeros(1)
    else:
        train = np.isin(seeds, kept)
        regression = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=500)
        regression.fit(standard[train], seeds[train])
        coefficients, offset = regression.coef_, regression.intercept_
        if len(kept) == 2:  # scikit-learn gives one row for two classes
            coefficients, offset = (
                np.vstack([-coefficients, coefficients]) / 2,
                np.array([-offset[0], offset[0]]) / 2,
            )
        held_out = np.isin(agreed, kept) & ~train
        if held_out.any():
            sharpness = _sharpness(
                standard[held_out] @ coefficients.T + offset, np.searchsorted(kept, agreed[held_out])
            )
            coefficients, offset = coefficients * sharpness, offset * sharpness
        weights = (coefficients / sd).T
        intercept = offset - (mean / sd) @ coefficients.T
    node = NodeModel(spec.name, names, weights.astype(np.float32), intercept.astype(np.float64))
    return node, (values @ node.weights + node.intercept).argmax(axis=1), reduced


def _sharpness(log_odds: Array, labels: Array) -> float:
    """Factor on the logits that makes the calibration cells most likely (temperature scaling).

    A strong ridge penalty keeps the classes right but the probabilities timid.

    References
    ----------
    Guo et al. 2017, doi:10.48550/arXiv.1706.04599.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(log_factor: float) -> float:
        return float(
            -log_softmax(log_odds * np.exp(log_factor), axis=1)[np.arange(len(labels)), labels].mean()
        )

    return float(np.exp(minimize_scalar(loss, bounds=(-1.0, 3.0), method="bounded").x))


def _neighbor_mean(components: Array) -> sp.csr_matrix:
    """Operator that replaces a value by its mean over a cell and its nearest neighbours, cells x cells."""
    from sklearn.neighbors import NearestNeighbors

    n = len(components)
    k = min(int(np.clip(n // 200, N_NEIGHBORS, MAX_NEIGHBORS)), n)
    nearest = NearestNeighbors(n_neighbors=k).fit(components).kneighbors(components, return_distance=False)
    return sp.csr_matrix(
        (np.full(n * k, 1 / k, dtype=np.float32), nearest.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n)
    )


def _columns(genes: Array, names: list[str]) -> Array:
    at = {gene: position for position, gene in enumerate(genes)}
    return np.array([at[name] for name in names if name in at], dtype=int)


def _is_present(markers: list[str], values: Array, genes: Array, smooth: sp.csr_matrix) -> bool:
    """Whether the best cells of a class show its markers well beyond the lowest quarter of the cells.

    Without this, the best-scoring noise of a class that is not there would be made into one. The best are looked for
    at two sizes, since a class may be a handful of cells or a hundredth of them.
    """
    columns = _columns(genes, markers)
    needed = min(3, len(markers))
    if len(columns) < needed:
        return False
    smoothed = smooth @ values[:, columns]
    order = np.argsort(-(smoothed / (smoothed.std(axis=0) + SD_FLOOR)).mean(axis=1), kind="stable")
    rest = values[order[-(len(order) // 4) :]][:, columns].mean(axis=0)
    for n_best in {N_BEST, max(N_BEST, len(order) // 100)}:
        best = values[order[:n_best]][:, columns].mean(axis=0)
        # a class that most cells belong to cannot stand out from them; its markers are plain in nearly all
        shown = (best > 0.2) & ((best > 2 * rest) | (rest > 0.7))
        if shown.sum() >= max(needed, 0.5 * len(columns)):
            return True
    return False


def _class_score(spec: NodeSpec, name: str, values: Array, genes: Array, smooth: sp.csr_matrix) -> Array:
    """Smoothed marker score of one class; on the scale of expression at the root, in z-scores below.

    Z-scores let a class with few markers compete with one whose markers all its siblings share to some extent (a Treg
    is a memory cell, too). Alone they would hand a rare class the upper tail of its siblings; so a cell may only be
    of a class whose own markers are turned on in it, as far as in the cells that have most of them.
    """

    def part(names: list[str]) -> Array:
        columns = _columns(genes, names)
        if not len(columns):
            return np.zeros(len(values))
        smoothed = np.asarray(smooth @ values[:, columns])
        if not spec.absolute:
            smoothed = (smoothed - smoothed.mean(axis=0)) / (smoothed.std(axis=0) + SD_FLOOR)
        return np.asarray(smoothed.mean(axis=1))

    score = np.mean([_standard(part(names), spec.absolute) for names in spec.markers[name]], axis=0)
    against = [part(names) for names in spec.negative[name] if names]
    if against:
        score = score - (1.0 if spec.absolute else 0.5) * np.mean(against, axis=0)
    score = _standard(score, spec.absolute)
    return (
        score
        if spec.absolute
        else np.where(_turned_on(spec.markers[name][0], values, genes, smooth), score, -OFF)
    )


def _turned_on(markers: list[str], values: Array, genes: Array, smooth: sp.csr_matrix) -> Array:
    """Cells whose smoothed markers reach, on average, a good part of what the best cells have."""
    smoothed = np.asarray(smooth @ values[:, _columns(genes, markers)])
    n_best = max(N_BEST, len(smoothed) // 100)
    top = np.sort(smoothed, axis=0)[-n_best:].mean(axis=0)
    return np.asarray((smoothed / (top + SD_FLOOR)).mean(axis=1) >= MIN_ON)


def _standard(score: Array, absolute: bool) -> Array:
    return score if absolute else (score - score.mean()) / (score.std() + 1e-9)


def _choose_seeds(scores: Array, components: Array, *, seed: int) -> tuple[Array, Array]:
    """Class position of the training cells, -1 elsewhere; and of all cells whose own score and fine cluster agree.

    Those that agree by a clear margin train; the others tell how sure the model may be.
    """
    from sklearn.cluster import KMeans

    n, n_classes = scores.shape
    if n_classes == 1:
        return np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    n_clusters = int(np.clip(n // CELLS_PER_CLUSTER, 2, MAX_CLUSTERS))
    cluster = KMeans(n_clusters, n_init=2, random_state=seed).fit_predict(components)
    by_cluster = np.vstack([scores[cluster == c].mean(axis=0) for c in range(cluster.max() + 1)])
    own = scores.argmax(axis=1)
    agrees = own == by_cluster.argmax(axis=1)[cluster]
    top = np.sort(scores, axis=1)
    margin = top[:, -1] - top[:, -2]
    agreed = np.where(agrees, own, -1)
    seeds = np.full(n, -1)
    rng = np.random.default_rng(seed)
    for position in range(n_classes):
        candidates = np.flatnonzero(agreed == position)
        if len(candidates):
            clear = candidates[margin[candidates] >= np.quantile(margin[candidates], SEED_QUANTILE)]
            seeds[rng.permutation(clear)[:MAX_SEEDS]] = position
    return seeds, agreed
