"""Fit the annotation model: markers start each class on the sketch, the transcriptome finishes it.

The population tree is cut into nodes. The root tells B, plasma, T, NK, myeloid and the rare lineages apart; each
branch is then resolved into its populations in one step, and each population into its subsets. At a node, the classes
that are there are found first; marker scores of a cell and of its neighbourhoods give each cell its chance of being of
each class; a regularised multinomial regression over many genes takes it from there.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from cd20scope.annotate.model import marker_scores
from cd20scope.annotate.model.chances import NEIGHBORS, class_chances, consensus_scores
from cd20scope.annotate.model.decisions import NodeSpec, node_specs
from cd20scope.annotate.model.features import choose_features
from cd20scope.annotate.model.fitted import Model, NodeModel
from cd20scope.annotate.model.neighbors import find_neighbors, neighbor_mean
from cd20scope.annotate.model.regression import fit_regression
from cd20scope.annotate.model.standardised import SD_FLOOR, Standardised, moments

if TYPE_CHECKING:
    import scipy.sparse as sp

Array = npt.NDArray[Any]

N_COMPONENTS = 30
"""Principal components of a node's cells."""
LOUDNESS = 0.5
"""Power of a gene's standard deviation that it keeps in the decomposition. At 0 the noise of thousands of quiet genes
sets the components, at 1 a few loud genes do; on sorted cells both ends were worse than the middle."""
MAX_DECOMPOSED = 8000
"""Cells that the components of a node are found from; the others are projected."""
N_NEIGHBORS = 30
"""Neighbours that tell whether a class is there."""
MAX_NEIGHBORS = 90
"""In a node of many cells they grow to one in 200 cells, up to this."""
CELLS_PER_CLUSTER = 15
"""Size of the fine clusters that must agree with a cell's own score at the root."""
MAX_CLUSTERS = 100
"""Bound on the fine clusters of a node, for time."""
SEED_QUANTILE = 0.5
"""Of the cells that agree on a lineage, those above this quantile of the margin train it."""
MIN_SEEDS = 5
"""A class with fewer cells is taken for absent."""
CAP_SDS = 8.0
"""Values above the mean by more standard deviations are cut there."""


def fit_model(
    lognorm: "sp.csr_matrix",
    genes: Array,
    *,
    populations: Mapping[str, Any],
    seed: int,
    threads: int = 1,
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
    threads
        Decisions that are fitted at the same time, each on one thread but for its searches for neighbours: sums of
        several threads round otherwise, and the labels would depend on the number of cores.

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
    values, names = lognorm[:, chosen].astype(np.float32), genes[chosen]
    del lognorm  # the genes that are not read are most of the memory, if the caller has let go of them, too
    mean, sd = moments(values)
    cap = (mean + CAP_SDS * (sd + SD_FLOOR)).astype(np.float32)
    values.data = np.minimum(values.data, cap[values.indices])
    fitted, components = _fit_tree(values, names, specs, seed=seed, threads=threads)
    if "root" not in fitted:
        raise ValueError(
            f"annotate: none of {', '.join(specs[0].classes)} was found in {len(components)} cells. Of "
            f"{len(markers)} marker genes {len(markers & set(genes))} are in the data ({len(genes)} genes). Are "
            "these human blood cells, named by symbols such as CD3E, and do all samples share their genes?"
        )
    in_order = {spec.name: fitted[spec.name] for spec in specs if spec.name in fitted}
    return Model(genes=names, cap=cap, nodes=in_order), components


def _fit_tree(
    values: "sp.csr_matrix", genes: Array, specs: Sequence[NodeSpec], *, seed: int, threads: int
) -> tuple[dict[str, NodeModel], Array]:
    """Fit each decision as soon as the one above it has told its cells; and give the components of the root."""
    fitted: dict[str, NodeModel] = {}
    n = values.shape[0]
    members = {"root": np.arange(n)}
    components = np.zeros((n, 0), dtype=np.float32)

    def fit(spec: NodeSpec) -> tuple[NodeModel | None, Array]:
        rows = members[spec.name]
        # of a thread of Python, each has its own number of OpenMP threads
        with threadpool_limits(1):
            inside = values if len(rows) == n else values[rows]
            return _fit_node(inside, genes, spec, seed=seed, threads=threads)

    waiting = {spec.name: spec for spec in specs}
    running: dict[Future[tuple[NodeModel | None, Array]], NodeSpec] = {}
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        while True:
            ready = [name for name in waiting if len(members.get(name, ())) >= 2 * MIN_SEEDS]
            running |= {pool.submit(fit, spec): spec for spec in map(waiting.pop, ready)}
            if not running:
                break
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                if done.exception():
                    pool.shutdown(cancel_futures=True)  # what waits is of no use any more
                spec, (node, reduced) = running.pop(done), done.result()
                if spec.name == "root":
                    components = reduced
                if node is None:
                    continue
                fitted[spec.name] = node
                if spec.level != "population":
                    rows = members[spec.name]
                    called = (values[rows] @ node.weights + node.intercept).argmax(axis=1)
                    members |= {label: rows[called == place] for place, label in enumerate(node.classes)}
    return fitted, components


def _fit_node(
    values: "sp.csr_matrix", genes: Array, spec: NodeSpec, *, seed: int, threads: int
) -> tuple[NodeModel | None, Array]:
    """Fit one decision, None when no class is there; and give the principal components of its cells."""
    cells = Standardised.measure(values)
    reduced = _decompose(cells, seed=seed)
    n_near = int(np.clip(len(cells) // 200, N_NEIGHBORS, MAX_NEIGHBORS))
    # as many as the neighbourhoods that scores are averaged over need, so that one search serves both
    near = find_neighbors(reduced, n=n_near if spec.absolute else max(n_near, *NEIGHBORS), threads=threads)
    classes = marker_scores.find_present(spec, cells, genes, near[:, :n_near])
    if not classes:
        return None, reduced
    smooth = neighbor_mean(near[:, :n_near])
    if spec.absolute:
        chance = _root_chances(spec, classes, cells, genes, smooth, reduced, seed=seed)
    else:
        chance = _branch_chances(spec, classes, cells, genes, smooth, reduced, near, threads=threads)
    likeliest = chance.argmax(axis=1)[chance.sum(axis=1) > 0]
    kept = np.flatnonzero(np.bincount(likeliest, minlength=len(classes)) >= MIN_SEEDS)
    # one subset alone tells nothing: its cells may be of those whose markers were not seen
    if not len(kept) or (spec.level == "population" and len(kept) < 2):
        return None, reduced
    names = tuple(classes[position] for position in kept)
    if len(kept) == 1:
        weights, intercept = np.zeros((len(genes), 1)), np.zeros(1)
        confusion = np.ones((1, 1))
    else:
        fit = fit_regression(cells, chance[:, kept], balanced=spec.absolute, seed=seed)
        weights = (fit.coefficients / cells.sd).T
        intercept, confusion = fit.offset - cells.mean @ weights, fit.confusion
    node = NodeModel(
        spec.name,
        names,
        weights.astype(np.float32),
        intercept.astype(np.float64),
        confusion.astype(np.float64),
    )
    return node, reduced


def _decompose(cells: Standardised, *, seed: int) -> Array:
    """Principal components of the cells of a node."""
    from sklearn.decomposition import PCA

    loudness = cells.sd**LOUDNESS
    n_components = min(N_COMPONENTS, len(cells) - 1, cells.shape[1] - 1)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(cells))[:MAX_DECOMPOSED])
    training = cells[chosen]
    training *= loudness
    pca = PCA(n_components, copy=False, svd_solver="randomized", random_state=seed).fit(training)
    turn = (pca.components_ * loudness).T
    return np.asarray(cells.project(turn) - pca.mean_ @ pca.components_.T, dtype=np.float32)


def _branch_chances(
    spec: NodeSpec,
    classes: list[str],
    cells: Standardised,
    genes: Array,
    smooth: "sp.csr_matrix",
    components: Array,
    near: Array,
    *,
    threads: int,
) -> Array:
    """Chance of each class within a branch or population, by z-scores; cells x classes."""
    own = marker_scores.relative_scores(spec, classes, cells, genes)
    on = np.column_stack(
        [marker_scores.fraction_on(spec.markers[name][0], cells, genes, smooth) for name in classes]
    )
    share = np.array([marker_scores.guess_share(column) for column in on.T])
    around = consensus_scores(own, components, near, threads=threads)
    off = on < marker_scores.MIN_ON
    return class_chances(own, np.where(off, -marker_scores.OFF, around), share=share)


def _root_chances(
    spec: NodeSpec,
    classes: list[str],
    cells: Standardised,
    genes: Array,
    smooth: "sp.csr_matrix",
    components: Array,
    *,
    seed: int,
) -> Array:
    """One for the lineage of cells that clearly show it themselves and in their cluster, else zero; cells x classes."""
    from sklearn.cluster import KMeans

    scores = np.column_stack(
        [marker_scores.expression_score(spec, name, cells, genes, smooth) for name in classes]
    )
    n, n_classes = scores.shape
    chance = np.zeros((n, n_classes))
    if n_classes == 1:
        return np.ones((n, 1))
    n_clusters = int(np.clip(n // CELLS_PER_CLUSTER, 2, MAX_CLUSTERS))
    cluster = KMeans(n_clusters, n_init=2, random_state=seed).fit_predict(components)
    by_cluster = np.vstack([scores[cluster == c].mean(axis=0) for c in range(cluster.max() + 1)])
    own = scores.argmax(axis=1)
    agrees = own == by_cluster.argmax(axis=1)[cluster]
    top = np.sort(scores, axis=1)
    margin = top[:, -1] - top[:, -2]
    for position in range(n_classes):
        candidates = np.flatnonzero(agrees & (own == position))
        if len(candidates):
            clear = margin[candidates] >= np.quantile(margin[candidates], SEED_QUANTILE)
            chance[candidates[clear], position] = 1.0
    return chance
