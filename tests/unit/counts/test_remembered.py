"""Results of functions of names, kept for equal names alone."""

import numpy as np
import pytest

from cd20scope.counts.remembered import KEPT, remembered


@pytest.fixture
def counted():
    calls = []

    @remembered
    def joined(names, other=None):
        calls.append(len(names))
        if not len(names):
            raise ValueError("no names")
        return "".join(names.tolist()), other

    return joined, calls


def test_equal_names_are_gone_through_once(counted):
    joined, calls = counted
    for _ in range(3):
        assert joined(np.array(["CD3D", "LYZ"])) == ("CD3DLYZ", None)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "others",
    [
        (np.array(["CD3D", "LYy"]),),
        (np.array(["CD3D"]),),
        (np.array(["CD3D", "LYZ", ""]),),
        (np.array(["CD3D", "LYZ2"]),),
        (np.array(["CD3D", "LYZ"]), "x"),
        (np.array(["CD3D", "LYZ"]), np.array(["x"])),
        (np.array(["CD3D", "LYZ"], dtype=object),),
    ],
)
def test_other_arguments_are_not_taken_for_the_same(counted, others):
    joined, calls = counted
    joined(np.array(["CD3D", "LYZ"]))
    found = joined(*others)
    assert found[0] == "".join(others[0].tolist())
    assert len(calls) == 2


def test_names_without_order_in_memory_are_compared_by_their_values(counted):
    joined, calls = counted
    wide = np.array(["CD3D", "a", "LYZ", "b"])
    assert joined(wide[::2])[0] == joined(np.array(["CD3D", "LYZ"]))[0] == "CD3DLYZ"
    assert joined(wide[1::2])[0] == "ab"
    assert len(calls) == 2


def test_the_ones_used_last_are_kept(counted):
    joined, calls = counted
    for i in range(3 * KEPT):
        joined(np.array(["genes", "of the reference"]))
        joined(np.array([f"cells of sample {i}"]))
    assert len(calls) == 1 + 3 * KEPT
    joined(np.array(["cells of sample 0"]))
    assert len(calls) == 2 + 3 * KEPT


def test_an_error_is_not_kept(counted):
    joined, calls = counted
    for _ in range(2):
        with pytest.raises(ValueError, match="no names"):
            joined(np.array([], dtype=np.str_))
    assert len(calls) == 2
