"""Rows of a donor that contradict each other, and levels that are misspelt, are refused by row."""

import pytest
from study_sheets import DAYS, VISITS, read_study, refusals

from cd20scope.study import sheet


def by_visit(**cells):
    return lambda _, visit: cells[visit]


def test_days_that_rise_with_the_visits_are_kept(folder):
    table = read_study(folder, days_since_first_infusion=by_visit(**DAYS))
    assert table["days_since_first_infusion"].tolist() == ["0", "14", "182"] * 6
    some = read_study(folder, days_since_first_infusion=by_visit(baseline="-7", week2="unknown", month6=""))
    assert some["days_since_first_infusion"].tolist() == ["-7", "unknown", ""] * 6


def test_days_against_the_visits_are_named_by_row(folder):
    found = refusals(folder, days_since_first_infusion=by_visit(baseline="180", week2="14", month6="200"))
    assert len(found) == 6
    assert found[0].startswith(
        "row 3, column days_since_first_infusion: 14 at week2, and 180 at baseline (row 2): week2 comes after baseline"
    )
    same = refusals(folder, days_since_first_infusion=by_visit(baseline="0", week2="0", month6="182"))
    assert same[0].startswith("row 3, column days_since_first_infusion: 0 at week2, and 0 at baseline")


def test_visits_of_one_donor_swapped_are_told_of_that_donor_alone(folder):
    turned = {"baseline": "182", "week2": "14", "month6": "0"}
    found = refusals(
        folder, days_since_first_infusion=lambda donor, visit: (turned if donor == 2 else DAYS)[visit]
    )
    assert [line.split(",")[0] for line in found] == ["row 6", "row 7"]


def test_a_date_in_place_of_days_is_named(folder):
    found = refusals(folder, days_since_first_infusion=by_visit(**(DAYS | {"month6": "2021-09-30"})))
    assert "'2021-09-30' is a date. Write days, counted from the donor's first infusion" in found[0]


@pytest.mark.parametrize(
    ("column", "first", "other", "words"),
    [
        ("arm", "ocrelizumab", "placebo", "a donor is in one arm"),
        ("sex", "F", "M", "a donor has one sex"),
        ("outcome", "2", "3", "an outcome is one per donor"),
    ],
)
def test_what_is_one_per_donor_may_not_change_within_it(folder, column, first, other, words):
    found = refusals(
        folder, **{column: lambda donor, visit: other if (donor, visit) == (3, "month6") else first}
    )
    (line,) = found
    assert line.startswith(
        f"row 10, column {column}: '{other}' of donor 'D3', and '{first}' in row 8; {words}"
    )
    assert len(read_study(folder, **{column: lambda _, visit: first if visit == "baseline" else ""})) == 18


def test_an_age_may_stay_or_grow_with_the_time_between_visits(folder):
    for ages in (("40", "40", "41"), ("40.1", "40.2", "40.6"), ("40", "unknown", ""), ("NA", "n/a", "nan")):
        table = read_study(folder, age=by_visit(baseline=ages[0], week2=ages[1], month6=ages[2]))
        assert len(table) == 18
    fall = refusals(folder, age=by_visit(baseline="40", week2="40", month6="39"))
    assert fall[0].startswith(
        "row 4, column age: 39 years, and 40 at the earlier visit (row 3): the age of a donor falls"
    )
    jump = refusals(folder, age=by_visit(baseline="40", week2="40", month6="47"))
    assert "rises by more than the time between the visits" in jump[0]
    # with years between the draws it may
    years = by_visit(baseline="0", week2="14", month6="2600")
    assert len(
        read_study(
            folder, age=by_visit(baseline="40", week2="40", month6="47"), days_since_first_infusion=years
        )
    )


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("1.5", "It looks like 10^9 per litre: multiply by 1,000 for cells per microlitre, as 1,500"),
        ("1500000", "It looks like cells per millilitre: divide by 1,000 for cells per microlitre, as 1,500"),
        (
            "1500000000",
            "It looks like cells per litre: divide by 1,000,000 for cells per microlitre, as 1,500",
        ),
    ],
)
def test_the_unit_of_lymphocytes_is_told_by_their_magnitude(folder, cell, words):
    found = refusals(folder, lymphocytes_per_ul=lambda donor, _: cell if donor == 2 else "1400")
    assert [line.split(",")[0] for line in found] == ["row 5", "row 6", "row 7"]
    assert words in found[0]


def test_lymphopenia_is_no_unit(folder):
    table = read_study(folder, lymphocytes_per_ul=by_visit(baseline="1500", week2="1500", month6="150"))
    assert table["lymphocytes_per_ul"].tolist()[:3] == ["1500", "1500", "150"]


def test_words_for_missing_are_missing_in_optional_columns_and_refused_in_names(folder):
    words = ["NA", "n/a", "", "nan", "None", "NULL"]
    table = read_study(
        folder, sex=lambda d, _: words[d - 1], age=lambda d, _: words[d - 1], tissue=lambda d, _: words[d - 1]
    )
    assert (table[["sex", "age", "tissue"]] == "").all(axis=None)
    # none is a level where it means untreated
    assert set(read_study(folder, drug=lambda *_: "none")["drug"]) == {"none"}


def test_sexes_have_one_form_and_others_are_refused(folder):
    words = ["female", "F", "m", "Male", "unknown", "w"]
    table = read_study(folder, sex=lambda donor, _: words[donor - 1])
    assert table["sex"].tolist()[::3] == ["F", "F", "M", "M", "unknown", "F"]
    (line, *_) = refusals(folder, sex=lambda *_: "1")
    assert line.startswith("row 2, column sex: '1' is no sex of the donor: write F or M")


def test_tissues_have_their_usual_names_and_a_slip_is_told(folder):
    words = ["PBMC", "blood", "Peripheral Blood", "pbmcs", "CSF", "cerebrospinal fluid"]
    table = read_study(folder, tissue=lambda donor, _: words[donor - 1])
    assert table["tissue"].tolist()[::3] == ["blood"] * 4 + ["CSF"] * 2
    (line,) = refusals(folder, tissue=lambda d, visit: "blod" if (d, visit) == (4, "week2") else "blood")
    assert line.startswith("row 12, column tissue: 'blod' looks misspelt. Did you mean 'blood'?")
    assert set(read_study(folder, tissue=lambda *_: "spleen")["tissue"]) == {"spleen"}


@pytest.mark.parametrize("column", ["arm", "drug"])
def test_a_usual_word_for_an_arm_is_no_slip_of_another(folder, column):
    """One untreated donor beside eleven treated ones is a control, however alike the two words are."""
    word = lambda d, _: "untreated" if d == 12 else "treated"  # noqa: E731
    table = read_study(folder, donors=12, **{column: word})
    assert table[column].value_counts().to_dict() == {"treated": 33, "untreated": 3}


def test_levels_that_differ_in_digits_are_two(folder):
    table = read_study(
        folder, drug=lambda d, visit: "interferon 1b" if (d, visit) == (1, "week2") else "interferon 1a"
    )
    assert table["drug"].nunique() == 2


def test_blood_and_csf_of_one_visit_are_two_rows(folder):
    path = folder / "samples.tsv"
    rows = ["sample\tdonor\tvisit\tpath\ttissue", "a\tD1\tbaseline\ta.h5\tPBMC", "b\tD1\tbaseline\tb.h5\tCSF"]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert sheet.read_sheet(path, visits=VISITS)["tissue"].tolist() == ["blood", "CSF"]
    path.write_text("\n".join(rows).replace("CSF", "blood"), encoding="utf-8")
    with pytest.raises(sheet.SheetError, match=r"already has visit 'baseline'.*two tissues.*column tissue"):
        sheet.read_sheet(path, visits=VISITS)


def test_the_column_that_is_written_here_is_refused(folder):
    found = refusals(folder, control=lambda *_: "x")
    assert "column control: a column that is written here. Rename it" in found[0]
