"""What the preflight says of arms, tissues and donors left out."""

import pytest
from study_sheets import CONTRASTS, plan, read_study

from cd20scope.preflight import design
from cd20scope.preflight.findings import list_names


def findings(table, **settings):
    found = plan(table, **settings)
    return design.check_design(
        found.samples,
        contrasts=CONTRASTS,
        arms={"column": found.arms.column, "treated": found.arms.treated},
        tissue=found.tissue,
        tissues=found.tissues,
        others=found.others.to_dict("records"),
        left_out=found.left_out.to_dict("records"),
        covariate_notes=[],
    )


def texts(table, **settings):
    return {finding.about: finding.text for finding in findings(table, **settings)}


def test_a_covariate_is_told_where_it_has_no_part(tmp_path):
    found = design.check_design(
        plan(read_study(tmp_path)).samples,
        contrasts=CONTRASTS,
        arms={"column": "arm", "treated": ""},
        tissue="",
        tissues={},
        others=[],
        left_out=[],
        covariate_notes=[("month6-baseline", "age", "does not vary between the donors")],
    )
    (one,) = [finding for finding in found if finding.about == "month6-baseline"]
    assert one.text == "covariate age does not vary between the donors: it is left out here."


def test_one_arm_in_one_tissue_needs_no_word(tmp_path):
    assert findings(read_study(tmp_path)) == []
    assert findings(read_study(tmp_path, tissue=lambda *_: "CSF", arm=lambda *_: "treated")) == []


def test_the_control_arm_is_named_with_its_donors(tmp_path):
    found = texts(read_study(tmp_path, drug=lambda d, _: "placebo" if d > 3 else "ocrelizumab"))
    assert list(found) == ["placebo"]
    assert found["placebo"].startswith(
        "control arm (by the column drug): D4, D5, D6. 3 donors, never pooled with the 3 treated"
    )


def test_a_control_arm_without_a_visit_is_told_by_contrast(tmp_path):
    table = read_study(tmp_path, arm=lambda d, _: "placebo" if d > 4 else "treated")
    found = texts(table[(table["visit"] != "month6") | (table["arm"] == "treated")])
    assert "no donor of the control arm placebo has both visits" in found["month6-baseline"]
    assert "no donor of the control arm placebo" in found["month6-week2"]
    assert "week2-baseline" not in found


def test_healthy_donors_at_one_visit_are_never_a_change(tmp_path):
    table = read_study(tmp_path, arm=lambda d, _: "healthy" if d > 4 else "treated")
    found = texts(table[(table["visit"] == "baseline") | (table["arm"] == "treated")])
    assert list(found) == ["healthy"]
    assert "donors at one visit are never tested as a change" in found["healthy"]


def test_an_arm_of_one_donor_is_told(tmp_path):
    found = texts(read_study(tmp_path, arm=lambda d, _: "placebo" if d == 6 else "treated"))
    assert "One donor has no spread" in found["placebo"]


def test_arms_without_a_batch_in_common_are_told(tmp_path):
    arms = {"arm": lambda d, _: "placebo" if d > 3 else "treated"}
    apart = read_study(tmp_path, **arms, batch=lambda d, _: "B" if d > 3 else "A")
    assert "the arms have no batch in common (A in the treated, B in the controls)" in texts(apart)["batch"]
    shared = read_study(tmp_path, **arms, batch=lambda d, _: "B" if d > 4 else "A")
    assert "batch" not in texts(shared)


def test_tissues_that_differ_between_visits_are_told_by_sample(tmp_path):
    table = read_study(tmp_path, tissue=lambda _, visit: "CSF" if visit == "month6" else "blood")
    found = findings(table)
    assert [finding.about for finding in found] == ["blood", "month6-baseline", "month6-week2", "CSF"]
    assert "by tissue: blood: 6, CSF: 0), and D1_month6, D2_month6" in found[0].text
    assert found[1].text.startswith(
        "month6 and baseline are of two tissues in D1_month6 against D1_baseline, D2_month6 against D2_baseline"
    )


def test_another_tissue_is_told_with_its_pairs(tmp_path):
    arms = {"arm": lambda d, _: "placebo" if d == 6 else "treated"}
    half = read_study(tmp_path, **arms, tissue=lambda d, _: "CSF" if d in (1, 2, 6) else "blood")
    assert texts(half)["CSF"] == (
        "9 samples, tested apart and without verdicts. Donors with both visits: week2-baseline: 2, month6-baseline: 2, "
        "month6-week2: 2. Donors of control arms (D6) enter no change."
    )


def test_a_tissue_at_one_visit_is_told_as_not_testable(tmp_path):
    table = read_study(tmp_path, tissue=lambda d, visit: "CSF" if visit == "baseline" and d < 3 else "blood")
    assert "every question is not testable in this tissue" in texts(table)["CSF"]


def test_donors_left_out_are_named_with_the_reason(tmp_path):
    table = read_study(tmp_path, ms_type=lambda d, _: "SPMS" if d in (2, 5) else "RRMS")
    found = texts(table, donors={"include": {"ms_type": "RRMS"}})
    assert found == {"D2, D5": "left out of this run: not included by ms_type (SPMS)."}


@pytest.mark.parametrize(("n", "shown"), [(12, ""), (14, " and 2 more")])
def test_long_lists_are_cut(n, shown):
    assert list_names([f"D{i}" for i in range(n)]).endswith(f"D11{shown}")
