"""From a record to a checked fact, the same for every agent: decode, check the limits, fetch or archive the media."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from faust.types import EventT

from domain.containers import container_of
from domain.errors import BadEvent
from domain.events import ChunkPublished, Event, MomentDescribed, TextPublished, decode
from domain.instants import LAST_S
from domain.log_places import Place
from domain.ports import MediaArchive
from domain.topology import Limits
from streams.record_parsing import Unreadable

F = TypeVar("F", bound=Event, covariant=True)


@dataclass(frozen=True, slots=True)
class Received(Generic[F]):
    """A fact and the record it came in."""

    fact: F
    record: EventT[Any]

    @property
    def published_s(self) -> float:
        return published_s(self.record)


def published_s(record: EventT[Any]) -> float:
    """When the broker got the record (Unix seconds); 0 where that is not known."""
    return written_s(record.message.timestamp)


def written_s(timestamp_s: float | None) -> float:
    """The time of a record as its log has it, or 0: a publisher may write any number there, such as -1."""
    return float(timestamp_s) if timestamp_s is not None and 0 <= timestamp_s <= LAST_S else 0.0


def place_of(record: EventT[Any]) -> Place:
    return Place(record.message.partition, record.message.offset, published_s(record))


def read(record: EventT[Any], wanted: type[F] | tuple[type[F], ...], limits: Limits, now_s: float) -> Received[F]:
    """The fact in a record. Raises BadEvent when it is not a `wanted` one or breaks a limit."""
    return Received(checked(event_of(record), wanted, limits, now_s), record)


def event_of(record: EventT[Any]) -> Event:
    """The event in a record. Raises BadEvent."""
    message = record.message
    if isinstance(message.value, Unreadable):
        raise BadEvent(message.value.reason)
    return decode(message.key, message.value, dict(message.headers or {}))


def checked(fact: Event, wanted: type[F] | tuple[type[F], ...], limits: Limits, now_s: float) -> F:
    """The fact as it is. Raises as `read`."""
    if not isinstance(fact, wanted):
        names = " and ".join(kind.__name__ for kind in (wanted if isinstance(wanted, tuple) else (wanted,)))
        raise BadEvent(f"a {type(fact).__name__} does not belong on this topic; it carries {names}")
    start_s = getattr(fact, "start_s", now_s)
    if start_s > now_s + limits.max_clock_skew_s:
        raise BadEvent(
            f"ce_time is {(start_s - now_s) / 3600:.1f} h in the future; "
            f"at most {limits.max_clock_skew_s / 3600:.1f} h are accepted. Check the publisher's clock"
        )
    match fact:
        case ChunkPublished() if fact.start_s < 0:
            raise BadEvent("ce_time is before 1970: check the publisher's clock")
        case ChunkPublished() if len(fact.media) > limits.max_chunk_bytes:
            raise _too_large(len(fact.media), limits)
        case ChunkPublished() if fact.duration_s > limits.max_chunk_s:
            raise BadEvent(
                f"ce_durationms says {fact.duration_s:.1f} s; a chunk may last {limits.max_chunk_s:.0f} s at most: "
                "publish shorter chunks"
            )
        case TextPublished() if len(fact.text) > limits.max_text_characters:
            raise BadEvent(
                f"the text has {len(fact.text)} characters; at most {limits.max_text_characters}: publish it in parts"
            )
        case MomentDescribed() if not fact.vectors:
            raise BadEvent("the moment has no vector")
    return fact


def with_media(chunk: ChunkPublished, archive: MediaArchive, limits: Limits) -> ChunkPublished:
    """The chunk with its bytes in hand and archived. Blocks. Raises BadEvent, or OSError when the archive can't."""
    container_of(chunk.content_type)
    if chunk.archive_key is None:
        key = archive.put_chunk(
            chunk.source, chunk.kind, chunk.start_s, chunk.duration_s, chunk.content_type, chunk.media
        )
        return dataclasses.replace(chunk, archive_key=key)
    # Asked before it is read: a reference costs its sender nothing and could name a file of any size.
    if (size := archive.size(chunk.archive_key)) > limits.max_chunk_bytes:
        raise _too_large(size, limits)
    media = archive.get(chunk.archive_key)
    if not media:
        raise BadEvent("the chunk in the media archive is empty")
    return dataclasses.replace(chunk, media=media)


def _too_large(size: int, limits: Limits) -> BadEvent:
    return BadEvent(f"the chunk has {size} bytes; at most {limits.max_chunk_bytes}: publish shorter chunks")
