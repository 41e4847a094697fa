from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.diversity import diversify
from domain.ports import Labels
from domain.ranking import RankedMoment


def moment(source: str, start_s: float, score: float) -> RankedMoment:
    return RankedMoment(source, start_s, start_s + 1, score, (), "", None, Labels(), "", True)


def same(_: RankedMoment, __: RankedMoment) -> float:
    return 1.0


def test_one_static_camera_does_not_fill_the_page() -> None:
    static = [moment("static", n, 0.9 - n / 1000) for n in range(20)]
    others = [moment(f"cam-{n}", 0, 0.5) for n in range(4)]
    page = diversify([*static, *others], same, 6)
    assert page[0] == static[0]
    assert page[1:5] == others
    assert page[5] == static[1]  # and when there is room, the next of it


def test_what_is_not_alike_keeps_its_place() -> None:
    moments = [moment("a", n, 0.9 - n / 10) for n in range(5)]
    assert diversify(moments, lambda *_: 0.79, 5) == moments


def test_two_cameras_that_see_the_same_are_both_shown() -> None:
    moments = [moment("a", 0, 0.9), moment("b", 0, 0.8), moment("c", 0, 0.5)]
    assert diversify(moments, same, 3) == moments


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), max_size=12), st.integers(0, 12))
def test_nothing_is_lost_and_the_best_comes_first(given: list[tuple[str, float]], limit: int) -> None:
    moments = [moment(source, n, score) for n, (source, score) in enumerate(given)]
    page = diversify(moments, same, limit)
    assert len(page) == min(limit, len(moments))
    assert len(set(map(id, page))) == len(page)
    if page:
        assert page[0].score == max(each.score for each in moments)
    assert sorted(map(id, diversify(moments, same, len(moments)))) == sorted(map(id, moments))
