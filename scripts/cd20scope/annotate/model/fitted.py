"""The fitted annotation model, and its form on disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class NodeModel:
    """A fitted decision: ``softmax(x @ weights + intercept)`` over ``classes``, x log-normalised and capped.

    Attributes
    ----------
    name
        ``root``, or the branch or population that is resolved.
    classes
        Names of the n classes found in the data.
    weights
        Shape (n_features, n).
    intercept
        Shape (n,).
    confusion
        Part of the cells of the class in the row that is given for the class in the column; shape (n, n).
    """

    name: str
    classes: tuple[str, ...]
    weights: Array
    intercept: Array
    confusion: Array


@dataclass(frozen=True)
class Model:
    """All decisions, over one list of genes.

    Attributes
    ----------
    genes
        Names of the features, shape (n_features,).
    cap
        Highest log-normalised value of each feature that is used, shape (n_features,).
    nodes
        Decisions by name.
    """

    genes: Array
    cap: Array
    nodes: dict[str, NodeModel]


def pack_model(model: Model) -> dict[str, Array]:
    """Turn a model into plain arrays, ready for ``numpy.savez``."""
    arrays: dict[str, Array] = {
        "genes": model.genes.astype(str),
        "cap": model.cap,
        "nodes": np.array(list(model.nodes), dtype=str),
    }
    for position, node in enumerate(model.nodes.values()):
        arrays[f"classes_{position}"] = np.array(node.classes, dtype=str)
        arrays[f"weights_{position}"] = node.weights
        arrays[f"intercept_{position}"] = node.intercept
        arrays[f"confusion_{position}"] = node.confusion
    return arrays


def unpack_model(arrays: Mapping[str, Array]) -> Model:
    """Undo :func:`pack_model`."""
    nodes = {
        str(name): NodeModel(
            name=str(name),
            classes=tuple(str(label) for label in arrays[f"classes_{position}"]),
            weights=arrays[f"weights_{position}"],
            intercept=arrays[f"intercept_{position}"],
            confusion=arrays[f"confusion_{position}"],
        )
        for position, name in enumerate(arrays["nodes"])
    }
    return Model(genes=arrays["genes"].astype(str), cap=arrays["cap"], nodes=nodes)
