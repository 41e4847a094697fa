"""What the supervisor tells of its parts, and what the search node makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from nowseen.group_watch import GroupWatch
from nowseen.part_states import PartStates, part_faults


@dataclass
class Clock:
    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def states(tmp_path: Path, clock: Clock) -> PartStates:
    return PartStates(tmp_path / "parts.json", clock)


def faults(states: PartStates, clock: Clock) -> dict[str, str]:
    """Of the parts that have one."""
    return {name: fault for name, fault in part_faults(states.path, clock.now_s, "node").items() if fault is not None}


def crash(states: PartStates, line: str = "MemoryError") -> None:
    states.ended("worker", "ended with exit code 1", line, 4.0)


def test_a_part_starts_runs_ends_and_starts_again(states: PartStates, clock: Clock) -> None:
    states.started("worker", Path("/logs/worker.log"))
    assert "is starting" in faults(states, clock)["worker"]
    states.is_ready("worker")
    assert faults(states, clock) == {}
    crash(states)
    clock.now_s += 1.0
    assert faults(states, clock)["worker"] == (
        "is not running; it starts again in 3 s. Last it ended with exit code 1: MemoryError. Its log: /logs/worker.log"
    )
    states.started("worker", Path("/logs/worker.log"))
    assert "is starting again" in faults(states, clock)["worker"]
    states.is_ready("worker")
    assert faults(states, clock) == {}  # once is no loop


def test_a_part_that_is_up_again_and_again_is_not_well_until_it_stayed_up(states: PartStates, clock: Clock) -> None:
    states.started("worker", Path("/logs/worker.log"))
    for _ in range(3):
        states.is_ready("worker")
        crash(states)
        clock.now_s += 30.0
        states.started("worker", Path("/logs/worker.log"))
    states.is_ready("worker")
    assert "was restarted 3 times in the last 10 minutes" in faults(states, clock)["worker"]
    clock.now_s += 600.0
    assert faults(states, clock) == {}


def test_a_part_that_was_stopped_on_purpose_did_not_crash(states: PartStates, clock: Clock) -> None:
    states.started("worker", Path("/logs/worker.log"))
    for _ in range(4):
        states.is_ready("worker")
        states.started("worker", Path("/logs/worker.log"))
    states.is_ready("worker")
    assert faults(states, clock) == {}


def test_the_part_that_asks_runs(states: PartStates, clock: Clock) -> None:
    states.started("node", Path("/logs/node.log"))
    assert faults(states, clock) == {}


def test_no_secret_is_told_and_no_page_of_text(states: PartStates, clock: Clock) -> None:
    states.started("worker", Path("/logs/worker.log"))
    crash(states, "rtsp://me:hidden@camera/1 password=hidden " + "x" * 5000)
    assert "hidden" not in states.path.read_text()
    assert len(faults(states, clock)["worker"]) < 600


def test_a_file_that_cant_be_written_stops_nobody_and_one_that_is_damaged_is_no_answer(
    tmp_path: Path, clock: Clock
) -> None:
    states = PartStates(tmp_path / "none" / "parts.json", clock)
    states.started("worker", tmp_path)
    with pytest.raises(OSError, match="No such file"):
        faults(states, clock)
    damaged = PartStates(tmp_path / "parts.json", clock)
    damaged.path.write_text('{"worker": {"unheard": 1}}')
    with pytest.raises(TypeError):
        faults(damaged, clock)


def push(watch: GroupWatch, now_s: float, *members: str) -> str | None:
    watch.push(frozenset(members), now_s)
    return watch.fault(now_s)


def test_nobody_at_work_and_silence_are_told() -> None:
    watch = GroupWatch()
    assert "not known" in (watch.fault(0.0) or "")
    assert "none is at work" in (push(watch, 1.0) or "")
    assert push(watch, 2.0, "a") is None
    assert "not known" in (watch.fault(60.0) or "")


def test_workers_that_come_and_go_are_told() -> None:
    watch = GroupWatch()
    said = None
    for number, name in enumerate(("a", "b", "c")):
        push(watch, number * 20.0)
        said = push(watch, number * 20.0 + 10.0, name)
    assert "2 ended in the last 10 minutes" in (said or "")
    assert push(watch, 120.0, "c") is None  # it stayed


def test_workers_that_are_replaced_one_by_one_are_well() -> None:
    watch = GroupWatch()
    assert push(watch, 0.0, "a", "b", "c") is None
    assert push(watch, 100.0, "a2", "b", "c") is None
    assert push(watch, 110.0, "a2", "b2", "c") is None
    assert push(watch, 200.0, "a2", "b2", "c2") is None
