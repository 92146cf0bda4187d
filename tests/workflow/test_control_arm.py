"""The built-in cohort with a placebo arm: what time does to both arms is told from what treatment does to one."""

import pandas as pd
import pytest
import yaml

from workflow.running import ROOT, ran, snakemake

PLANTED = ("T-act-m6", "Treg-supp-m6")
"""Questions on what month 6 changes: T-cell activation, and suppression in Treg. The share of Treg rises too, which 7
donors and 6 controls of 400 cells each are too few to show."""


def compared(directory, plan):
    """Table of arms of the cohort with a placebo arm under a plan, by claim; two visits, to take half as long."""
    settings = yaml.safe_load((ROOT / "config/arms.yaml").read_text(encoding="utf-8"))
    settings["simulate"] |= {"plan": plan, "controls": 6}
    settings |= {"visits": {"baseline": [], "month6": []}, "contrasts": [["month6", "baseline"]]}
    config = directory / "study.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    ran(snakemake("results/verdict/control_arms.tsv", directory=directory, config=config))
    verdicts = pd.read_csv(directory / "results/verdict/verdicts.tsv", sep="\t").set_index("id")
    arms = pd.read_csv(directory / "results/verdict/control_arms.tsv", sep="\t").set_index("id")
    assert set(arms.index) == set(verdicts.index)
    assert (arms["treated_verdict"] == verdicts["verdict"].loc[arms.index]).all()
    assert not verdicts["donors"].fillna("").str.contains("P0").any()
    return arms


@pytest.mark.cohort
def test_what_the_treated_alone_do_is_supported_within_and_beyond(tmp_path):
    arms = compared(tmp_path, "treated").loc[[*PLANTED, "B-total-m6"]]
    assert (arms["treated_verdict"] == "supported").all(), arms["treated_verdict"]
    assert (arms["verdict"] == "supported").all(), arms[["verdict", "reason"]]
    assert (arms["n_control"] >= 5).all()
    # what the controls did is near none, in standard deviations or log odds
    assert (arms["control"].abs() < 1).all(), arms["control"]


@pytest.mark.cohort
def test_what_both_arms_do_is_supported_within_and_not_beyond(tmp_path):
    arms = compared(tmp_path, "time")
    planted = arms.loc[list(PLANTED)]
    assert (planted["treated_verdict"] == "supported").all(), planted["treated_verdict"]
    assert not planted["verdict"].isin(["supported", "contradicted"]).any(), planted[["verdict", "reason"]]
    # the controls keep their B cells
    assert arms.loc["B-total-m6", "verdict"] == "supported"
