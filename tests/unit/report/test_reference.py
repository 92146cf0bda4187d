"""Healthy donors as a reference: one share per donor, by their words, never among the treated."""

import pandas as pd
import pytest

from cd20scope.report import reference


def table(levels, *, visits=("baseline",), cells=10):
    rows = [
        {"donor": donor, "visit": visit, "control": level, "n_cells": cells + number, "n_denominator": 200}
        for number, (donor, level) in enumerate(levels.items())
        for visit in visits
    ]
    return pd.DataFrame(rows).assign(population="B cells", denominator="PBMC")


HEALTHY = {"H1": "healthy", "H2": "healthy", "H3": "healthy", "P1": "placebo", "D1": ""}


def test_shares_are_those_of_healthy_donors_alone():
    found = reference.healthy_shares(table(HEALTHY), ["baseline"])
    assert dict(zip(found["donor"], found["percent"], strict=True)) == {"H1": 5.0, "H2": 5.5, "H3": 6.0}
    band = reference.band_of(found, "B cells", "PBMC")
    assert band == (3, 5.0, 5.5, 6.0)
    assert reference.band_of(found, "Treg", "PBMC") is None


@pytest.mark.parametrize("word", ["HC", "Healthy controls", "healthy-donor"])
def test_usual_words_are_understood(word):
    found = reference.healthy_shares(table(dict.fromkeys(("a", "b", "c"), word)), ["baseline"])
    assert len(found) == 3


def test_a_donor_counts_once_at_its_first_visit_with_libraries_added_up():
    twice = table({"H1": "healthy"}, visits=("month6", "baseline", "baseline"))
    found = reference.healthy_shares(twice, ["baseline", "month6"])
    assert found[["donor", "visit", "percent"]].to_numpy().tolist() == [["H1", "baseline", 5.0]]


def test_placebo_and_the_treated_are_no_reference():
    found = reference.healthy_shares(table({"P1": "placebo", "D1": "", "D2": None}), ["baseline"])
    assert found.empty
    assert reference.caption(found) == ""
    plain = table({"D1": ""}).drop(columns="control")
    assert reference.healthy_shares(plain, ["baseline"]).empty


def test_two_donors_have_no_range():
    few = reference.healthy_shares(table({"H1": "healthy", "H2": "healthy"}), ["baseline"])
    assert reference.band_of(few, "B cells", "PBMC") is None
    assert reference.caption(few) == ""
    enough = reference.healthy_shares(table(HEALTHY), ["baseline"])
    assert "range of 3 healthy donors" in reference.caption(enough)
