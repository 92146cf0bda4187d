"""Samples that a run analyses: arms, tissues and the choice of donors."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study_sheets import VISITS, plan, read_study, write_study

from cd20scope.study.sheet import read_sheet
from cd20scope.study.strict_yaml import ConfigError


def arm_of(*levels):
    return lambda donor, _: levels[donor - 1]


TWO = ("ocrelizumab",) * 3 + ("placebo",) * 3


def test_without_arms_every_donor_is_treated(folder):
    found = plan(read_study(folder))
    assert (found.samples["control"] == "").all()
    assert len(found.treated) == 18
    assert found.left_out.empty
    assert found.arms.column == ""


@pytest.mark.parametrize(
    ("levels", "treated", "arm"),
    [
        (TWO, "ocrelizumab", {}),
        (("treated",) * 2 + ("healthy",) * 2 + ("Placebo",) * 2, "treated", {}),
        # one level that is no word for none
        (("A",) * 3 + ("untreated",) * 3, "A", {}),
        (("A",) * 3 + ("B",) * 3, "B", {"treated": "b"}),
        (("A",) * 3 + ("B",) * 3, "B", {"controls": ["A"]}),
        # a drug that is compared with
        (("Rituximab",) * 4 + ("dimethyl fumarate",) * 2, "Rituximab", {}),
    ],
)
def test_the_treated_level_is_told_by_its_word_or_by_the_configuration(folder, levels, treated, arm):
    found = plan(read_study(folder, arm=arm_of(*levels)), arm=arm)
    assert found.arms.treated == treated
    assert found.arms.control == {
        f"D{i}": level for i, level in enumerate(levels, 1) if level.casefold() != treated.casefold()
    }
    of_donor = found.samples.groupby("donor")["control"].first()
    assert [bool(of_donor[f"D{i}"]) for i in range(1, 7)] == [level != treated for level in levels]


@pytest.mark.parametrize(
    ("levels", "arm", "words"),
    [
        (("A",) * 3 + ("B",) * 3, {}, "arm > treated: the column arm has the levels A, B, and no usual word"),
        (("rituximab",) * 3 + ("ocrelizumab",) * 3, {}, "no usual word tells which one is treated"),
        (
            TWO,
            {"treated": "ocrelizumb"},
            "arm > treated: no donor has 'ocrelizumb'.*Did you mean 'ocrelizumab'",
        ),
        (TWO, {"controls": ["healthy"]}, "arm > controls: no donor has 'healthy' in the column arm"),
        (
            ("treated",) * 2 + ("placebo",) * 2 + ("healthy",) * 2,
            {"treated": "treated", "controls": ["placebo"]},
            "the level healthy, which is neither treated nor among the controls",
        ),
        (TWO, {"column": "group"}, "arm > column: the sheet has no column 'group'"),
        (("",) * 6, {"treated": "B"}, "arm: levels are named, and the column arm is empty"),
    ],
)
def test_arms_that_cannot_be_told_are_refused(folder, levels, arm, words):
    table = read_study(folder, arm=arm_of(*levels))
    with pytest.raises(ConfigError, match=words):
        plan(table, arm=arm)


def test_a_column_of_another_name_holds_the_arms(folder):
    table = read_study(folder, arm_column="group", group=arm_of(*TWO))
    assert set(plan(table, arm={"column": "group"}).arms.control) == {"D4", "D5", "D6"}


def test_without_the_column_a_drug_that_is_none_at_every_visit_says_control(folder):
    def drug(donor, visit):
        # D1 starts after baseline, and is treated
        return "placebo" if donor > 3 else "none" if (donor, visit) == (1, "baseline") else "ocrelizumab"

    found = plan(read_study(folder, drug=drug))
    assert found.arms.control == {"D4": "placebo", "D5": "placebo", "D6": "placebo"}
    assert (found.arms.column, found.arms.treated) == ("drug", "ocrelizumab")
    empty = plan(read_study(folder, drug=drug, arm=lambda *_: "NA"))
    assert empty.arms == found.arms
    with pytest.raises(ConfigError, match="every donor is untreated"):
        plan(read_study(folder, drug=lambda *_: "placebo"))


@pytest.mark.parametrize("later", ["", "unknown"])
def test_no_drug_at_baseline_and_none_stated_later_says_no_arm(folder, later):
    def drug(donor, visit):
        if donor == 1:
            return "none" if visit == "baseline" else later
        return "placebo" if donor > 3 else "ocrelizumab"

    found = plan(read_study(folder, drug=drug))
    assert "D1" not in found.arms.control
    assert set(found.left_out["donor"]) == {"D1"}
    assert set(found.left_out["reason"]) == {"drug not stated at every visit"}


def test_donors_of_no_known_arm_are_left_out_by_name(folder):
    found = plan(read_study(folder, arm=arm_of("treated", "", "treated", "placebo", "placebo", "placebo")))
    assert set(found.left_out["donor"]) == {"D2"}
    assert set(found.left_out["reason"]) == {"no arm in the sheet"}


def test_the_tissue_with_most_pairs_is_analysed_and_others_left_out_by_name(folder):
    table = read_study(folder, tissue=lambda d, visit: "CSF" if visit == "month6" or d == 1 else "blood")
    found = plan(table)
    assert found.tissue == "blood"
    assert found.tissues == {"CSF": 1, "blood": 5}
    assert set(found.samples["visit"]) == {"baseline", "week2"}
    reasons = found.left_out.set_index("sample")["reason"]
    assert reasons["D2_month6"] == "tissue CSF, tested apart from blood"
    csf = plan(table, tissue="csf")
    assert (csf.tissue, set(csf.samples["tissue"])) == ("CSF", {"CSF"})
    assert set(csf.samples["donor"]) == {f"D{i}" for i in range(1, 7)}


def test_a_donor_may_have_two_tissues_at_one_visit_and_each_is_a_stratum(folder):
    sheet = write_study(folder, tissue=lambda *_: "PBMC")
    lines = sheet.read_text(encoding="utf-8").splitlines()
    more = []
    for line in lines[1:]:
        sample, donor, visit, path, _ = line.split("\t")
        # D1 has no CSF at month 6, D6 none at all
        if donor != "D6" and visit != "week2" and (donor, visit) != ("D1", "month6"):
            csf = path.replace(".h5", "_csf.h5")
            (folder / csf).touch()
            more.append("\t".join([f"{sample}_csf", donor, visit, csf, "liquor"]))
    sheet.write_text("\n".join([*lines, *more]) + "\n", encoding="utf-8")
    found = plan(read_sheet(sheet, visits=VISITS, arm="arm"))
    assert (found.tissue, found.tissues) == ("blood", {"blood": 6, "CSF": 4})
    assert set(found.samples["tissue"]) == {"blood"}
    assert set(found.others["tissue"]) == {"CSF"}
    assert (len(found.samples), len(found.others)) == (18, 9)
    assert list(found.others.columns) == list(found.samples.columns)
    assert (found.left_out["reason"] == "tissue CSF, tested apart from blood").all()
    assert found.left_out["sample"].tolist() == found.others["sample"].tolist()


def test_samples_without_a_tissue_are_no_tissue(folder):
    found = plan(read_study(folder, tissue=lambda d, _: "" if d == 1 else "blood"))
    assert found.others.empty
    assert set(found.left_out["reason"]) == {"tissue not given, and the questions are asked of blood"}


def test_one_tissue_leaves_nothing_out(folder):
    found = plan(read_study(folder, tissue=lambda *_: "CSF"))
    assert (found.tissue, found.tissues, len(found.samples)) == ("CSF", {}, 18)


def test_a_tissue_that_is_not_there_is_refused(folder):
    table = read_study(folder, tissue=lambda *_: "blood")
    with pytest.raises(
        ConfigError, match=r"tissue: no sample is of 'blod'; found blood. Did you mean 'blood'"
    ):
        plan(table, tissue="blod")
    with pytest.raises(ConfigError, match="the sheet names no tissue"):
        plan(read_study(folder), tissue="blood")


def test_donors_are_chosen_by_columns(folder):
    course = arm_of("RRMS", "RRMS", "SPMS", "RRMS", "SPMS", "RRMS")
    prior = arm_of("", "fingolimod", "", "natalizumab", "", "")
    table = read_study(folder, ms_type=course, prior_dmt=prior)
    choice = {"include": {"ms_type": "rrms"}, "exclude": {"prior_dmt": ["fingolimod", "natalizumab"]}}
    found = plan(table, donors=choice | {"D1": ["pt-1"]})
    assert sorted(set(found.samples["donor"])) == ["D1", "D6"]
    reasons = found.left_out.groupby("donor")["reason"].first()
    assert reasons["D3"] == "not included by ms_type (SPMS)"
    assert reasons["D2"] == "excluded by prior_dmt (fingolimod)"


@pytest.mark.parametrize(
    ("donors", "words"),
    [
        (
            {"include": {"mstype": "RRMS"}},
            "donors > include > mstype: the sheet has no column 'mstype'. Did you mean",
        ),
        (
            {"exclude": {"ms_type": "RRSM"}},
            "donors > exclude > ms_type: no row has 'RRSM'. Did you mean 'RRMS'",
        ),
        ({"exclude": {"ms_type": "RRMS"}}, "the choice leaves no donor"),
    ],
)
def test_a_choice_that_fits_nothing_is_refused(folder, donors, words):
    table = read_study(folder, ms_type=lambda *_: "RRMS")
    with pytest.raises(ConfigError, match=words):
        plan(table, donors=donors)


ARMS = st.sampled_from(["", "treated", "Placebo", "placebo", "healthy", "A", "B", "ocrelizumab"])
TISSUES = st.sampled_from(["", "blood", "PBMC", "CSF", "spleen"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arms=st.lists(ARMS, min_size=6, max_size=6),
    drugs=st.lists(ARMS, min_size=6, max_size=6),
    tissues=st.lists(TISSUES, min_size=18, max_size=18),
)
def test_any_design_is_refused_or_parts_the_samples(folder, arms, drugs, tissues):
    visits = list(VISITS)
    columns = {
        "arm": arm_of(*arms),
        "drug": arm_of(*drugs),
        "tissue": lambda donor, visit: tissues[3 * donor - 3 + visits.index(visit)],
    }
    table = read_study(folder, **columns)
    try:
        found = plan(table)
    except ConfigError as error:
        assert "arm" in str(error)  # noqa: PT017 - a refusal is one of two right answers
        return
    assert sorted([*found.samples["sample"], *found.left_out["sample"]]) == sorted(table["sample"])
    assert set(found.others["sample"]) <= set(found.left_out["sample"])
    assert not set(found.others["tissue"]) & {"", found.tissue}
    assert (found.left_out["reason"] != "").all()
    assert found.samples["tissue"].nunique() <= 1
    levels = {level.casefold() for level in found.treated["arm"]}
    assert len(levels) <= 1
    controls = found.samples[found.samples["control"] != ""]
    assert not set(controls["donor"]) & set(found.treated["donor"])
    assert not levels & {level.casefold() for level in controls["arm"]}
