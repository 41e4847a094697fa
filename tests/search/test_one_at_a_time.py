"""One piece of work at a time, and nobody waits longer than they said."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from search.one_at_a_time import OneAtATime


def later() -> float:
    return time.monotonic() + 60.0


def test_work_that_ends_in_time_gives_all_its_items() -> None:
    job = OneAtATime[int]("test").begin(range(3), later())
    assert job is not None
    outcome = job.outcome(later())
    assert (outcome.state, outcome.items, outcome.error) == ("done", (0, 1, 2), None)


def test_work_that_fails_hands_over_its_error() -> None:
    lane = OneAtATime[float]("test")
    job = lane.begin((1.0 / at for at in (1, 0)), later())
    assert job is not None
    outcome = job.outcome(later())
    assert (outcome.state, outcome.items) == ("failed", (1.0,))
    assert isinstance(outcome.error, ZeroDivisionError)
    assert lane.begin((), later()) is not None


def test_late_work_gives_what_it_has_keeps_others_out_and_is_not_asked_on(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    has_begun, may_go_on, asked_on = Event(), Event(), Event()

    def work() -> Iterator[str]:
        yield "first"
        has_begun.set()
        may_go_on.wait(60)
        yield "second"
        asked_on.set()

    lane = OneAtATime[str]("test")
    job = lane.begin(work(), later())
    assert job is not None
    has_begun.wait(60)
    outcome = job.outcome(time.monotonic())
    assert (outcome.state, outcome.items) == ("late", ("first",))
    assert lane.begin((), later()) is None
    may_go_on.set()
    while (after := lane.begin(("next",), later())) is None:
        time.sleep(0.001)
    assert after.outcome(later()).items == ("next",)
    assert not asked_on.is_set()
    assert caplog.text == ""


def test_what_late_work_fails_of_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    may_go_on = Event()

    def work() -> Iterator[str]:
        may_go_on.wait(60)
        yield Path("/no/such/archive").read_text()

    lane = OneAtATime[str]("test")
    job = lane.begin(work(), later())
    assert job is not None and job.outcome(time.monotonic()).state == "late"
    may_go_on.set()
    while lane.begin((), later()) is None:
        time.sleep(0.001)
    assert "FileNotFoundError" in caplog.text


def test_where_there_is_no_thread_the_work_is_left_and_the_next_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    lane = OneAtATime[int]("test")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none_left)
        assert lane.begin(range(3), later()) is None
    assert lane.begin(range(3), later()) is not None
