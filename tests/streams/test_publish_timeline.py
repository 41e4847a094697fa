"""Time stamps of any kind give a time line that rises, joins jumps and keeps the streams together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.publish.packets import TICKS_PER_S
from streams.publish.timeline import Timeline

_FRAME = 3600
_STAMP = st.one_of(st.none(), st.integers(-(2**33), 2**33))


def _timeline(zero: int | None = None, max_gap_s: float = 10.0) -> tuple[Timeline, list[str]]:
    jumps: list[str] = []
    return Timeline(zero=zero, max_gap_s=max_gap_s, on_jump=jumps.append), jumps


@given(
    st.lists(st.tuples(st.integers(0, 1), _STAMP, _STAMP, st.integers(0, 10 * TICKS_PER_S))),
    st.one_of(st.none(), st.integers(-(2**33), 2**33)),
)
def test_decoding_times_rise_and_pictures_are_shown_after_they_are_decoded(
    stamps: list[tuple[int, int | None, int | None, int]], zero: int | None
) -> None:
    timeline, _ = _timeline(zero)
    newest: dict[int, int] = {}
    for lane, pts, dts, duration in stamps:
        shown, placed = timeline.place(lane, pts, dts, duration)
        assert shown >= placed
        assert placed > newest.get(lane, placed - 1)
        newest[lane] = placed


@given(st.integers(-(2**33), 2**33))
def test_regular_stamps_are_only_moved(first: int) -> None:
    timeline, jumps = _timeline()
    placed = [timeline.place(0, first + n * _FRAME, first + n * _FRAME, _FRAME) for n in range(20)]
    assert placed == [(n * _FRAME, n * _FRAME) for n in range(20)]
    assert jumps == []


def test_a_wrap_is_joined() -> None:
    timeline, jumps = _timeline()
    raw = [(2**33 - 3 * _FRAME + n * _FRAME) % 2**33 for n in range(6)]
    assert [timeline.place(0, stamp, stamp, _FRAME)[0] for stamp in raw] == [n * _FRAME for n in range(6)]
    assert len(jumps) == 1


def test_both_streams_go_over_a_jump_by_the_same_step() -> None:
    timeline, jumps = _timeline()
    placed: dict[int, list[int]] = {0: [], 1: []}
    for n in range(50):
        for lane, frame, delay in ((0, _FRAME, 0), (1, 1920, 500)):
            raw = n * frame + delay + (0 if n * frame < 90_000 else 7_000_000)
            placed[lane].append(timeline.place(lane, raw, raw, frame)[0])
    assert len(jumps) == 1
    late = {
        lane: [stamp - n * frame for n, stamp in enumerate(placed[lane])] for lane, frame in ((0, _FRAME), (1, 1920))
    }
    assert set(late[0]) == {0}
    assert max(late[1]) - min(late[1]) <= 1000  # the second stream is where the first is, to a few packets


def test_a_live_jump_lands_on_the_clock() -> None:
    timeline, jumps = _timeline()
    timeline.place(0, 0, 0, _FRAME)
    assert timeline.place(0, 10**9, 10**9, _FRAME, now=5 * TICKS_PER_S) == (5 * TICKS_PER_S, 5 * TICKS_PER_S)
    assert len(jumps) == 1


def test_a_pause_is_no_jump() -> None:
    timeline, jumps = _timeline(max_gap_s=3600)
    timeline.place(0, 0, 0, _FRAME)
    assert timeline.place(0, 600 * TICKS_PER_S, 600 * TICKS_PER_S, _FRAME)[0] == 600 * TICKS_PER_S
    assert jumps == []


def test_decoding_times_that_a_container_leaves_out_keep_the_pictures_in_place() -> None:
    timeline, jumps = _timeline(zero=0)
    raw = [(0, None), (14400, None), (7200, 0), (3600, 3600), (10800, 7200)]  # as Matroska with three B pictures
    assert [timeline.place(0, pts, dts, _FRAME)[0] for pts, dts in raw] == [pts for pts, _ in raw]
    assert jumps == []
