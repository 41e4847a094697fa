from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.joining import join
from domain.ranking import Evidence


def evidence(id: str, start_s: float, end_s: float, score: float = 0.8, source: str = "cam") -> Evidence:
    return Evidence(id, "scene", "picture", score, 0.3, start_s, end_s, "", (), "concept", None, source)


def test_only_the_time_both_share_is_found() -> None:
    [moment] = join([[evidence("a", 0, 10)], [evidence("b", 4, 20, 0.5)]])
    assert (moment.start_s, moment.end_s, moment.score) == (4, 10, 0.5)
    assert {each.moment_id for each in moment.evidence} == {"a", "b"}


def test_what_touches_or_happens_elsewhere_is_not_meanwhile() -> None:
    assert join([[evidence("a", 0, 4)], [evidence("b", 4, 8)]]) == []
    assert join([[evidence("a", 0, 4)], [evidence("b", 0, 4, source="other")]]) == []
    assert join([[evidence("a", 0, 4)], []]) == []


def test_a_long_stretch_beside_short_ones_is_shown_once() -> None:
    speech = [evidence("long", 0, 20)]
    scenes = [evidence(f"s{n}", n, n + 1) for n in range(0, 20, 2)]
    [moment] = join([speech, scenes])
    ids = [each.moment_id for each in moment.evidence]
    assert sorted(ids) == sorted({"long", *(f"s{n}" for n in range(0, 20, 2))})


def test_three_must_all_be_there() -> None:
    halves = [[evidence("a", 0, 10)], [evidence("b", 2, 6)], [evidence("c", 5, 9)]]
    [moment] = join(halves)
    assert (moment.start_s, moment.end_s) == (5, 6)
    assert join([*halves[:2], [evidence("c", 7, 9)]]) == []


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8), st.sampled_from("xy")), max_size=8)


@given(SPANS, SPANS)
def test_every_moment_lies_where_both_halves_are(
    one: list[tuple[int, int, str]], two: list[tuple[int, int, str]]
) -> None:
    halves = [
        [evidence(f"{name}{i}", start, start + length, source=source) for i, (start, length, source) in enumerate(half)]
        for name, half in (("a", one), ("b", two))
    ]
    moments = join(halves)
    shared = [
        (a, b)
        for a in halves[0]
        for b in halves[1]
        if a.source == b.source and a.start_s < b.end_s and b.start_s < a.end_s
    ]
    assert bool(moments) == bool(shared)
    for a, b in shared:
        start_s = max(a.start_s, b.start_s)
        assert any(m.source == a.source and m.start_s <= start_s <= m.end_s for m in moments)
    for moment in moments:
        assert {each.moment_id[0] for each in moment.evidence} == {"a", "b"}
        keys = [(each.moment_id, each.why) for each in moment.evidence]
        assert len(keys) == len(set(keys))
