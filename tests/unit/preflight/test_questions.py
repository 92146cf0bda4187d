"""Donors that enter each question, and the smallest effect that they would show."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from study_sheets import CONTRASTS, plan, read_study

from cd20scope.preflight import questions

FAMILIES = [{"name": "depletion", "share": 0.8, "passes": {"T cells": 1}}, {"name": "T cells", "share": 0.2}]


def claim(name, family, stage="", **keys):
    return {
        "id": name,
        "question": name,
        "statement": f"{name} changes",
        "family": family,
        "stage": stage,
        "contrast": "week2-baseline",
        "endpoint": "abundance",
    } | keys


ASKED = [
    claim("B", "confirmatory", "depletion"),
    claim("B-again", "confirmatory", "depletion", question="B"),
    claim("Treg", "confirmatory", "T cells", denominator="CD4 T cells"),
    claim("Th1", "confirmatory", "T cells", endpoint="program", program="Th1"),
    *(claim(f"E{i}", "exploratory") for i in range(4)),
]


def power(effect, n, level):
    bound = stats.t.isf(level / 2, n - 1)
    return stats.nct.sf(bound, n - 1, effect * np.sqrt(n)) + stats.nct.cdf(-bound, n - 1, effect * np.sqrt(n))


@pytest.mark.parametrize(("n", "level"), [(6, 0.05), (8, 0.05 / 7), (20, 0.001)])
def test_the_smallest_effect_has_80_percent_power(n, level):
    assert power(questions.smallest_effect(n, level), n, level) == pytest.approx(0.8, abs=1e-5)


def test_levels_are_shares_of_the_family_over_its_questions():
    found = questions.first_levels(ASKED, FAMILIES)
    assert found == pytest.approx({"B": 0.8, "Treg": 0.1, "Th1": 0.1} | {f"E{i}": 0.25 for i in range(4)})


def test_effects_are_ranges_from_the_level_and_the_noise():
    pairs = pd.DataFrame({"contrast": ["week2-baseline"], "n_pairs": [8], "needed": [6]})
    genes = pd.DataFrame([("programme", "Th1", 10, 9)], columns=["kind", "name", "n_genes", "n_found"])
    bounds = {"families": FAMILIES, "min_pairs": 6, "min_coverage": 0.5, "alpha": 0.05}
    table = questions.check_hypotheses(pairs, genes, questions=ASKED, **bounds).set_index("id")
    low, high = (float(end) for end in table["smallest_effect"]["Treg"].removesuffix("-fold").split("- to "))
    for fold, sd, level in ((low, 0.34, 0.05), (high, 0.59, 0.05 * 0.1)):
        assert power(np.log(fold) / sd, 8, level) == pytest.approx(0.8, abs=0.06)
    assert table["smallest_effect"]["Th1"].endswith("SD of the changes")
    assert (table["testable"] == "yes").all()
    few = questions.check_hypotheses(pairs.assign(n_pairs=4), genes, questions=ASKED, **bounds)
    assert (few["testable"] == "no: 4 pairs, 6 are needed").all()
    assert (few["smallest_effect"] == "").all()


def test_controls_do_not_count_as_pairs(tmp_path):
    table = plan(read_study(tmp_path, donors=10, arm=lambda d, _: "placebo" if d > 6 else "treated")).samples
    pairs, findings = questions.check_contrasts(table, contrasts=CONTRASTS, min_pairs=6, alpha=0.05)
    assert pairs["n_pairs"].tolist() == [6, 6, 6]
    assert pairs["donors"][0] == "D1, D2, D3, D4, D5, D6"
    assert findings == []


def test_every_column_of_the_covariates_costs_a_donor(tmp_path):
    ages = ["30", "41", "28", "55", "60", "39", "47", "unknown"]
    sites = ["A", "A", "B", "B", "C", "C", "A", "B"]
    table = plan(
        read_study(tmp_path, donors=8, age=lambda d, _: ages[d - 1], site=lambda d, _: sites[d - 1])
    ).samples
    beside = {"week2-baseline": ["age", "site"], "month6-baseline": ["age"], "month6-week2": []}
    bounds = {"min_pairs": 6, "alpha": 0.05}
    pairs, findings = questions.check_contrasts(table, contrasts=CONTRASTS, covariates=beside, **bounds)
    assert pairs["n_pairs"].tolist() == [7, 7, 8]
    assert pairs["needed"].tolist() == [9, 7, 6]
    assert "D8" not in pairs["donors"][0]
    assert pairs["smallest_effect"].tolist() == [questions.smallest_effect(n, 0.05) for n in (4, 6, 8)]
    (found,) = findings
    assert found.about == "week2-baseline"
    assert found.text == (
        "7 treated donors have both visits and known covariates and a verdict needs 9 beside age, site, whose 3 "
        "columns cost a donor each: its hypotheses will be not testable. Leave a covariate out."
    )
    genes = pd.DataFrame(columns=["kind", "name", "n_genes", "n_found"])
    asked = [claim("B", "confirmatory", "depletion", denominator="PBMC")]
    said = questions.check_hypotheses(
        pairs, genes, questions=asked, families=FAMILIES, min_coverage=0.5, **bounds
    )
    assert said["testable"].tolist() == ["no: 7 pairs, 9 are needed"]
    said = questions.check_hypotheses(
        pairs, genes, questions=[asked[0] | {"contrast": "month6-baseline"}], families=FAMILIES, min_coverage=0.5,
        **bounds,
    )  # fmt: skip
    assert said["testable"].tolist() == ["yes"]
