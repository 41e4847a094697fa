"""What is said of a stage that is stuck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadEvent
from domain.stuck_stages import StuckStage, read_stuck, write_stuck

STUCK = StuckStage(
    "describe_scenes", "sending to moments", 1000.0, 1075.0, "media.video", 2, 41, "lobby", "OSError: no answer"
)


def test_a_sentence_names_the_record_the_work_and_the_error() -> None:
    assert STUCK.sentence() == (
        "describe_scenes has been stuck for 75 s, at media.video[2]@41 of source lobby, sending to moments: "
        "OSError: no answer"
    )
    silent = StuckStage("store_moments", "flushing the store", 0.0, 300.0)
    assert silent.sentence() == "store_moments has been stuck for 300 s, flushing the store, without an answer"


times = st.floats(0, 1e10)
numbers = st.none() | st.integers(0, 2**62)


@given(
    st.builds(
        StuckStage, st.text(), st.text(), times, times, st.none() | st.text(), numbers, numbers, st.none() | st.text(),
        st.text(max_size=500),
    )
)  # fmt: skip
def test_what_is_written_is_read(stuck: StuckStage) -> None:
    assert read_stuck(write_stuck(stuck)) == stuck


@pytest.mark.parametrize(
    "value", [b"", b"{}", b"[]", b"null", b'{"stage": "s", "doing": "d", "since_s": "x"}', b"\xff"]
)
def test_what_somebody_else_wrote_is_told(value: bytes) -> None:
    with pytest.raises(BadEvent, match="not what a stage says"):
        read_stuck(value)
