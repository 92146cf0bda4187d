"""A folder with the files that a sound sample sheet names."""

import pytest


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that GOOD names."""
    (tmp_path / "sub" / "c").mkdir(parents=True)
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).touch()
    return tmp_path
