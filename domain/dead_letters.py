"""Dead letters that always fit their topic: what can be large is cut, and the letter says what is missing.

A letter holds the record's value whole where there is room. Key, headers and reason have room of their own, far more
than an honest publisher needs.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.events import EventRejected, Message

ENVELOPE_BYTES = 65_536  # for all but the value
_KEY_BYTES = 8_192
_REASON_BYTES = 8_192
_HEADERS_BYTES = 40_960
_PREFIX_BYTES = len("original_")
_HEADER_FRAME = 10  # lengths of name and value, as Kafka writes them, at most
_BATCH_FRAME = 256  # of a batch of one record, and its length fields

Headers = Iterable[tuple[str | bytes, bytes | None]]


def dead_letter(
    place: tuple[str, int, int], reason: str, key: bytes, value: bytes, headers: Headers, largest: int
) -> EventRejected:
    """The letter for the record at (topic, partition, offset). As Kafka writes it, it has at most `largest` bytes.

    Kafka's topic names have 249 characters at most; `largest` is more than ENVELOPE_BYTES.
    """
    notes = []
    kept, count, size = _fitting(headers)
    if len(kept) < count:
        notes.append(f"of its {count} headers of {size} bytes, the letter holds {len(kept)}")
    if len(key) > _KEY_BYTES:
        notes.append(f"of its key of {len(key)} bytes, the letter holds the first {_KEY_BYTES}")
    if len(value) > largest - ENVELOPE_BYTES:
        notes.append(f"the letter is without its {len(value)} bytes, which are more than dead-letters takes")
        value = b""
    said = f" ({'; '.join(notes)})" if notes else ""
    reason = _cut(reason, _REASON_BYTES - len(said.encode())) + said
    return EventRejected(*place, reason, Message(key[:_KEY_BYTES], value, kept))


def letter_bytes(message: Message) -> int:
    """What a record takes at most in a topic, as Kafka counts it: in a batch of its own."""
    headers = sum(len(name.encode()) + len(content) + _HEADER_FRAME for name, content in message.headers.items())
    return _BATCH_FRAME + len(message.key) + len(message.value) + headers


def _fitting(headers: Headers) -> tuple[dict[str, bytes], int, int]:
    """Those there is room for, of how many, and how many bytes all have. The last of a name counts, as for readers."""
    by_name: dict[str, bytes] = {}
    count = size = 0
    for raw, content in headers:
        name = raw.decode(errors="backslashreplace") if isinstance(raw, bytes) else raw
        count, size = count + 1, size + len(name) + len(content or b"")
        # Names come from strangers: half of a surrogate pair could not be sent.
        by_name[name.encode(errors="backslashreplace").decode()] = content or b""
    kept: dict[str, bytes] = {}
    room = _HEADERS_BYTES
    for name, content in by_name.items():
        needed = len(name.encode()) + _PREFIX_BYTES + len(content) + _HEADER_FRAME
        if needed <= room:
            kept[name] = content
            room -= needed
    return kept, len(by_name) if len(kept) == len(by_name) else count, size


def _cut(text: str, most: int) -> str:
    data = text.encode(errors="replace")
    return text if len(data) <= most else data[: most - 4].decode(errors="ignore") + " ..."
