"""B cells of each donor after treatment, and numbers per microlitre."""

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from cd20scope.abundance import absolute, absolute_arms, repopulation
from cd20scope.study import catalogue
from workflow.running import ROOT

TREE = yaml.safe_load((ROOT / "config/populations.yaml").read_text())
VISITS = ("baseline", "week2", "month6")


def follow(**donors):
    rows = [
        {
            "donor": donor,
            "visit": visit,
            "population": "B cells",
            "denominator": "PBMC",
            "n_cells": x,
            "unusable": "",
            "n_denominator": n,
        }
        for donor, counts in donors.items()
        for visit, (x, n) in zip(VISITS, counts, strict=True)
        if n
    ]
    table = repopulation.follow(
        pd.DataFrame(rows).assign(population="B cells", denominator="PBMC"),
        populations=TREE,
        visits=VISITS,
        fraction=0.1,
    )
    assert tuple(table.columns) == repopulation.COLUMNS
    assert set(table["call"]) <= set(repopulation.CALLS)
    return table.set_index(["donor", "visit"])


def test_calls():
    table = follow(
        gone=((500, 5000), (5, 5000), (10, 5000)),
        back=((500, 5000), (5, 5000), (200, 5000)),
        never=((500, 5000), (400, 5000), (450, 5000)),
        few=((20, 200), (0, 200), (2, 200)),
        lost=((500, 5000), (5, 5000), (0, 0)),
    )
    calls = {donor: table.loc[donor, "call"].tolist() for donor in ("gone", "back", "never", "few", "lost")}
    assert calls == {
        "gone": ["depleted", "depleted"],
        "back": ["depleted", "repopulated early"],
        "never": ["not depleted", "not depleted"],
        "few": ["uncertain", "uncertain"],
        "lost": ["depleted", "not measured"],
    }
    assert table.loc[("lost", "month6"), "statement"] == "no cells at month6"
    said = table.loc[("back", "month6"), "statement"]
    assert said.startswith("month6: 40 % of baseline (95 % CI 23 to 69); 200 of 5,000 cells: 4 %")


def test_days_and_numbers_stand_beside_the_share():
    rows = pd.DataFrame(
        [("D1", v, "B cells", "PBMC", x, 5000, "") for v, x in zip(VISITS, (500, 5, 200), strict=True)],
        columns=["donor", "visit", "population", "denominator", "n_cells", "n_denominator", "unusable"],
    )
    counts = pd.DataFrame(
        [
            ("D1", "baseline", np.log(180.0), ""),
            ("D1", "week2", np.nan, "no count"),
            ("D1", "month6", np.log(45.0), ""),
        ],
        columns=["donor", "visit", "value", "unusable"],
    ).assign(population="B cells")
    table = repopulation.follow(
        rows, populations=TREE, visits=VISITS, fraction=0.1, days={("D1", "month6"): 175.0}, in_blood=counts
    ).set_index("visit")
    assert table.loc["month6", "days"] == 175
    assert table.loc["month6", "per_ul"] == pytest.approx(45)
    assert table.loc["month6", "ratio_per_ul"] == pytest.approx(0.25)
    assert table.loc["week2", ["days", "per_ul", "ratio_per_ul"]].isna().all()
    # numbers decide nothing
    assert table["call"].tolist() == ["depleted", "repopulated early"]


def test_what_was_seen_and_what_may_be_there():
    assert repopulation.format_detection(0, 8412) == "0 of 8,412 cells: below 0.036 %, 95 % upper bound"
    assert (
        repopulation.format_detection(12, 8100)
        == "12 of 8,100 cells: 0.15 %, at most 0.24 % (95 % upper bound)"
    )
    assert repopulation.format_detection(0, 0) == "0 of 0 cells"


def test_the_interval_covers_the_true_ratio():
    rng = np.random.default_rng(1)
    truth = 0.05
    limits = [
        repopulation.share_ratio(
            (rng.binomial(5000, 0.1), 5000),
            (rng.binomial(5000, 0.1 * truth), 5000),
            alpha=0.05,
            visit_sd=0.0,
        )
        for _ in range(2000)
    ]
    covered = np.mean([low <= truth <= high for _, low, high in limits])
    assert 0.935 < covered < 0.975


def test_noise_between_visits_calls_few_donors_back():
    visit_sd = repopulation.VISIT_SD
    rng, wrong = np.random.default_rng(4), {0.0: 0, repopulation.VISIT_SD: 0}
    for _ in range(2000):
        p0, p1 = (0.1 * np.exp(rng.normal(0, visit_sd)), 0.0099 * np.exp(rng.normal(0, visit_sd)))
        seen = (int(rng.binomial(2000, p0)), 2000), (int(rng.binomial(2000, p1)), 2000)
        for assumed in wrong:
            wrong[assumed] += repopulation.share_ratio(*seen, alpha=0.05, visit_sd=assumed)[1] > 0.1
    assert wrong[0.0] / 2000 > 0.04  # the fault: counting alone
    assert wrong[repopulation.VISIT_SD] / 2000 <= 0.036  # .025 and three standard errors


def cohort(per_ul):
    """Six donors whose Treg stay alike in number while all other lymphocytes fall to a half at month 6."""
    rng = np.random.default_rng(2)
    tree = catalogue.leaves(TREE)
    rows, leaves = [], []
    for donor in range(6):
        for visit in ("baseline", "month6"):
            name = f"D{donor}_{visit}"
            half = 0.5 if visit == "month6" else 1.0
            n_treg, n_other = 100 + rng.integers(10), int((1900 + rng.integers(50)) * half)
            cells = tree.assign(n_cells=0, sample=name, shallow=False)
            cells.loc[(cells["population"] == "Treg").idxmax(), "n_cells"] = n_treg
            cells.loc[(cells["population"] == "CD4 memory").idxmax(), "n_cells"] = n_other
            leaves.append(cells.assign(posterior=cells["n_cells"].astype(float)))
            count = str(round(n_treg + n_other)) if per_ul else ""
            rows.append({"sample": name, "donor": f"D{donor}", "visit": visit, "lymphocytes_per_ul": count})
    return pd.concat(leaves), pd.DataFrame(rows)


def counted(leaves, sheet):
    return absolute.measure_counts(leaves, sheet=sheet, populations=TREE)


def test_numbers_are_tested_on_the_scale_of_the_blood_count():
    leaves, sheet = cohort(per_ul=True)
    table = absolute.compare(counted(leaves, sheet), contrasts=[("month6", "baseline")])
    assert tuple(table.columns) == absolute.COLUMNS
    rows = table.set_index("population")
    assert rows.loc["Treg", "fold_change"] == pytest.approx(1.0, abs=0.05)
    assert rows.loc["CD4 memory", "fold_change"] == pytest.approx(0.5, abs=0.02)
    assert rows.loc["CD4 memory", "p_value"] < 1e-6
    assert "Monocyte" not in rows.index
    cells = leaves.pivot_table(values="n_cells", index="sample", columns="population", aggfunc="sum")
    count = sheet.set_index("sample")["lymphocytes_per_ul"].astype(float)
    total = cells["Treg"] + cells["CD4 memory"]
    a = np.log(count) + np.log((cells["Treg"] + 0.5) / (total + 1))
    later, earlier = (a[[f"D{i}_{v}" for i in range(6)]].to_numpy() for v in ("month6", "baseline"))
    assert rows.loc["Treg", "p_value"] == pytest.approx(stats.ttest_rel(later, earlier).pvalue)


def test_fractions_alone_say_nothing_of_numbers():
    leaves, sheet = cohort(per_ul=False)
    for known in (sheet, sheet.drop(columns="lymphocytes_per_ul")):
        table = absolute.compare(counted(leaves, known), contrasts=[("month6", "baseline")])
        assert set(table["status"]) == {"not testable"}
        assert table["reason"].str.startswith("fractions alone cannot show a change in number").all()


def test_an_unknown_count_drops_its_donor_with_the_reason():
    leaves, sheet = cohort(per_ul=True)
    sheet.loc[0, "lymphocytes_per_ul"] = "unknown"
    sheet.loc[2, "lymphocytes_per_ul"] = "0"
    table = absolute.compare(counted(leaves, sheet), contrasts=[("month6", "baseline")], min_pairs=4)
    row = table.set_index("population").loc["Treg"]
    assert row["n_pairs"] == 4
    assert row["dropped"] == "D0: baseline has no lymphocytes_per_ul; D1: baseline has no lymphocytes_per_ul"


def test_numbers_of_two_arms_are_compared_on_the_log_scale():
    leaves, sheet = cohort(per_ul=True)
    counts = counted(leaves, sheet)
    contrasts = [("month6", "baseline")]
    assert absolute_arms.compare_counts(counts, contrasts=contrasts).empty
    # three of the six get a placebo, after which the others halve too, but the number of Treg is doubled beside
    counts["control"] = np.where(counts["donor"].isin(["D1", "D3", "D5"]), "placebo", "")
    placebo = (counts["control"] != "") & (counts["visit"] == "month6")
    counts.loc[placebo & (counts["population"] == "Treg"), "value"] += np.log(2)
    table = absolute_arms.compare_counts(counts, contrasts=contrasts, min_per_arm=3).set_index("population")
    assert table.loc["Treg", "fold_change"] == pytest.approx(0.5, abs=0.05)
    assert table.loc["Treg", "p_value"] < 0.005
    assert table.loc["CD4 memory", "fold_change"] == pytest.approx(1.0, abs=0.05)
    values = counts[counts["population"] == "Treg"].pivot_table(
        values="value", index="donor", columns="visit", aggfunc="sum"
    )
    d = values["month6"] - values["baseline"]
    treated, control = d[["D0", "D2", "D4"]], d[["D1", "D3", "D5"]]
    theirs = stats.ttest_ind(treated, control, equal_var=False)
    assert table.loc["Treg", "p_value"] == pytest.approx(theirs.pvalue)
    few = absolute_arms.compare_counts(counts, contrasts=contrasts)
    assert set(few["status"]) == {"not testable"}
    assert few["reason"].iloc[0].startswith("3 treated and 3 control donors with both visits, 4 needed")
