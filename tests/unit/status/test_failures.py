"""Reasons of failed jobs, as logs of Python and R hold them, and what to do."""

import pytest
from half_done_study import TRACEBACK

from cd20scope.status.failures import LONGEST, UNKNOWN, read_failure


@pytest.fixture
def read(tmp_path):
    def failure_of(text, name="ingest/read_sample/P01"):
        log = tmp_path / f"results/logs/{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(text)
        return read_failure(log, tmp_path)

    return failure_of


def traceback(error):
    return f'Traceback (most recent call last):\n  File "x.py", line 1, in f\n    f()\n{error}\n'


@pytest.mark.parametrize("text", ["", "04:20:43 INFO 500 cells\n", "04:20:43 WARNING Error of 3 cells\n"])
def test_a_log_without_an_error_is_no_failure(read, text):
    assert read(text) is None


def test_an_error_after_which_the_job_wrote_on_is_no_failure(read):
    caught = traceback("OSError: truncated file") + "13:53:21 INFO D4_week2: 613 cells\n"
    assert read(caught) is None
    assert read(caught + TRACEBACK).message.startswith("P02: counts/P02.h5: values are no counts")


def test_the_last_of_several_tracebacks_counts(read):
    chained = traceback("KeyError: 'x'") + "\nThe above exception ...\n\n" + TRACEBACK
    assert read(chained).message.startswith("P02: counts/P02.h5: values are no counts")


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        ("OSError: [Errno 28] No space left on device", "Make room on the disk"),
        ("OSError: Can't write data (file write failed: errno = 27, error message = 'x')", "Make room"),
        (
            "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 9 GiB",
            "--set-resources read_sample:mem_mb",
        ),
        ("PermissionError: [Errno 13] Permission denied: 'x'", "right to read or write"),
        ("ModuleNotFoundError: No module named 'scanpy'", "make .venv/installed"),
        ("KeyError: 'gene'", UNKNOWN),
    ],
)
def test_errors_of_the_machine_have_a_cure_and_others_ask_for_a_report(read, error, cure):
    failure = read(traceback(error))
    assert cure in failure.cure
    assert failure.message == error


def test_a_rule_of_the_whole_study_has_no_unit(read):
    failure = read(TRACEBACK, "verdict/judge_hypotheses")
    assert (failure.rule, failure.unit) == ("judge_hypotheses", "")


def test_the_reason_of_a_script_of_r_is_found(read):
    failure = read("Loading\nError: my.rds: is a list. Give a Seurat object.\nExecution halted\n")
    assert failure.message == "my.rds: is a list. Give a Seurat object."
    assert failure.cure == ""


def test_a_message_without_end_is_cut(read):
    assert len(read(traceback("ValueError: " + "x" * 9000)).message) < LONGEST + 10
