"""The topic of moments read back from its end, without a consumer group: nobody who works on it notices."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from domain.errors import BadEvent
from domain.events import CoverageAdvanced, MomentDescribed, MomentWithdrawn, decode
from domain.log_places import Place
from domain.ports import Logged, MomentFact, ReadBack
from domain.topology import Limits
from streams.intake import checked, written_s
from streams.kafka_clients import KafkaSettings
from streams.record_parsing import Unreadable
from streams.topic_reader import TopicReader, TopicRecord

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
        with TopicReader(self._kafka, self._topic) as reader:
            # The broker in memory tells an end that is too low: the first stretch goes on to the end of its batch.
            parts = [_Partition(number, first, end) for number, (first, end) in sorted(reader.ends().items())]
            while not (part := max(parts, key=lambda each: each.since_s)).begins():
                try:
                    yield from self._stretch_of(reader, part, until_s)
                except TimeoutError:
                    if max(each.since_s for each in parts) == math.inf:
                        raise ConnectionError(f"topic {self._topic} can't be read within {within_s:.0f} s") from None
                    return
                yield ReadBack(max(each.since_s for each in parts))

    def _stretch_of(self, reader: TopicReader, part: _Partition, until_s: float) -> Iterator[Logged]:
        """The one before what was read of the partition. Raises TimeoutError."""
        is_latest, end = part.since_s == math.inf, part.start
        start = max(part.first, end - self._stretch)
        since_s = None
        for record in reader.read(part.number, start, end, until_s):
            if record.offset >= end and not is_latest:
                break
            place = Place(part.number, record.offset, written_s(record.timestamp / 1000))
            since_s = place.written_s if since_s is None else since_s
            yield Logged(place, self._fact(record, place.written_s))
        is_first = start <= part.first or since_s is None  # nothing is there any more: it was too old to be kept
        part.start, part.since_s = start, -math.inf if is_first or since_s is None else since_s

    def _fact(self, record: TopicRecord, written_s: float) -> MomentFact | None:
        if isinstance(record.value, Unreadable):
            return None
        try:
            fact = decode(record.key, record.value, dict(record.headers))
            fact = checked(
                fact, (MomentDescribed, MomentWithdrawn, CoverageAdvanced), self._limits, written_s or time.time()
            )
        except BadEvent:
            return None
        return fact if isinstance(fact, MomentFact) else None
