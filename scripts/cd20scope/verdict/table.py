"""The table of verdicts, complete: beside each verdict, how far it can be trusted."""

from collections.abc import Sequence

import pandas as pd

from cd20scope.verdict import cautions, decide, robustness
from cd20scope.verdict.measure import Settings
from cd20scope.verdict.power import smallest_effect

COLUMNS = (
    *decide.COLUMNS,
    *("arms_held", "arms_asked", "arms_against", "smallest_effect", "beside", "caution"),
)
"""Columns of ``results/verdict/verdicts.tsv``. ``smallest_effect`` is in the unit of ``estimate``, 80 % power."""


def complete(
    decisions: Sequence[decide.Decision],
    asked: pd.DataFrame,
    programs: pd.DataFrame,
    *,
    settings: Settings,
    steroid: str,
    alpha: float,
) -> pd.DataFrame:
    """Tabulate decisions with the arms that hold, the smallest effect that could be shown, and cautions.

    Parameters
    ----------
    decisions
        From :func:`cd20scope.verdict.decide.decide_all`.
    asked
        From :func:`cd20scope.verdict.robustness.ask_arms`.
    programs
        From :func:`cd20scope.programs.compare.compare`.
    settings
        Of the run.
    steroid
        Name of the steroid programme.
    alpha
        Level of the intervals shown, and at which a confounder counts as changed.

    Returns
    -------
    :data:`COLUMNS`; no arms and no smallest effect where a hypothesis is not testable.
    """
    table = decide.tabulate(decisions, contrasts=settings.contrasts, alpha=alpha).set_index("id", drop=False)
    counted = robustness.count_arms(asked).reindex(table.index)
    shown = {
        made.hypothesis["id"]: smallest_effect(made.evidence.claim, level=made.level)
        for made in decisions
        if made.evidence.claim is not None
    }
    notes = cautions.cautions(decisions, asked, programs, steroid=steroid, alpha=alpha)
    return table.assign(
        arms_held=counted["arms_held"].astype("Int64"),
        arms_asked=counted["arms_asked"].astype("Int64"),
        arms_against=counted["arms_against"].fillna(""),
        smallest_effect=pd.Series(shown, dtype=float).reindex(table.index),
        beside=pd.Series(cautions.beside(decisions, programs), dtype=object),
        caution=pd.Series(notes, dtype=object),
    ).reset_index(drop=True)[list(COLUMNS)]
