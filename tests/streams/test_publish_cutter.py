"""Where streams are cut: at keyframes, in time, losing nothing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.publish.cutter import Cutter, Span
from streams.publish.packets import Coded

_MIN, _MAX = 200, 400


def _cutter(hold: int = _MAX) -> Cutter:
    return Cutter(_MIN, _MAX, hold)


def _coded(number: int, pts: int, *, key: bool = False, duration: int = 10) -> Coded:
    return Coded(str(number).encode(), pts, number, duration, key)


def _run(cutter: Cutter, packets: list[Coded]) -> list[Span]:
    spans = [span for packet in packets if (span := cutter.push(packet)) is not None]
    last = cutter.finish()
    return [*spans, last] if last is not None else spans


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_pieces_begin_with_a_keyframe_and_hold_every_packet_once(keys: list[bool]) -> None:
    keys[0] = True
    packets = [_coded(n, 10 * n, key=key) for n, key in enumerate(keys)]
    spans = _run(_cutter(), packets)
    assert [packet for span in spans for packet in span.packets] == packets
    assert all(span.packets[0].is_key for span in spans)
    assert all(span.end - span.start >= _MIN for span in spans[:-1])
    assert [span.end for span in spans[:-1]] == [span.start for span in spans[1:]]
    assert spans[-1].end == packets[-1].end


@given(st.integers(1, 3), st.integers(20, 40))
def test_leading_pictures_go_before_the_cut_with_a_copy_of_what_they_refer_to(leading: int, group: int) -> None:
    packets: list[Coded] = []
    for number in range(4):
        start = number * group
        packets.append(_coded(len(packets), 10 * (start + leading), key=True))
        packets += [_coded(len(packets) + n, 10 * (start + n)) for n in range(leading)]
        packets += [_coded(len(packets) + n, 10 * (start + n)) for n in range(leading + 1, group)]
    spans = _run(_cutter(), packets)
    assert len(spans) > 1
    for before, after in pairwise(spans):
        copied = before.packets[-leading - 1]
        assert copied == after.packets[0]
        assert copied.pts == before.end
        assert all(packet.pts < before.end for packet in before.packets if packet is not copied)
        assert all(packet.pts >= after.start for packet in after.packets[: group - leading])
    shown = sorted(p.pts for s in spans for p in s.packets if p.pts < s.end)
    # Those before the very first keyframe can be decoded by nobody.
    assert shown == sorted(packet.pts for packet in packets if packet.pts >= packets[0].pts)


def test_what_comes_before_the_first_keyframe_is_left_out() -> None:
    packets = [_coded(0, 0), _coded(1, 10), _coded(2, 20, key=True), _coded(3, 30)]
    (span,) = _run(_cutter(), packets)
    assert span.packets == tuple(packets[2:])


def test_without_a_keyframe_in_time_all_packets_come_back() -> None:
    cutter = _cutter()
    packets = [_coded(n, 10 * n, key=n == 0) for n in range(41)]
    for packet in packets[:-1]:
        cutter.push(packet)
        assert not cutter.overdue
    cutter.push(packets[-1])
    assert cutter.overdue
    assert cutter.take_back() == packets
    assert cutter.finish() is None


def test_a_keyframe_just_after_the_limit_is_still_in_time() -> None:
    cutter = _cutter()
    for n in range(40):
        cutter.push(_coded(n, 10 * n, key=n == 0))
    cutter.push(_coded(40, 404, key=True))
    assert not cutter.overdue


def test_without_any_keyframe_it_is_overdue_too() -> None:
    cutter = _cutter()
    for n in range(41):
        cutter.push(_coded(n, 10 * n))
    assert cutter.overdue


def test_a_picture_is_held_until_the_next_but_not_for_ever() -> None:
    one, two = _coded(0, 0, key=True, duration=0), _coded(1, 300, key=True, duration=0)
    spans = _run(_cutter(), [one, two, _coded(2, 5000, key=True), _coded(3, 5010, key=True)])
    assert [(span.start, span.end) for span in spans] == [(0, 300), (300, 700), (5000, 5020)]


def test_a_hole_in_sound_is_not_covered() -> None:
    packets = [_coded(n, 10 * n + (1000 if n >= 30 else 0), key=True) for n in range(60)]
    spans = _run(_cutter(hold=5), packets)
    assert spans[1].end == 305
    assert spans[2].start == 1300
