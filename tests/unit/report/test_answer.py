"""What became of a claim, in one sentence: the numbers are those of the tables, and the words follow the interval."""

import numpy as np
import pandas as pd
import pytest
import report_tables as made_up
import statistics_tables

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
}
SCORE = SHARE | {
    "endpoint": "program",
    "population": "Treg",
    "program": "Treg suppressive",
    "component": "total",
}


def told(row, *, before=0.5, ledger=None, depletions=None):
    abundance = pd.DataFrame(
        [
            {
                "population": "B cells",
                "denominator": "PBMC",
                "contrast": "week2-baseline",
                "fraction_before": before,
            }
        ]
    )
    nothing = pd.DataFrame(columns=["id", "part", "enters", "change"])
    said = answer.sentences(
        pd.DataFrame([row]),
        abundance=abundance,
        ledger=nothing if ledger is None else ledger,
        depletions=depletions or {},
        contrasts=CONTRASTS,
        alpha=0.05,
    )
    return said[row["id"]].replace("\N{NO-BREAK SPACE}", " ")


def test_a_fall_is_told_as_a_part_of_the_share_before():
    # at a share of one half the odds are 1: odds of 0.02 are a share of 0.0196, which is 3.9 % of one half
    assert told(SHARE) == (
        "B cells fell to 3.9 % of baseline (95 % CI 2.0 to 7.7 %; 8 donors): from 50 % to 2.0 % of blood mononuclear "
        "cells by week 2."
    )


def test_a_doubling_is_told_as_a_multiple():
    row = SHARE | {"estimate": np.log(6), "ci_low": np.log(4), "ci_high": np.log(9)}
    assert told(row, before=0.1).startswith(
        "B cells rose to 4.0 times baseline (95 % CI 3.1 to 5.0; 8 donors)"
    )


def test_where_the_interval_holds_no_change_none_is_claimed():
    row = SHARE | {"estimate": -0.1, "ci_low": -0.5, "ci_high": 0.3, "verdict": "inconclusive"}
    assert told(row).startswith(
        "B cells did not clearly change: 95 % of baseline (95 % CI 76 to 115 %; 8 donors)"
    )


def test_a_fall_below_the_detection_limit_is_only_bounded():
    row = SHARE | {"ci_low": np.nan}
    assert told(row) == (
        "B cells fell to at most 7.7 % of baseline (limit of the 95 % CI; 8 donors): from 50 % of blood mononuclear "
        "cells to below what the cells can show."
    )


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-3.0, -1.0, "fell by 2.0 SD between baseline and week 2 (95 % CI 1.0 to 3.0; 8 donors)."),
        (
            -3.0,
            1.0,
            "did not clearly change: −2.0 SD between baseline and week 2 (95 % CI −3.0 to 1.0; 8 donors).",
        ),
    ],
)
def test_a_programme_is_told_in_standard_deviations(low, high, text):
    row = SCORE | {"estimate": -2.0, "ci_low": low, "ci_high": high}
    assert told(row) == f"The Treg suppressive programme of regulatory T cells {text}"


def test_the_order_of_events_starts_with_the_depletion():
    ledger = pd.DataFrame(
        [("B", part, "yes", change) for part, change in (("first", -3.0), ("first", -5.0), ("last", -2.0))],
        columns=["id", "part", "enters", "change"],
    )
    row = SCORE | {"endpoint": "biphasic", "estimate": 2.0, "ci_low": 1.0, "ci_high": 3.0}
    said = told(row, ledger=ledger, depletions={"B": ("B cells", "PBMC")})
    assert said.startswith(
        "First, the odds of B cells went to 1.8 % of those before, and at the end stood at 14 %; the Treg"
    )


def test_what_could_not_be_tested_says_why():
    row = SHARE | {"verdict": "not testable", "reason": "2 complete pairs, 6 needed", "estimate": np.nan}
    assert told(row) == "Could not be tested: 2 complete pairs, 6 needed."


def test_every_hypothesis_has_its_sentence():
    verdicts = made_up.verdicts()
    said = answer.sentences(
        verdicts,
        abundance=made_up.abundance(),
        ledger=statistics_tables.ledger(),
        depletions={"P1": ("B cells", "PBMC")},
        contrasts=made_up.CONTRASTS,
        alpha=0.05,
    )
    assert list(said) == verdicts["id"].tolist()
    assert all(text.endswith(".") and "nan" not in text for text in said.values())
    assert said["P1"].startswith("First, the odds of B cells went")
