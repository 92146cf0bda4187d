"""Every verdict and every rule by hand-made cases; families against statsmodels; error rates by simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cd20scope import abundance, effects, pairs, programs, rules, schema, scores, verdict

CONTRASTS = [("week2", "baseline"), ("month6", "baseline"), ("month6", "week2")]
DONORS = tuple(f"D{i}" for i in range(8))
LOG12 = np.log(1.2)


def t(estimate, se=0.1, n=8):
    return pairs.PairedT(n=n, estimate=estimate, se=se, df=n - 1)


# ------------------------------------------------------------------------------------------- rules
# At level 0.05 and 7 degrees of freedom: two-sided t 2.365, one-sided 1.895.
@pytest.mark.parametrize(
    ("estimate", "expected", "reason"),
    [
        (0.50, "supported", "even wholly beyond the margin"),
        (0.30, "supported", "the estimate reaches the margin"),
        (-0.30, "contradicted", "other direction"),
        (-0.05, "not supported", "as large as the margin is excluded"),
        (0.10, "inconclusive", "the margin is not excluded"),
    ],
)
def test_plain_claims(estimate, expected, reason):
    result = rules.decide(t(estimate), delta=LOG12, level=0.05, strong=False)
    assert result.verdict == expected
    assert reason in result.reason


def test_a_certain_change_below_the_margin_is_not_support():
    assert rules.decide(t(0.10, 0.02), delta=LOG12, level=0.05, strong=False) == rules.Verdict(
        "not supported",
        "there is a change in this direction, but an effect as large as the margin is excluded at level 0.05",
    )
    result = rules.decide(t(0.15, 0.05), delta=LOG12, level=0.05, strong=False)
    assert result.verdict == "inconclusive"
    assert "the estimate does not reach" in result.reason


@pytest.mark.parametrize(
    ("estimate", "se", "ceiling", "expected", "reason"),
    [
        (2.5, 0.2, 4.0, "supported", "beyond the margin"),
        (1.7, 0.2, 4.0, "inconclusive", "the limit does not reach"),
        (1.0, 0.2, 4.0, "not supported", "there is a change in this direction, but"),
        (0.1, 0.2, 4.0, "not supported", "excluded"),
        (0.5, 2.0, 4.0, "inconclusive", "holds no change"),
        (-0.6, 0.2, 4.0, "contradicted", "other direction"),
        (2.5, 0.2, 1.5, "inconclusive", "detection limit"),
        (1.0, 0.2, 0.5, "inconclusive", "detection limit"),
        (0.1, 0.2, 0.5, "not supported", "excluded"),
    ],
)
def test_strong_claims(estimate, se, ceiling, expected, reason):
    result = rules.decide(t(estimate, se), delta=np.log(5), level=0.05, strong=True, ceiling=ceiling)
    assert result.verdict == expected
    assert reason in result.reason


@given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.001, 0.2), st.floats(0.05, 2), st.booleans())
def test_support_needs_the_p_value_and_the_level_agrees_with_it(estimate, se, level, delta, strong):
    effect = t(estimate, se)
    p = rules.p_for_support(effect, delta=delta, strong=strong)
    decided = rules.decide(effect, delta=delta, level=level, strong=strong).verdict
    if strong:
        assert (decided == "supported") == (p < level) or p == pytest.approx(level)
    else:
        assert (decided == "supported") == (p < level and estimate >= delta) or p == pytest.approx(level)
    assert decided in schema.VERDICTS


def test_p_values_of_claims():
    assert rules.p_for_support(t(0.3), delta=LOG12, strong=False) == pytest.approx(2 * stats.t.sf(3, 7))
    strong = rules.p_for_support(t(2.0, 0.2), delta=np.log(5), strong=True, ceiling=3.0)
    assert strong == pytest.approx(stats.t.sf((2 - np.log(5)) / 0.2, 7))
    assert rules.p_for_support(t(2.0, 0.2), delta=np.log(5), strong=True, ceiling=1.6) == 1


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_holm_levels_agree_with_the_adjusted_p_values(alpha):
    rng = np.random.default_rng(3)
    for size in (1, 2, 5, 12):
        p = pd.Series(rng.random(size) ** 4, index=[f"H{i}" for i in range(size)])
        result = rules.holm(p, alpha=alpha)
        rejected, adjusted, *_ = multipletests(p, alpha=alpha, method="holm")
        assert result["p_adjusted"].tolist() == pytest.approx(adjusted.tolist())
        assert ((p <= result["level"]) == rejected).all()
        assert result["level"].between(alpha / size * (1 - 1e-12), alpha).all()


def test_holm_levels_by_hand():
    p = pd.Series([0.04, 0.001, 0.03, 0.012], index=list("abcd"))
    # 0.001 <= 0.05/4 and 0.012 <= 0.05/3 are rejected; 0.03 > 0.05/2 stops, and stays the level of the rest.
    assert rules.holm(p, alpha=0.05)["level"].tolist() == pytest.approx([0.025, 0.0125, 0.025, 0.05 / 3])
    assert rules.holm(pd.Series(dtype=float), alpha=0.05).empty


# ------------------------------------------------------------------------------------------- tables
def share_row(population, contrast="month6-baseline", estimate=0.3, se=0.1, n=8, **other):
    effect = t(estimate, se, n)
    low, high = effect.interval()
    row = dict.fromkeys(abundance.ABUNDANCE_COLUMNS, np.nan) | {
        "population": population,
        "denominator": "PBMC",
        "contrast": contrast,
        "n_pairs": n,
        "estimate": estimate,
        "se": se,
        "df": n - 1,
        "ci_low": low,
        "ci_high": high,
        "floor": -9.0,
        "ceiling": 9.0,
        "fell_at_least": 1 - np.exp(effect.upper()) if effect.upper() < 0 else np.nan,
        "donors": ", ".join(DONORS[:n]),
        "dropped": "D9: no month6",
        "status": "tested",
        "reason": "",
    }
    return row | other


def score_row(population, program, contrast="month6-baseline", component="total", **other):
    row = share_row(population, contrast, **other)
    return {key: row.get(key, np.nan) for key in programs.PROGRAM_COLUMNS} | {
        "program": program,
        "component": component,
        "baseline_sd": 1.0,
    }


def hypothesis(name, endpoint="abundance", **other):
    row = {
        "id": name,
        "statement": f"{name} it is.",
        "endpoint": endpoint,
        "population": "Treg",
        "contrast": "month6-baseline",
        "direction": "up",
        "margin": 1.2 if endpoint == "abundance" else 0.5,
        "strength": "plain",
        "family": "confirmatory",
        "source": "nobody",
    }
    row |= {"denominator": "PBMC"} if endpoint == "abundance" else {"program": "Th1"}
    return row | other


def judge(hypotheses, *, shares=(), scored=(), **options):
    options = {
        "donors": pd.DataFrame(columns=list(abundance.DONOR_COLUMNS)),
        "scores": pd.DataFrame(columns=list(scores.SCORE_COLUMNS)),
        "contrasts": CONTRASTS,
    } | options
    result = verdict.judge(
        {"hypotheses": hypotheses},
        abundance=pd.DataFrame(shares, columns=list(abundance.ABUNDANCE_COLUMNS)),
        programs=pd.DataFrame(scored, columns=list(programs.PROGRAM_COLUMNS)),
        **options,
    )
    assert result["id"].tolist() == [entry["id"] for entry in hypotheses]
    assert result["verdict"].isin(schema.VERDICTS).all()
    return result.set_index("id")


def test_a_supported_share_with_everything_it_rests_on():
    row = judge([hypothesis("up", note="watch out")], shares=[share_row("Treg")]).loc["up"]
    assert row["verdict"] == "supported"
    assert row["n_pairs"] == 8
    assert row["estimate"] == 0.3
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(t(0.3).interval())
    assert row["p_value"] == row["p_adjusted"] == pytest.approx(2 * stats.t.sf(3, 7))
    assert row["level"] == 0.05
    assert row["donors"] == "D0, D1, D2, D3, D4, D5, D6, D7"
    assert row["dropped"] == "D9: no month6"
    assert row["note"] == "watch out"
    assert row["effect"] == "Treg: to 135 % of baseline odds (95 % CI 107 to 171)"
    assert row["test"] == (
        "paired t of the log odds, two-sided against no change; Holm over 1 confirmatory tests, level 0.05"
    )
    columns = judge([hypothesis("up")], shares=[share_row("Treg")]).reset_index().columns
    assert tuple(columns) == verdict.COLUMNS
    assert tuple(columns[: len(schema.VERDICT_COLUMNS)]) == schema.VERDICT_COLUMNS


def test_a_programme_in_baseline_sds():
    result = judge(
        [hypothesis("fall", "program", direction="down"), hypothesis("part", "program", component="within")],
        scored=[
            score_row("Treg", "Th1", estimate=-1.3, se=0.2),
            score_row("Treg", "Th1", component="within"),
        ],
    )
    assert result.loc["fall", "verdict"] == "supported"
    assert result.loc["fall", "effect"] == "Th1 in Treg: -1.30 baseline SD (95 % CI -1.77 to -0.83)"
    assert result["component"].tolist() == ["total", "within"]
    assert result.loc["part", "effect"].startswith("Th1 (within) in Treg: +0.30")


def test_opposed_claims_share_one_test_and_at_most_one_is_supported():
    pair = [hypothesis("up"), hypothesis("down", direction="down", opposes="up")]
    result = judge([*pair, hypothesis("other", population="NK")], shares=[share_row("Treg"), share_row("NK")])
    assert result["verdict"].tolist() == ["supported", "contradicted", "supported"]
    assert result.loc["up", "p_value"] == result.loc["down", "p_value"]
    assert result.loc["up", "level"] == result.loc["down", "level"]
    # Three hypotheses, two tests: the smaller p-value is judged at 0.05 / 2, the other at 0.05.
    assert sorted(result["level"].unique()) == pytest.approx([0.025, 0.05])
    assert result["test"].str.contains("Holm over 2 confirmatory tests").all()


def test_correction_can_cost_support():
    shares = [share_row(f"P{i}", estimate=0.3, se=0.115) for i in range(6)]
    claims = [hypothesis(f"P{i}", population=f"P{i}") for i in range(6)]
    assert judge(claims[:1], shares=shares)["verdict"].tolist() == ["supported"]
    result = judge(claims, shares=shares)
    assert set(result["verdict"]) == {"inconclusive"}
    assert result["p_adjusted"].tolist() == pytest.approx([6 * result["p_value"].iloc[0]] * 6)


def test_exploratory_claims_are_judged_alone_and_show_the_false_discovery_rate():
    shares = [share_row("Treg", se=0.12), share_row("NK", se=0.11), share_row("DC", estimate=0.0)]
    claims = [hypothesis(name, population=name, family="exploratory") for name in ("Treg", "NK", "DC")]
    result = judge([*claims, hypothesis("sure", population="NK")], shares=shares)
    q = stats.false_discovery_control(result["p_value"].iloc[:3])
    assert result["p_adjusted"].iloc[:3].tolist() == pytest.approx(q.tolist())
    assert result["level"].tolist() == [0.05] * 4
    assert result["verdict"].tolist()[:2] == ["supported"] * 2
    assert "exploratory: level 0.05 without correction" in result.loc["Treg", "test"]
    assert "Holm over 1 confirmatory" in result.loc["sure", "test"]


def depletion(**other):
    return hypothesis("gone", population="B cells", direction="down", margin=5, strength="strong") | other


def test_a_strong_fall_names_its_least_size():
    row = judge([depletion()], shares=[share_row("B cells", estimate=-3.0, se=0.2)]).loc["gone"]
    assert row["verdict"] == "supported"
    assert row["p_value"] == pytest.approx(stats.t.sf((3 - np.log(5)) / 0.2, 7))
    assert row["effect"] == "B cells: to 5 % of baseline odds (95 % CI 3.1 to 8), fell by at least 92.7 %"
    assert "one-sided against the margin" in row["test"]


def test_a_strong_fall_is_not_claimed_beyond_the_detection_limit():
    rare = share_row(
        "B cells",
        estimate=-3.0,
        se=0.1,
        floor=-1.2,
        ci_low=np.nan,
        ci_high=-1.2,
        fell_at_least=1 - np.exp(-1.2),
    )
    row = judge([depletion()], shares=[rare]).loc["gone"]
    assert (row["verdict"], row["p_value"]) == ("inconclusive", 1)
    assert "detection limit" in row["reason"]
    assert row["effect"] == "B cells: fell by at least 69.8 %"


def test_a_fall_from_few_cells_to_none_does_not_exclude_a_deeper_one():
    """Two cells before and none after look like a fall by about 80 % in every donor, whatever the truth."""
    rng = np.random.default_rng(5)
    donors = pd.DataFrame([(d, v) for d in DONORS for v in ("baseline", "week2")], columns=["donor", "visit"])
    n = rng.integers(900, 1100, len(donors))
    donors = donors.assign(
        sample="", population="B cells", denominator="PBMC", n_denominator=n, fraction=0.0, fraction_upper=0.0
    )
    donors["n_cells"] = np.where(donors["visit"] == "baseline", 2, 0)
    donors["logit"] = donors["logit_expected"] = abundance.log_odds(donors["n_cells"], n)
    shares = abundance.compare(donors, contrasts=CONTRASTS[:1])
    claim = depletion(contrast="week2-baseline", margin=10)
    row = judge([claim], shares=shares).loc["gone"]
    assert (row["verdict"], row["reason"]) == (
        "inconclusive",
        "too few cells: the detection limit does not reach the margin",
    )
    up = claim | {"contrast": "baseline-week2", "direction": "up"}
    turned = [("baseline", "week2")]
    row = judge([up], shares=abundance.compare(donors, contrasts=turned), contrasts=turned).loc["gone"]
    assert row["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("estimate", "expected"), [(-1.0, "not supported"), (-1.7, "inconclusive"), (0.8, "contradicted")]
)
def test_other_ends_of_a_strong_claim(estimate, expected):
    shares = [share_row("B cells", estimate=estimate, se=0.2)]
    assert judge([depletion()], shares=shares).loc["gone", "verdict"] == expected


def test_plain_and_strong_claims_on_one_population_are_two_tests():
    claims = [depletion(), depletion(id="some", strength="plain", margin=1.2), depletion(id="ten", margin=10)]
    result = judge(claims, shares=[share_row("B cells", estimate=-3.0, se=0.1)])
    assert result["test"].str.contains("Holm over 3 confirmatory tests").all()
    assert result["p_value"].nunique() == 3


@pytest.mark.parametrize(
    ("claim", "shares", "reason"),
    [
        (
            hypothesis("x", contrast="year1-baseline"),
            [share_row("Treg")],
            "this run makes no contrast year1-baseline",
        ),
        (
            hypothesis("x", population="DC"),
            [share_row("Treg")],
            "the abundance step has no row for population DC",
        ),
        (hypothesis("x", "program"), [], "the programs step has no row for population Treg, program Th1"),
        (
            hypothesis("x"),
            [share_row("Treg", status="not testable", reason="no cell of Treg")],
            "no cell of Treg",
        ),
        (hypothesis("x"), [share_row("Treg", n=5)], "5 complete pairs, 6 needed"),
    ],
)
def test_what_cannot_be_tested_says_why(claim, shares, reason):
    row = judge([claim, hypothesis("sound", population="NK")], shares=[*shares, share_row("NK")])
    assert row.loc["x", "verdict"] == "not testable"
    assert reason in row.loc["x", "reason"]
    assert row.loc["x", ["p_value", "p_adjusted", "level", "ci_low", "ci_high"]].isna().all()
    # It takes nothing from the correction of those that could be tested.
    assert "Holm over 1 confirmatory" in row.loc["sound", "test"]


def test_few_pairs_are_described():
    row = judge([hypothesis("x")], shares=[share_row("Treg", n=5)]).loc["x"]
    assert row["estimate"] == 0.3
    assert row["effect"] == "Treg: to 135 % of baseline odds (described only)"
    assert row["n_pairs"] == 5


def test_tables_read_back_from_text_give_the_same_verdicts(tmp_path):
    shares = pd.DataFrame([share_row("Treg", dropped=""), share_row("NK", n=5)])
    shares.to_csv(tmp_path / "abundance.tsv", sep="\t", index=False)
    claims = [hypothesis("a"), hypothesis("b", population="NK")]
    again = pd.read_csv(tmp_path / "abundance.tsv", sep="\t")
    pd.testing.assert_frame_equal(judge(claims, shares=shares), judge(claims, shares=again))


# ------------------------------------------------------------------------------------------- effects
@pytest.mark.parametrize(
    ("estimate", "limits", "fell", "text"),
    [
        (
            np.log(0.021),
            (np.log(0.014), np.log(0.033)),
            np.nan,
            "B: to 2.1 % of week2 odds (95 % CI 1.4 to 3.3)",
        ),
        (
            np.log(3.4),
            (np.log(1.5), np.log(12)),
            np.nan,
            "B: to 3.4 times the week2 odds (95 % CI 1.5 to 12)",
        ),
        (-7.0, (np.nan, -3.5), 0.97999, "B: fell by at least 97.9 %"),
        (-7.0, (np.nan, 0.5), np.nan, "B: too few cells to bound the change"),
        (-0.5, None, np.nan, "B: to 61 % of week2 odds (described only)"),
    ],
)
def test_shares_in_words(estimate, limits, fell, text):
    said = effects.share(estimate, limits, population="B", earlier="week2", alpha=0.05, fell_at_least=fell)
    assert said == text


# ------------------------------------------------------------------------------------------- biphasic
BIPHASIC = hypothesis(
    "waves",
    "biphasic",
    population="CD4 memory",
    contrast="month6-week2",
    direction="down",
    depletion={
        "population": "B cells",
        "denominator": "PBMC",
        "first": "week2-baseline",
        "fall": 5,
        "then": "month6-week2",
        "slack": 2,
    },
)


def waves(*, b_first=-3.0, b_then=0.0, late=-1.5, noise=0.2, depth=20_000, seed=0, absent=()):
    """Tables of a cohort in which B cells and a CD4 memory programme move as told."""
    rng = np.random.default_rng(seed)
    visits = ("baseline", "week2", "month6")
    steps = np.cumsum([np.zeros(8), np.full(8, b_first), np.full(8, b_then)], axis=0).T
    y = -2 + steps + rng.normal(0, noise, (8, 3))
    x = np.rint(depth / (1 + np.exp(-y))).astype(int)
    level = np.array([0, 0, late]) + rng.normal(0, 1, (8, 1)) + rng.normal(0, noise, (8, 3))
    keys = [(i, j) for i in range(8) for j in range(3) if (i, j) not in absent]
    common = {
        "sample": "",
        "donor": [DONORS[i] for i, _ in keys],
        "visit": [visits[j] for _, j in keys],
    }
    cells = np.array([x[key] for key in keys])
    donors = pd.DataFrame(
        common
        | {"population": "B cells", "denominator": "PBMC", "n_cells": cells, "n_denominator": depth}
        | {"fraction": cells / depth, "fraction_upper": 1.0, "logit": abundance.log_odds(cells, depth)}
        | {"logit_expected": abundance.log_odds(cells, depth)}
    )
    scored = pd.DataFrame(
        common
        | {
            "population": "CD4 memory",
            "program": "Th1",
            "score": [level[key] for key in keys],
            "n_cells": 100,
        }
        | {"n_genes": 5, "coverage": 1.0, "role": "endpoint"}
    )
    parts = pd.DataFrame(columns=list(scores.PART_COLUMNS))
    return {
        "shares": abundance.compare(donors, contrasts=CONTRASTS),
        "scored": programs.compare(scored, parts, contrasts=CONTRASTS, baseline="baseline"),
        "donors": donors,
        "scores": scored,
    }


@pytest.mark.parametrize(
    ("change", "expected", "reason"),
    [
        ({}, "supported", "all three parts hold"),
        ({"late": 1.5}, "contradicted", "the programme moved the other way"),
        ({"b_first": 1.0}, "contradicted", "the population grew"),
        ({"late": 0.0}, "not supported", "excluded at level 0.05: the later programme change"),
        ({"b_first": -0.7}, "not supported", "the fall by the first visit"),
        ({"b_then": -2.0}, "not supported", "excluded at level 0.05: no further fall"),
        (
            {"b_first": -1.65, "noise": 0.3},
            "inconclusive",
            "not shown at level 0.05: the fall by the first visit",
        ),
        ({"late": -0.3}, "inconclusive", "the later change does not reach the margin"),
        (
            {"depth": 110, "noise": 0.5},
            "inconclusive",
            "not shown at level 0.05: the fall by the first visit",
        ),
    ],
)
def test_biphasic_verdicts(change, expected, reason):
    row = judge([BIPHASIC], **waves(**change)).loc["waves"]
    assert row["verdict"] == expected
    assert reason in row["reason"]


def test_deeper_samples_of_vanished_cells_are_no_further_fall():
    made = waves()
    donors = made["donors"]
    gone = donors["visit"] != "baseline"
    donors.loc[gone, "n_cells"] = 0
    donors.loc[donors["visit"] == "month6", "n_denominator"] *= 4
    donors.loc[gone, "n_denominator"] += np.arange(gone.sum())
    donors["logit"] = abundance.log_odds(donors["n_cells"], donors["n_denominator"])
    made["shares"] = abundance.compare(donors, contrasts=CONTRASTS)
    row = judge([BIPHASIC], **made).loc["waves"]
    assert (row["verdict"], row["reason"]) == ("inconclusive", "not shown at level 0.05: no further fall")


def test_the_biphasic_p_value_is_the_largest_of_three():
    made = waves(noise=0.6)
    row = judge([BIPHASIC], **made).loc["waves"]
    b = made["donors"].set_index(["visit", "donor"])["logit"]
    score = made["scores"].set_index(["visit", "donor"])["score"]
    sd = score["baseline"].std(ddof=1)
    p = [
        stats.ttest_1samp(b["week2"] - b["baseline"], -np.log(5), alternative="less").pvalue,
        stats.ttest_1samp(b["month6"] - b["week2"], -np.log(2), alternative="greater").pvalue,
        stats.ttest_1samp(score["month6"] - score["week2"], 0, alternative="less").pvalue,
    ]
    assert row["p_value"] == pytest.approx(max(p))
    assert row["estimate"] == pytest.approx((score["month6"] - score["week2"]).mean() / sd)
    assert row["test"].startswith(f"intersection-union of three one-sided paired t (p = {p[0]:.3g}, ")
    assert "B cells: to " in row["effect"]


def test_biphasic_claims_use_donors_with_all_visits():
    row = judge([BIPHASIC], **waves(absent={(0, 0), (1, 1)})).loc["waves"]
    assert row["donors"] == "D2, D3, D4, D5, D6, D7"
    assert row["dropped"] == "D0: no baseline; D1: no week2"
    assert row["verdict"] == "supported"
    few = judge([BIPHASIC], **waves(absent={(0, 0), (1, 1), (2, 2)})).loc["waves"]
    assert few["verdict"] == "not testable"
    assert few["reason"] == "on donors with all visits: 5 complete pairs, 6 needed"


def test_complete_depletion_does_not_make_a_biphasic_claim_untestable():
    made = waves()
    gone = made["donors"]["visit"] != "baseline"
    made["donors"].loc[gone, "n_cells"] = 0
    made["donors"].loc[gone, "n_denominator"] += np.arange(gone.sum())
    made["donors"]["logit"] = abundance.log_odds(made["donors"]["n_cells"], made["donors"]["n_denominator"])
    made["shares"] = abundance.compare(made["donors"], contrasts=CONTRASTS)
    status = made["shares"].set_index("contrast")["status"]
    assert status["month6-week2"] == "not testable"
    assert judge([BIPHASIC], **made).loc["waves", "verdict"] == "supported"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"contrast": "year1-week2"}, "no contrast year1-week2"),
        ({"depletion": BIPHASIC["depletion"] | {"then": "year1-week2"}}, "no contrast year1-week2"),
        ({"program": "Th2"}, "the programs step has no row"),
        (
            {"depletion": BIPHASIC["depletion"] | {"denominator": "B lineage"}},
            "the abundance step has no row",
        ),
    ],
)
def test_biphasic_claims_without_their_tables(change, reason):
    row = judge([BIPHASIC | change], **waves()).loc["waves"]
    assert row["verdict"] == "not testable"
    assert reason in row["reason"]


def test_a_biphasic_claim_on_a_programme_that_is_not_estimable():
    made = waves()
    made["scored"]["reason"] = "not estimable: 1 gene"
    assert (
        judge([BIPHASIC], **made).loc["waves", "reason"] == "on donors with all visits: not estimable: 1 gene"
    )


@pytest.mark.parametrize(
    "change",
    [{"late": 0.0}, {"b_first": -np.log(5)}, {"b_then": -np.log(2)}],
    ids=["no T change", "B fall", "B plateau"],
)
def test_a_biphasic_claim_is_rarely_made_when_one_part_is_false(change):
    """2,000 cohorts of 10 donors at the boundary of one part, the others clearly true; bound 0.05 + 3 SE of 0.0049."""
    rng = np.random.default_rng(11)
    truth = {"b_first": -3.0, "b_then": 0.0, "late": 1.5} | change
    d = {part: rng.normal(mean, 0.35, (2000, 10)) for part, mean in truth.items()}
    claims = [
        rules.Biphasic(
            first=pairs.paired_t(d["b_first"][i]),
            first_floor=-9.0,
            then=pairs.paired_t(d["b_then"][i]),
            then_floor=-9.0,
            late=pairs.paired_t(d["late"][i]),
            fall=5.0,
            slack=2.0,
            delta=0.1,
        )
        for i in range(2000)
    ]
    rate = np.mean([claim.decide(0.05).verdict == "supported" for claim in claims])
    assert rate < 0.065


def test_no_effect_is_rarely_supported():
    """4,000 unchanged shares of 8 donors; the claim of a rise may be made in at most 2.5 % (three SEs of 0.0025)."""
    d = np.random.default_rng(12).normal(0, 0.4, (4000, 8))
    decided = [rules.decide(pairs.paired_t(row), delta=LOG12, level=0.05, strong=False).verdict for row in d]
    assert np.mean([one == "supported" for one in decided]) < 0.025 + 0.0075


def test_a_fall_at_the_margin_is_rarely_claimed():
    """4,000 cohorts whose true fall is exactly 80 %; the claim of at least 80 % is wrong at its boundary in 5 %."""
    d = np.random.default_rng(13).normal(-np.log(5), 0.5, (4000, 8))
    decided = [
        rules.decide(pairs.paired_t(-row), delta=np.log(5), level=0.05, strong=True).verdict for row in d
    ]
    assert abs(np.mean([one == "supported" for one in decided]) - 0.05) < 0.0105
