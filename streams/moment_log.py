"""The topic of moments read back from its end, without a consumer group: nobody who works on it notices."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from domain.errors import BadEvent
from domain.events import CoverageAdvanced, MomentDescribed, MomentWithdrawn, decode
from domain.log_places import Place
from domain.ports import Logged, MomentFact, ReadBack
from domain.topology import Limits
from streams.intake import checked
from streams.kafka_clients import KafkaSettings, headers_of

_ANSWER_S = 5.0  # a broker that is there answers sooner
_QUIET_S = 2.0  # at the end that it told, or after it: a broker that doesn't say that nothing more comes
_STRETCH = 2000  # records


@dataclass(slots=True)
class _Partition:
    number: int
    first: int  # offset of the oldest record that the broker keeps
    start: int  # what stands there, and all after it, was read
    since_s: float = math.inf  # when the record at `start` was written

    def begins(self) -> bool:
        """Whether nothing stands before what was read."""
        return self.since_s == -math.inf


class KafkaMomentLog:
    """A `MomentLog`. Each reading has a connection of its own; memory holds what the client fetches ahead."""

    def __init__(self, kafka: KafkaSettings, topic: str, limits: Limits, stretch: int = _STRETCH) -> None:
        self._kafka, self._topic, self._limits, self._stretch = kafka, topic, limits, stretch

    def newest_first(self, within_s: float) -> Generator[Logged | ReadBack, None, None]:
        until_s = time.monotonic() + within_s
        reader = Consumer(
            self._kafka.confluent()
            | {"group.id": "nowseen-replay", "enable.auto.commit": False, "enable.auto.offset.store": False,
               "enable.partition.eof": True, "auto.offset.reset": "earliest",
               # A stretch begins where another fetch is under way: that one is not to wait for records for long.
               "fetch.wait.max.ms": 20, "queued.max.messages.kbytes": 16_384}
        )  # fmt: skip
        try:
            parts = self._partitions(reader)
            while not (part := max(parts, key=lambda each: each.since_s)).begins():
                is_whole = yield from self._stretch_of(reader, part, until_s)
                since_s = max(each.since_s for each in parts)
                if not is_whole:
                    if since_s == math.inf:
                        raise ConnectionError(f"topic {self._topic} can't be read within {within_s:.0f} s")
                    return
                yield ReadBack(since_s)
        except KafkaException as error:
            raise self._unreadable(error.args[0].str()) from error
        finally:
            reader.close()

    def _partitions(self, reader: Consumer) -> list[_Partition]:
        listed = reader.list_topics(self._topic, timeout=_ANSWER_S).topics[self._topic].partitions
        if not listed:
            raise self._unreadable("the broker has no such topic")
        parts = []
        for number in sorted(listed):
            first, end = reader.get_watermark_offsets(TopicPartition(self._topic, number), timeout=_ANSWER_S)
            # The broker in memory tells an end that is too low: the first stretch goes on to where nothing more comes.
            parts.append(_Partition(number, first, max(first, end)))
        return parts

    def _stretch_of(self, reader: Consumer, part: _Partition, until_s: float) -> Generator[Logged, None, bool]:
        """The one before what was read of the partition. Gives whether it is whole."""
        start = max(part.first, part.start - self._stretch)
        since_s = None
        for message in self._messages(reader, part, start, until_s):
            if message is None:
                return False
            place = _place(message)
            since_s = place.written_s if since_s is None else since_s
            yield Logged(place, self._fact(message, place.written_s))
        is_first = start <= part.first or since_s is None  # nothing is there any more: it was too old to be kept
        part.start, part.since_s = start, -math.inf if is_first or since_s is None else since_s
        return True

    def _messages(self, reader: Consumer, part: _Partition, start: int, until_s: float) -> Iterator[Message | None]:
        """Those from `start` up to what was read of the partition; when nothing was, up to where nothing more comes,
        which is not before the end that the broker told. None last when time is over."""
        reader.assign([TopicPartition(self._topic, part.number, start)])
        is_latest, end, next_offset = part.since_s == math.inf, part.start, start
        heard_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            if now_s > until_s:
                yield None
                return
            message = reader.poll(0.05)
            if message is None:
                if is_latest and next_offset >= end and now_s - heard_s > _QUIET_S:
                    return
                continue
            heard_s = now_s
            if (error := message.error()) is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    return
                raise self._unreadable(error.str())
            next_offset = (message.offset() or 0) + 1
            if not is_latest and next_offset > end:
                return
            yield message
            if not is_latest and next_offset == end:
                return

    def _fact(self, message: Message, written_s: float) -> MomentFact | None:
        try:
            fact = decode(message.key(), message.value(), headers_of(message))
            fact = checked(fact, (MomentDescribed, MomentWithdrawn, CoverageAdvanced), self._limits, written_s)
        except BadEvent:
            return None
        return fact if isinstance(fact, MomentFact) else None

    def _unreadable(self, why: str) -> ConnectionError:
        return ConnectionError(f"topic {self._topic} can't be read from Kafka at {self._kafka.bootstrap}: {why}")


def _place(message: Message) -> Place:
    return Place(message.partition() or 0, message.offset() or 0, message.timestamp()[1] / 1000)
