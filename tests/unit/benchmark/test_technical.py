"""What the benchmark of technical differences counts: verdicts that the twin has not, and causes named."""

import pandas as pd
import pytest

from benchmark import technical

SEEDS = [1, 2]


@pytest.fixture
def out(tmp_path):
    """Tables of two cohorts and their copies at a quarter of the depth; one copy has a verdict of its own."""
    for seed in SEEDS:
        for name in (technical.TWIN, "quarter"):
            changed = name == "quarter"
            verdicts = pd.DataFrame(
                {
                    "id": ["same in both", "by depth", "exploratory"],
                    "family": ["confirmatory", "confirmatory", "exploratory"],
                    "verdict": [
                        "supported",
                        "contradicted" if changed and seed == 2 else "inconclusive",
                        "supported",
                    ],
                    "technical": ["no", "yes" if changed and seed == 1 else "no", "no"],
                }
            )
            technique = pd.DataFrame(
                {
                    "contrast": ["week2-baseline", "month6-baseline"],
                    "quantity": "depth",
                    "moved": ["yes", "yes" if changed else "no"],
                }
            )
            verdicts.to_csv(tmp_path / f"verdicts-{name}-{seed}.tsv", sep="\t", index=False)
            technique.to_csv(tmp_path / f"technique-{name}-{seed}.tsv", sep="\t", index=False)
    return tmp_path


def test_only_confirmatory_verdicts_that_the_twin_has_not_count(out):
    row = technical.tabulate(out, SEEDS, ["quarter"]).iloc[0]
    assert (row["cohorts"], row["with a verdict"], row["verdicts"]) == (2, 1, "by depth contradicted")
    assert (row["taken back, claims"], row["cause named"], row["named in twins"]) == (1, 2, 0)


def test_a_verdict_in_half_of_the_cohorts_misses_the_bound(out, capsys):
    assert not technical.check(technical.tabulate(out, SEEDS, ["quarter"]))
    assert "with a verdict, all: 0.500 of 2 (at most 0.05)  MISSED" in capsys.readouterr().out
    assert technical.check(technical.tabulate(out, SEEDS[:1], ["quarter"]))


def test_each_planted_difference_is_named_by_a_quantity_of_the_table():
    from cd20scope.verdict import quantities

    assert {kind.quantity for kind in technical.KINDS.values()} <= set(quantities.QUANTITIES)
