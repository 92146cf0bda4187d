"""A choice of cells is read as it is written, whatever stands in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd20scope.study.cell_choice import parse_cells, write_cells

COLUMN = st.text("abcXYZ_. 0", min_size=1, max_size=8).map(str.strip).filter(bool)
VALUE = st.text('ab;="* ,\u00e9', min_size=1, max_size=8)


@given(st.dictionaries(COLUMN, VALUE, min_size=1, max_size=4))
def test_what_is_written_is_read(wanted):
    assert parse_cells(write_cells(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("donor=P01; visit=0M", {"donor": "P01", "visit": "0M"}),
        (" donor = P01 ;visit=0M; ", {"donor": "P01", "visit": "0M"}),
        ("barcode=*-1", {"barcode": "*-1"}),
        ('donor="a; b"; x=c=d', {"donor": "a; b", "x": "c=d"}),
        ('donor="a ""b"""', {"donor": 'a "b"'}),
        ("", {}),
    ],
)
def test_forms(text, expected):
    assert parse_cells(text) == expected


@pytest.mark.parametrize("text", ["P01", "=P01", "donor=", "a=1; a=2", 'donor="a; b', "a=1;;b", '="x"'])
def test_what_is_no_choice_is_refused(text):
    with pytest.raises(ValueError, match="does not read like"):
        parse_cells(text)


@given(st.text('ab;="* \n', max_size=14))
def test_any_text_is_read_or_refused(text):
    try:
        found = parse_cells(text)
    except ValueError:
        return
    assert all(found)
    assert all(found.values())
