"""The ledger has a row for every hypothesis, part and donor, and tells the reason of each that stays out."""

import numpy as np
import pytest
from verdict_cases import change, hypothesis, score, share

from cd20scope.stats import changes, pairs
from cd20scope.verdict import decide, ledger

FIRST, LAST = "week2-baseline", "month6-baseline"
WAVES = hypothesis(
    "waves",
    "biphasic",
    population="CD4 memory",
    contrast=LAST,
    direction="down",
    depletion={
        "population": "B cells",
        "denominator": "PBMC",
        "first": FIRST,
        "fall": 5,
    },
)


def waves():
    made = share("B cells", LAST, estimate=-3.0) | score("CD4 memory", "Th1", LAST, estimate=-1.5, se=0.2)
    made |= score("CD4 memory", "Th1", FIRST, estimate=0.0, se=0.03)
    b = change(estimate=-3.0)
    more = pairs.Pairs((*b.paired.donors, "D9"), {"D8": "no baseline"})  # D9 has week2, but no month6
    values = np.append(b.values, -2.5)
    return made | {("abundance", "B cells", "PBMC", FIRST): changes.Change.unlimited(more, values)}


def keep(claims, made, **options):
    table = ledger.tabulate_ledger(decide.decide_all(claims, made, **options), made)
    assert tuple(table.columns) == ledger.COLUMNS
    return table


def test_donors_and_visits_that_are_left_out_are_named_with_the_reason():
    made = waves()
    absent = [
        {"donor": "D0X", "visit": "baseline", "reason": "excluded by prior_dmt (fingolimod)"},
        {"donor": "D8", "visit": "baseline", "reason": "tissue CSF, tested apart from blood"},
        {"donor": "D1", "visit": "month12", "reason": "tissue CSF, tested apart from blood"},
    ]
    decisions = decide.decide_all([WAVES], made)
    table = ledger.tabulate_ledger(decisions, made, left_out=absent).set_index(["part", "donor"])
    before = ledger.tabulate_ledger(decisions, made).set_index(["part", "donor"])
    assert table["enters"]["first", "D0X"] == "no"
    assert table["reason"]["first", "D0X"] == "excluded by prior_dmt (fingolimod)"
    assert table["reason"]["first", "D8"] == "baseline left out: tissue CSF, tested apart from blood"
    assert table.loc[before.index, "enters"].equals(before["enters"])
    assert len(table) == len(before) + 4


def test_rows_are_donors_times_parts():
    table = keep([WAVES, hypothesis("up")], waves() | share("Treg"))
    own = table[table["id"] == "waves"]
    assert len(own) == 4 * 10
    assert not own.duplicated(["part", "donor"]).any()
    assert own.drop_duplicates("part")[["part", "contrast", "unit"]].to_numpy().tolist() == [
        ["first", FIRST, "log odds"],
        ["last", LAST, "log odds"],
        ["early", FIRST, "baseline SD"],
        ["change", LAST, "baseline SD"],
    ]
    assert (own[own["enters"] == "yes"].groupby("part").size() == 8).all()
    up = table[table["id"] == "up"]
    assert up["part"].unique().tolist() == ["main"]
    assert len(up) == 9


def test_a_donor_out_of_one_part_is_out_of_all_and_keeps_its_number():
    table = keep([WAVES], waves()).set_index(["part", "donor"])
    assert (table["enters"] == "no").groupby(level="donor").all().loc[["D8", "D9"]].all()
    assert table.loc[("first", "D9"), ["change", "reason"]].tolist() == [-2.5, "no month6"]
    assert np.isnan(table.loc[("change", "D9"), "change"])
    assert (table.xs("D8", level="donor")["reason"] == "no baseline").all()


def test_changes_shown_are_those_tested():
    made = share("Treg") | waves()
    decisions = decide.decide_all([hypothesis("up"), WAVES], made)
    table = ledger.tabulate_ledger(decisions, made)
    entering = table[(table["enters"] == "yes") & table["part"].isin(["main", "change"])]
    means = entering.groupby("id")["change"].mean()
    for one in decisions:
        assert means[one.hypothesis["id"]] == pytest.approx(one.evidence.t.estimate)
        donors = entering.loc[entering["id"] == one.hypothesis["id"], "donor"]
        assert donors.tolist() == list(one.evidence.paired.donors)


def test_of_what_cannot_be_tested_nobody_enters_and_all_say_why():
    gone = {next(iter(share("Treg"))): change(reason="no cell of Treg")}
    table = keep([hypothesis("gone")], gone)
    assert (table["enters"] == "no").all()
    assert table.set_index("donor")["reason"].to_dict() == {
        **{f"D{i}": "no cell of Treg" for i in range(8)},
        "D9": "no month6",
    }
    absent = {next(iter(share("Treg"))): changes.Change.nothing(pairs.Pairs(()), "no such contrast")}
    assert keep([hypothesis("absent")], absent).empty


def test_a_visit_is_not_part_of_a_longer_name():
    absent = {("D1", "week2"): "tissue CSF"}
    named = ledger._name_left_out({"D1": "no week24; no week2"}, ["D1"], absent, visits=["week24", "week2"])
    assert named == {"D1": "no week24; week2 left out: tissue CSF"}
