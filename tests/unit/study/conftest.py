"""A folder with the files that a sound sample sheet names."""

import pytest

from cd20scope.study.catalogue import ConfigError


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that GOOD names."""
    (tmp_path / "sub" / "c").mkdir(parents=True)
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def problems(reload):
    """Load a catalogue, as text or as data, and return the problems that are found."""

    def load(kind, content, **others):
        with pytest.raises(ConfigError) as caught:
            reload(kind, content, **others)
        assert str(caught.value).startswith(f"my_{kind}.yaml: ")
        return caught.value.problems

    return load
