"""A labelled reference as a judge: a calibrated linear classifier trained on its cells, kept in skops' format.

Unlike a pickle, a skops file is data: it is read only as the types listed here and runs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from cd20scope.annotate.features import SD_FLOOR, choose_features, take_features
from cd20scope.counts.matrix import Counts, log_normalise

Array = npt.NDArray[Any]

MIN_GENES = 500
"""Fewest genes that reference and study must share; below, populations cannot be told by more than markers."""
MIN_CELLS = 10
"""Fewest cells of a class that is learned: two for each fold of the calibration."""
MAX_CELLS = 1000
"""Most cells of a class that are learned, drawn at random; bounds time and memory."""
FOLDS = 5
"""Folds of the calibration."""
PENALTY = 0.001
"""Inverse strength C of the ridge penalty: strong, since study and reference differ in more than their cells."""
CAP_SDS = 8.0
"""Values above the mean by more standard deviations (with a floor added) are cut there."""
BLOCK_CELLS = 4096
"""Cells judged together, as a dense matrix: 100 MB for 6,200 genes."""

TRUSTED = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.model_selection._split.StratifiedKFold",
)
"""Types that a trained reference holds beyond those that skops trusts by itself (arrays, dictionaries, estimators)."""


@dataclass(frozen=True)
class Reference:
    """A trained reference.

    Attributes
    ----------
    genes
        Genes that reference and study share, shape (n_genes,); a cell's values are relative to its total over them,
        so that a reference of fewer genes keeps its scale.
    features, cap
        Genes that the classifier reads, and the highest log-normalised value of each that is used, shape
        (n_features,).
    classifier
        Calibrated scikit-learn classifier; its ``classes_`` are the labels.
    """

    genes: Array
    features: Array
    cap: Array
    classifier: Any


def fit(
    counts: Counts,
    labels: pd.Series,
    *,
    genes: Array,
    markers: set[str],
    seed: int,
    name: str,
) -> Reference:
    """Train the judge on the cells of a labelled reference.

    A multinomial regression with a ridge penalty on standardised variable genes and markers, classes weighed alike;
    its temperature is set on cells left out of the training (Guo 2017, doi:10.48550/arXiv.1706.04599).

    Parameters
    ----------
    counts
        Raw counts of the reference.
    labels
        Label of each of its cells, in their order; a cell without one is empty and left out.
    genes
        Genes that all samples of the study have, shape (n,).
    markers
        Genes that are read in any case.
    seed
        Seed of the draw and of the folds.
    name
        The file, for the errors.

    Raises
    ------
    ValueError
        When fewer than :data:`MIN_GENES` genes are shared, or fewer than two classes have :data:`MIN_CELLS` cells.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    own = counts.genes["gene"]
    shared = np.intersect1d(own, genes)
    if len(shared) < MIN_GENES:
        raise ValueError(
            f"annotate > reference: {name} shares {len(shared)} genes with the study ({len(own):,} in the "
            f"reference, such as {own[0]}; {len(genes):,} in all samples, such as {genes[0]}); "
            f"at least {MIN_GENES} are needed. Give a reference with gene symbols and all genes."
        )
    rows = _draw(labels.to_numpy(dtype=object), seed=seed, name=name)
    lognorm = _over(counts.matrix[rows], own, shared)
    features = shared[choose_features(lognorm, shared, markers=markers)]
    values = take_features(lognorm, shared, features=features, cap=np.full(len(features), np.inf)).toarray()
    cap = (values.mean(axis=0) + CAP_SDS * (values.std(axis=0) + SD_FLOOR)).astype(np.float32)
    regression = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=500)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    classifier = CalibratedClassifierCV(
        make_pipeline(StandardScaler(), regression), method="temperature", cv=folds, ensemble=False
    )
    classifier.fit(np.minimum(values, cap), labels.to_numpy(dtype=str)[rows])
    return Reference(genes=shared.astype(str), features=features.astype(str), cap=cap, classifier=classifier)


def judge(counts: sp.csr_matrix, genes: Array, reference: Reference) -> pd.DataFrame:
    """Probability of every label of the reference for every cell.

    Parameters
    ----------
    counts
        Raw counts, cells x genes.
    genes
        Gene names, shape (n_genes,).
    reference
        The trained reference.

    Returns
    -------
    pandas.DataFrame
        Cells x labels; rows sum to 1.
    """
    lognorm = _over(counts, genes, reference.genes)
    values = take_features(lognorm, reference.genes, features=reference.features, cap=reference.cap)
    names = [str(label) for label in reference.classifier.classes_]
    blocks = (
        values[start : start + BLOCK_CELLS].toarray() for start in range(0, values.shape[0], BLOCK_CELLS)
    )
    parts = [reference.classifier.predict_proba(block) for block in blocks]
    return pd.DataFrame(np.vstack([np.zeros((0, len(names))), *parts]), columns=names)


def dump(reference: Reference, path: Path | str) -> None:
    """Write a trained reference in the format of skops."""
    import skops.io

    skops.io.dump(dict(vars(reference)), path)


def load(path: Path | str) -> Reference:
    """Read what :func:`dump` wrote, as the types listed in :data:`TRUSTED` and those that skops itself trusts.

    Raises
    ------
    skops.io.exceptions.UntrustedTypesFoundException
        When the file holds any other type.
    """
    import skops.io

    stored: Mapping[str, Any] = skops.io.load(path, trusted=list(TRUSTED))
    return Reference(**stored)


def _draw(labels: Array, *, seed: int, name: str) -> Array:
    """Rows that train: at most :data:`MAX_CELLS` of each class that has :data:`MIN_CELLS`."""
    sizes = pd.Series(labels[labels != ""]).value_counts()
    learned = sizes.index[sizes >= MIN_CELLS]
    if len(learned) < 2:
        found = ", ".join(f"{label} ({n})" for label, n in sizes.items()) or "none"
        raise ValueError(
            f"annotate > reference: {name} has {len(learned)} labels with at least {MIN_CELLS} cells; two are "
            f"needed to tell cells apart. Found: {found}. Name another column, or give a larger reference."
        )
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(np.flatnonzero(labels == label))[:MAX_CELLS] for label in sorted(learned)]
    return np.sort(np.concatenate(drawn))


def _over(counts: sp.csr_matrix, genes: Array, shared: Array) -> sp.csr_matrix:
    """Log-normalised values over shared genes; a gene that is not there is all zero."""
    at = pd.Index(genes).get_indexer(pd.Index(shared))
    found = np.flatnonzero(at >= 0)
    taken = counts[:, at[found]].tocsr()
    whole = sp.csr_matrix((taken.data, found[taken.indices], taken.indptr), shape=(counts.shape[0], len(at)))
    return log_normalise(whole)
