"""Calibration in the run: every hypothesis decided again with the visits of donors exchanged at random.

Had treatment changed nothing, the sign of each donor's changes would be random. The share of hypotheses
supported under such flips is the rate of false support of this cohort and these rules.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope.schema import FAMILIES
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.sign_flips import flip_signs
from cd20scope.study.families import Family
from cd20scope.verdict.decide import decide_all
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.families import FAMILIES as SHIPPED

COLUMNS = (
    *("id", "family", "verdict", "n_flips"),
    *("supported_flipped", "contradicted_flipped", "supported_real"),
)
"""Columns of the table of flips; its last two rows: share of flips with any hypothesis of a family supported."""


def decide_flipped(
    hypotheses: Sequence[Mapping[str, Any]],
    changes: Mapping[Key, Change],
    *,
    alpha: float,
    min_pairs: int,
    seed: int,
    families: Sequence[Family] = SHIPPED,
    attenuation: Mapping[str, str] | None = None,
    limit: int = 2000,
) -> pd.DataFrame:
    """Decide every hypothesis under flipped visits.

    A donor's sign is the same for all changes and contrasts, so that what moves together in a donor still does. A
    flip exchanges all values of the two visits, detection limits included.

    Parameters
    ----------
    hypotheses, changes, alpha, min_pairs, families, attenuation
        As for :func:`cd20scope.verdict.decide.decide_all`.
    seed
        Of the random patterns.
    limit
        Maximum number of flips; all 2^N are used where they are no more. 2,000 leave a standard error of 0.005 on a
        rate of 0.05.

    Returns
    -------
    :data:`COLUMNS`, one row per hypothesis, then ``any confirmatory`` and ``any exploratory``. Shares are of the
    flips; a strong effect supports itself again when all donors keep their sign, or nearly all do.

    References
    ----------
    Fisher (1935), The Design of Experiments, ch. 3. Winkler et al. (2014). doi:10.1016/j.neuroimage.2014.01.060
    """
    keys = {key for entry in hypotheses for key in endpoint_of(entry).needs(entry).values()}
    donors = sorted({donor for key in keys for donor in changes[key].paired.donors})
    place = {donor: index for index, donor in enumerate(donors)}
    rows = {key: np.array([place[d] for d in changes[key].paired.donors], dtype=int) for key in keys}
    signs = flip_signs(len(donors), limit=limit, rng=np.random.default_rng(seed))
    rules: dict[str, Any] = {
        "alpha": alpha,
        "min_pairs": min_pairs,
        "families": families,
        "attenuation": attenuation,
    }
    real = decide_all(hypotheses, changes, **rules)
    # what cannot be tested cannot be tested under flips either, and its donors' signs do not matter
    testable = [decision.hypothesis for decision in real if decision.evidence.claim is not None]
    read = {key for entry in testable for key in endpoint_of(entry).needs(entry).values()}
    verdicts = np.empty((len(signs), len(testable)), dtype=object)
    for index, pattern in enumerate(signs):
        flipped = {key: changes[key].flip(pattern[rows[key]]) for key in read}
        decided = decide_all(testable, flipped, **rules)
        verdicts[index] = [decision.verdict.verdict for decision in decided]
    return _tabulate(real, testable, verdicts)


def _tabulate(
    real: Sequence[Any], testable: Sequence[Mapping[str, Any]], verdicts: NDArray[Any]
) -> pd.DataFrame:
    column = {entry["id"]: index for index, entry in enumerate(testable)}
    table = []
    for decision in real:
        index = column.get(decision.hypothesis["id"])
        row: dict[str, object] = {
            "id": decision.hypothesis["id"],
            "family": decision.hypothesis["family"],
            "verdict": decision.verdict.verdict,
            "n_flips": 0 if index is None else len(verdicts),
            "supported_real": float(decision.verdict.verdict == "supported"),
        }
        if index is not None:
            row["supported_flipped"] = float((verdicts[:, index] == "supported").mean())
            row["contradicted_flipped"] = float((verdicts[:, index] == "contradicted").mean())
        table.append(row)
    for family in FAMILIES:
        # that nothing changes is true under flips: such a claim may be supported
        own = [
            i
            for i, entry in enumerate(testable)
            if entry["family"] == family and entry["direction"] != "none"
        ]
        of_family = [
            decision
            for decision in real
            if decision.hypothesis["id"] in column
            and decision.hypothesis["family"] == family
            and decision.hypothesis["direction"] != "none"
        ]
        supported = [decision.verdict.verdict == "supported" for decision in of_family]
        table.append(
            {
                "id": f"any {family}",
                "family": family,
                "verdict": f"{sum(supported)} of {len(supported)} supported",
                "n_flips": len(verdicts),
                "supported_flipped": float((verdicts[:, own] == "supported").any(axis=1).mean())
                if own
                else np.nan,
                "supported_real": float(any(supported)),
            }
        )
    return pd.DataFrame(table, columns=list(COLUMNS))
