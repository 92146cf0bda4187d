import warnings

import pytest

from cd20scope.jobs.logs import logged


def test_what_is_said_goes_into_the_log(tmp_path):
    path = tmp_path / "logs" / "step.log"
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with logged(str(path)) as log:
            log.info("kept %d cells", 7)
            warnings.warn("be careful", stacklevel=1)
    text = path.read_text()
    assert "kept 7 cells" in text
    assert "be careful" in text


def test_an_error_is_shown_short_on_the_terminal_and_whole_in_the_log(tmp_path, capsys):
    path = tmp_path / "step.log"
    with pytest.raises(SystemExit) as stop, logged(str(path)):
        raise ValueError("sheet.tsv, row 3: wrong")
    assert stop.value.code == 1
    assert capsys.readouterr().err.strip() == "sheet.tsv, row 3: wrong"
    assert "Traceback" in path.read_text()


def test_what_is_read_is_said_with_its_size(tmp_path):
    counts, folder = tmp_path / "counts.h5", tmp_path / "matrix"
    counts.write_bytes(b"x" * 2_500_000)
    folder.mkdir()
    (folder / "matrix.mtx").write_bytes(b"x" * 1_000_000)
    with logged(str(tmp_path / "a.log"), read=[str(counts), str(folder)]) as log:
        log.info("3 of 4 cells kept")
    said = [line.split(" ", 2)[2] for line in (tmp_path / "a.log").read_text().splitlines()]
    assert said == [
        f"read {counts}, 2.5 MB",
        f"read {folder}, 1 MB",
        "3 of 4 cells kept",
    ]


def test_many_files_are_counted(tmp_path):
    paths = [tmp_path / f"{number:02d}.parquet" for number in range(20)]
    for path in paths:
        path.write_bytes(b"x" * 100_000)
    with logged(str(tmp_path / "a.log"), read=map(str, paths)):
        pass
    assert f"read 20 files, 2.0 MB: {paths[0]} to {paths[-1]}" in (tmp_path / "a.log").read_text()
