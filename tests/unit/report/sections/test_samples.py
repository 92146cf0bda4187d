"""Samples beyond a threshold are named first, and marked in the table."""

import pandas as pd
import pytest
import report_tables as made_up

from cd20scope.report.sections import donors, samples
from cd20scope.report.tables import listings


@pytest.fixture
def labelled():
    return made_up.sheet()[["sample"]].assign(soup=0.05)


def test_nothing_is_named_where_every_sample_is_good(labelled):
    table = samples.with_soup(made_up.qc_summary(), labelled)
    assert samples.say(table).startswith(
        "No sample is beyond a threshold (at least 500 kept cells; at most 16 % doublets"
    )


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("n_kept", 412, "412 kept cells"),
        ("doublet_rate", 0.25, "25 % doublets"),
        ("unassigned_rate", 0.31, "31 % cells unassigned"),
        ("soup", 0.4, "40 % ambient RNA"),
    ],
)
def test_a_sample_beyond_a_threshold_is_named_first_and_marked(labelled, column, value, text):
    qc = made_up.qc_summary()
    for table in (qc, labelled):
        if column in table:
            table.loc[table["sample"] == "D03_week2", column] = value
    found = samples.with_soup(qc, labelled)
    assert found["sample"].iloc[0] == "D03_week2"
    assert f"D03_week2 ({text})" in samples.say(found)
    marked = samples.mark(listings.tabulate(found, name="qc"), found)
    beyond = [
        (number, cell) for number, row in enumerate(marked["rows"]) for cell in row if "beyond" in cell[1]
    ]
    assert [number for number, _ in beyond] == [0]
    assert beyond[0][1][0].endswith(" (!)")


def test_a_sample_without_an_estimate_of_its_soup_is_not_beyond(labelled):
    found = samples.with_soup(made_up.qc_summary(), labelled.assign(soup=float("nan")))
    assert (found["beyond"] == 0).all()


def test_a_sample_of_another_sex_stands_first_and_is_marked():
    sexes = samples.suspect_first(made_up.sexes())
    assert (
        sexes["donor"].tolist()[:3] == ["D03"] * 3
    )  # all samples of the donor: any of them may be the swapped one
    marked = samples.mark_sexes(listings.tabulate(sexes, name="sexes"), sexes)
    assert [row[4][0] for row in marked["rows"]][:4] == ["F (!)", "M (!)", "F (!)", "F"]
    assert samples.format_swaps(made_up.sexes().assign(sex_by_genes="F")) == ""


def test_the_names_of_donors_keep_their_small_letters():
    sheet = pd.DataFrame(
        [("d1", "baseline"), ("d1", "week2"), ("d2", "baseline")], columns=["donor", "visit"]
    )
    assert donors.format_attrition(ratios(d1=0.1), sheet, visits=["baseline", "week2"]) == "d2 has no week 2."


def ratios(**of):
    rows = [(name, "B cells", "week2", ratio) for name, ratio in of.items()]
    return pd.DataFrame(rows, columns=["donor", "population", "visit", "ratio"])


def test_who_is_lost_is_told_with_the_depletion_when_last_seen():
    sheet = pd.DataFrame(
        [
            (name, visit)
            for name in ("A", "B", "C")
            for visit in ("baseline", "week2", "month6")
            if (name, visit) != ("C", "month6")
        ],
        columns=["donor", "visit"],
    )
    text = donors.format_attrition(
        ratios(A=0.02, B=0.04, C=0.2), sheet, visits=["baseline", "week2", "month6"]
    )
    assert text == (
        "C has no month 6; at week 2 its B cells were at 20 % of baseline, the highest of 3 donors (median of the "
        "others: 3.0 %)."
    )
    early = sheet[sheet["visit"] != "week2"]
    assert donors.format_attrition(ratios(A=0.1), early, visits=["baseline", "week2", "month6"]).startswith(
        "No donor has week 2; C has no month 6"
    )
    assert donors.format_attrition(
        ratios(A=0.1), sheet[sheet["donor"] != "C"], visits=["baseline", "week2"]
    ) == ("No donor is missing at any visit (2 donors).")
