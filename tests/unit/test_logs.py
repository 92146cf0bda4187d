import warnings

import pytest

from cd20scope.logs import logged


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
