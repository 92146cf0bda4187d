"""The questions of a study asked of another tissue than the one that its verdicts are of.

A tissue is a stratum: what enters here is measured in its samples alone, each donor against itself. The answers are
exploratory. They have no verdict, since margins and families were chosen for the one tissue of the verdicts, and a
tissue of few cells would otherwise end in verdicts on noise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cd20scope.stats import multiplicity
from cd20scope.stats.changes import Change, Key
from cd20scope.study.themes import Row
from cd20scope.verdict.endpoints.catalogue import endpoint_of

COLUMNS = (
    *("tissue", "id", "asks", "endpoint", "population", "denominator", "program", "component", "contrast"),
    *("unit", "n_pairs"),
    *("estimate", "ci_low", "ci_high", "p_value", "p_adjusted", "status", "reason", "donors", "dropped"),
)
"""Columns of ``results/verdict/tissues/<tissue>/questions.tsv``: one row per question on one change. ``ci_low`` is
missing where the detection limit decides; ``p_adjusted`` is Benjamini-Hochberg over the tissue's rows."""

SAMPLE_COLUMNS = ("tissue", "sample", "donor", "visit", "control", "n_cells")
"""Columns of ``results/verdict/tissues/<tissue>/samples.tsv``; ``n_cells`` are labelled single cells that were kept."""

STATUSES = ROSE, FELL, OPEN, NOT_TESTABLE = ("rose", "fell", "no change shown", "not testable")
"""What a row can come to. ``no change shown`` is no evidence of no change."""


def ask_tissue(
    hypotheses: Sequence[Row],
    changes: Mapping[Key, Change],
    *,
    tissue: str,
    alpha: float = 0.05,
    min_pairs: int = 6,
) -> pd.DataFrame:
    """Test the change behind each question, by paired t tests against no change.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue; the first claim of each question stands for it, and a change is asked of once. Claims
        on the order of events rest on the changes of other questions and are left out.
    changes
        From :func:`cd20scope.verdict.measure.measure_needed`, of tables of this tissue alone.
    tissue
        Its name.
    alpha
        Of the two-sided intervals, and false discovery rate of what is said to have risen or fallen.
    min_pairs
        With fewer donors that have both visits a question is not testable.

    Returns
    -------
    :data:`COLUMNS`, in the order of the catalogue. A question is not testable with too few donors, or where the cells
    are too few for its measure, which then gives the reason; its row has no number.
    """
    rows, asked = [], set()
    for entry in hypotheses:
        key = endpoint_of(entry).needs(entry).get("main")
        if key is None or entry["id"] != entry["question"] or key in asked:
            continue
        asked.add(key)
        rows.append({"tissue": tissue} | _ask(entry, changes, alpha=alpha, min_pairs=min_pairs))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    everywhere = pd.Series(tissue, index=table.index)
    table["p_adjusted"] = multiplicity.benjamini_hochberg(table["p_value"], by=everywhere)
    called = table["p_adjusted"] <= alpha
    moved = np.where(table["estimate"].astype(float) > 0, ROSE, FELL)
    table["status"] = table["status"].mask(table["p_value"].notna() & ~called, OPEN).mask(called, moved)
    return table


def _ask(entry: Row, changes: Mapping[Key, Change], *, alpha: float, min_pairs: int) -> dict[str, Any]:
    """Test one question: every column but the tissue and those that need the other rows."""
    endpoint = endpoint_of(entry)
    evidence = endpoint.evaluate(entry, changes, min_pairs=min_pairs)
    named = ("id", "asks", "endpoint", "population", "denominator", "program", "component", "contrast")
    row: dict[str, Any] = {name: entry.get(name, "") for name in named} | {
        "unit": endpoint.unit.name,
        "n_pairs": len(evidence.paired),
        "donors": evidence.paired.donors_text,
        "dropped": evidence.paired.dropped_text,
        "status": NOT_TESTABLE,
        "reason": evidence.reason,
    }
    if evidence.t is None or evidence.claim is None:
        return row
    limits = endpoint.limits(evidence, alpha)
    return row | {
        "estimate": evidence.t.estimate,
        "ci_low": limits["ci_low"],
        "ci_high": limits["ci_high"],
        "p_value": evidence.t.p_value,
    }


def tabulate_samples(sheet: pd.DataFrame, leaves: pd.DataFrame) -> pd.DataFrame:
    """List the samples of a tissue with the cells that were kept: :data:`SAMPLE_COLUMNS`.

    Parameters
    ----------
    sheet
        ``sample``, ``donor``, ``visit``, ``tissue``, ``control``.
    leaves
        From :func:`cd20scope.pseudobulk.leaves.stack_cells`.
    """
    kept = leaves.groupby("sample")["n_cells"].sum()
    cells = sheet["sample"].map(kept).fillna(0).astype(int)
    return sheet.assign(n_cells=cells)[list(SAMPLE_COLUMNS)]
