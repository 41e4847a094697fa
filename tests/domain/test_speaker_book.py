"""Voices are told apart as they come; what people say of them holds for what was heard before."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadRequest
from domain.events import Vector
from domain.speaker_book import SpeakerBook, SpeakerRules
from domain.speakers import Speaker, Trait

RULES = SpeakerRules()
SIZE = 256


def unit(vector: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Vector:
    return tuple((vector / np.linalg.norm(vector)).tolist())


@cache
def voice(person: int, utterance: int, spread: float = 0.3) -> Vector:
    """As a voice encoder's: what all voices share, the person, the utterance. Cosines are near 0.92 for one person
    and 0.46 for two."""
    common = np.random.default_rng(1).standard_normal(SIZE)
    own = np.random.default_rng(100 + person).standard_normal(SIZE)
    now = np.random.default_rng(10_000 * (person + 1) + utterance).standard_normal(SIZE)
    return unit(common + own + spread * now * np.sqrt(2))


def between(one: Vector, other: Vector, likeness: float) -> Vector:
    """A vector that is so alike to `one`, in the plane of both."""
    a, b = np.asarray(one), np.asarray(other)
    across = b - (a @ b) * a
    return unit(likeness * a + np.sqrt(1 - likeness**2) * across / np.linalg.norm(across))


def hear(book: SpeakerBook, person: int, utterance: int, spoken_s: float = 3.0) -> Speaker | None:
    return book.hear(
        f"m-{person}-{utterance}", voice(person, utterance), spoken_s, 1000.0 + utterance, f"source-{person % 2}", {}
    )


def heard(book: SpeakerBook, person: int, utterance: int) -> Speaker:
    speaker = hear(book, person, utterance)
    assert speaker is not None
    return speaker


def three_people() -> tuple[SpeakerBook, list[str]]:
    book = SpeakerBook()
    ids = [heard(book, person, 0).id for person in range(3)]
    for utterance in range(1, 4):
        assert [heard(book, person, utterance).id for person in range(3)] == ids
    return book, ids


turns = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=30)


@given(turns)
def test_a_replay_gives_the_same_speakers(order: list[tuple[int, int]]) -> None:
    book, again = SpeakerBook(), SpeakerBook()
    first = [hear(book, *turn) for turn in order]

    assert [hear(again, *turn) for turn in order] == first
    assert again.speakers() == book.speakers()

    before = book.speakers()
    replayed = [hear(book, *turn) for turn in order]

    assert book.speakers() == before
    assert [speaker and speaker.id for speaker in replayed] == [speaker and speaker.id for speaker in first]


@given(turns)
def test_a_replay_to_another_process_founds_no_second_speaker(order: list[tuple[int, int]]) -> None:
    book = SpeakerBook()
    for turn in order:
        hear(book, *turn)
    restarted = SpeakerBook(book.speakers())
    for turn in order:
        hear(restarted, *turn)

    assert [speaker.id for speaker in restarted.speakers()] == [speaker.id for speaker in book.speakers()]


def test_a_founding_utterance_that_is_replayed_after_its_voice_drifted_founds_nothing() -> None:
    book = SpeakerBook()
    founded = heard(book, 0, 0)
    drifted = Speaker(**{name: getattr(founded, name) for name in Speaker.__slots__} | {"voice": voice(1, 0)})
    restarted = SpeakerBook([drifted])

    again = hear(restarted, 0, 0)

    assert again is not None and again.id == founded.id
    assert len(restarted.speakers()) == 1


def test_people_are_told_apart_and_known_again() -> None:
    book, ids = three_people()

    assert len(set(ids)) == 3
    assert [speaker.number for speaker in book.speakers()] == [1, 2, 3]
    first = book.speakers()[0]
    assert (first.utterances, first.spoken_s, first.first_heard_s, first.last_heard_s) == (4, 12.0, 1000.0, 1003.0)
    assert first.sources == ("source-0",)
    assert np.linalg.norm(first.voice) == pytest.approx(1)


def test_between_the_thresholds_it_is_nobody_rather_than_the_wrong_one() -> None:
    book = SpeakerBook()
    first = heard(book, 0, 0)
    likeness = (RULES.same_voice + RULES.new_voice) / 2

    assert book.hear("m", between(first.voice, voice(1, 0), likeness), 3.0, 1.0, "s", {}) is None
    assert book.speakers() == [first]


def test_too_short_is_nobody_and_short_founds_nobody_but_is_known_again() -> None:
    book = SpeakerBook()
    short_s = (RULES.min_spoken_s + RULES.min_new_s) / 2

    assert hear(book, 0, 0, spoken_s=short_s) is None
    known = heard(book, 0, 1)
    assert hear(book, 0, 2, spoken_s=RULES.min_spoken_s / 2) is None
    again = hear(book, 0, 3, spoken_s=short_s)

    assert again is not None and again.id == known.id


def test_a_voice_follows_its_last_utterances() -> None:
    book = SpeakerBook(rules=SpeakerRules(memory_utterances=2))
    start = heard(book, 0, 0).voice
    now = start
    for step in range(40):
        now = between(now, voice(1, 0), 0.99)
        assert book.hear(f"drift-{step}", now, 3.0, 1.0, "s", {}) is not None

    assert len(book.speakers()) == 1
    assert np.dot(book.speakers()[0].voice, now) > np.dot(book.speakers()[0].voice, start)


def test_usual_traits_are_learnt() -> None:
    book = SpeakerBook()
    for utterance, pitch_hz in enumerate([200.0, 210.0, 220.0]):
        book.hear(f"m{utterance}", voice(0, utterance), 3.0, 1.0, "s", {"pitch_hz": pitch_hz, "shoe_size": 43.0})

    traits = book.speakers()[0].traits
    assert set(traits) == {"pitch_hz"}
    assert traits["pitch_hz"].mean == pytest.approx(210)
    assert traits["pitch_hz"].deviation == pytest.approx(np.std([200, 210, 220]))
    assert traits["pitch_hz"].count == 3


def test_only_what_changed_is_to_be_saved_and_a_book_of_it_goes_on() -> None:
    book = SpeakerBook()
    heard(book, 0, 0)
    heard(book, 1, 0)
    saved = {speaker.id: speaker for speaker in book.take_changed()}
    heard(book, 1, 1)
    changed = book.take_changed()

    assert [speaker.number for speaker in changed] == [2]
    assert book.take_changed() == []
    assert SpeakerBook((saved | {speaker.id: speaker for speaker in changed}).values()).speakers() == book.speakers()


def test_a_name_holds_at_once_and_in_any_case() -> None:
    book, ids = three_people()

    [named] = book.name(ids[1], "  Ana   Lima ")

    assert named.label == "Ana Lima"
    assert book.label(ids[1]) == named
    assert book.resolve("ana lima") == book.resolve("Speaker 2") == book.resolve(ids[1]) == (ids[1],)
    assert book.resolve("nobody") == ()
    assert heard(book, 1, 7).name == "Ana Lima"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "speaker 7", "Speaker7"])
def test_what_is_no_name(name: str) -> None:
    book, ids = three_people()
    with pytest.raises(BadRequest):
        book.name(ids[0], name)


def test_a_name_is_one_person_s() -> None:
    book, ids = three_people()
    book.name(ids[0], "Ana")

    assert book.name(ids[0], "ANA")[0].name == "ANA"
    with pytest.raises(BadRequest, match="speaker 1 already"):
        book.name(ids[1], "ana")
    with pytest.raises(BadRequest, match="no speaker 'x'"):
        book.name("x", "Bo")


@given(st.permutations(range(4)), st.lists(st.booleans(), min_size=3, max_size=3))
def test_merged_speakers_are_one_whatever_the_order(order: list[int], by_old_id: list[bool]) -> None:
    book = SpeakerBook()
    ids = [heard(book, person, 0).id for person in range(4)]
    for (gone, into), old in zip(pairwise(order), by_old_id, strict=True):
        book.merge(ids[order[0]] if old else ids[gone], ids[into])

    [left] = book.speakers()
    assert left.id == ids[order[-1]]
    assert left.utterances == 4
    assert all(set(book.resolve(id)) == set(ids) for id in ids)
    assert all(book.label(id) == left for id in ids)
    for person in range(4):
        assert heard(book, person, 1).id == left.id


def test_a_merge_keeps_both_names_for_searching() -> None:
    book, ids = three_people()
    book.name(ids[0], "Bob")
    book.name(ids[1], "Robert")

    changed = book.merge(ids[0], ids[1])

    assert {speaker.id for speaker in changed} == {ids[0], ids[1]}
    assert book.label(ids[0]) == book.label(ids[1]) == book.speakers()[0]
    assert book.speakers()[0].label == "Robert"
    assert set(book.resolve("bob")) == set(book.resolve("robert")) == {ids[0], ids[1]}
    with pytest.raises(BadRequest, match="one speaker already"):
        book.merge(ids[1], ids[0])


@given(st.integers(2, 6), st.integers(1, 6))
def test_two_people_taken_for_one_are_split(first: int, second: int) -> None:
    loose = SpeakerBook(rules=SpeakerRules(same_voice=0.3, new_voice=0.2))
    voices = {f"m-{p}-{u}": voice(p, u) for p, count in ((0, first), (1, second)) for u in range(count)}
    speaker = [loose.hear(moment, each, 3.0, 1.0, "s", {}) for moment, each in voices.items()][-1]
    assert speaker is not None and len(loose.speakers()) == 1
    loose.name(speaker.id, "Ana")

    changed, moved = loose.split(speaker.id, voices)

    minority = min((first, 0), (second, 1))[1] if first != second else None
    assert len({moment.split("-")[1] for moment in moved}) == 1
    assert len(moved) == min(first, second)
    if minority is not None:
        assert set(moved) == {moment for moment in voices if moment.startswith(f"m-{minority}-")}
    assert {speaker.id for speaker in changed} == {speaker.id for speaker in loose.speakers()}
    assert sorted((each.name, each.utterances) for each in changed if each.name) == [("Ana", max(first, second))]
    assert sum(each.utterances for each in changed) == first + second
    assert {each.number for each in changed} == {1, 2}


def test_one_voice_is_not_split() -> None:
    book, ids = three_people()

    with pytest.raises(BadRequest, match="sounds like one person in 4 utterances"):
        book.split(ids[0], {f"m-0-{utterance}": voice(0, utterance) for utterance in range(4)})
    with pytest.raises(BadRequest):
        book.split(ids[0], {})


def test_a_split_undoes_a_wrong_merge() -> None:
    book, ids = three_people()
    book.merge(ids[1], ids[0])
    voices = {f"m-{person}-{utterance}": voice(person, utterance) for person in (0, 1) for utterance in range(4)}

    _, labels = book.split(ids[0], voices)

    by_person = [{labels[moment] for moment in voices if moment.startswith(f"m-{person}-")} for person in (0, 1)]
    assert [len(each) for each in by_person] == [1, 1]
    assert by_person[0] != by_person[1]
    assert {heard(book, 0, 8).id} == by_person[0]
    assert book.resolve(heard(book, 1, 8).id) == book.resolve(next(iter(by_person[1])))


def test_an_enrolment_names_the_anonymous_voice_it_is_near() -> None:
    book, ids = three_people()

    [enrolled] = book.enrol("Ana", voice(2, 50, spread=0.1), "Ana said yes, 2025-11-03", 5000.0)

    assert (enrolled.id, enrolled.name, enrolled.consent) == (ids[2], "Ana", "Ana said yes, 2025-11-03")
    assert book.resolve("ana") == (ids[2],)


def test_an_enrolled_voice_is_known_when_it_is_heard() -> None:
    book, _ = three_people()

    [enrolled] = book.enrol("Eva", voice(9, 0), "consented", 5000.0)
    speaker = book.hear("m", voice(9, 1), 3.0, 6000.0, "s", {})

    assert speaker is not None
    assert (speaker.id, speaker.label, speaker.utterances) == (enrolled.id, "Eva", 1)
    assert speaker.first_heard_s == 6000.0
    assert speaker.enrolled == voice(9, 0)


def test_a_name_from_an_enrolment_takes_more_likeness() -> None:
    likeness = (RULES.enrolled_voice + RULES.same_voice) / 2
    anonymous, enrolled = SpeakerBook(), SpeakerBook()
    first = heard(anonymous, 0, 0)
    enrolled.enrol("Ana", first.voice, "consented", 1.0)
    alike = between(first.voice, voice(1, 0), likeness)

    assert anonymous.hear("m", alike, 3.0, 1.0, "s", {}) is not None
    assert enrolled.hear("m", alike, 3.0, 1.0, "s", {}) is None


def test_who_is_nearest_decides_and_nobody_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    book = SpeakerBook()
    anonymous = heard(book, 0, 0)
    [ana] = book.enrol("Ana", between(anonymous.voice, voice(1, 0), RULES.new_voice - 0.2), "consented", 1.0)
    nearly, near = (RULES.enrolled_voice + RULES.same_voice) / 2, RULES.same_voice
    monkeypatch.setattr(book._known, "likeness", lambda _: [(nearly, ana), (near, anonymous)])

    assert book.hear("m", voice(5, 0), 3.0, 1.0, "s", {}) is None
    monkeypatch.setattr(book._known, "likeness", lambda _: [(near, anonymous), (near, ana)])
    found = book.hear("m", voice(5, 0), 3.0, 1.0, "s", {})
    assert found is not None and found.id == anonymous.id


def test_a_known_person_s_voice_is_not_enrolled_under_a_second_name() -> None:
    book, _ = three_people()
    book.enrol("Bob", voice(9, 0), "consented", 1.0)
    before = book.speakers()

    with pytest.raises(BadRequest, match="like Bob, who is known already"):
        book.enrol("Robert", voice(9, 1, spread=0.1), "consented", 2.0)
    assert book.speakers() == before


@pytest.mark.parametrize("name", ["Ana / Bea", "/", ".", "..", "..."])
def test_a_name_can_stand_in_an_address(name: str) -> None:
    book, ids = three_people()

    with pytest.raises(BadRequest, match="no '/'"):
        book.name(ids[0], name)
    book.name(ids[0], "Dr. Who")


def test_an_enrolment_under_a_known_name_must_sound_like_its_owner() -> None:
    book, _ = three_people()
    [first] = book.enrol("Eva", voice(9, 0), "consented", 1.0)

    [again] = book.enrol("eva", voice(9, 1), "again", 2.0)
    assert (again.id, again.enrolled, again.consent) == (first.id, voice(9, 1), "again")
    with pytest.raises(BadRequest, match="like eva"):
        book.enrol("Eva", voice(0, 0), "consented", 3.0)
    with pytest.raises(BadRequest, match="consent"):
        book.enrol("Ida", voice(8, 0), "  ", 3.0)


def test_how_alike_a_voice_is_to_a_person() -> None:
    book, ids = three_people()
    likeness, other = book.likeness(ids[0], [voice(0, 9), voice(1, 9)])
    assert likeness is not None
    assert likeness > SpeakerRules().same_voice
    assert other is None
    assert book.likeness(ids[1], [voice(0, 9)]) == [None]
    assert book.likeness(ids[1], []) == []
    book.merge(ids[0], ids[1])
    assert book.likeness(ids[1], [voice(0, 9)]) == [pytest.approx(likeness, abs=0.05)]
    with pytest.raises(BadRequest):
        book.likeness("nobody", [voice(0, 9)])


@given(turns, st.integers(0, 3))
def test_forgetting_leaves_nothing(order: list[tuple[int, int]], forgotten: int) -> None:
    book = SpeakerBook()
    ids = [heard(book, person, 0).id for person in range(4)]
    for turn in order:
        hear(book, *turn)
    other = (forgotten + 1) % 4
    book.name(ids[forgotten], "Ana")
    book.merge(ids[other], ids[forgotten])

    removed = book.forget(ids[other])

    assert set(removed) == {ids[forgotten], ids[other]}
    left = set(ids) - set(removed)
    assert {speaker.id for speaker in book.speakers()} == left
    assert {speaker.id for speaker in book.take_changed()} <= left
    assert all(book.label(id) is None and book.resolve(id) == () for id in removed)
    assert book.resolve("Ana") == ()
    with pytest.raises(BadRequest):
        book.forget(ids[other])
    back = heard(book, forgotten, 0)
    assert back.name is None and back.number > 4


def test_the_usual_of_a_speaker_is_told_as_it_was_before_a_moment() -> None:
    book = SpeakerBook()
    usual: list[Mapping[str, Trait]] = []
    for number, pitch_hz in enumerate((200.0, 210.0, 190.0)):
        person = next(iter(book.speakers()), None)
        usual.append({} if person is None else person.traits)
        book.hear(f"m{number}", voice(0, number), 3.0, 1000.0, "cam", {"pitch_hz": pitch_hz})
    book.hear("m1", voice(0, 1), 3.0, 1000.0, "cam", {"pitch_hz": 210.0})

    assert [book.usual(f"m{number}") for number in range(3)] == usual
    assert usual[2]["pitch_hz"].count == 2
    book.forget(book.speakers()[0].id)
    assert book.usual("m2") == {}


def test_the_voices_of_these_tests_are_as_far_apart_as_they_say() -> None:
    people = [[np.asarray(voice(person, utterance)) for utterance in range(10)] for person in range(10)]
    assert min(float(a @ b) for person in people for a, b in combinations(person, 2)) > RULES.same_voice
    assert max(float(a @ b) for one, other in combinations(people, 2) for a in one for b in other) < RULES.new_voice
