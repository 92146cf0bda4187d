"""Questions asked against a control arm: what time does to all cancels, what treatment does stays."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from verdict_cases import hypothesis, spread

from cd20scope.abundance.log_odds import log_odds
from cd20scope.stats.changes import Change
from cd20scope.stats.pairs import Pairs
from cd20scope.stats.standardised import standardised_t
from cd20scope.verdict import control_arms, measure
from cd20scope.verdict.decide import decide_all
from cd20scope.verdict.families import FAMILIES
from cd20scope.verdict.table import tabulate

CONTRAST = ("month6", "baseline")
SETTINGS = measure.Settings([CONTRAST], "baseline")
ALPHA = 0.05
RULES = MappingProxyType({"min_per_arm": 4, "alpha": ALPHA, "families": FAMILIES})
NONE = pd.DataFrame(columns=["population", "program", "control"])


def donors_of(n_treated, n_control):
    return [f"T{i}" for i in range(n_treated)] + [f"C{i}" for i in range(n_control)]


def arm_of(donor):
    return "placebo" if donor.startswith("C") else ""


def shares(*, time=0.0, effect=0.0, n=(8, 8), seed=1, cells=4000):
    """Treg of CD4 cells, log odds that change by ``time`` in all and by ``effect`` in the treated."""
    rng = np.random.default_rng(seed)
    rows = []
    for donor in donors_of(*n):
        own = rng.normal(-3, 0.3)
        for visit in ("baseline", "month6"):
            logit = own + rng.normal(0, 0.1)
            if visit == "month6":
                logit += time + effect * (not arm_of(donor))
            x = rng.binomial(cells, 1 / (1 + np.exp(-logit)))
            rows.append((donor, visit, arm_of(donor), x, cells))
    table = pd.DataFrame(rows, columns=["donor", "visit", "control", "n_cells", "n_denominator"])
    logits = log_odds(table["n_cells"].to_numpy(), table["n_denominator"].to_numpy())
    return table.assign(population="Treg", denominator="PBMC", logit=logits, unusable="")


def scores(*, time=0.0, effect=0.0, n=(8, 8), seed=2):
    """A programme; the spread between controls is twice that between the treated."""
    rng = np.random.default_rng(seed)
    rows = []
    for donor in donors_of(*n):
        own = rng.normal(0, 2.0 if arm_of(donor) else 1.0)
        for visit in ("baseline", "month6"):
            later = (time + effect * (not arm_of(donor))) * (visit == "month6")
            rows.append((donor, visit, arm_of(donor), own + rng.normal(0, 0.2) + later))
    table = pd.DataFrame(rows, columns=["donor", "visit", "control", "score"])
    return table.assign(population="Treg", program="Th1", unusable="", coverage=1.0, n_genes=9)


def asked(claims, *, donors=NONE, table=NONE):
    """Verdicts within the treated, and the table of arms."""
    if donors is NONE:
        donors = donors.assign(denominator="")
    arms = control_arms.measure_by_arm(claims, donors=donors, scores=table, parts=NONE, settings=SETTINGS)
    within = tabulate(decide_all(claims, arms[0], alpha=ALPHA), contrasts=[CONTRAST], alpha=ALPHA)
    decided = control_arms.decide_differences(claims, *arms, **RULES)
    rows = control_arms.tabulate_arms(decided, *arms, verdicts=within, alpha=ALPHA)
    return within.set_index("id"), rows.set_index("id")


SHARE = hypothesis("rises")
SCORE = hypothesis("moves", "program")


def test_a_change_of_both_arms_is_supported_within_and_not_between():
    within, arms = asked([SHARE], donors=shares(time=0.6))
    assert within.loc["rises", "verdict"] == "supported"
    assert arms.loc["rises", "treated_verdict"] == "supported"
    assert arms.loc["rises", "verdict"] in ("not supported", "inconclusive")
    assert abs(arms.loc["rises", "difference"]) < 0.2
    assert arms.loc["rises", "control"] == pytest.approx(0.6, abs=0.2)


def test_a_change_of_the_treated_alone_is_supported_in_both():
    within, arms = asked([SHARE, SCORE], donors=shares(effect=0.6), table=scores(effect=1.5))
    assert within["verdict"].tolist() == ["supported", "supported"]
    assert arms["verdict"].tolist() == ["supported", "supported"]


def test_a_change_of_the_controls_alone_is_no_change_of_the_treated():
    """Time lets a share fall and treatment holds it: nothing within, a rise between."""
    within, arms = asked([SHARE], donors=shares(time=-0.7, effect=0.7))
    assert within.loc["rises", "verdict"] in ("inconclusive", "not supported")
    assert arms.loc["rises", "verdict"] == "supported"


def test_the_difference_is_that_of_the_donors_changes():
    table = shares(time=0.3, effect=0.4)
    _, arms = asked([SHARE], donors=table)
    wide = table.pivot_table(values="logit", index="donor", columns="visit")
    d = wide["month6"] - wide["baseline"]
    treated, control = d[d.index.str.startswith("T")], d[d.index.str.startswith("C")]
    theirs = stats.ttest_ind(treated, control, equal_var=False)
    row = arms.loc["rises"]
    assert row["difference"] == pytest.approx(treated.mean() - control.mean(), rel=1e-10)
    assert row["p_value"] == pytest.approx(theirs.pvalue, rel=1e-8)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(theirs.confidence_interval()), rel=1e-8)
    assert (row["n_treated"], row["n_control"]) == (8, 8)


def test_both_arms_are_in_the_unit_of_the_treated_at_baseline():
    table = scores(time=1.0)
    _, arms = asked([SCORE], table=table)
    wide = table.pivot_table(values="score", index="donor", columns="visit")
    unit = wide.loc[wide.index.str.startswith("T"), "baseline"].std(ddof=1)
    d = (wide["month6"] - wide["baseline"]) / unit
    assert arms.loc["moves", "treated"] == pytest.approx(d[d.index.str.startswith("T")].mean())
    assert arms.loc["moves", "control"] == pytest.approx(d[d.index.str.startswith("C")].mean())


def test_limits_of_the_controls_hold_what_the_unit_is_uncertain_of():
    table = scores(time=1.0)
    _, arms = asked([SCORE], table=table)
    wide = table.pivot_table(values="score", index="donor", columns="visit")
    unit = wide.loc[wide.index.str.startswith("T"), "baseline"].std(ddof=1)
    d = (wide["month6"] - wide["baseline"])[wide.index.str.startswith("C")]
    low, high = standardised_t(d, sd=unit, n_sd=8).interval(ALPHA)
    assert tuple(arms.loc["moves", ["control_low", "control_high"]]) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("n", "said"),
    [((8, 3), "3 control donors with both visits, 4 needed in each arm"), ((3, 8), "3 treated donors")],
)
def test_too_few_in_an_arm_is_not_testable(n, said):
    _, arms = asked([SHARE], donors=shares(effect=0.6, n=n))
    assert arms.loc["rises", "verdict"] == "not testable"
    assert said in arms.loc["rises", "reason"]
    assert np.isnan(arms.loc["rises", "p_value"])


def test_a_control_without_a_visit_is_named_and_left_out():
    table = shares(effect=0.6)
    table = table[~((table["donor"] == "C3") & (table["visit"] == "month6"))]
    _, arms = asked([SHARE], donors=table)
    assert arms.loc["rises", "n_control"] == 7
    assert arms.loc["rises", "dropped"] == "C3: no month6"


def test_too_few_cells_in_one_arm_are_not_testable():
    table = shares(effect=0.6)
    rare = table["control"] != ""
    table.loc[rare, "n_cells"] = (table.loc[rare, "visit"] == "baseline").astype(int)
    table["logit"] = log_odds(table["n_cells"].to_numpy(), table["n_denominator"].to_numpy())
    _, arms = asked([SHARE], donors=table)
    assert arms.loc["rises", "verdict"] == "not testable"
    assert arms.loc["rises", "reason"].startswith("control arm: ")


def change(values, prefix, floor=-9.0):
    paired = Pairs(tuple(f"{prefix}{i}" for i in range(len(values))))
    values = np.asarray(values, dtype=float)
    return Change(paired, values, np.full(len(values), floor), np.full(len(values), 9.0))


def order_changes(prefix, *, fall, early, late):
    cells = ("B cells", "PBMC")
    score = ("program", "Treg", "Th1", "total")
    week2, month6 = "week2-baseline", "month6-baseline"
    return {
        ("abundance", *cells, week2): change(spread(fall, 0.1), prefix),
        ("abundance", *cells, month6): change(spread(fall, 0.1), prefix),
        (*score, week2): change(spread(early, 0.05), prefix),
        (*score, month6): change(spread(late, 0.05), prefix),
    }


ORDER = hypothesis(
    "order",
    "biphasic",
    depletion={"population": "B cells", "denominator": "PBMC", "first": "week2-baseline", "fall": 5},
)


@pytest.mark.parametrize(
    ("control_late", "verdict"), [(0.0, "supported"), (1.5, "not supported")], ids=["treated alone", "both"]
)
def test_the_order_is_asked_of_the_differences(control_late, verdict):
    treated = order_changes("T", fall=-3, early=0.0, late=1.5)
    control = order_changes("C", fall=0.0, early=0.0, late=control_late)
    assert decide_all([ORDER], treated)[0].verdict.verdict == "supported"
    assert control_arms.decide_differences([ORDER], treated, control, **RULES)[0].verdict.verdict == verdict


def test_no_controls_give_no_rows():
    within = tabulate([], contrasts=[CONTRAST], alpha=ALPHA)
    table = control_arms.tabulate_arms([], {}, {}, verdicts=within, alpha=ALPHA)
    assert table.empty
    assert tuple(table.columns) == control_arms.COLUMNS


def sheet_of(n, ages):
    return [
        {"donor": donor, "visit": visit, "age": ages[donor]}
        for donor in donors_of(*n)
        for visit in ("baseline", "month6")
    ]


def asked_beside(table, ages, n=(8, 8)):
    """The table of arms of one share with age as covariate, and the verdicts within the treated."""
    settings = replace(SETTINGS, covariates={"month6-baseline": ["age"]}, samples=sheet_of(n, ages))
    table = table.assign(unusable="")
    arms = control_arms.measure_by_arm([SHARE], donors=table, scores=NONE, parts=NONE, settings=settings)
    alone = measure.measure_needed(
        [SHARE], donors=table[table["control"] == ""], scores=NONE, parts=NONE, settings=settings
    )
    within = tabulate(decide_all([SHARE], alone, alpha=ALPHA), contrasts=[CONTRAST], alpha=ALPHA)
    decided = control_arms.decide_differences([SHARE], *arms, **RULES)
    rows = control_arms.tabulate_arms(decided, *arms, verdicts=within, alpha=ALPHA)
    return rows.iloc[0], within.iloc[0]


def changes_of(table):
    wide = table.pivot_table(values="logit", index="donor", columns="visit")
    return wide["month6"] - wide["baseline"]


def test_covariates_enter_the_difference_on_the_same_donors():
    rng = np.random.default_rng(5)
    ages = {donor: str(30 + rng.integers(30) - 8 * (donor[0] == "C")) for donor in donors_of(8, 8)}
    ages |= {"T3": "unknown", "C5": ""}
    table = shares(time=0.3, effect=0.4)
    row, within = asked_beside(table, ages)
    known = [donor for donor in donors_of(8, 8) if ages[donor] not in ("unknown", "")]
    d = changes_of(table)[known].to_numpy()
    age = np.array([float(ages[donor]) for donor in known])
    arm = np.array([donor[0] == "T" for donor in known], dtype=float)
    fit = OLS(d, np.column_stack([np.ones(len(d)), arm, age])).fit(cov_type="HC2")
    assert row["difference"] == pytest.approx(fit.params[1], rel=1e-10)
    assert row["covariates"] == "age"
    assert (row["n_treated"], row["n_control"]) == (7, 7)
    assert row["dropped"] == "C5: no age; T3: no age"
    # the treated are those of the verdicts, and of the difference
    assert row["donors_treated"] == within["donors"] == "T0, T1, T2, T4, T5, T6, T7"
    assert row["treated"] == pytest.approx(d[arm == 1].mean(), rel=1e-10)
    same = ["treated", "treated_low", "treated_high"]
    assert row[same].tolist() == pytest.approx(within[["estimate", "ci_low", "ci_high"]].tolist())


def test_a_covariate_that_is_the_arm_is_left_out():
    ages = {donor: "40" if donor[0] == "T" else "60" for donor in donors_of(8, 8)}
    table = shares(effect=0.6)
    row, _ = asked_beside(table, ages)
    d = changes_of(table)
    treated = d.index.str.startswith("T")
    assert row["covariates"] == ""
    theirs = stats.ttest_ind(d[treated], d[~treated], equal_var=False)
    assert row["p_value"] == pytest.approx(theirs.pvalue, rel=1e-8)


def test_covariates_cost_donors_of_the_arms():
    ages = {donor: str(40 + number**2) for number, donor in enumerate(donors_of(4, 4))}
    row, _ = asked_beside(shares(effect=0.6, n=(4, 4)), ages, n=(4, 4))
    assert row["verdict"] == "not testable"
    assert row["reason"].startswith("8 donors with both visits in the two arms, 9 needed beside covariates")


def test_a_level_is_compared_on_its_own():
    table = shares(effect=0.6, n=(8, 12))
    levels = {f"C{i}": "placebo" if i < 6 else "interferon" for i in range(12)}
    table["control"] = table["donor"].map(levels).fillna("")
    found = {}
    for controls in (["placebo", "interferon"], ["interferon"]):
        arms = control_arms.measure_by_arm(
            [SHARE], donors=table, scores=NONE, parts=NONE, settings=SETTINGS, controls=controls
        )
        within = tabulate(decide_all([SHARE], arms[0], alpha=ALPHA), contrasts=[CONTRAST], alpha=ALPHA)
        decided = control_arms.decide_differences([SHARE], *arms, **RULES)
        asked_of = {"controls": controls, "pooled": len(controls) > 1}
        row = control_arms.tabulate_arms(decided, *arms, verdicts=within, alpha=ALPHA, **asked_of).iloc[0]
        found[row["controls"], row["pooled"]] = row
    assert set(found) == {("placebo, interferon", "yes"), ("interferon", "no")}
    own = found["interferon", "no"]
    assert own["donors_control"] == "C10, C11, C6, C7, C8, C9"
    d = changes_of(table)
    theirs = stats.ttest_ind(
        d[d.index.str.startswith("T")], d[[f"C{i}" for i in range(6, 12)]], equal_var=False
    )
    assert own["p_value"] == pytest.approx(theirs.pvalue, rel=1e-8)
