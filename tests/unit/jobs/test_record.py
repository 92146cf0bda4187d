"""The record of what results were made with names what differs; fingerprints tell inputs apart and not their places."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cd20scope.jobs import files, record

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
SETTINGS = st.recursive(
    VALUES | st.lists(VALUES, max_size=3), lambda own: st.dictionaries(st.text(max_size=4), own, max_size=4)
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=4), SETTINGS, max_size=4))
def test_a_state_that_was_written_and_read_does_not_differ(stated):
    import tempfile

    state = record.flatten(stated)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results/made_with.json"
        record.note(path, state, complete=True)
        assert record.differences(record.read(path), state) == []


def test_what_differs_is_named_until_all_is_made_anew(tmp_path):
    path = tmp_path / "made_with.json"
    assert record.differences(record.read(path), {"a": 1}) == []
    record.note(path, {"a": 1, "b": (1, 2)}, complete=True)
    record.note(path, {"a": 2, "b": (1, 2)}, complete=False)
    record.note(path, {"a": 2, "b": (1, 2)}, complete=False)
    assert len(record.read(path)) == 2
    # some results may be of the first state, some of the second
    assert record.differences(record.read(path), {"a": 1, "b": (1, 2)}) == ["a"]
    assert record.differences(record.read(path), {"a": 2, "b": (1, 2), "c": 0}) == ["a", "c"]
    record.note(path, {"a": 2, "b": (1, 2)}, complete=True)
    assert record.differences(record.read(path), {"a": 2, "b": (1, 2)}) == []


@pytest.mark.parametrize("text", ["", "{", "3", "[1]", "\xff"])
def test_a_record_that_is_none_is_named(tmp_path, text):
    (tmp_path / "made_with.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"made_with\.json: not what a run wrote"):
        record.read(tmp_path / "made_with.json")


def grow(path, size):
    path.write_bytes(b"x" * size)
    return path


@pytest.mark.parametrize("size", [10, files.SMALL + 1])
def test_a_fingerprint_sees_any_part_and_not_the_place(tmp_path, size):
    folder = tmp_path / "one"
    (folder / "deep").mkdir(parents=True)
    grow(folder / "a", 3)
    part = grow(folder / "deep/.hidden", size)
    found = files.fingerprint(folder)
    assert files.fingerprint(shutil.copytree(folder, tmp_path / "two")) == found
    times = part.stat()
    part.write_bytes(b"y" * size)
    os.utime(part, (1e9, 1e9))
    assert files.fingerprint(folder) != found
    part.write_bytes(b"x" * size)
    os.utime(part, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert files.fingerprint(folder) == found
    part.rename(folder / "deep/other")
    assert files.fingerprint(folder) != found


def test_a_fingerprint_follows_links_and_ends_in_loops(tmp_path):
    (tmp_path / "store").mkdir()
    grow(tmp_path / "far", 4)
    (tmp_path / "store/link").symlink_to("../far")
    (tmp_path / "store/loop").symlink_to("../store")
    (tmp_path / "store/nowhere").symlink_to("absent")
    found = files.fingerprint(tmp_path / "store")
    grow(tmp_path / "far", 5)
    assert files.fingerprint(tmp_path / "store") != found
    assert files.fingerprint(tmp_path / "absent") == ""


def test_the_files_beside_a_matrix_belong_to_it(tmp_path):
    for name in ("S1_matrix.mtx.gz", "S1_features.tsv.gz", "S1_barcodes.tsv.gz", "S2_features.tsv.gz"):
        grow(tmp_path / name, 3)
    found = files.fingerprint(tmp_path / "S1_matrix.mtx.gz")
    grow(tmp_path / "S2_features.tsv.gz", 9)
    assert files.fingerprint(tmp_path / "S1_matrix.mtx.gz") == found
    grow(tmp_path / "S1_features.tsv.gz", 9)
    assert files.fingerprint(tmp_path / "S1_matrix.mtx.gz") != found
