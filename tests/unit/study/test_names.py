"""Names that look sound and are not; addresses without their secrets."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_sheets import GOOD, VISITS, refusal, write

from cd20scope.study import names, sheet

MISSING = ["NA", "n/a", "NaN", "null", "None", "<NA>", "#N/A"]


@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize("column", ["sample", "donor"])
def test_words_for_missing_are_no_names(folder, word, column):
    if column == "sample" and word.startswith("#"):
        word = word[1:]  # a line that starts with # is none of the table
    row = f"{word}\tD1\tweek2\tb.h5" if column == "sample" else f"s\t{word}\tweek2\tb.h5"
    said = "\n".join(refusal(folder, *GOOD[:2], row))
    assert f"row 3, column {column}: {word!r}" in said


@pytest.mark.parametrize("word", MISSING)
def test_words_for_missing_are_missing_in_other_columns(folder, word):
    path = write(folder, f"{GOOD[0]}\tage\tbatch", *(f"{row}\t{word}\t{word}" for row in GOOD[1:]))
    table = sheet.read_sheet(path, visits=VISITS)
    assert set(table["age"]) == set(table["batch"]) == {""}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["a\tD\u200b1\tweek2\tb.h5"], ["column donor", "U+200B (ZERO WIDTH SPACE)", "Take it out"]),
        (["a\tD\x071\tweek2\tb.h5"], ["column donor", "U+0007", "Take it out"]),
        (["a\td1\tweek2\tb.h5"], ["column donor", "'d1' and 'D1' look alike"]),
        (["a\tBjo\u0308rn\tweek2\tb.h5", "b\tBj\u00f6rn\tweek2\tsub/c"], ["look alike", "U+0308", "U+00F6"]),
        (["d1_base\tD1\tweek2\tb.h5"], ["column sample", "look alike"]),
        (["D1_base.cells\tD1\tweek2\tb.h5"], ["column sample", "would have the names", "'D1_base_cells'"]),
        ([f"{'s' * 101}\tD1\tweek2\tb.h5"], ["column sample", "101 characters", "Shorten it"]),
        ([f"a\t{'D' * 201}\tweek2\tb.h5"], ["column donor", "201 characters", "Shorten it"]),
    ],
)
def test_names_that_deceive_are_refused(folder, rows, words):
    said = "\n".join(refusal(folder, *GOOD[:2], *rows))
    for word in words:
        assert word in said


@pytest.mark.parametrize("value", ["0", "1.5", "1e999", "5e9"])
def test_numbers_of_lymphocytes_that_none_has_are_refused(folder, value):
    rows = [f"{row}\t{value}" for row in GOOD[1:]]
    said = refusal(folder, f"{GOOD[0]}\tlymphocytes_per_ul", *rows)
    assert len(said) == 3
    assert "not between 10 and 100,000" in said[0]
    assert "cells per microlitre" in said[0]


def test_addresses_are_shown_without_secrets(folder):
    address = "https://me:hunter2@host.org/data/a.h5?token=abc&x=1#frag"
    assert names.shown(address) == "https://host.org/data/a.h5"
    said = "\n".join(refusal(folder, *GOOD[:2], f"a\tD1\tweek2\t{address}"))
    assert "column sha256: https://host.org/data/a.h5 is fetched" in said
    assert "hunter2" not in said
    assert "token" not in said


WORD = st.text("abcXYZ019-_.~%", min_size=1, max_size=8)


@given(WORD, WORD, WORD, WORD, WORD)
def test_no_secret_of_any_address_is_shown(user, password, host, path, token):
    secret, key = f"pw-{password}-pw", f"key-{token}-key"
    shown = names.shown(f"https://{user}:{secret}@{host}/{path}?sig={key}")
    assert secret not in shown
    assert key not in shown
    assert path in shown


@given(st.lists(st.text(max_size=6), max_size=6))
def test_any_names_are_compared(given_names):
    pairs = names.look_alike(given_names)
    assert all(one != other for one, other in pairs)
    for name in given_names:
        assert isinstance(names.why_not("donor", name), str)
        assert not names.look_alike([name, name])


def test_paths_are_shown_as_they_are():
    for path in ("a?b.h5", "/data/me:x@y/a.h5", "C:\\a", ""):
        assert names.shown(path) == path
    assert not re.search("x", names.shown("ftp://u:x@h/a"))
