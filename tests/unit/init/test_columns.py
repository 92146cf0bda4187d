"""Columns of donors and visits chosen by name and content."""

from pathlib import Path

import numpy as np
import pytest
from init_studies import DONORS, NOISE, VISITS, as_read, columns, guessed

from cd20scope.init import columns as init_columns
from cd20scope.init.found import Found


@pytest.mark.parametrize(
    "donor", ["donor", "donor_id", "PatientID", "Subject", "individual", "participant.name"]
)
@pytest.mark.parametrize("visit", ["visit", "timepoint", "Time Point", "treatment", "any"])
def test_columns_are_chosen_by_name_and_content(donor, visit):
    roles = init_columns.choose_roles(columns({**NOISE, visit: VISITS, donor: DONORS}))
    assert (roles.donor.name, roles.visit.name) == (donor, visit)


def test_a_cell_annotation_is_no_donor_though_it_crosses_visits():
    roles = init_columns.choose_roles(columns({**NOISE, "visit": VISITS}))
    assert roles.donor is None


def test_a_sample_named_in_a_column_is_not_a_visit(tmp_path):
    files = [
        Found(Path(f"{path}.h5ad"), "h5ad", path, columns({"orig.ident": [name] * 4}), 4)
        for path, name in (("a", "MS01_BL"), ("b", "MS01_W2"), ("c", "MS02_BL"))
    ]
    table = as_read(guessed(*files), tmp_path / "study")
    assert table["donor"].tolist() == ["MS01", "MS01", "MS02"]
    assert table["visit_as_given"].tolist() == ["BL", "W2", "BL"]


def test_a_condition_that_no_donor_has_twice_is_no_visit():
    condition = ["MS"] * 24 + ["HC"] * 12
    roles = init_columns.choose_roles(columns({"donor": DONORS, "condition": condition}))
    assert roles.visit is None
    roles = init_columns.choose_roles(columns({"donor": DONORS, "condition": condition, "group": VISITS}))
    assert roles.visit.name == "group"


def test_equal_columns_are_no_tie_and_different_ones_are_told():
    copy = [f"ID {name}" for name in DONORS]
    roles = init_columns.choose_roles(columns({"donor": DONORS, "subject": copy, "visit": VISITS}))
    assert [guess.sure for guess in roles.guesses] == ["sure", "sure"]
    other = ["X", "Y"] * (len(DONORS) // 2)
    roles = init_columns.choose_roles(columns({"donor": DONORS, "subject": other, "visit": VISITS}))
    assert roles.guesses[0].sure == "check"
    assert "as likely: 'subject'" in roles.guesses[0].why or "as likely: 'donor'" in roles.guesses[0].why


def test_a_column_that_cannot_be_read_as_text_is_left_out():
    def odd():
        raise ValueError("an array of shape (36, 2)")

    barcodes = np.array([f"A{i}" for i in range(36)])
    read = init_columns.read_columns({"donor": lambda: np.array(DONORS), "odd": odd}, barcodes)
    assert [column.name for column in read] == ["donor", init_columns.PATTERN]


def test_columns_that_the_sheet_cannot_name_are_left_out():
    table = {
        "donor": DONORS,
        "a=b": DONORS,
        "semi": [f"{name};x" for name in DONORS],
        "ids": list(map(str, range(36))),
    }
    assert [column.name for column in columns(table)] == ["donor", "semi", "ids"]
    many = {"donor": [f"P{i}" for i in range(600)], "visit": ["BL", "W2"] * 300}
    assert [column.name for column in columns(many)] == ["visit"]


def test_a_column_of_any_name_whose_values_name_donor_and_visit_is_one_of_samples():
    names = [f"P{i % 2}_{'BL' if i < 20 else 'M6'}" for i in range(40)]
    roles = init_columns.choose_roles(columns({"input_id": names}))
    assert roles.sample.name == "input_id"
    # names of cells are none
    cells = [f"P{i % 2}_BL:{'ACGT'[i // 4 % 4] * 8}{i}" for i in range(40)]
    assert init_columns.choose_roles(columns({"CellID": cells})).sample is None
