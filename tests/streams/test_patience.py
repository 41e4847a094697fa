"""What is retried, what is not, and who hears of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

import pytest
from aiokafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError
from confluent_kafka import KafkaError, KafkaException

from domain.errors import BadEvent
from streams.at_work import STUCK_S, begin_batch, doing, stuck_stages
from streams.patience import LONGEST_PAUSE_S, on_records, one_by_one, patiently


class TorchLikeOutOfMemoryError(RuntimeError):
    pass


TorchLikeOutOfMemoryError.__name__ = "OutOfMemoryError"


@pytest.mark.parametrize(
    "error",
    [MemoryError(), TorchLikeOutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: not enough")],
)
async def test_work_on_records_without_memory_is_the_records_fault(error: Exception) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise error

    with pytest.raises(BadEvent, match="not enough memory for describing scenes: send less"):
        await on_records("describing scenes", work)
    assert tries == [1]


async def test_one_that_fails_costs_itself_and_not_its_batch() -> None:
    async def work(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise BadEvent("no memory")
        return list(items)

    done = await one_by_one(work, [1, 2, 3, 4])
    assert [(list(items), str(outcome)) for items, outcome in done] == [
        ([1], "[1]"), ([2], "[2]"), ([3], "no memory"), ([4], "[4]")
    ]  # fmt: skip
    assert await one_by_one(work, [1, 2]) == [([1, 2], [1, 2])]
    assert await one_by_one(work, []) == [([], [])]


def _wrapped(error: Exception) -> Exception:
    """As Faust's producer wraps those of its client."""
    try:
        raise RuntimeError("Error while sending") from error
    except RuntimeError as wrapped:
        return wrapped


@pytest.mark.parametrize(
    "error",
    [
        _wrapped(TopicAuthorizationFailedError("moments")),
        KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)),
    ],
)
async def test_what_only_the_operator_can_mend_is_told_once_and_goes_on_when_it_is_mended(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []
    stuck = []

    async def attempt() -> str:
        tries.append(1)
        if len(tries) < 5:
            raise error
        return "sent"

    async def pause(_: float) -> None:
        stuck.extend(stuck_stages(time.time()))

    begin_batch("describe_scenes", [])
    with caplog.at_level(logging.DEBUG):
        assert await patiently("sending to moments", attempt, pause) == "sent"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "sending to moments is stuck until somebody helps: the broker does not allow it" in caplog.text
    assert "kafka-acls.sh" in caplog.text
    assert len(stuck) == 4  # shown at once, not after a minute
    assert stuck[0].stage == "describe_scenes"
    assert stuck_stages(1e12) == []


async def test_a_topic_that_is_missing_is_waited_for_and_then_told(caplog: pytest.LogCaptureFixture) -> None:
    waited: list[float] = []

    async def attempt() -> None:
        if sum(waited) < 3 * STUCK_S:
            raise _wrapped(UnknownTopicOrPartitionError())

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    await patiently("sending to moments", attempt, pause)
    assert max(waited) <= 1.2 * LONGEST_PAUSE_S
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    assert caplog.records[0].levelname == "WARNING"
    assert "the broker has no such topic: start Nowseen's node or worker again" in caplog.text


async def test_a_stage_that_waits_says_for_what() -> None:
    async def agent(stage: str) -> None:
        begin_batch(stage, [])
        with doing("flushing the store") as now:
            assert stuck_stages(now.since_s + STUCK_S - 1) == []
            assert [each.stage for each in stuck_stages(now.since_s + STUCK_S)] == [stage]
            now.error = "OSError: disk full"
            [stuck] = stuck_stages(now.since_s + STUCK_S)
            assert (stuck.doing, stuck.error, stuck.topic) == ("flushing the store", "OSError: disk full", None)

    await asyncio.create_task(agent("store_moments"))
    assert stuck_stages(1e12) == []
