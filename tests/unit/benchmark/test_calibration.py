"""The calibration benchmark in small: its simulators are the project's formulas, and its rates hold roughly."""

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmark import (
    calibration,
    calibration_arms,
    calibration_association,
    calibration_programs,
    calibration_repopulation,
    calibration_shares,
    calibration_verdicts,
)
from cd20scope.abundance import compare, shares
from cd20scope.abundance.log_odds import log_odds
from cd20scope.study import catalogue
from cd20scope.study.questions import claim_rows
from cd20scope.verdict import measure
from workflow.running import ROOT

pytestmark = pytest.mark.slow

HYPOTHESES = claim_rows(yaml.safe_load((ROOT / "config/hypotheses.yaml").read_text()))
POPULATIONS = yaml.safe_load((ROOT / "config/populations.yaml").read_text())


def test_shares_err_at_their_rate_and_common_methods_do_not():
    found = {figure.name: figure for figure in calibration.shares(400)}
    ours = [figure for name, figure in found.items() if calibration.OURS in name and "false" in name]
    assert len(ours) == 9
    assert all(0.03 <= figure.value <= 0.07 for figure in ours)
    assert found["low noise, N = 15, CLR over all populations, paired t: false positives"].value > 0.5
    assert found["low noise, N = 15, propeller-like: logit of PBMC, moderated t: false positives"].value > 0.2


def test_the_simulated_shares_are_those_of_the_abundance_step():
    rng = np.random.default_rng(1)
    counts = calibration_shares.draw_counts(rng, cohorts=3, donors=7, noise=calibration_shares.NOISE["high"])
    ours = calibration_shares.methods(counts)[calibration.OURS]
    names = list(calibration_shares.SHARES)
    for cohort in range(3):
        for column, (name, parent) in enumerate(calibration_shares.PARENTS.items()):
            x = counts[cohort, :, :, names.index(name)].ravel()
            n = counts[cohort][:, :, calibration_shares.place(parent)].sum(axis=-1).ravel()
            rows = pd.DataFrame(
                {
                    "sample": "",
                    "donor": np.repeat([f"D{i}" for i in range(7)], 2),
                    "visit": ["baseline", "month6"] * 7,
                    "population": name,
                    "denominator": "parent",
                    "n_cells": x,
                    "n_denominator": n,
                    "fraction": x / n,
                    "fraction_upper": 1.0,
                    "logit": log_odds(x, n),
                    "unusable": "",
                }
            )
            row = compare.compare(rows, contrasts=[("month6", "baseline")]).iloc[0]
            assert row["estimate"] == pytest.approx(ours["estimate"][cohort, column], rel=1e-10)
            assert row["se"] == pytest.approx(ours["se"][cohort, column], rel=1e-10)


def test_the_simulated_changes_are_those_that_the_project_would_measure():
    simulator = calibration_verdicts.Simulator(HYPOTHESES, POPULATIONS, donors=7, depletion=True)
    rng = np.random.default_rng(2)
    counts, scores = simulator.draw_counts(rng), simulator.draw_scores(rng)
    ours = simulator.share_changes(counts) | simulator.score_changes(scores)
    sheet = pd.DataFrame(
        [(f"{d}_{v}", d, v) for d in simulator.paired.donors for v in calibration_verdicts.VISITS],
        columns=["sample", "donor", "visit"],
    )
    leaves = pd.concat(
        [
            catalogue.leaves(POPULATIONS).assign(
                sample=name, n_cells=row, posterior=row.astype(float), shallow=False
            )
            for name, row in zip(sheet["sample"], counts.reshape(-1, counts.shape[-1]), strict=True)
        ]
    )
    asked = list(dict.fromkeys(key[1:3] for key in simulator.keys))
    scored = pd.concat(
        [
            sheet.assign(
                population=of[1], program=of[2], score=scores[:, :, column].ravel(), n_cells=99, unusable=""
            )
            for column, of in enumerate(simulator.scores)
            if of[3] == "total"
        ]
    ).assign(n_genes=9, coverage=1.0, role="endpoint")
    theirs = measure.measure_needed(
        HYPOTHESES,
        donors=shares.donor_table(leaves, sheet=sheet, populations=POPULATIONS, tests=asked),
        scores=scored,
        parts=pd.DataFrame(columns=["population", "program"]),
        settings=measure.Settings(
            [("week2", "baseline"), ("month6", "baseline"), ("month6", "week2")], "baseline"
        ),
    )
    compared = 0
    for key, change in ours.items():
        if key[0] == "program" and key[3] != "total":
            continue
        compared += 1
        assert change.paired.donors == theirs[key].paired.donors
        assert bool(change.reason) == bool(theirs[key].reason or not theirs[key].values.size)
        for name in ("values", "floor", "ceiling"):
            assert getattr(change, name) == pytest.approx(getattr(theirs[key], name), rel=1e-10)
    assert compared > 40


def test_few_null_cohorts_support_anything():
    simulator = calibration_verdicts.Simulator(HYPOTHESES, POPULATIONS, donors=8, depletion=False)
    claims = {entry["id"] for entry in HYPOTHESES if entry["direction"] != "none"}
    said = list(calibration_verdicts.verdicts(simulator, HYPOTHESES, cohorts=150, seed=1))
    wrong = sum(any(one[name] == "supported" for name in claims) for one in said)
    # 5 % of 150 are 7.5; more than 14 in one of 100 such experiments
    assert wrong <= 14


def test_programmes_by_donors_and_by_cells():
    rng = np.random.default_rng(3)
    expression = calibration_programs.draw_cells(rng, donors=7, cells=15, visit_sd=0.2)
    by_hand = calibration_programs.by_donors(calibration_programs.score_cells(expression))
    assert calibration_programs.through_the_project(expression) == pytest.approx(float(by_hand), rel=1e-6)
    table = calibration_programs.tabulate(cohorts=400)
    assert table["donors"].between(0.02, 0.08).all()
    assert table.loc[table["visit SD"] == 0.25, "cells"].min() > 0.3


def test_a_difference_of_arms_errs_at_its_rate_where_time_fools_the_treated_alone():
    table = calibration_arms.tabulate(
        cohorts=400, donors=(4, 10), quantities=calibration_arms.QUANTITIES[1:2]
    )
    # .05 and three standard errors of .011
    assert table["false"].between(0.017, 0.083).all()
    assert (table["covered"] >= 0.917).all()
    assert (table["within"] > 0.2).all()
    assert table.loc[table["N"] == 10, "power"].item() > 0.5


def test_a_covariate_that_differs_between_the_arms_is_taken_out():
    table = calibration_arms.tabulate_beside(cohorts=400, sizes=((6, 6), (12, 5)))
    assert table["beside"].between(0.017, 0.083).all()
    assert (table["covered"] >= 0.917).all()
    assert (table["plain"] > 2 * table["beside"]).all()


def test_few_donors_whose_b_cells_stay_low_are_called_back():
    table = calibration_repopulation.tabulate(donors=300, ratios=(0.09, 0.3)).set_index(["ratio", "heavy"])
    # .05 and three standard errors would be .088; counting alone is wrong in a tenth
    assert (table.loc[0.09, "early"] <= 0.05).all()
    assert (table.loc[0.3, "early"] > 0.6).all()


def test_associations_err_at_their_rate_and_their_intervals_hold():
    table = calibration_association.tabulate(cohorts=150, donors=(8,))
    none = table[table["rho"] == 0]
    # .05 and three standard errors of .018
    assert (none["called"] <= 0.104).all()
    assert (table["covered"] >= 0.88).all()
