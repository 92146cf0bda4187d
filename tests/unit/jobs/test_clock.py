"""The clock can be set."""

import datetime

from cd20scope.jobs import clock


def test_the_time_is_that_of_the_variable(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    assert clock.now() == "2026-01-01T00:00:00+00:00"


def test_without_it_the_time_is_now(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    told = datetime.datetime.fromisoformat(clock.now())
    assert abs(datetime.datetime.now(datetime.UTC) - told) < datetime.timedelta(seconds=60)
