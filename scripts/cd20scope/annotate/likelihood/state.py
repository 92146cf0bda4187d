"""The fitted likelihood as plain arrays, for ``numpy.savez``, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cd20scope.annotate.likelihood.fit import Likelihood
from cd20scope.annotate.likelihood.mixture import Fitted
from cd20scope.annotate.likelihood.tree import Decision

Array = npt.NDArray[Any]

ARRAYS = ("genes", "profile", "log_weight", "ambient", "gene_weight")


def pack_likelihood(model: Likelihood) -> dict[str, Array]:
    """Turn a fit into plain arrays."""
    arrays: dict[str, Array] = {"nodes": np.array(list(model.nodes), dtype=str)}
    arrays["not_told"] = np.array(list(model.not_told), dtype=str)
    arrays["not_told_genes"] = np.array(list(model.not_told.values()), dtype=np.int64)
    for place, node in enumerate(model.nodes.values()):
        decision = node.decision
        arrays[f"leaves_{place}"] = np.array(decision.leaves, dtype=str)
        arrays[f"classes_{place}"] = np.array(decision.classes, dtype=str)
        arrays[f"kind_{place}"] = np.array([decision.free, decision.moving, node.n_cells], dtype=np.int64)
        for name in ARRAYS:
            values = getattr(node, name)
            arrays[f"{name}_{place}"] = values.astype(str) if name == "genes" else values
    return arrays


def unpack_likelihood(arrays: Mapping[str, Array]) -> Likelihood:
    """Undo :func:`pack_likelihood`."""
    nodes = {}
    for place, name in enumerate(arrays["nodes"]):
        free, moving, n_cells = (int(value) for value in arrays[f"kind_{place}"])
        decision = Decision(
            str(name),
            tuple(str(leaf) for leaf in arrays[f"leaves_{place}"]),
            tuple(str(label) for label in arrays[f"classes_{place}"]),
            free=bool(free),
            moving=bool(moving),
        )
        values = {key: arrays[f"{key}_{place}"] for key in ARRAYS}
        nodes[str(name)] = Fitted(decision=decision, n_cells=n_cells, **values)
    few = zip(arrays["not_told"], arrays["not_told_genes"], strict=True)
    return Likelihood(nodes, {str(name): int(n) for name, n in few})
