"""Change of the number of cells per microlitre in the treated beyond that in a control arm."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cd20scope import schema
from cd20scope.abundance.absolute import NO_SCALE, changes_of
from cd20scope.stats import multiplicity, pairs
from cd20scope.stats.between_arms import both_arms, too_few_in_arm, welch_t

COLUMNS = (
    *("population", "contrast", "n_treated", "n_control", "treated", "control"),
    *(
        "difference",
        "fold_change",
        "ci_low",
        "ci_high",
        "p_value",
        "p_adjusted",
        "dropped",
        "status",
        "reason",
    ),
)
"""Columns of the table; ``treated``, ``control`` and ``difference`` with its limits are natural logs of a fold change,
``fold_change`` is that of the treated over that of the controls."""


def compare_counts(
    counts: pd.DataFrame,
    *,
    contrasts: Sequence[pairs.Contrast],
    controls: Sequence[str] = (),
    alpha: float = 0.05,
    min_per_arm: int = 4,
) -> pd.DataFrame:
    """Welch test of the log changes of two arms, for every lymphocyte population.

    Parameters
    ----------
    counts
        From :func:`cd20scope.abundance.absolute.measure_counts`; ``control`` is empty for the treated.
    contrasts
        Pairs (later, earlier) of visits.
    controls
        Levels of the control arm; all (default) where empty.
    alpha
        Intervals are two-sided ``1 - alpha``.
    min_per_arm
        Fewer donors with both visits in an arm are not tested.

    Returns
    -------
    :data:`COLUMNS`, ``p_adjusted`` Benjamini-Hochberg within the contrast; no rows where nobody is a control.
    """
    if not len(pairs.of_control(counts, controls)):
        return pd.DataFrame(columns=list(COLUMNS))
    rows = []
    for contrast in contrasts:
        for name, table in counts.groupby("population", sort=False):
            arms = [pairs.of_treated(table), pairs.of_control(table, controls)]
            paired = [pairs.pair(arm, contrast) for arm in arms]
            n_treated, n_control = map(len, paired)
            row: dict[str, object] = {
                "population": name,
                "contrast": schema.contrast_name(contrast),
                "n_treated": n_treated,
                "n_control": n_control,
                "dropped": both_arms(paired).dropped_text,
                "status": "not testable",
                "reason": NO_SCALE
                if table["value"].isna().all()
                else too_few_in_arm(n_treated, n_control, max(min_per_arm, 2)),
            }
            if not row["reason"]:
                values = [
                    changes_of(arm, contrast, own.donors) for arm, own in zip(arms, paired, strict=True)
                ]
                t = welch_t(*values)
                row |= {"treated": values[0].mean(), "control": values[1].mean(), "reason": t.no_spread}
                row |= {"difference": t.estimate, "fold_change": float(np.exp(t.estimate))}
                if not t.no_spread:
                    low, high = t.interval(alpha)
                    row |= {"ci_low": low, "ci_high": high, "p_value": t.p_value, "status": "tested"}
            rows.append(row)
    tested = pd.DataFrame(rows, columns=list(COLUMNS))
    tested["p_adjusted"] = multiplicity.benjamini_hochberg(tested["p_value"], by=tested["contrast"])
    return tested
