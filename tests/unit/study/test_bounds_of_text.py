"""Patterns, YAML and text files that would never end, or are not what they seem, are told in words."""

import gzip
import os
import re
import time
import warnings

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cd20scope.study.patterns import check_pattern
from cd20scope.study.strict_yaml import ConfigError, read
from cd20scope.study.text import TextError, read_text

SCHEMA = {
    "type": "object",
    "properties": {
        "seed": {"type": "integer", "minimum": 0},
        "bound": {"type": "number", "maximum": 1},
        "visits": {"type": "object", "additionalProperties": {"type": "array"}},
        "any": {},
    },
}


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a*)*b", "(?P<donor>(x|xx)+)_", "((a{2,})+)", "(?:(?:a+)?)*", ".*" * 6, "(", "a" * 501],
)
def test_a_pattern_that_may_never_end_is_refused(pattern):
    with pytest.raises(ValueError, match=r"repeat|no regular expression|characters"):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", ["", "(?P<donor>[^_]+)_(?P<visit>.+)", r"(?P<donor>P\d{2,3})[-_.](?P<visit>pre|post)(_\w+)?"]
)
def test_usual_patterns_are_taken(pattern):
    check_pattern(pattern)


@settings(deadline=None, max_examples=60)
@given(st.text("ab()+*|?.{2}[]^", max_size=14), st.text("ab", min_size=30, max_size=40))
def test_patterns_that_are_taken_end_soon(pattern, name):
    try:
        check_pattern(pattern)
    except ValueError:
        return
    begin = time.monotonic()
    with warnings.catch_warnings(action="ignore"):
        re.fullmatch(pattern, f"{name}!")
    assert time.monotonic() - begin < 2


DOUBLED = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DOUBLED, ["aliases written out"]),
        ("any: &a [*a]\n", ["holds itself"]),
        ("any: &a {b: *a}\n", ["holds itself"]),
        ("any: " + "[" * 100_000, ["not readable as YAML"]),
        ("any: " + "{a: " * 50 + "1" + "}" * 50, ["nested more than"]),
        ("visits: {0: [a]}\n", ["line 1", "the key 0 is no text", "quotes"]),
        ("visits: {yes: [a]}\n", ["the key yes is no text"]),
        ("? [a]\n: b\n", ["not readable as YAML", "unhashable key"]),
        ("bound: .nan\n", ["bound", "expected a number"]),
        ("bound: -.inf\n", ["bound", "expected a number"]),
        ("seed: 2.0\n", ["seed", "expected a whole number"]),
        ("seed: true\n", ["seed", "expected a whole number"]),
        ("seed: 1e20\n", ["seed", "expected a whole number"]),
        ("any: 2026-99-99\n", ["not readable as YAML"]),
    ],
)  # fmt: skip
def test_yaml_that_deceives_is_refused(text, words):
    with pytest.raises(ConfigError) as refusal:
        read(text, schema=SCHEMA, name="study.yaml")
    for word in ("study.yaml", *words):
        assert word in str(refusal.value)


def test_aliases_and_merges_in_measure_are_taken():
    text = "any: [&a {b: 1}, *a, {<<: *a, c: 2}]\nbound: 1\nseed: 3\n"
    assert read(text, schema=SCHEMA, name="x")["any"] == [{"b": 1}, {"b": 1}, {"b": 1, "c": 2}]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.dates(),
    lambda own: (
        st.lists(own, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), own, max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["seed", "bound", "visits", "any", "more"]), VALUES, max_size=4))
def test_any_yaml_is_read_or_refused(data):
    try:
        found = read(yaml.safe_dump(data), schema=SCHEMA, name="x")
    except ConfigError:
        return
    assert found.keys() == data.keys()


def fifo(path):
    os.mkfifo(path)


def sparse_file(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(gzip.compress(b"a")), "gzipped"),
        (lambda path: path.write_bytes("größe".encode("latin-1")), "not UTF-8"),
        (lambda path: path.write_bytes("a".encode("utf-16")), "UTF-16"),
        (lambda path: path.write_bytes(b"PK\x03\x04"), "spreadsheet"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.symlink_to("nowhere"), "No such file"),
        (lambda path: path.symlink_to("/dev/zero"), "a pipe, socket or device"),
        (fifo, "a pipe"),
        (sparse_file, "are the most"),
        (str, "No such file"),
    ],
)
def test_what_is_no_text_is_told(tmp_path, make, words):
    make(tmp_path / "mine.gmt")
    with pytest.raises(TextError, match=re.escape("mine.gmt")) as refusal:
        read_text(tmp_path / "mine.gmt")
    assert words in str(refusal.value)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfa")
    assert read_text(tmp_path / "a") == "a"
