"""Whatever donors are called and tables hold, the sheet that init writes can be read."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from init_studies import (
    WORDS,
    as_read,
    found,
    grid,
    guessed,
)

from cd20scope.init import columns as init_columns
from cd20scope.study import names, sheet
from cd20scope.study.cell_choice import parse_cells

IDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]),
    min_size=1,
    max_size=8,
).filter(lambda name: name == name.strip() and not init_columns.NOBODY.fullmatch(name))
# what the sheet refuses in words, whoever writes it
IDS = IDS.filter(lambda name: not names.why_not("donor", name))


@given(
    donors=st.lists(IDS, min_size=2, max_size=5, unique_by=str.casefold),
    visits=st.tuples(*(st.sampled_from(own) for own in WORDS.values())),
)
def test_any_names_of_donors_give_a_sheet_that_is_read(tmp_path_factory, donors, visits):
    assume(not names.look_alike(donors))
    many, words = grid(donors, visits, each=1)
    study = guessed(found({"donor": many, "visit": words}))
    table = as_read(study, tmp_path_factory.mktemp("lab") / "study")
    assert len(table) == len(donors) * 3
    assert sorted(table["visit"]) == sorted(["baseline", "week2", "month6"] * len(donors))
    asked = {(cells["donor"], cells["visit"]) for cells in map(parse_cells, table["cells"])}
    assert asked == set(zip(many, words, strict=True))


POOL = [
    *(
        "donor",
        "Patient ID",
        "visit",
        "time",
        "condition",
        "sample",
        "orig.ident",
        "batch",
        "sex",
        "age",
        "tissue",
    ),
    *("library_id", "leiden", "response", "ALC", "hours_since_steroid", "x"),
]


VALUES = [
    *(
        "P1",
        "P2",
        "P1_BL",
        "P2_W2",
        "BL",
        "W2",
        "M6",
        "post",
        "V1",
        "V2",
        "0",
        "14",
        "CSF",
        "PBMC",
        "ctrl",
        "female",
    ),
    *("nan", "", "doublet", "a,b", "é'\"", "<script>", "..", "p1", "D1_D14", "3.5", "# x", "1e3", "yes", "~"),
]


@given(
    table=st.dictionaries(
        st.sampled_from(POOL),
        st.lists(st.sampled_from(VALUES), min_size=8, max_size=8),
        min_size=1,
        max_size=5,
    ),
    prefix=st.sampled_from(["", "P1_BL_", "a-"]),
)
def test_any_table_gives_a_sheet_that_is_read_unless_something_is_to_be_filled_in(
    tmp_path_factory, table, prefix
):
    barcodes = [f"{prefix}{'ACGT' * 4}-{i % 2 + 1}" for i in range(8)]
    study = guessed(found(table, barcodes=barcodes))
    assert study.rows or study.apart
    assert sum(row.n_cells for row in [*study.rows, *study.apart]) <= 8
    folder = tmp_path_factory.mktemp("lab") / "study"
    if any("the visit" in text for text in study.todo):
        with pytest.raises(sheet.SheetError, match="is no visit of this study"):
            as_read(study, folder)
    elif any("look alike" in text for text in study.todo):
        with pytest.raises(sheet.SheetError, match="look alike and are two"):
            as_read(study, folder)
    else:
        assert len(as_read(study, folder)) == len(study.rows)
