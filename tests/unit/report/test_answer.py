"""What became of a claim, in one sentence: the numbers are those of the tables, and the words follow the interval."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import report_page

from cd20scope.report import answer

CONTRASTS = [("week2", "baseline")]
SHARE = {
    **{"id": "B", "endpoint": "abundance", "population": "B cells", "denominator": "PBMC", "program": ""},
    **{
        "component": "",
        "contrast": "week2-baseline",
        "direction": "down",
        "n_pairs": 8,
        "verdict": "supported",
    },
    **{"estimate": np.log(0.02), "ci_low": np.log(0.01), "ci_high": np.log(0.04), "reason": ""},
    **{"decide_low": np.log(0.01), "decide_high": np.log(0.04), "coverage": 0.975},
    "donors": ", ".join(f"D{number}" for number in range(8)),
}
SCORE = SHARE | {
    "endpoint": "program",
    "population": "Treg",
    "program": "Treg suppressive",
    "component": "total",
}


def run_of(row, *, before=0.5, ledger=None, depletions=None, cells=()):
    """A run of one hypothesis on eight donors, of whom all but one changed as the estimate has it."""
    names = [f"D{number}" for number in range(8)]
    sign = np.sign(row["estimate"])
    changes = [(row["id"], "main", name, "yes", sign if name != "D7" else -sign) for name in names]
    key = {"population": row["population"], "denominator": row["denominator"], "contrast": row["contrast"]}
    donors = [(name, "week2", row["population"], row["denominator"], *cells) for name in names if cells]
    return SimpleNamespace(
        verdicts=pd.DataFrame([row]),
        abundance=pd.DataFrame([key | {"fraction_before": before}]),
        statistics={
            "ledger": pd.DataFrame(changes, columns=["id", "part", "donor", "enters", "change"])
            if ledger is None
            else ledger
        },
        donors=pd.DataFrame(
            donors, columns=["donor", "visit", "population", "denominator", "n_cells", "n_denominator"]
        ),
        depletions=depletions or {},
        contrasts=CONTRASTS,
        visits=["baseline", "week2", "month6"],
        config={"verdict": {"min_pairs": 6}},
    )


def told(row, **keys):
    return answer.sentences(run_of(row, **keys))[row["id"]].replace("\N{NO-BREAK SPACE}", " ")


def test_a_fall_is_told_as_a_part_of_the_share_before():
    # at a share of one half the odds are 1: odds of 0.02 are a share of 0.0196, which is 3.9 % of one half
    assert told(SHARE) == (
        "B cells fell from 50 % to 2.0 % of PBMC by week 2 (3.9 % of baseline; 97.5 % CI 2.0 to 7.7 %; in 7 of 8 "
        "donors)."
    )


def test_a_doubling_is_told_as_a_multiple():
    limits = {"decide_low": np.log(4), "decide_high": np.log(9)}
    row = SHARE | {"estimate": np.log(6), "ci_low": np.log(4), "ci_high": np.log(9)} | limits
    assert told(row, before=0.1) == (
        "B cells rose from 10 % to 40 % of PBMC by week 2 (4.0 times baseline; 97.5 % CI 3.1 to 5.0; in 7 of 8 donors)."
    )


def test_the_verb_and_the_limits_are_those_of_the_interval_that_decides():
    """At 95 % there is a change, at the level of the family there is none: the sentence claims none."""
    row = SHARE | {"estimate": -0.1, "ci_low": -0.19, "ci_high": -0.01, "verdict": "inconclusive"}
    text = told(row | {"decide_low": -0.5, "decide_high": 0.3, "coverage": 0.99})
    assert text == (
        "B cells did not clearly change: from 50 % to 48 % of PBMC by week 2 (95 % of baseline; 99 % CI 76 to 115 %; "
        "down in 7 of 8 donors)."
    )


def test_a_fall_below_the_detection_limit_is_only_bounded_and_its_cells_are_counted():
    row = SHARE | {"ci_low": np.nan, "decide_low": np.nan}
    assert told(row, cells=(2.0, 560.0)) == (
        "B cells fell from 50 % of PBMC to near the detection limit by week 2 (upper 97.5 % confidence limit: 7.7 % of "
        "baseline; in 7 of 8 donors; 16 of 4,480 cells)."
    )


def test_a_population_near_the_detection_limit_did_not_fall_where_the_upper_limit_allows_a_rise():
    row = SHARE | {"decide_low": np.nan, "decide_high": 0.2, "verdict": "inconclusive"}
    assert told(row).startswith(
        "B cells did not clearly change: from 50 % of PBMC to near the detection limit by week 2 (upper 97.5 % "
        "confidence limit: 110 % of baseline"
    )


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-3.0, -1.0, "fell by 2.0 SD by week 2 (97.5 % CI 1.0 to 3.0; in 7 of 8 donors)."),
        (
            -3.0,
            1.0,
            "did not clearly change: −2.0 SD by week 2 (97.5 % CI −3.0 to 1.0; down in 7 of 8 donors).",
        ),
    ],
)
def test_a_programme_is_told_in_standard_deviations(low, high, text):
    row = SCORE | {"estimate": -2.0, "decide_low": low, "decide_high": high}
    assert told(row) == f"Treg suppressive in regulatory T cells {text}"


@pytest.mark.parametrize(
    ("last", "then"), [(-2.0, "they had risen 7.4-fold from that nadir"), (-5.0, "they were 0.67 %")]
)
def test_the_order_of_events_starts_with_the_depletion(last, then):
    rows = [
        ("B", "first", "D0", "yes", -3.0),
        ("B", "first", "D1", "yes", -5.0),
        ("B", "last", "D0", "yes", last),
    ]
    ledger = pd.DataFrame(rows, columns=["id", "part", "donor", "enters", "change"])
    row = SCORE | {"endpoint": "biphasic", "estimate": 2.0, "decide_low": 1.0, "decide_high": 3.0}
    said = told(row, ledger=ledger, depletions={"B": ("B cells", "PBMC")})
    assert said.startswith(
        f"By week 2 the odds of B cells were 1.8 % of baseline; by month 6 {then}; Treg suppressive in regulatory"
    )


def test_what_could_not_be_tested_says_why():
    row = SHARE | {"verdict": "not testable", "reason": "2 complete pairs, 6 needed", "estimate": np.nan}
    assert told(row) == "Not testable: 2 donors with both visits and enough cells; 6 needed."


def test_every_hypothesis_has_its_sentence():
    run = report_page.judged(report_page.tables(n_cells=20, n_genes=12))
    said = answer.sentences(run)
    verdicts = run.verdicts
    assert list(said) == verdicts["id"].tolist()
    assert all(text.endswith(".") and "nan" not in text for text in said.values())
    assert said["P1"].startswith("By week 2 the odds of B cells were")
