from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.diversity import diversify
from domain.events import Vector
from domain.ports import Labels
from domain.ranking import Evidence, RankedMoment, ranked_moment

SAME: Vector = (1.0, 0.0)


def moment(source: str, start_s: float, score: float) -> RankedMoment:
    id = f"{source}-{start_s}"
    evidence = Evidence(id, "scene", "picture", score, 0.3, start_s, start_s + 1, "", (), "e", None, source, Labels())
    return ranked_moment(source, start_s, start_s + 1, [evidence], score)


def all_the_same(moments: list[RankedMoment]) -> dict[str, Vector]:
    return {each.evidence[0].moment_id: SAME for each in moments}


def test_one_static_camera_does_not_fill_the_page() -> None:
    static = [moment("static", n, 0.9 - n / 1000) for n in range(20)]
    others = [moment(f"cam-{n}", 0, 0.5) for n in range(4)]
    page = diversify([*static, *others], all_the_same([*static, *others]), 6)
    assert page[0] == static[0]
    assert page[1:5] == others
    assert page[5] == static[1]  # and when there is room, the next of it


def test_what_is_not_alike_keeps_its_place() -> None:
    moments = [moment("a", n, 0.9 - n / 10) for n in range(2)]
    apart: dict[str, Vector] = {"a-0": (1.0, 0.0), "a-1": (0.79, 0.613)}
    assert diversify(moments, apart, 5) == moments
    assert diversify(moments, {}, 5) == moments  # nor does what has no vector


def test_two_cameras_that_see_the_same_are_both_shown() -> None:
    moments = [moment("a", 0, 0.9), moment("b", 0, 0.8), moment("c", 0, 0.5)]
    assert diversify(moments, all_the_same(moments), 3) == moments


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), max_size=12), st.integers(0, 12))
def test_nothing_is_lost_and_the_best_comes_first(given: list[tuple[str, float]], limit: int) -> None:
    moments = [moment(source, n, score) for n, (source, score) in enumerate(given)]
    page = diversify(moments, all_the_same(moments), limit)
    assert len(page) == min(limit, len(moments))
    assert len(set(map(id, page))) == len(page)
    if page:
        assert page[0].score == max(each.score for each in moments)
    assert sorted(map(id, diversify(moments, all_the_same(moments), len(moments)))) == sorted(map(id, moments))
