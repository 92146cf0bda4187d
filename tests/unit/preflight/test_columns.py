"""What the preflight says of drugs, days, blood counts and outcome."""

from study_sheets import CONTRASTS, DAYS, VISITS, plan, read_study

from cd20scope.preflight import columns
from cd20scope.study.times import stated_days


def texts(table):
    found = columns.check_columns(table, contrasts=CONTRASTS, stated=stated_days(VISITS))
    assert {finding.level for finding in found} <= {"warning"}
    return {finding.about: finding.text for finding in found}


def test_sound_columns_need_no_word(tmp_path):
    table = read_study(
        tmp_path,
        drug=lambda *_: "ocrelizumab",
        days_since_first_infusion=lambda _, visit: DAYS[visit],
        lymphocytes_per_ul=lambda _, visit: "150" if visit == "month6" else "1500",
        outcome=lambda d, _: str(d),
    )
    assert texts(table) == {}
    assert texts(read_study(tmp_path)) == {}


def test_a_change_of_drug_is_told_by_contrast(tmp_path):
    table = read_study(
        tmp_path, drug=lambda d, visit: "natalizumab" if visit == "baseline" and d > 2 else "ocrelizumab"
    )
    found = texts(table)
    assert list(found) == ["week2-baseline", "month6-baseline"]
    assert found["month6-baseline"].startswith(
        "the drug changes from natalizumab at baseline to ocrelizumab at month6 in 4 donors (D3, D4, D5, D6)"
    )


def test_the_start_of_the_drug_is_no_change(tmp_path):
    assert (
        texts(read_study(tmp_path, drug=lambda _, visit: "none" if visit == "baseline" else "ocrelizumab"))
        == {}
    )


def test_several_drugs_of_the_treated_are_told(tmp_path):
    found = texts(read_study(tmp_path, drug=lambda d, _: "rituximab" if d == 1 else "ocrelizumab"))
    assert "several drugs at their last visit (ocrelizumab: 5, rituximab: 1)" in found["drug"]
    # spelling is none
    assert texts(read_study(tmp_path, drug=lambda d, _: "Ocrelizumab" if d == 1 else "ocrelizumab")) == {}


def test_days_far_from_the_visit_are_told_by_sample(tmp_path):
    far = DAYS | {"month6": "300"}
    table = read_study(tmp_path, days_since_first_infusion=lambda d, visit: (far if d == 2 else DAYS)[visit])
    assert (
        "far from the time that the visit states (D2_month6: day 300)"
        in texts(table)["days_since_first_infusion"]
    )
    late = read_study(
        tmp_path,
        days_since_first_infusion=lambda d, visit: "9" if (d, visit) == (1, "baseline") else DAYS[visit],
    )
    assert texts(late)["baseline"].startswith("drawn after the first infusion (D1_baseline: day 9)")


def test_counts_that_look_like_per_cent_are_told(tmp_path):
    found = texts(read_study(tmp_path, lymphocytes_per_ul=lambda d, _: str(20 + d)))
    assert (
        "the median is 23.5 per microlitre, where 1,000 to 4,000 are usual: per cent"
        in found["lymphocytes_per_ul"]
    )


def test_an_age_that_nobody_has_is_told_and_refuses_nothing(tmp_path):
    found = texts(read_study(tmp_path, age=lambda d, _: "181" if d == 1 else str(30 + d)))
    assert found["age"].startswith("above 120 years (D1_baseline: 181, D1_week2: 181, D1_month6: 181)")


def test_an_outcome_that_is_not_used_is_told(tmp_path):
    found = texts(read_study(tmp_path, outcome=lambda d, _: "abcabc"[d - 1]))
    assert found["outcome"].startswith("not used: 3 levels (a, b, c)")


def test_the_outcome_is_that_of_the_treated(tmp_path):
    arms = {"arm": lambda d, _: "placebo" if d > 4 else "treated"}
    own = plan(read_study(tmp_path, outcome=lambda d, _: "ababcc"[d - 1], **arms)).samples
    assert "outcome" not in texts(own)
    alike = plan(read_study(tmp_path, outcome=lambda d, _: "aaaabb"[d - 1], **arms)).samples
    assert texts(alike)["outcome"].startswith("not used: one level (a)")


def test_times_are_tabulated_per_visit(tmp_path):
    days = {"baseline": "0", "week2": "unknown", "month6": "182"}
    table = read_study(
        tmp_path,
        days_since_first_infusion=lambda d, visit: "170" if (d, visit) == (3, "month6") else days[visit],
    )
    times = columns.tabulate_times(table, visits=list(VISITS))
    assert times.to_numpy().tolist() == [["baseline", 6, 0, 0, 0], ["month6", 6, 170, 182, 182]]
    assert columns.tabulate_times(read_study(tmp_path), visits=list(VISITS)).empty
