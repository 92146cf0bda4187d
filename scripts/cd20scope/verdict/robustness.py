"""Robustness arms: every verdict asked again under other choices that a reviewer might have made.

An arm replaces some of the changes that a hypothesis is tested on, or the test, and asks at the level that decided.
Arms are computed from the small tables of donors and visits, never from cells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cd20scope import schema
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.paired_tests import adjusted_t, signed_rank
from cd20scope.verdict import measure
from cd20scope.verdict.decide import Decision
from cd20scope.verdict.evidence import Evidence, limits_of, weigh
from cd20scope.verdict.hypothesis import needed

COLUMNS = (
    *("id", "arm", "verdict", "holds", "estimate", "ci_low", "ci_high", "p_value", "n_pairs", "detail"),
)
"""Columns of the table of arms; ``holds`` is empty where the arm cannot be asked, and ``detail`` says why."""

LABELS = {
    schema.EXPECTED_ARM: "cells estimated by probability",
    **dict(
        zip(
            schema.LABEL_ARMS,
            ("stricter labels", "likeliest label for every cell", "without CD20+ T cells"),
            strict=True,
        )
    ),
    schema.NO_SOUP_GENES_ARM: "without HLA and immunoglobulin genes",
}
"""Arms that come with tables of their own, by the name they have there."""

LEAVE_ONE_OUT = "leave one donor out"
RANKS = "signed-rank test"
ADJUSTED = "adjusted for steroid score"
RANDOM_SETS = "against random gene sets"


def measure_arms(
    hypotheses: Sequence[Mapping[str, Any]],
    *,
    donors: pd.DataFrame,
    scores: pd.DataFrame,
    settings: measure.Settings,
) -> dict[str, dict[Key, Change]]:
    """Measure the changes of every arm that has tables of its own, and of other denominators.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue.
    donors, scores
        Tables of :func:`cd20scope.verdict.measure.measure_needed` for each arm, in a column ``arm``; shares in
        other denominators have the arm :data:`cd20scope.schema.DENOMINATOR_ARM`.
    settings
        What changes are measured with.

    Returns
    -------
    Arm -> changes that are other there, under the key of the hypothesis.
    """
    found: dict[str, dict[Key, Change]] = {}
    parts = pd.DataFrame(columns=["population", "program"])
    for arm, label in LABELS.items():
        of_arm = (table[table["arm"] == arm] for table in (donors, scores))
        tables = dict(zip(("donors", "scores"), of_arm, strict=True))
        measured = measure.measure_needed(hypotheses, **tables, parts=parts, settings=settings)
        # what the arm's tables have no row for is no other there
        found[label] = {
            key: made for key, made in measured.items() if made.paired.donors or made.paired.dropped
        }
    for name in dict.fromkeys(name for entry in hypotheses for name in entry.get("other_denominators", ())):
        asked = [entry for entry in hypotheses if name in entry.get("other_denominators", ())]
        posed = [{**entry, "denominator": name} for entry in asked]
        measured = measure.measure_needed(
            posed,
            donors=donors[donors["arm"] == schema.DENOMINATOR_ARM],
            scores=scores.iloc[:0],
            parts=parts,
            settings=settings,
        )
        found[f"{schema.DENOMINATOR_ARM} {name}"] = {
            needed(entry)["main"]: measured[needed(pose)["main"]]
            for entry, pose in zip(asked, posed, strict=True)
        }
    return found


def ask_arms(
    decisions: Iterable[Decision],
    changes: Mapping[Key, Change],
    arms: Mapping[str, Mapping[Key, Change]],
    *,
    steroid: Mapping[tuple[str, str], Change],
    random_sets: Mapping[tuple[str, str, str], float],
    alpha: float,
    min_pairs: int,
) -> pd.DataFrame:
    """Ask every decided hypothesis again in every arm that applies to it.

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
    alpha, min_pairs
        As for :func:`cd20scope.verdict.decide.decide_all`. One donor may be left out of the fewest pairs: this asks how
        much hangs on one donor, not for another verdict.

    Returns
    -------
    :data:`COLUMNS`. An arm holds when it gives the same verdict at the same level.
    """
    rows: list[dict[str, object]] = []
    for made in decisions:
        if made.evidence.claim is None:
            continue
        own = {key: changes[key] for key in needed(made.hypothesis).values()}
        rows.append(_leave_one_out(made, own, min_pairs))
        for arm, measured in arms.items():
            if other := {key: measured[key] for key in own if key in measured}:
                asked = weigh(made.hypothesis, own | other, min_pairs=min_pairs)
                rows.append(_row(made, arm, asked, alpha))
        rows += _by_ranks(made, own, min_pairs, alpha)
        rows += _adjusted(made, own, steroid, min_pairs, alpha)
        rows += _among_random(made, random_sets, alpha)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def count_arms(table: pd.DataFrame) -> pd.DataFrame:
    """Count the arms in which each verdict holds.

    Returns
    -------
    Indexed by ``id``: ``arms_held``, ``arms_asked`` and ``arms_against``, the names of those in which it does not
    hold.
    """
    asked = table[table["holds"] != ""]
    held = asked["holds"] == "yes"
    against = asked.loc[~held].groupby("id")["arm"].agg("; ".join)
    counts = held.groupby(asked["id"]).agg(["sum", "size"]).set_axis(["arms_held", "arms_asked"], axis=1)
    return counts.assign(arms_against=against.reindex(counts.index).fillna(""))


def read_random_sets(table: pd.DataFrame) -> dict[tuple[str, str, str], float]:
    """Share of random gene sets that change as clearly, by population, programme and contrast."""
    rows = zip(table["population"], table["program"], table["contrast"], table["p_random"], strict=True)
    return {(str(where), str(program), str(contrast)): float(p) for where, program, contrast, p in rows}


def _row(made: Decision, arm: str, asked: Evidence, alpha: float, detail: str = "") -> dict[str, object]:
    row: dict[str, object] = {"id": made.hypothesis["id"], "arm": arm, "n_pairs": len(asked.paired)}
    if asked.claim is None:
        return row | {"verdict": "not testable", "holds": "", "detail": asked.reason}
    said = asked.claim.decide(made.level)
    limits = limits_of(made.hypothesis, asked, alpha)
    return row | {
        "verdict": said.verdict,
        "holds": "yes" if said.verdict == made.verdict.verdict else "no",
        "estimate": float("nan") if asked.t is None else asked.t.estimate,
        "ci_low": limits["ci_low"],
        "ci_high": limits["ci_high"],
        "p_value": asked.claim.p_value,
        "detail": detail or said.reason,
    }


def _leave_one_out(made: Decision, own: Mapping[Key, Change], min_pairs: int) -> dict[str, object]:
    """One arm: holds when the verdict is the same whichever donor is left out."""
    donors, said, estimates = made.evidence.paired.donors, {}, []
    for left_out in donors:
        rest = {
            key: change.take([d for d in change.paired.donors if d != left_out])
            for key, change in own.items()
        }
        asked = weigh(made.hypothesis, rest, min_pairs=min_pairs - 1)
        said[left_out] = asked.claim.decide(made.level).verdict if asked.claim is not None else "not testable"
        if asked.t is not None:
            estimates.append(asked.t.estimate)
    other = {donor: verdict for donor, verdict in said.items() if verdict != made.verdict.verdict}
    span = f"estimates {min(estimates):.3g} to {max(estimates):.3g}" if estimates else ""
    changed_by = "; ".join(f"without {donor}: {verdict}" for donor, verdict in other.items())
    return {
        "id": made.hypothesis["id"],
        "arm": LEAVE_ONE_OUT,
        "verdict": next(iter(other.values()), made.verdict.verdict),
        "holds": "no" if other else "yes",
        "n_pairs": len(donors) - 1,
        "detail": f"the same in {len(donors) - len(other)} of {len(donors)}, {span}"
        + (f"; {changed_by}" if other else ""),
    }


def _by_ranks(
    made: Decision, own: Mapping[Key, Change], min_pairs: int, alpha: float
) -> Iterator[dict[str, object]]:
    asked = weigh(made.hypothesis, own, min_pairs=min_pairs, tester=signed_rank)
    n = len(asked.paired)
    entry = made.hypothesis
    plain = entry["strength"] == "plain" and entry["endpoint"] != "biphasic" and entry["direction"] != "none"
    # a change the other way is two-sided whatever was claimed
    least = 0.5 ** (n - 1 if plain or made.verdict.verdict == "contradicted" else n)
    row = _row(made, RANKS, asked, alpha)
    if asked.claim is not None and least > made.level:
        detail = f"ranks of {n} pairs reach p = {least:.2g} at best, and the level is {made.level:.2g}"
        row |= {"holds": "", "detail": detail}
    yield row


def _adjusted(
    made: Decision,
    own: Mapping[Key, Change],
    steroid: Mapping[tuple[str, str], Change],
    min_pairs: int,
    alpha: float,
) -> Iterator[dict[str, object]]:
    """Ask what is left where the steroid score of the same cells did not change."""
    entry = made.hypothesis
    # a subset without a score of its own goes by its population
    places = (entry["population"], entry["population"].split(" / ")[0])
    found = [steroid[place, entry["contrast"]] for place in places if (place, entry["contrast"]) in steroid]
    covariate = next((change for change in found if change.measured), None)
    if covariate is None:
        return
    donors = set(made.evidence.paired.donors) & set(covariate.paired.donors)
    least = max(min_pairs, 3)  # through two donors any line fits
    if len(donors) < least:
        detail = f"{len(donors)} of the pairs have a steroid score, {least} needed"
        yield {
            "id": entry["id"],
            "arm": ADJUSTED,
            "verdict": "not testable",
            "holds": "",
            "n_pairs": len(donors),
            "detail": detail,
        }
        return
    both = {key: change.take(donors) for key, change in own.items()}
    g = covariate.take(donors).values
    asked = weigh(entry, both, min_pairs=min_pairs, tester=lambda d: adjusted_t(d, g))
    yield _row(
        made, ADJUSTED, asked, alpha, detail=f"steroid score of the same cells: {g.mean():+.2f} baseline SD"
    )


def _among_random(
    made: Decision, random_sets: Mapping[tuple[str, str, str], float], alpha: float
) -> Iterator[dict[str, object]]:
    """Hold a change of a programme against those of random genes of like expression."""
    entry = made.hypothesis
    if entry["endpoint"] == "abundance" or made.verdict.verdict not in ("supported", "contradicted"):
        return
    if entry["direction"] == "none" and made.verdict.verdict == "supported":
        return  # random genes that change more do not speak against no change
    p = random_sets.get((entry["population"], entry["program"], entry["contrast"]))
    if p is None or np.isnan(p):
        return
    yield {
        "id": entry["id"],
        "arm": RANDOM_SETS,
        "verdict": made.verdict.verdict if p <= alpha else "inconclusive",
        "holds": "yes" if p <= alpha else "no",
        "p_value": p,
        "n_pairs": len(made.evidence.paired),
        "detail": f"{p:.2g} of the random gene sets of like expression change as clearly",
    }
