"""One verdict per pre-specified hypothesis, with everything it rests on.

Reads the tables of tests, so that no verdict rests on a number that is not in them; only the biphasic claim
goes back to the values per donor, because it is about the donors that have all three visits.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cd20scope import pairs, schema
from cd20scope.evidence import Evidence, Tables, gather
from cd20scope.rules import holm

COLUMNS = (
    *schema.VERDICT_COLUMNS,
    *("family", "component", "strength", "opposes", "level", "test", "donors", "dropped", "effect", "note"),
)
"""Columns of the table of verdicts."""


def judge(
    hypotheses: Mapping[str, Any],
    *,
    abundance: pd.DataFrame,
    programs: pd.DataFrame,
    donors: pd.DataFrame,
    scores: pd.DataFrame,
    contrasts: Sequence[pairs.Contrast],
    alpha: float = 0.05,
    min_pairs: int = 6,
) -> pd.DataFrame:
    """Judge every hypothesis of a catalogue; each gets exactly one row, in the order of the catalogue.

    Confirmatory hypotheses are judged at the level that Holm's procedure leaves them, over the distinct tests
    of the family: two hypotheses that oppose each other read the same two-sided test, which counts once. A
    test that could not be made does not count. Exploratory hypotheses are judged at ``alpha`` each, and their
    ``p_adjusted`` is the false discovery rate (Benjamini-Hochberg) over the distinct exploratory tests.

    Parameters
    ----------
    hypotheses
        The hypothesis catalogue, parsed.
    abundance, programs
        Tests, from :func:`cd20scope.abundance.compare` and :func:`cd20scope.programs.compare`.
    donors, scores
        Values per donor and visit, from :func:`cd20scope.abundance.donor_table` and
        :func:`cd20scope.scores.score_programs`; read by biphasic hypotheses only.
    contrasts
        Pairs (later, earlier) of visits that the tables were made for.
    alpha
        Family-wise level. The limits in the table are two-sided ``1 - alpha``; those that decide are at
        ``level``.
    min_pairs
        Fewer complete pairs make a hypothesis not testable.

    Returns
    -------
    :data:`COLUMNS`. ``estimate`` and its limits are in natural sign: change of log odds for
    abundance, baseline SDs for programmes and biphasic claims (whose row shows the late change of the
    programme). ``p_value`` is that of the test whose rejection support needs, see
    :func:`cd20scope.rules.p_for_support`.
    """
    tables = Tables(abundance, programs, donors, scores, contrasts, alpha, min_pairs)
    judged = [(hypothesis, gather(hypothesis, tables)) for hypothesis in hypotheses["hypotheses"]]
    levels = {
        family: _levels(
            [evidence for hypothesis, evidence in judged if hypothesis["family"] == family], family, alpha
        )
        for family in ("confirmatory", "exploratory")
    }
    rows = [_row(hypothesis, evidence, levels[hypothesis["family"]]) for hypothesis, evidence in judged]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _levels(members: Sequence[Evidence], family: str, alpha: float) -> pd.DataFrame:
    """Adjust the p-value of every distinct test of a family; indexed by the key of the test."""
    distinct = {evidence.key: evidence.p_value for evidence in members if evidence.claim is not None}
    # Keys are tuples of different lengths, which an index would take for levels; their text is as distinct.
    p_values = pd.Series(
        list(distinct.values()), index=pd.Index([repr(key) for key in distinct]), dtype=float
    )
    if family == "confirmatory":
        return holm(p_values, alpha=alpha)
    group = pd.Series("exploratory", index=p_values.index)
    return pd.DataFrame({"p_adjusted": pairs.benjamini_hochberg(p_values, by=group), "level": alpha})


def _row(hypothesis: Mapping[str, Any], evidence: Evidence, levels: pd.DataFrame) -> dict[str, object]:
    named = {column: hypothesis.get(column, "") for column in COLUMNS}
    row: dict[str, object] = named | {
        "component": _component(hypothesis),
        "n_pairs": len(evidence.paired),
        "estimate": evidence.estimate,
        "ci_low": evidence.ci_low,
        "ci_high": evidence.ci_high,
        "p_value": evidence.p_value,
        "p_adjusted": float("nan"),
        "level": float("nan"),
        "verdict": "not testable",
        "reason": evidence.reason,
        "test": evidence.test,
        "donors": evidence.paired.donors_text,
        "dropped": evidence.paired.dropped_text,
        "effect": evidence.effect,
    }
    if evidence.claim is None:
        return row
    key = repr(evidence.key)
    adjusted, level = float(levels["p_adjusted"][key]), float(levels["level"][key])
    if hypothesis["family"] == "confirmatory":
        correction = f"Holm over {len(levels)} confirmatory tests, level {level:.3g}"
    else:
        correction = (
            f"exploratory: level {level:.3g} without correction, adjusted p is the false discovery rate"
        )
    decided = evidence.claim.decide(level)
    return row | {
        "p_adjusted": adjusted,
        "level": level,
        "verdict": decided.verdict,
        "reason": decided.reason,
        "test": f"{evidence.test}; {correction}",
    }


def _component(hypothesis: Mapping[str, Any]) -> str:
    return str(hypothesis.get("component", "total")) if hypothesis["endpoint"] != "abundance" else ""
