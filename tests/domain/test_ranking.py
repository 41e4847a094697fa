"""Fusion, calibration and word matching keep their promises for any evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calibration import calibrate
from domain.events import MODALITIES
from domain.mood import Mood
from domain.ports import Labels
from domain.ranking import Evidence, FusionOptions, RankedMoment, Why, combine, fuse
from domain.words_in_common import match_words

_WHYS: tuple[Why, ...] = ("picture", "meaning", "words")
_scores = st.floats(0.0, 1.0)
_evidence = st.builds(
    lambda start_s, length_s, **rest: Evidence(start_s=start_s, end_s=start_s + length_s, **rest),
    moment_id=st.uuids().map(str),
    modality=st.sampled_from(MODALITIES),
    why=st.sampled_from(_WHYS),
    score=_scores,
    raw_score=st.floats(-1.0, 30.0),
    start_s=st.floats(0.0, 120.0),
    length_s=st.floats(0.0, 40.0),
    text=st.sampled_from(("", "a red bus", "hello")),
    matched_words=st.just(()),
    encoder=st.just("e"),
    thumbnail_key=st.sampled_from((None, "a/b.jpg")),
    source=st.sampled_from(("lobby", "gate")),
)
_lists = st.lists(_evidence, max_size=25)


def _one(start_s: float, end_s: float, score: float = 0.5, **other: object) -> Evidence:
    plain = Evidence(
        f"id-{start_s}-{end_s}-{score}", "scene", "picture", score, 0.3, start_s, end_s, "", (), "e", None, "lobby"
    )
    return replace(plain, **other)  # type: ignore[arg-type]


@given(_lists)
def test_every_piece_of_evidence_is_in_one_moment_that_spans_it(evidence: list[Evidence]) -> None:
    moments = fuse(evidence)
    assert sorted((each.moment_id, each.why) for moment in moments for each in moment.evidence) == sorted(
        (each.moment_id, each.why) for each in evidence
    )
    for moment in moments:
        assert {each.source for each in moment.evidence} == {moment.source}
        assert moment.start_s == min(each.start_s for each in moment.evidence)
        assert moment.end_s == max(each.end_s for each in moment.evidence)


def test_a_moment_carries_the_labels_of_its_evidence_best_first_and_each_once() -> None:
    calm, tense = Mood("calm", 0.5, -0.5, 0.4), Mood("tense", -0.3, 0.5, 0.6)
    spoken = {"modality": "speech", "text": "hello", "language": "fr", "is_final": False}
    (moment,) = fuse([
        _one(0.0, 4.0, 0.4, labels=Labels(("ana", "ben"), (calm, tense)), **spoken),
        _one(0.0, 4.0, 0.9, labels=Labels(("ben",), (tense,))),
        _one(2.0, 5.0, 0.3, modality="text", text="later", language="en"),
    ])  # fmt: skip
    assert moment.labels == Labels(("ben", "ana"), (tense, calm))
    assert (moment.text, moment.language, moment.is_final) == ("hello", "fr", False)


@given(_lists, st.randoms())
def test_the_order_of_evidence_does_not_count(evidence: list[Evidence], random: object) -> None:
    shuffled = list(evidence)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fuse(shuffled) == fuse(evidence) == fuse(evidence + shuffled)


@given(_lists)
def test_scores_stay_in_range_and_fall_along_the_list(evidence: list[Evidence]) -> None:
    moments = fuse(evidence)
    keys = [(-moment.score, -moment.start_s) for moment in moments]
    assert keys == sorted(keys)
    for moment in moments:
        assert max(each.score for each in moment.evidence) <= moment.score <= 1.0
        assert [each.score for each in moment.evidence] == sorted(
            (each.score for each in moment.evidence), reverse=True
        )


@given(_lists)
def test_a_moment_grows_no_longer_than_the_cap_unless_one_piece_of_evidence_is(evidence: list[Evidence]) -> None:
    options = FusionOptions(longest_s=30.0)
    for moment in fuse(evidence, options):
        longest_s = max(each.end_s - each.start_s for each in moment.evidence)
        assert moment.end_s - moment.start_s <= max(options.longest_s, longest_s)


@given(_lists.filter(bool), _evidence)
def test_more_evidence_never_lowers_a_score(evidence: list[Evidence], more: Evidence) -> None:
    assert combine([*evidence, more]) >= combine(evidence)


@given(_lists.filter(bool), st.data())
def test_stronger_evidence_never_lowers_a_score(evidence: list[Evidence], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(evidence) - 1))
    stronger = replace(evidence[at], score=data.draw(st.floats(evidence[at].score, 1.0)))
    assert combine([*evidence[:at], stronger, *evidence[at + 1 :]]) >= combine(evidence)


def test_modalities_support_each_other_and_repetition_does_not() -> None:
    seen, heard = _one(0.0, 4.0, 0.6), _one(1.0, 3.0, 0.5, modality="speech", why="meaning")
    again = replace(seen, moment_id="again", score=0.5)
    assert combine([seen, again]) == pytest.approx(0.6)
    assert combine([seen, heard]) == pytest.approx(0.8)


@pytest.mark.parametrize(("start_s", "moments"), [(4.0, 1), (6.0, 1), (6.1, 2)])
def test_evidence_up_to_two_seconds_apart_is_one_moment(start_s: float, moments: int) -> None:
    assert len(fuse([_one(0.0, 4.0), _one(start_s, start_s + 4.0)])) == moments


def test_sources_are_never_merged() -> None:
    assert len(fuse([_one(0.0, 4.0), _one(0.0, 4.0, source="gate")])) == 2


def test_a_camera_that_never_moves_is_many_moments_cut_around_the_best() -> None:
    scenes = [_one(4.0 * n, 4.0 * n + 4.0, 0.9 if n == 20 else 0.5) for n in range(40)]
    moments = fuse(scenes)
    assert moments[0].score == pytest.approx(0.9)
    assert moments[0].start_s <= 80.0 and moments[0].end_s >= 84.0
    assert len(moments) >= 6
    assert all(moment.end_s - moment.start_s <= 30.0 for moment in moments)


def test_text_and_thumbnail_come_from_the_best_evidence_that_has_one() -> None:
    plain = _one(0.0, 4.0, 0.9)
    pictured = _one(0.0, 4.0, 0.8, thumbnail_key="lobby/1.jpg")
    spoken = _one(1.0, 3.0, 0.7, modality="speech", why="meaning", text="the red bus")
    (moment,) = fuse([spoken, plain, pictured])
    assert isinstance(moment, RankedMoment)
    assert (moment.text, moment.thumbnail_key) == ("the red bus", "lobby/1.jpg")


def test_nothing_fuses_to_nothing() -> None:
    assert fuse([]) == []
    assert combine([]) == 0.0


_cosines = st.floats(-1.0, 1.0, width=32)
_banks = st.lists(_cosines, min_size=8, max_size=8)


@given(st.lists(st.tuples(_cosines, _banks), max_size=10))
def test_calibrated_scores_are_in_range(rows: list[tuple[float, list[float]]]) -> None:
    scores = np.array([score for score, _ in rows])
    bank = np.array([row for _, row in rows], dtype=np.float32).reshape(len(rows), 8)
    calibrated = calibrate(scores, bank)
    assert calibrated.shape == (len(rows),)
    assert ((calibrated >= 0.0) & (calibrated <= 1.0)).all()


@given(_cosines, _cosines, _banks)
def test_a_moment_nearer_to_the_query_never_scores_less(one: float, other: float, bank: list[float]) -> None:
    near, far = max(one, other), min(one, other)
    scores = calibrate(np.array([near, far]), np.array([bank, bank], dtype=np.float32))
    assert scores[0] >= scores[1]


def test_the_same_cosine_is_worth_less_for_a_moment_that_is_near_everything() -> None:
    quiet, loud = np.linspace(-0.1, 0.2, 8), np.linspace(0.3, 0.6, 8)
    scores = calibrate(np.array([0.5, 0.5]), np.array([quiet, loud], dtype=np.float32))
    assert scores[0] > 0.5 > scores[1]


@given(st.text(max_size=60), st.text(max_size=60))
def test_word_scores_are_in_range_and_name_words_of_the_query(query: str, text: str) -> None:
    match = match_words(query, text)
    assert 0.0 <= match.score <= 1.0
    assert len(set(match.words)) == len(match.words)
    assert bool(match.words) == (match.score > 0.0)


@given(st.lists(st.sampled_from(("red", "bus", "stops", "at", "the", "corner")), min_size=1), st.text(max_size=20))
def test_a_text_that_holds_the_query_as_it_stands_scores_one(query: list[str], more: str) -> None:
    phrase = " ".join(query)
    assert match_words(phrase, f"{more} {phrase.upper()} {more}").score == 1.0


@pytest.mark.parametrize(
    ("query", "text", "score", "words"),
    [
        ("red bus", "There: a RED, red bus!", 1.0, ("red", "bus")),
        ("red bus", "the bus is red", 0.8, ("red", "bus")),
        ("the red bus", "a red bus", 0.8, ("red", "bus")),
        ("zoë", "Zoe said so", 1.0, ("zoe",)),
        ("red bus at night", "a bus", 0.8 * (1 / 3) ** 1.5, ("bus",)),
        ("to be or not to be", "He said: to be or not to be.", 1.0, ("to", "be", "or", "not")),
        ("to be", "what is to come may be good", 0.0, ()),
        ("who is the", "the man who is here", 0.0, ()),
        ("世界", "你好世界", 1.0, ("世", "界")),
        ("かき", "がぎ", 0.0, ()),
        ("한국", "한국 뉴스", 1.0, ("한국",)),
        ("...", "...", 0.0, ()),
        ("bus", "", 0.0, ()),
    ],
)
def test_words_in_common(query: str, text: str, score: float, words: tuple[str, ...]) -> None:
    match = match_words(query, text)
    assert match.score == pytest.approx(score)
    assert match.words == words
