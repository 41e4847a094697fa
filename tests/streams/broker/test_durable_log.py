"""The default broker's log on the disk."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import ConfigError
from domain.topology import Topology
from streams.broker import durable_log
from streams.broker.durable_log import DurableLog
from streams.broker.partitions import Committed, Partition
from streams.broker.record_batches import Batch, batches_at, records_of
from tests.streams.broker.test_record_batches import built

MEDIA, RULES = Partition("media.text", 2), Partition("rules", 0)
NOW_S, DAY_S = 2_000_000_000.0, 86_400.0


@pytest.fixture
def log(tmp_path: Path, topology: Topology) -> Iterator[DurableLog]:
    with closing(DurableLog(tmp_path / "log.sqlite", topology.topics)) as log:
        yield log


def batch(offset: int, key: bytes = b"k", value: bytes | None = b"v") -> Batch:
    [one] = batches_at(offset, built([(key, value)]))
    return one


def offsets(log: DurableLog, partition: Partition) -> list[int]:
    return [each.first_offset for each in all_of(log, partition)]


def all_of(log: DurableLog, partition: Partition) -> list[Batch]:
    return [batch for batches in log.batches(partition) for batch in batches]


def test_what_was_written_is_there_in_the_next_process_though_this_one_was_killed(
    tmp_path: Path, topology: Topology
) -> None:
    code = (
        "import os, signal; from pathlib import Path; from domain.topology import parse_topology\n"
        "from tests.streams.broker.test_durable_log import *\n"
        "topics = parse_topology(Path('topology.yaml').read_text()).topics\n"
        f"log = DurableLog(Path({str(tmp_path / 'log.sqlite')!r}), topics)\n"
        "log.append([(MEDIA, batch(0)), (MEDIA, batch(1)), (RULES, batch(0))], NOW_S)\n"
        "log.commit([Committed('g', MEDIA, 1)], NOW_S)\n"
        "log.append([(MEDIA, batch(2))], NOW_S); log.take_back(MEDIA, 2)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, env={**os.environ, "PYTHONPATH": "."})
    assert done.returncode == -signal.SIGKILL
    with closing(DurableLog(tmp_path / "log.sqlite", topology.topics)) as log:
        assert all_of(log, MEDIA) == [batch(0), batch(1)]
        assert log.ends() == {MEDIA: 2, RULES: 1}
        assert log.committed() == [Committed("g", MEDIA, 1)]


def test_the_disk_has_every_commit_before_the_call_returns(log: DurableLog) -> None:
    """FULL: SQLite waits for the disk at every commit (https://www.sqlite.org/pragma.html#pragma_synchronous)."""
    with log._writing() as database:
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_a_copy_made_right_after_a_call_has_it(log: DurableLog, tmp_path: Path, topology: Topology) -> None:
    """A machine that is switched off keeps the files as they were then, and nobody closes them."""
    log.append([(RULES, batch(0))], NOW_S)
    shutil.copytree(tmp_path, tmp_path / "after")
    with closing(DurableLog(tmp_path / "after" / "log.sqlite", topology.topics)) as again:
        assert all_of(again, RULES) == [batch(0)]


def test_only_this_user_may_read_it(log: DurableLog, tmp_path: Path) -> None:
    log.append([(RULES, batch(0))], NOW_S)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_what_all_groups_have_read_goes_when_there_is_much_of_it(
    log: DurableLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable_log, "READ_BYTES", 10 * len(batch(0).data))
    log.append([(MEDIA, batch(n)) for n in range(40)], NOW_S)
    log.tidy(NOW_S)
    assert offsets(log, MEDIA) == list(range(40))  # nobody has read anything
    log.commit([Committed("fast", MEDIA, 40), Committed("slow", MEDIA, 30)], NOW_S)
    log.tidy(NOW_S)
    assert offsets(log, MEDIA) == list(range(23, 40))  # ten unread, and of the others a quarter less than there may be
    assert log.ends()[MEDIA] == 40


def test_what_nobody_reads_is_bounded_and_said(
    log: DurableLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(durable_log, "MOST_BYTES", 20 * len(batch(0).data))
    log.append([(MEDIA, batch(n)) for n in range(40)], NOW_S)
    with caplog.at_level(logging.WARNING):
        log.tidy(NOW_S)
    assert offsets(log, MEDIA) == list(range(25, 40))
    assert "media.text[2]" in caplog.text


def test_nothing_outlives_its_retention(log: DurableLog, topology: Topology) -> None:
    log.append([(MEDIA, batch(0)), (RULES, batch(0))], NOW_S)
    hours = topology.topics["media.text"].retention_hours
    assert hours is not None
    log.tidy(NOW_S * 2)
    assert offsets(log, MEDIA) == []
    assert log.ends()[MEDIA] == 1
    assert offsets(log, RULES) == [0]


def test_many_small_batches_are_bounded_too(log: DurableLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable_log, "READ_BATCHES", 8)
    log.append([(MEDIA, batch(n)) for n in range(40)], NOW_S)
    log.commit([Committed("g", MEDIA, 30)], NOW_S)
    log.tidy(NOW_S)
    assert offsets(log, MEDIA) == list(range(24, 40))


def test_a_group_that_is_gone_holds_nothing_back(log: DurableLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable_log, "READ_BATCHES", 8)
    log.append([(MEDIA, batch(n)) for n in range(40)], NOW_S)
    log.commit([Committed("gone", MEDIA, 0)], NOW_S)
    log.commit([Committed("here", MEDIA, 40)], NOW_S + 3 * DAY_S)
    log.tidy(NOW_S + 6 * DAY_S)
    assert len(offsets(log, MEDIA)) == 40
    log.append([(MEDIA, batch(n)) for n in range(40, 44)], NOW_S + 7 * DAY_S)
    log.tidy(NOW_S + 7 * DAY_S + 1)
    assert offsets(log, MEDIA) == list(range(40, 44))  # the others are a week old besides


def keys(log: DurableLog) -> dict[int, tuple[bytes, bytes | None]]:
    return {each.offset: (each.key, each.value) for one in all_of(log, RULES) for each in records_of(one)}


def test_a_compacted_topic_keeps_the_newest_of_each_key_and_no_more(log: DurableLog) -> None:
    log.append([(RULES, batch(n, b"abc"[n % 3 : n % 3 + 1], b"%d" % n)) for n in range(30)], NOW_S)
    log.append([(RULES, batch(30, b"c", None))], NOW_S)
    log.tidy(NOW_S)
    assert keys(log) == {27: (b"a", b"27"), 28: (b"b", b"28"), 30: (b"c", None)}
    assert log.ends()[RULES] == 31
    log.append([(RULES, batch(31, b"a", b"new"))], NOW_S)
    log.tidy(NOW_S + 1)  # not again at once
    assert 27 in keys(log)
    log.tidy(NOW_S + 61)
    assert keys(log) == {28: (b"b", b"28"), 30: (b"c", None), 31: (b"a", b"new")}
    log.tidy(NOW_S + DAY_S + 61)  # the tombstone goes after a day, though nothing else came
    assert keys(log) == {28: (b"b", b"28"), 31: (b"a", b"new")}


def test_of_a_batch_only_what_holds_stays(log: DurableLog, tmp_path: Path, topology: Topology) -> None:
    """A removed rule must not come back, and a removed voice must not stay, because another rule came with it."""
    log.append([(RULES, one) for one in batches_at(0, built([(b"a", b"a secret voice"), (b"b", b"stays")]))], NOW_S)
    log.append([(RULES, batch(2, b"a", None))], NOW_S)
    log.tidy(NOW_S)
    assert keys(log) == {1: (b"b", b"stays"), 2: (b"a", None)}
    assert b"a secret voice" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    log.tidy(NOW_S + 2 * DAY_S)
    assert keys(log) == {1: (b"b", b"stays")}


def test_what_can_not_be_taken_apart_is_kept_for_a_day(log: DurableLog) -> None:
    [garbage] = batches_at(0, bytes([*built([(b"k", b"v")])[:-4], 0, 0, 0, 0]))
    log.append([(RULES, garbage), (RULES, batch(1))], NOW_S)
    log.tidy(NOW_S)
    assert offsets(log, RULES) == [0, 1]
    log.append([(RULES, batch(2))], NOW_S)
    log.tidy(NOW_S + 2 * DAY_S)
    assert offsets(log, RULES) == [2]


def test_a_topic_that_is_deleted_is_gone(log: DurableLog) -> None:
    log.append([(MEDIA, batch(0)), (RULES, batch(0))], NOW_S)
    log.commit([Committed("g", RULES, 1)], NOW_S)
    log.forget(["rules"])
    assert (log.ends(), log.committed(), offsets(log, RULES)) == ({MEDIA: 1}, [], [])


def test_what_is_appended_takes_the_place_of_what_stood_there_and_behind(log: DurableLog) -> None:
    log.append([(MEDIA, batch(n)) for n in range(5)], NOW_S)
    log.append([(MEDIA, batch(2, value=b"new"))], NOW_S)
    assert [records_of(one)[0].value for one in all_of(log, MEDIA)] == [b"v", b"v", b"new"]
    assert log.ends()[MEDIA] == 3


def test_topics_that_are_not_in_the_topology_any_more_are_not_put_back(
    log: DurableLog, tmp_path: Path, topology: Topology
) -> None:
    log.append([(MEDIA, batch(0)), (RULES, batch(0))], NOW_S)
    log.commit([Committed("g", MEDIA, 1), Committed("g", RULES, 1)], NOW_S)
    log.close()
    with closing(DurableLog(tmp_path / "log.sqlite", {"rules": topology.topics["rules"]})) as less:
        assert less.ends() == {RULES: 1}
        assert less.committed() == [Committed("g", RULES, 1)]
        less.tidy(NOW_S)


def _as_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


def _as_a_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(b"no database at all, but long enough to be looked at" * 100), "is damaged"),
        (_as_another_version, "another version of Nowseen"),
        (_as_a_folder, "can't be used"),
    ],
)
def test_a_file_that_can_not_be_used_is_named(
    tmp_path: Path, topology: Topology, damage: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "log.sqlite"
    damage(path)
    with pytest.raises(ConfigError, match=message) as caught:
        DurableLog(path, topology.topics)
    assert str(path) in str(caught.value)


def test_two_brokers_can_not_share_it(log: DurableLog, tmp_path: Path, topology: Topology) -> None:
    with pytest.raises(ConfigError, match="in use"):
        DurableLog(tmp_path / "log.sqlite", topology.topics)
