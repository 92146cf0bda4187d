"""How far a study is, told from small files as runs leave them."""

import json

import pytest
from half_done_study import TRACEBACK, age, end_job, make_study, write

from cd20scope.status.progress import look


def done(progress):
    return {step.name: (step.done, step.total) for step in progress.steps}


def test_a_complete_study_has_nothing_open(tmp_path):
    progress = look(make_study(tmp_path))
    assert progress.complete
    assert done(progress)["read samples"] == (2, 2)
    assert done(progress)["report"] == (5, 5)
    assert (progress.waiting, progress.failures, progress.open_jobs) == ((), (), ())


def test_a_study_that_was_never_run_has_neither_samples_nor_signs(tmp_path):
    progress = look(tmp_path)
    assert not progress.complete
    assert progress.last_sign is None
    assert done(progress)["read samples"] == (0, 1)


def test_a_failed_sample_is_told_with_its_reason_and_the_others_are_done(tmp_path):
    make_study(tmp_path, steps=2)
    (tmp_path / "results/ingest/P02.h5ad").unlink()
    end_job(tmp_path, "ingest/read_sample/P01")
    end_job(tmp_path, "ingest/read_sample/P02", TRACEBACK, ended=False)
    progress = look(tmp_path)
    (failure,) = progress.failures
    assert (failure.rule, failure.unit) == ("read_sample", "P02")
    assert failure.log == "results/logs/ingest/read_sample/P02.log"
    assert failure.message == (
        "P02: counts/P02.h5: values are no counts (0.69).\nGive the file of the raw counts in the column path."
    )
    assert failure.cure == ""
    assert done(progress)["read samples"] == (1, 2)
    assert progress.open_jobs == ()
    assert progress.waiting == ("P01", "P02")


def test_a_killed_job_is_open_and_an_ended_one_is_not(tmp_path):
    make_study(tmp_path, steps=1)
    end_job(tmp_path, "ingest/read_sample/P01")
    end_job(tmp_path, "ingest/read_sample/P02", "04:20:43 INFO read\n", ended=False)
    assert look(tmp_path).open_jobs == ("results/logs/ingest/read_sample/P02.log",)


def test_a_job_that_runs_again_is_open_though_it_ended_once(tmp_path):
    make_study(tmp_path, steps=1)
    end_job(tmp_path, "ingest/read_sample/P01")
    age(tmp_path, 60)
    end_job(tmp_path, "ingest/read_sample/P01", "again\n", ended=False)
    assert look(tmp_path).open_jobs == ("results/logs/ingest/read_sample/P01.log",)


def test_an_unfinished_file_is_a_sign_of_life(tmp_path):
    make_study(tmp_path, steps=1)
    end_job(tmp_path, "preflight/look_at_files")
    age(tmp_path, 5000)
    before = look(tmp_path).last_sign
    write(tmp_path / "results/ingest/.partial-P01.h5ad-x/P01.h5ad", "")
    assert look(tmp_path).last_sign > before + 4000


def test_samples_are_those_of_the_last_plan(tmp_path):
    make_study(tmp_path)
    plans = [{"count files > P01": []}, {"count files > P01": [], "count files > P03": [], "code": "x"}]
    write(tmp_path / "results/made_with.json", json.dumps(plans))
    progress = look(tmp_path)
    assert progress.samples == ("P01", "P03")
    assert progress.waiting == ("P03",)


def test_a_damaged_record_is_an_error_that_says_what_to_do(tmp_path):
    write(tmp_path / "results/made_with.json", "{")
    with pytest.raises(ValueError, match="Remove it together with the folder"):
        look(tmp_path)


def test_a_job_that_ended_is_no_failure_whatever_its_log_holds(tmp_path):
    make_study(tmp_path, steps=1)
    end_job(tmp_path, "preflight/look_at_files", TRACEBACK, ended=True)
    end_job(tmp_path, "ingest/read_sample/P02", TRACEBACK, ended=False)
    assert [failure.rule for failure in look(tmp_path).failures] == ["read_sample"]
