"""Results are whole or not there."""

from pathlib import Path

import pytest
from snakemake.iocontainers import Namedlist

from cd20scope.jobs import outputs as whole


def outputs(folder, **names):
    return Namedlist(fromdict={key: str(folder / name) for key, name in names.items()})


def test_nothing_has_its_name_before_all_is_written(tmp_path):
    places = outputs(tmp_path, table="a/t.tsv.gz", other="b/o.tsv")
    with whole.written([], places) as partial:
        Path(partial.table).write_text("1")
        Path(partial["other"]).write_text("2")
        assert Path(partial.table).name == "t.tsv.gz"  # a format is often told by the name
        assert not any(Path(path).exists() for path in places)
    assert [Path(path).read_text() for path in places] == ["1", "2"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "o.tsv", "t.tsv.gz"]


def write(inputs, places, then):
    """Write all outputs, and let something happen before they get their names."""
    with whole.written(inputs, places) as partial:
        for path in partial:
            Path(path).write_text("1")
        then()


def test_a_failure_leaves_nothing(tmp_path):
    def fill_disk():
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write([], outputs(tmp_path, table="t.tsv", other="o.tsv"), fill_disk)
    assert list(tmp_path.iterdir()) == []


def rename_over(part):
    """Another file of the same size takes the place: only its number tells."""
    other = part.with_name("other")
    other.write_text("new")
    other.replace(part)


CHANGES = {
    "overwritten": lambda part: part.write_text("newer"),
    "renamed": rename_over,
    "removed": lambda part: part.unlink(),
}


@pytest.mark.parametrize("kind", ["file", "folder"])
@pytest.mark.parametrize("how", CHANGES)
def test_an_input_replaced_while_it_is_read_gives_no_result(tmp_path, kind, how):
    given = part = tmp_path / "in"
    if kind == "folder":
        given.mkdir()
        part = given / "matrix.mtx"
    part.write_text("old")
    places = outputs(tmp_path, table="t.tsv")
    with pytest.raises(whole.ReplacedError, match="was replaced or removed while it was read"):
        write([str(given)], places, lambda: CHANGES[how](part))
    assert not Path(places.table).exists()


def test_a_new_attempt_does_away_with_what_a_killed_one_left(tmp_path):
    places = outputs(tmp_path, table="t.tsv")
    killed = whole.written([], places)
    left = killed.__enter__()
    Path(left.table).write_text("of the killed one")
    with whole.written([], places) as partial:
        Path(partial.table).write_text("1")
    with pytest.raises(FileNotFoundError):
        Path(left.table).read_text()
    assert Path(places.table).read_text() == "1"


def test_what_killed_jobs_left_can_be_removed_at_the_end_of_a_run(tmp_path):
    for place in (
        ".partial-a.tsv-x1/a.tsv",
        "export/.partial-cells.h5ad-x2/labels/s1.tsv",
        "export/whole.tsv",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    whole.remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["whole.tsv"]
    assert not list(tmp_path.rglob(".partial-*"))
    whole.remove_unfinished(tmp_path / "results")
