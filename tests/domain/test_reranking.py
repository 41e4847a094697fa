"""Blending keeps its promises for any moments and any numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ports import Labels
from domain.ranking import Evidence, RankedMoment, Why, combine
from domain.reranking import BlendOptions, blend, picture_of, text_of

_scores = st.floats(0.0, 1.0)
_numbers = st.floats(-30.0, 30.0)


def _evidence(score: float, why: Why = "meaning", text: str = "", start_s: float = 0.0) -> Evidence:
    return Evidence(
        moment_id=f"{why}-{start_s}-{text}",
        modality="scene" if why == "picture" else "speech",
        why=why,
        score=score,
        raw_score=0.3,
        start_s=start_s,
        end_s=start_s + 2.0,
        text=text,
        matched_words=(),
        encoder="e",
        thumbnail_key=None,
        source="lobby",
    )


def _moment(*evidence: Evidence, score: float | None = None) -> RankedMoment:
    ranked = tuple(sorted(evidence, key=lambda each: -each.score))
    text = next((each.text for each in ranked if each.text), "")
    best = combine(ranked) if score is None else score
    return RankedMoment("lobby", 0.0, 2.0, best, ranked, text, None, Labels(), "", True)


_moments = st.lists(
    st.builds(
        lambda seen, said, name: _moment(_evidence(seen, "picture"), _evidence(said, "meaning", f"said {name}")),
        _scores,
        _scores,
        st.integers(0, 99),
    ),
    max_size=8,
).map(lambda moments: sorted(moments, key=lambda moment: -moment.score))


@st.composite
def _looked_at(draw: st.DrawFn) -> tuple[list[RankedMoment], dict[int, float], dict[int, float], float]:
    moments = draw(_moments)
    chosen = st.integers(0, len(moments) - 1) if moments else st.nothing()
    pictures = draw(st.dictionaries(chosen, _scores)) if moments else {}
    words = draw(st.dictionaries(chosen, _numbers)) if moments else {}
    floor = draw(st.floats(0.0, moments[-1].score)) if moments else 0.0
    return moments, pictures, words, floor


@given(_looked_at())
def test_the_same_moments_come_back_best_first_with_scores_in_range(
    given_: tuple[list[RankedMoment], dict[int, float], dict[int, float], float],
) -> None:
    moments, pictures, words, floor = given_
    blended = blend(moments, pictures, words, floor)
    assert sorted(text_of(each) for each in blended) == sorted(text_of(each) for each in moments)
    scores = [each.score for each in blended]
    assert scores == sorted(scores, reverse=True)
    assert all(floor <= score <= 1.0 for score in scores)
    for moment in blended:
        assert all(0.0 <= each.score <= 1.0 for each in moment.evidence)
        assert [each.score for each in moment.evidence] == sorted((e.score for e in moment.evidence), reverse=True)


@given(_moments)
def test_nothing_looked_at_changes_nothing(moments: list[RankedMoment]) -> None:
    assert blend(moments, {}, {}) == moments


@given(_moments, _numbers)
def test_a_reranker_that_finds_all_alike_changes_nothing(moments: list[RankedMoment], number: float) -> None:
    assert blend(moments, {}, dict.fromkeys(range(len(moments)), number)) == moments


@given(_moments, st.data())
def test_only_how_the_numbers_compare_counts(moments: list[RankedMoment], data: st.DataObject) -> None:
    words = {at: float(data.draw(st.integers(-5, 5))) for at in range(len(moments))}
    scale, shift = data.draw(st.sampled_from((0.25, 2.0, 64.0))), data.draw(st.sampled_from((-8.0, 0.0, 16.0)))
    moved = {at: number * scale + shift for at, number in words.items()}
    one, other = blend(moments, {}, words), blend(moments, {}, moved)
    assert [each.score for each in one] == pytest.approx([each.score for each in other])


@given(st.lists(_numbers, min_size=2, max_size=6, unique=True), st.sampled_from((0.0, 0.4, 1.0)))
def test_among_equals_the_better_words_come_first(numbers: list[float], score: float) -> None:
    moments = [_moment(_evidence(score, "words", str(at))) for at in range(len(numbers))]
    blended = blend(moments, {}, dict(enumerate(numbers)))
    best = max(range(len(numbers)), key=lambda at: numbers[at])
    assert blended[0].score == max(each.score for each in blended)
    if max(numbers) - sorted(numbers)[-2] > 1e-3:
        assert text_of(blended[0]) == str(best)


def test_one_standard_deviation_is_worth_the_weight_in_log_odds() -> None:
    moments = [_moment(_evidence(0.5, "words", "better")), _moment(_evidence(0.5, "words", "worse"))]
    better, worse = blend(moments, {}, {0: 3.0, 1: 1.0}, options=BlendOptions(words_weight=1.0))
    assert [better.score, worse.score] == pytest.approx([0.7310586, 0.2689414])


def test_one_freak_number_does_not_decide_alone() -> None:
    moments = [_moment(_evidence(0.5, "words", str(at))) for at in range(30)]
    best, *_ = blend(moments, {}, {at: 1e300 if at == 7 else 0.0 for at in range(30)})
    assert text_of(best) == "7"
    assert best.score == pytest.approx(0.9525741)


@given(_scores, _scores, _scores)
def test_a_finer_picture_moves_its_scene_s_evidence(seen: float, said: float, finer: float) -> None:
    moment = _moment(_evidence(seen, "picture"), _evidence(said, "meaning", "hello"))
    (blended,) = blend([moment], {0: finer}, {}, options=BlendOptions(picture_weight=0.5))
    scene = picture_of(blended)
    assert scene is not None and scene.score == pytest.approx((seen + finer) / 2)
    assert blended.score == pytest.approx(combine(blended.evidence))
    assert (blended.score >= moment.score - 1e-9) if finer >= seen else (blended.score <= moment.score + 1e-9)


def test_a_score_that_more_than_the_evidence_made_moves_by_as_much() -> None:
    moment = _moment(_evidence(0.4, "picture"), score=0.7)  # a newer moment, say, was preferred
    (blended,) = blend([moment], {0: 0.6}, {})
    assert blended.score == pytest.approx(0.8)


def test_who_was_looked_at_stays_before_who_was_not() -> None:
    moments = [_moment(_evidence(0.6, "words", "good")), _moment(_evidence(0.5, "words", "bad"))]
    good, bad = blend(moments, {}, {0: 9.0, 1: -9.0}, floor=0.45)
    assert (text_of(bad), bad.score) == ("bad", 0.45)
    assert good.score > 0.6


def test_a_floor_above_a_moment_lifts_nothing() -> None:
    moments = [_moment(_evidence(0.3, "words", "old"))]
    assert blend(moments, {}, {0: 1.0}, floor=0.9) == moments


def test_a_moment_without_a_scene_has_no_picture_to_look_at() -> None:
    moment = _moment(_evidence(0.5, "words", "hello"))
    assert blend([moment], {0: 0.9}, {}) == [moment]


def test_its_text_is_all_that_was_found_in_the_order_of_time() -> None:
    moment = _moment(
        _evidence(0.9, "words", "and goodbye", 4.0), _evidence(0.5, "meaning", "hello", 0.0),
        _evidence(0.4, "meaning", "and goodbye", 4.0), _evidence(0.3, "picture"),
    )  # fmt: skip
    assert text_of(moment) == "hello\nand goodbye"
    assert text_of(replace(moment, evidence=(), text="kept")) == "kept"
