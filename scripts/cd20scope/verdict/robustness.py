"""Robustness arms: every verdict decided again under other choices that a reviewer might have made.

An arm replaces some of the changes that a hypothesis is tested on, or the test, and decides at the same level.
Arms are computed from the small tables of donors and visits, never from cells.
"""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from cd20scope import schema
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.mixed_model import MixedChange
from cd20scope.study.themes import Row
from cd20scope.verdict import measure, own_arms
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.endpoints.tables import Settings

COLUMNS = (
    *("id", "arm", "verdict", "holds", "estimate", "ci_low", "ci_high", "p_value", "n_pairs", "detail"),
)
"""Columns of the table of arms; ``holds`` is empty where the arm cannot be decided, and ``detail`` has the reason."""

LABELS = {
    schema.CALLS_ARM: "called cells, not sums of probabilities",
    **dict(
        zip(
            schema.LABEL_ARMS,
            ("stricter labels", "likeliest label for every cell", "without CD20+ T cells"),
            strict=True,
        )
    ),
    schema.NO_SOUP_GENES_ARM: "without HLA and immunoglobulin genes",
    schema.NO_B_RNA_ARM: "B-cell RNA subtracted",
}
"""Arms that come with tables of their own, by the name they have there."""

EQUAL_CELLS = "equal numbers of cells"


def measure_arms(
    hypotheses: Sequence[Row],
    *,
    tables: Mapping[str, pd.DataFrame],
    arms: Mapping[str, pd.DataFrame],
    settings: Settings,
) -> dict[str, dict[Key, Change]]:
    """Measure the changes of arms with tables of their own, of other denominators, and at equal numbers of cells.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue.
    tables
        Of :func:`cd20scope.verdict.measure.measure_needed`, read again at equal numbers of cells.
    arms
        The same tables for each arm, in a column ``arm``; variants of hypotheses, such as shares in other
        denominators, have the arm :data:`cd20scope.schema.DENOMINATOR_ARM`.
    settings
        What changes are measured with.

    Returns
    -------
    Arm -> changes that differ from the main ones, by the key of the hypothesis.
    """
    found = {EQUAL_CELLS: measure.measure_equal_cells(hypotheses, settings=settings, **tables)}
    for arm, label in LABELS.items():
        measured = measure.measure_needed(hypotheses, settings=settings, **_of_arm(arms, arm))
        # a key that the arm has no row for keeps its main value
        found[label] = {
            key: change for key, change in measured.items() if change.paired.donors or change.paired.dropped
        }
    variants = [(entry, endpoint_of(entry).variants(entry)) for entry in hypotheses]
    for label in dict.fromkeys(label for _, forms in variants for label in forms):
        own = [(entry, forms[label]) for entry, forms in variants if label in forms]
        measured = measure.measure_needed(
            [form for _, form in own], settings=settings, **_of_arm(arms, schema.DENOMINATOR_ARM)
        )
        found[label] = {
            key: measured[endpoint_of(form).needs(form)[part]]
            for entry, form in own
            for part, key in endpoint_of(entry).needs(entry).items()
        }
    return found


def _of_arm(arms: Mapping[str, pd.DataFrame], arm: str) -> dict[str, pd.DataFrame]:
    return {name: table[table["arm"] == arm] for name, table in arms.items()}


def decide_arms(
    decisions: Iterable[Decision],
    changes: Mapping[Key, Change],
    arms: Mapping[str, Mapping[Key, Change]],
    *,
    steroid: Mapping[tuple[str, str], Change],
    random_sets: Mapping[tuple[str, str, str], float],
    all_visits: Mapping[Key, MixedChange],
    alpha: float,
    min_pairs: int,
) -> pd.DataFrame:
    """Decide every hypothesis again in every arm that applies to it.

    Parameters
    ----------
    decisions
        From :func:`cd20scope.verdict.decide.decide_all`; those not testable have no arms.
    changes
        What they were decided on.
    arms
        From :func:`measure_arms`.
    steroid
        (population, contrast) -> change of the steroid score in these cells.
    random_sets
        (population, programme, contrast) -> share of random gene sets that move as much.
    all_visits
        From :func:`cd20scope.verdict.measure.measure_all_visits`.
    alpha, min_pairs
        As for :func:`cd20scope.verdict.decide.decide_all`. One donor may be left out of the fewest pairs: the
        arm measures how much depends on one donor.

    Returns
    -------
    :data:`COLUMNS`. An arm holds when it gives the same verdict at the same level.
    """
    rows: list[dict[str, object]] = []
    for decision in decisions:
        if decision.evidence.claim is None:
            continue
        entry, endpoint = decision.hypothesis, decision.endpoint
        needs = endpoint.needs(entry)
        own = {key: changes[key] for key in needs.values()}
        rows.append(own_arms.without_each(decision, own, min_pairs))
        for arm, measured in arms.items():
            if other := {key: measured[key] for key in own if key in measured}:
                evidence = endpoint.evaluate(entry, own | other, min_pairs=min_pairs)
                rows.append(own_arms.row(decision, arm, evidence, alpha))
        rows += own_arms.without_covariates(decision, own, min_pairs, alpha)
        rows += own_arms.by_ranks(decision, own, min_pairs, alpha)
        fit = all_visits.get(needs.get("main", ()))
        rows += own_arms.all_visits(decision, own, fit, min_pairs, alpha)
        rows += own_arms.adjusted(decision, own, steroid, min_pairs, alpha)
        rows += own_arms.among_random(decision, random_sets, alpha)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def count_arms(table: pd.DataFrame) -> pd.DataFrame:
    """Count the arms in which each verdict holds.

    Returns
    -------
    Indexed by ``id``: ``arms_held``, ``arms_asked`` and ``arms_against``, the names of those in which it does not
    hold.
    """
    decided = table[table["holds"] != ""]
    holds = decided["holds"] == "yes"
    against = decided.loc[~holds].groupby("id")["arm"].agg("; ".join)
    counts = holds.groupby(decided["id"]).agg(["sum", "size"]).set_axis(["arms_held", "arms_asked"], axis=1)
    return counts.assign(arms_against=against.reindex(counts.index).fillna(""))


def read_random_sets(table: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """Share of random gene sets that change as clearly, by population, programme and contrast."""
    rows = zip(table["population"], table["program"], table["contrast"], table["p_random"], strict=True)
    return {(str(where), str(program), str(contrast)): float(p) for where, program, contrast, p in rows}
