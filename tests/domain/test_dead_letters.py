"""A dead letter fits its topic, whatever the record holds, and says what it leaves out."""

from __future__ import annotations

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from domain.dead_letters import ENVELOPE_BYTES, dead_letter, letter_bytes
from domain.events import EventRejected, Message, decode, encode

LARGEST = 200_000


def as_kafka_counts(message: Message) -> int:
    """A record batch of this one record, as the client writes it: what a broker holds against max.message.bytes."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=100_000_000,
    )  # fmt: skip
    assert builder.append(0, 1_700_000_000_000, message.key, message.value, list(message.headers.items())) is not None
    return len(builder.build())


sizes = st.one_of(st.integers(0, 300), st.integers(0, 400_000))
contents = st.builds(lambda piece, size: (piece * (size // len(piece) + 1))[:size], st.binary(min_size=1), sizes)
words = st.builds(
    lambda piece, size: (piece * (size // len(piece) + 1))[:size],
    st.text(st.characters(), min_size=1),  # surrogates too
    sizes,
)
names = st.one_of(st.text(st.characters(), max_size=20), st.binary(max_size=20), words)
headers = st.one_of(
    st.lists(st.tuples(names, st.none() | st.binary(max_size=50)), max_size=30),
    st.lists(st.tuples(st.just("a"), contents), max_size=3),
    st.integers(0, 20_000).map(lambda count: [(f"h{number}", b"") for number in range(count)]),
)


@given(contents, contents, headers, words, st.text("abc.-", min_size=1, max_size=249))
def test_a_letter_always_fits(
    key: bytes, value: bytes, given_headers: list[tuple[str | bytes, bytes | None]], reason: str, topic: str
) -> None:
    letter = dead_letter((topic, 999, 2**62), reason, key, value, given_headers, LARGEST)
    sent = encode(letter)
    assert as_kafka_counts(sent) <= letter_bytes(sent) <= LARGEST
    back = decode(sent.key, sent.value, sent.headers)
    assert isinstance(back, EventRejected)
    assert (back.topic, back.partition, back.offset) == (topic, 999, 2**62)
    if len(value) <= LARGEST - ENVELOPE_BYTES:
        assert back.original.value == value


def test_what_honest_publishers_send_is_kept_whole() -> None:
    headers: list[tuple[str | bytes, bytes | None]] = [("ce_id", b"1"), ("ce_source", b"cam"), ("traceparent", None)]
    letter = dead_letter(("media.video", 2, 5), "because", b"cam", b"x" * 100_000, headers, LARGEST)
    assert letter.reason == "because"
    assert letter.original == Message(b"cam", b"x" * 100_000, {"ce_id": b"1", "ce_source": b"cam", "traceparent": b""})


def test_what_is_left_out_is_counted() -> None:
    headers: list[tuple[str | bytes, bytes | None]] = [(f"h{number:07}", b"v") for number in range(100_000)]
    letter = dead_letter(("media.text", 0, 5), "because", b"k" * 9_000, b"x" * 200_000, headers, LARGEST)
    kept = len(letter.original.headers)
    assert 0 < kept < 100_000
    assert letter.reason == (
        f"because (of its 100000 headers of 900000 bytes, the letter holds {kept}; of its key of 9000 bytes, the "
        "letter holds the first 8192; the letter is without its 200000 bytes, which are more than dead-letters takes)"
    )


def test_a_header_whose_name_is_no_text_is_kept_under_one_that_can_be_sent() -> None:
    headers: list[tuple[str | bytes, bytes | None]] = [(b"\xff\xfe", b"1"), ("\udc80", b"2")]
    sent = encode(dead_letter(("t", 0, 0), "r", b"", b"", headers, LARGEST))
    assert {name: value for name, value in sent.headers.items() if name.startswith("original_")} == {
        r"original_\xff\xfe": b"1", r"original_\udc80": b"2"
    }  # fmt: skip
    assert as_kafka_counts(sent) > 0


def test_a_long_reason_is_cut_between_characters() -> None:
    sent = encode(dead_letter(("t", 0, 0), "é" * 100_000, b"", b"", (), LARGEST))
    assert len(sent.headers["ce_reason"]) <= 8_192
    assert sent.headers["ce_reason"].decode().endswith("é ...")
