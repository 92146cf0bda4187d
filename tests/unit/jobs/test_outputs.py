"""Results are whole or not there."""

import logging
import os
from pathlib import Path

import pytest
from snakemake.iocontainers import Namedlist

from cd20scope.jobs import outputs as whole
from cd20scope.jobs.logs import logged


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


def test_a_result_that_was_cut_short_is_found_by_the_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = Namedlist(fromdict={"table": "results/a b, c.tsv", "folder": "results/counts"})
    with logged("results/logs/step.log"), whole.written([], places) as partial:
        Path(partial.table).write_text("12345")
        Path(partial.folder).mkdir()
        (Path(partial.folder) / "matrix").write_text("123")
    logs = [Path("results/logs/step.log")]
    assert whole.find_damaged(logs) == {}
    Path(places.table).write_text("123")
    (Path(places.folder) / "matrix").write_text("")
    assert whole.find_damaged(logs) == {
        "results/a b, c.tsv": "has 3 bytes and was written with 5",
        "results/counts": "has 0 bytes and was written with 3",
    }
    Path(places.table).unlink()
    assert list(whole.find_damaged(logs)) == ["results/counts"]
    assert logging.getLogger("cd20scope").handlers == []


def test_a_result_made_of_a_file_that_was_replaced_before_the_job_ended_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("counts.h5").write_text("old")
    places = outputs(Path("results"), table="t.tsv")
    with (
        logged("results/logs/step.log"),
        whole.written(["counts.h5"], places, sources=["counts.h5"]) as partial,
    ):
        Path(partial.table).write_text("1")
    logs = [Path("results/logs/step.log")]
    assert whole.find_damaged(logs) == {}
    Path("counts.h5").write_text("new")
    # later than the result: Snakemake sees that by itself
    os.utime("counts.h5", (2e9, 2e9))
    assert whole.find_damaged(logs) == {}
    # Snakemake touches a result that is older than its input when the job ends
    os.utime("results/t.tsv", (2e9 + 1, 2e9 + 1))
    assert whole.find_damaged(logs) == {"results/t.tsv": "was made of another counts.h5"}
