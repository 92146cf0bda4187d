"""Robustness arms: every verdict decided again under other choices that a reviewer might have made.

An arm replaces some of the changes that a hypothesis is tested on, or the test, and decides at the same level.
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
from cd20scope.verdict.evidence import Evidence, evaluate, limits_of
from cd20scope.verdict.hypothesis import needed

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
}
"""Arms that come with tables of their own, by the name they have there."""

LEAVE_ONE_OUT = "leave one donor out"
EQUAL_CELLS = "equal numbers of cells"
RANKS = "signed-rank test"
ADJUSTED = "adjusted for steroid score"
RANDOM_SETS = "against random gene sets"


def measure_arms(
    hypotheses: Sequence[Mapping[str, Any]],
    *,
    donors: pd.DataFrame,
    donors_arms: pd.DataFrame,
    scores_arms: pd.DataFrame,
    settings: measure.Settings,
) -> dict[str, dict[Key, Change]]:
    """Measure the changes of arms with tables of their own, of other denominators, and at equal numbers of cells.

    Parameters
    ----------
    hypotheses
        Entries of the catalogue.
    donors
        Of :func:`cd20scope.verdict.measure.measure_needed`, read again at equal numbers of cells.
    donors_arms, scores_arms
        Its tables for each arm, in a column ``arm``; shares in other denominators have the arm
        :data:`cd20scope.schema.DENOMINATOR_ARM`.
    settings
        What changes are measured with.

    Returns
    -------
    Arm -> changes that differ from the main ones, by the key of the hypothesis.
    """
    found: dict[str, dict[Key, Change]] = {}
    parts, none = pd.DataFrame(columns=["population", "program"]), scores_arms.iloc[:0]
    equal = measure.measure_needed(
        hypotheses, donors=donors, scores=none, parts=parts, settings=settings, equal_cells=True
    )
    found[EQUAL_CELLS] = {key: change for key, change in equal.items() if change.values.size}
    for arm, label in LABELS.items():
        shares, scores = (table[table["arm"] == arm] for table in (donors_arms, scores_arms))
        measured = measure.measure_needed(
            hypotheses, donors=shares, scores=scores, parts=parts, settings=settings
        )
        # a key that the arm has no row for keeps its main value
        found[label] = {
            key: change for key, change in measured.items() if change.paired.donors or change.paired.dropped
        }
    for name in dict.fromkeys(name for entry in hypotheses for name in entry.get("other_denominators", ())):
        own = [entry for entry in hypotheses if name in entry.get("other_denominators", ())]
        replaced = [{**entry, "denominator": name} for entry in own]
        measured = measure.measure_needed(
            replaced,
            donors=donors_arms[donors_arms["arm"] == schema.DENOMINATOR_ARM],
            scores=none,
            parts=parts,
            settings=settings,
        )
        found[f"{schema.DENOMINATOR_ARM} {name}"] = {
            needed(entry)["main"]: measured[needed(other)["main"]]
            for entry, other in zip(own, replaced, strict=True)
        }
    return found


def decide_arms(
    decisions: Iterable[Decision],
    changes: Mapping[Key, Change],
    arms: Mapping[str, Mapping[Key, Change]],
    *,
    steroid: Mapping[tuple[str, str], Change],
    random_sets: Mapping[tuple[str, str, str], float],
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
        own = {key: changes[key] for key in needed(decision.hypothesis).values()}
        rows.append(_leave_one_out(decision, own, min_pairs))
        for arm, measured in arms.items():
            if other := {key: measured[key] for key in own if key in measured}:
                evidence = evaluate(decision.hypothesis, own | other, min_pairs=min_pairs)
                rows.append(_row(decision, arm, evidence, alpha))
        rows += _by_ranks(decision, own, min_pairs, alpha)
        rows += _adjusted(decision, own, steroid, min_pairs, alpha)
        rows += _among_random(decision, random_sets, alpha)
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


def _row(
    decision: Decision, arm: str, evidence: Evidence, alpha: float, detail: str = ""
) -> dict[str, object]:
    row: dict[str, object] = {"id": decision.hypothesis["id"], "arm": arm, "n_pairs": len(evidence.paired)}
    if evidence.claim is None:
        return row | {"verdict": "not testable", "holds": "", "detail": evidence.reason}
    verdict = evidence.claim.decide(decision.level)
    limits = limits_of(decision.hypothesis, evidence, alpha)
    return row | {
        "verdict": verdict.verdict,
        "holds": "yes" if verdict.verdict == decision.verdict.verdict else "no",
        "estimate": float("nan") if evidence.t is None else evidence.t.estimate,
        "ci_low": limits["ci_low"],
        "ci_high": limits["ci_high"],
        "p_value": evidence.claim.p_value,
        "detail": detail or verdict.reason,
    }


def _leave_one_out(decision: Decision, own: Mapping[Key, Change], min_pairs: int) -> dict[str, object]:
    """One arm: holds when the verdict is the same whichever donor is left out."""
    donors, verdicts, estimates = decision.evidence.paired.donors, {}, []
    for left_out in donors:
        rest = {
            key: change.take([d for d in change.paired.donors if d != left_out])
            for key, change in own.items()
        }
        evidence = evaluate(decision.hypothesis, rest, min_pairs=min_pairs - 1)
        claim = evidence.claim
        verdicts[left_out] = "not testable" if claim is None else claim.decide(decision.level).verdict
        if evidence.t is not None:
            estimates.append(evidence.t.estimate)
    other = {donor: verdict for donor, verdict in verdicts.items() if verdict != decision.verdict.verdict}
    span = f"estimates {min(estimates):.3g} to {max(estimates):.3g}" if estimates else ""
    changed_by = "; ".join(f"without {donor}: {verdict}" for donor, verdict in other.items())
    return {
        "id": decision.hypothesis["id"],
        "arm": LEAVE_ONE_OUT,
        "verdict": next(iter(other.values()), decision.verdict.verdict),
        "holds": "no" if other else "yes",
        "n_pairs": len(donors) - 1,
        "detail": f"the same in {len(donors) - len(other)} of {len(donors)}, {span}"
        + (f"; {changed_by}" if other else ""),
    }


def _by_ranks(
    decision: Decision, own: Mapping[Key, Change], min_pairs: int, alpha: float
) -> Iterator[dict[str, object]]:
    evidence = evaluate(decision.hypothesis, own, min_pairs=min_pairs, tester=signed_rank)
    n = len(evidence.paired)
    entry = decision.hypothesis
    plain = entry["strength"] == "plain" and entry["endpoint"] != "biphasic" and entry["direction"] != "none"
    # a change the other way is two-sided whatever was claimed
    least = 0.5 ** (n - 1 if plain or decision.verdict.verdict == "contradicted" else n)
    row = _row(decision, RANKS, evidence, alpha)
    if evidence.claim is not None and least > decision.level:
        detail = f"ranks of {n} pairs reach p = {least:.2g} at best, and the level is {decision.level:.2g}"
        row |= {"holds": "", "detail": detail}
    yield row


def _adjusted(
    decision: Decision,
    own: Mapping[Key, Change],
    steroid: Mapping[tuple[str, str], Change],
    min_pairs: int,
    alpha: float,
) -> Iterator[dict[str, object]]:
    """Change that is left where the steroid score of the same cells did not change."""
    entry = decision.hypothesis
    # a subset without a score of its own goes by its population
    places = (entry["population"], entry["population"].split(" / ")[0])
    found = [steroid[place, entry["contrast"]] for place in places if (place, entry["contrast"]) in steroid]
    covariate = next((change for change in found if change.measured), None)
    if covariate is None:
        return
    donors = set(decision.evidence.paired.donors) & set(covariate.paired.donors)
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
    evidence = evaluate(entry, both, min_pairs=min_pairs, tester=lambda d: adjusted_t(d, g))
    yield _row(
        decision,
        ADJUSTED,
        evidence,
        alpha,
        detail=f"steroid score of the same cells: {g.mean():+.2f} baseline SD",
    )


def _among_random(
    decision: Decision, random_sets: Mapping[tuple[str, str, str], float], alpha: float
) -> Iterator[dict[str, object]]:
    """Compare a change of a programme with those of random genes of like expression."""
    entry = decision.hypothesis
    if entry["endpoint"] == "abundance" or decision.verdict.verdict not in ("supported", "contradicted"):
        return
    if entry["direction"] == "none" and decision.verdict.verdict == "supported":
        return  # random genes that change more do not speak against no change
    p = random_sets.get((entry["population"], entry["program"], entry["contrast"]))
    if p is None or np.isnan(p):
        return
    yield {
        "id": entry["id"],
        "arm": RANDOM_SETS,
        "verdict": decision.verdict.verdict if p <= alpha else "inconclusive",
        "holds": "yes" if p <= alpha else "no",
        "p_value": p,
        "n_pairs": len(decision.evidence.paired),
        "detail": f"{p:.2g} of the random gene sets of like expression change as clearly",
    }
