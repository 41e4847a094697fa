"""Speakers over a real store. Voices are made here: near for one person, at right angles for two."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.errors import BadEvent, BadRequest
from domain.events import CoverageAdvanced, Modality, MomentDescribed, MomentWithdrawn, MoodCue, Vector
from domain.moments import share_time
from domain.mood import judge
from domain.ports import Labels, MomentFilter, StoredMoment
from search import scene_labels as scene_labels_module
from search.collections import CollectionSpec
from search.edge_store import EdgeCollection
from search.speakers import Speakers, UnknownSpeaker
from search.stores import EdgeFolder, Stores, open_store

T0_S = 1_790_000_000.0
VOICE_SIZE = 16
EVERYTHING = MomentFilter()
SPECS = (
    CollectionSpec("scenes", "scene", {"image": 4}, words=False, encoder="pictures"),
    CollectionSpec("speech", "speech", {"text": 4, "voice": VOICE_SIZE}, words=True, encoder="sentences"),
    CollectionSpec("texts", "text", {"text": 4}, words=True, encoder="sentences"),
    CollectionSpec("speakers", None, {"voice": VOICE_SIZE, "enrolled": VOICE_SIZE}, words=False, encoder="voices"),
)
JOY = MoodCue("words", "wonderful", valence=0.8, arousal=0.5)
SMILES = MoodCue("picture", "people laughing", valence=0.9, arousal=0.6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def stores(folder: Path) -> Iterator[Stores]:
    opened = open_store(EdgeFolder(folder), SPECS)
    yield opened
    opened.close()


@pytest.fixture
def speakers(stores: Stores) -> Speakers:
    return Speakers(stores.moments, stores.speakers, VOICE_SIZE)


def voice_of(person: int, take: int = 0) -> Vector:
    """Cosine about 0.99 between takes of one person, about 0 between two persons."""
    vector = np.zeros(VOICE_SIZE)
    vector[person] = 1.0
    vector += np.random.default_rng(take).normal(0.0, 0.02, VOICE_SIZE)
    return tuple((vector / np.linalg.norm(vector)).tolist())


def spoken(at_s: float, person: int | None = 0, *, length_s: float = 4.0, **more: Any) -> MomentDescribed:
    vectors: dict[str, Vector] = {"text": (1.0, 0.0, 0.0, 0.0)}
    if person is not None:
        vectors["voice"] = voice_of(person, take=round(at_s))
    fields: dict[str, Any] = {"source": "cam", "text": f"said at {at_s}", "cues": (JOY,), **more}
    return MomentDescribed(
        modality="speech", start_s=T0_S + at_s, end_s=T0_S + at_s + length_s, encoder="sentences", vectors=vectors,
        **fields,
    )  # fmt: skip


def provisional(at_s: float, text: str = "sai") -> MomentDescribed:
    return spoken(at_s, None, text=text, cues=(), is_final=False)


def withdrawn(moment: MomentDescribed) -> MomentWithdrawn:
    return MomentWithdrawn(moment.source, moment.modality, moment.start_s, moment.encoder)


def scene(
    at_s: float, *, length_s: float = 2.0, source: str = "cam", cues: tuple[MoodCue, ...] = ()
) -> MomentDescribed:
    image = {"image": (0.0, 1.0, 0.0, 0.0)}
    return MomentDescribed(source, "scene", T0_S + at_s, T0_S + at_s + length_s, "pictures", image, cues=cues)


def stored(stores: Stores, modality: Modality, where: MomentFilter = EVERYTHING) -> dict[float, StoredMoment]:
    """By start, in seconds from T0_S."""
    found = stores.moments.newest(modality, where, 100, with_vectors=True)
    return {round(each.moment.start_s - T0_S, 3): each for each in found}


def labels(stores: Stores, modality: Modality) -> dict[float, Labels]:
    return {at_s: each.labels for at_s, each in stored(stores, modality).items()}


def heard(stores: Stores, speakers: Speakers, who: str) -> set[float]:
    """When the speaker is heard, by a search's own filter."""
    return set(stored(stores, "speech", MomentFilter(speakers=speakers.resolve(who))))


def test_an_utterance_carries_its_speaker_and_mood(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(0), spoken(10, person=1), spoken(20)], T0_S)
    found = labels(stores, "speech")
    assert [speaker.label for speaker in speakers.all()] == ["speaker 1", "speaker 2"]
    assert found[0].speakers == found[20].speakers == (speakers.find("speaker 1").id,)
    assert found[10].speakers == (speakers.find("speaker 2").id,)
    assert found[0].moods[0].label == "happy"
    assert found[0].moods[0].evidence[0].what == "wonderful"


def test_a_voice_without_a_speaker_is_not_kept(stores: Stores, speakers: Speakers) -> None:
    """Nothing could find it again when it is to be forgotten."""
    speakers.store([spoken(0, length_s=0.2), spoken(10)], T0_S)
    found = stored(stores, "speech")
    assert found[0].labels.speakers == ()
    assert set(found[0].moment.vectors) == {"text"}
    assert set(found[10].moment.vectors) == {"text", "voice"}


BATCH = (scene(1, cues=(SMILES,)), spoken(0), spoken(10, person=1), scene(12), scene(60))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_scene_carries_what_is_heard_during_it_whichever_comes_first(
    stores: Stores, speakers: Speakers, order: tuple[int, ...]
) -> None:
    parts = ([BATCH[0], BATCH[3]], [BATCH[1], BATCH[2]], [BATCH[4]])
    for number in order:
        speakers.store(parts[number], T0_S)
    self_same = labels(stores, "scene")
    speech = labels(stores, "speech")
    assert self_same[1].speakers == speech[0].speakers
    assert [mood.evidence[0].what for mood in self_same[1].moods] == ["people laughing", "wonderful"]
    assert self_same[12] == speech[10]
    assert self_same[60] == Labels()


def test_the_same_in_one_batch(stores: Stores, speakers: Speakers) -> None:
    speakers.store(BATCH, T0_S)
    seen, speech = labels(stores, "scene"), labels(stores, "speech")
    assert (seen[1].speakers, seen[12], seen[60]) == (speech[0].speakers, speech[10], Labels())


def test_two_heard_in_one_scene_are_both_there_in_order(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(4, person=1), spoken(0, person=0), scene(3, length_s=4.0)], T0_S)
    assert [speakers.label(id) for id in labels(stores, "scene")[3].speakers] == ["speaker 2", "speaker 1"]


def test_another_source_and_another_time_are_not_heard(stores: Stores, speakers: Speakers) -> None:
    speakers.store([scene(0, source="gate"), scene(-2), scene(4), spoken(0)], T0_S)
    assert list(labels(stores, "scene").values()) == [Labels()] * 3


def test_text_that_is_not_final_has_no_speaker_and_tells_a_scene_nothing(stores: Stores, speakers: Speakers) -> None:
    speakers.store([scene(1), provisional(0)], T0_S)
    assert stored(stores, "speech")[0].labels == Labels()
    assert labels(stores, "scene")[1] == Labels()
    speakers.store([spoken(0)], T0_S + 1)
    assert stored(stores, "speech")[0].moment.text == "said at 0"
    assert labels(stores, "scene")[1].speakers == (speakers.find("speaker 1").id,)


@pytest.mark.parametrize("apart", [True, False])
def test_text_that_is_not_final_never_replaces_what_is(stores: Stores, speakers: Speakers, apart: bool) -> None:
    facts = [provisional(0), spoken(0), provisional(0, "late")]
    for batch in [[fact] for fact in facts] if apart else [facts]:
        speakers.store(batch, T0_S)
    found = stored(stores, "speech")[0]
    assert (found.moment.text, found.moment.is_final, len(found.labels.speakers)) == ("said at 0", True, 1)


@pytest.mark.parametrize("apart", [True, False])
def test_what_is_withdrawn_is_gone_and_what_comes_after_is_there(
    stores: Stores, speakers: Speakers, apart: bool
) -> None:
    facts: list[MomentDescribed | MomentWithdrawn] = [
        scene(1),
        provisional(0),
        withdrawn(provisional(0)),
        provisional(10),
        withdrawn(provisional(20)),
        spoken(20),
    ]
    for batch in [[fact] for fact in facts] if apart else [facts]:
        speakers.store(batch, T0_S)
    assert set(stored(stores, "speech")) == {10, 20}


def test_speech_that_is_withdrawn_is_no_longer_heard_in_a_scene(stores: Stores, speakers: Speakers) -> None:
    speakers.store([scene(1), spoken(0)], T0_S)
    speakers.store([withdrawn(spoken(0))], T0_S)
    assert stored(stores, "speech") == {}
    assert labels(stores, "scene")[1] == Labels()


def test_an_utterance_that_becomes_shorter_is_heard_in_fewer_scenes(stores: Stores, speakers: Speakers) -> None:
    speakers.store([scene(1), scene(6), spoken(0, length_s=8.0)], T0_S)
    speakers.store([spoken(0, length_s=4.0)], T0_S)
    assert [len(each.speakers) for each in labels(stores, "scene").values()] == [0, 1]


def test_the_same_facts_again_change_nothing(stores: Stores, speakers: Speakers) -> None:
    facts = [*BATCH, spoken(20), spoken(30, person=1)]
    speakers.store(facts, T0_S)
    before = speakers.all(), stored(stores, "speech"), stored(stores, "scene")
    speakers.store(facts, T0_S)
    for fact in facts:
        speakers.store([fact], T0_S)
    assert (speakers.all(), stored(stores, "speech"), stored(stores, "scene")) == before


class Flaky:
    """A store that fails once when something is written to it."""

    def __init__(self, store: Any, method: str) -> None:
        self._store, self._method, self._failed = store, method, False

    def __getattr__(self, name: str) -> Any:
        if name == self._method and not self._failed:
            self._failed = True
            return self._fail
        return getattr(self._store, name)

    def _fail(self, *_: Any, **__: Any) -> None:
        raise ConnectionError("down")


@pytest.mark.parametrize(("which", "method"), [("moments", "upsert"), ("moments", "relabel"), ("speakers", "save")])
def test_trying_again_after_a_failure_hears_nothing_twice(stores: Stores, which: str, method: str) -> None:
    flaky: Any = replace(stores, **{which: Flaky(getattr(stores, which), method)})
    speakers = Speakers(flaky.moments, flaky.speakers, VOICE_SIZE)
    stores.moments.upsert([scene(1)], T0_S)
    with pytest.raises(ConnectionError):
        speakers.store([spoken(0)], T0_S)
    speakers.store([spoken(0)], T0_S)
    assert [speaker.utterances for speaker in speakers.all()] == [1]
    assert labels(stores, "scene")[1] == labels(stores, "speech")[0]
    assert [speaker.utterances for speaker in stores.speakers.load()] == [1]


def test_a_voice_of_another_model_is_the_workers_fault(stores: Stores, speakers: Speakers) -> None:
    wrong = replace(spoken(0), vectors={"text": (1.0, 0.0, 0.0, 0.0), "voice": (0.6, 0.8)})
    with pytest.raises(BadEvent, match="NOWSEEN_VOICES"):
        speakers.store([wrong], T0_S)
    assert speakers.all() == []


def test_a_name_holds_for_what_was_heard_before(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(0), spoken(10, person=1)], T0_S)
    before = labels(stores, "speech")
    assert speakers.rename("speaker 1", "Ana").label == "Ana"
    assert heard(stores, speakers, "ana") == {0}
    assert labels(stores, "speech") == before
    speakers.store([spoken(20)], T0_S)
    assert heard(stores, speakers, "Ana") == {0, 20}


def test_two_that_are_merged_were_one_all_along(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(0), spoken(10, person=1)], T0_S)
    speakers.rename("speaker 1", "Ana")
    assert speakers.merge("speaker 2", "Ana").label == "Ana"
    assert heard(stores, speakers, "Ana") == {0, 10}
    assert {speakers.label(id) for each in labels(stores, "speech").values() for id in each.speakers} == {"Ana"}


def test_one_that_is_two_voices_is_split_and_scenes_follow(stores: Stores, speakers: Speakers) -> None:
    facts = [fact for at_s in range(0, 80, 10) for fact in (spoken(at_s, person=at_s // 10 % 2), scene(at_s + 1))]
    speakers.store(facts, T0_S)
    speakers.rename(speakers.merge("speaker 2", "speaker 1").id, "Ana")
    first, second = speakers.split("Ana")
    assert {first.label, second.label} > {"Ana"}
    ones, others = (heard(stores, speakers, each.id) for each in (first, second))
    assert {frozenset(ones), frozenset(others)} == {frozenset({0, 20, 40, 60}), frozenset({10, 30, 50, 70})}
    speech, seen = labels(stores, "speech"), labels(stores, "scene")
    assert all(seen[at_s + 1].speakers == speech[at_s].speakers for at_s in speech)


def test_one_voice_is_not_split(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(float(at_s)) for at_s in range(0, 80, 10)], T0_S)
    before = labels(stores, "speech")
    with pytest.raises(BadRequest):
        speakers.split("speaker 1")
    assert labels(stores, "speech") == before


def test_an_enrolled_voice_is_named_when_it_speaks(stores: Stores, speakers: Speakers) -> None:
    made = speakers.enrol("Ana", voice_of(0, take=99), "Ana, by mail, 2026-01-31", T0_S)
    assert (made.label, made.consent, made.utterances) == ("Ana", "Ana, by mail, 2026-01-31", 0)
    speakers.store([spoken(0), spoken(10, person=1)], T0_S)
    assert heard(stores, speakers, "Ana") == {0}


def test_a_voice_heard_before_gets_the_name_of_its_enrolment(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(float(at_s)) for at_s in range(0, 50, 10)], T0_S)
    speakers.enrol("Ana", voice_of(0, take=99), "Ana, by mail", T0_S + 60)
    assert heard(stores, speakers, "Ana") == {0, 10, 20, 30, 40}
    assert [speaker.label for speaker in speakers.all()] == ["Ana"]


def test_what_is_forgotten_is_nowhere(stores: Stores, speakers: Speakers) -> None:
    speakers.store([*BATCH, spoken(20)], T0_S)
    speakers.enrol("Ana Unforgotten", voice_of(0, take=99), "by mail", T0_S)
    gone = speakers.resolve("Ana Unforgotten")
    speakers.forget("Ana Unforgotten")
    found = stored(stores, "speech")
    assert found[0].moment.text == "said at 0"
    for at_s in (0, 20):
        assert found[at_s].labels == Labels()
        assert set(found[at_s].moment.vectors) == {"text"}
    assert found[10].labels.speakers
    assert not set(gone) & {id for each in labels(stores, "scene").values() for id in each.speakers}
    assert [mood.evidence[0].what for mood in labels(stores, "scene")[1].moods] == ["people laughing"]
    assert not set(gone) & {speaker.id for speaker in stores.speakers.load()}
    with pytest.raises(UnknownSpeaker, match="there are speaker 2"):
        speakers.forget("Ana Unforgotten")


def test_nor_does_a_replay_bring_it_back(stores: Stores, speakers: Speakers) -> None:
    facts = [scene(1), spoken(0), spoken(10)]
    speakers.store(facts, T0_S)
    speakers.forget("speaker 1")
    speakers.store(facts, T0_S)
    assert speakers.all() == []
    assert [set(each.moment.vectors) for each in stored(stores, "speech").values()] == [{"text"}, {"text"}]
    assert labels(stores, "scene")[1] == Labels()


def test_those_merged_are_forgotten_together(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(0), spoken(10, person=1)], T0_S)
    speakers.merge("speaker 2", "speaker 1")
    speakers.forget("speaker 1")
    assert stores.speakers.load() == []
    assert list(labels(stores, "speech").values()) == [Labels(), Labels()]


def test_forgetting_that_failed_half_way_can_be_asked_for_again(stores: Stores) -> None:
    flaky: Any = Flaky(stores.speakers, "delete")
    speakers = Speakers(stores.moments, flaky, VOICE_SIZE)
    speakers.store([spoken(0)], T0_S)
    with pytest.raises(ConnectionError):
        speakers.forget("speaker 1")
    speakers.forget("speaker 1")
    assert stores.speakers.load() == []


def test_a_node_that_starts_again_knows_them(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(0), spoken(10, person=1)], T0_S)
    speakers.rename("speaker 1", "Ana")
    again = Speakers(stores.moments, stores.speakers, VOICE_SIZE)
    again.store([spoken(20), spoken(30, person=2)], T0_S)
    assert [speaker.label for speaker in again.all()] == ["Ana", "speaker 2", "speaker 3"]
    assert heard(stores, again, "Ana") == {0, 20}


def test_nobody_is_meant_by_a_name_nobody_has(speakers: Speakers) -> None:
    with pytest.raises(UnknownSpeaker, match="there is no speaker 'Ana': nobody has been heard yet"):
        speakers.rename("Ana", "Bea")
    speakers.store([spoken(0)], T0_S)
    with pytest.raises(UnknownSpeaker, match="there are speaker 1"):
        speakers.merge("speaker 1", "Ana")
    assert speakers.resolve("Ana") == ()
    assert speakers.label("no id") is None


def covered(from_s: float, until_s: float, *, source: str = "cam", modality: Modality = "speech") -> CoverageAdvanced:
    return CoverageAdvanced(source, modality, T0_S + from_s, T0_S + until_s, T0_S + until_s)


def test_praise_that_is_likely_meant_otherwise_is_said_with_less_confidence(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(0, text="it is wonderful"), spoken(10, text="oh, wonderful, it broke")], T0_S)
    meant, sarcastic = (labels(stores, "speech")[at_s].moods[0] for at_s in (0, 10))
    assert (sarcastic.label, sarcastic.valence) == (meant.label, meant.valence)
    assert sarcastic.confidence < 0.5 * meant.confidence


@pytest.mark.parametrize("fails", [False, True])
def test_an_utterance_is_no_part_of_the_usual_it_is_judged_by(stores: Stores, fails: bool) -> None:
    def pitch(at_s: float, hz: float) -> MomentDescribed:
        return spoken(at_s, cues=(MoodCue("voice", "pitch_hz", measured=hz),))

    flaky: Any = Flaky(stores.moments, "upsert")
    speakers = Speakers(stores.moments, stores.speakers, VOICE_SIZE)
    speakers.store([pitch(10.0 * n, 200.0 + n) for n in range(8)], T0_S)
    expected = judge(pitch(90, 260).cues, speakers.find("speaker 1").traits)
    if fails:
        speakers = Speakers(flaky, stores.speakers, VOICE_SIZE)
        with pytest.raises(ConnectionError):
            speakers.store([pitch(90, 260)], T0_S)
    speakers.store([pitch(90, 260)], T0_S)
    (mood,) = labels(stores, "speech")[90].moods
    assert replace(mood, speaker=None) == expected


def test_a_mood_is_its_speakers_also_in_a_scene(stores: Stores, speakers: Speakers) -> None:
    bored = MoodCue("words", "boring", valence=-0.6, arousal=-0.6)
    speakers.store([spoken(0), spoken(5, person=1, cues=(bored,)), scene(1, length_s=6.0, cues=(SMILES,))], T0_S)
    ana, bob = (speakers.find(f"speaker {number}").id for number in (1, 2))
    assert [(mood.speaker, mood.label) for mood in labels(stores, "scene")[1].moods] == [
        (None, "happy"), (ana, "happy"), (bob, "sad")
    ]  # fmt: skip
    assert stored(stores, "scene", MomentFilter(speakers=(bob,), moods=("happy",))) == {}
    assert set(stored(stores, "scene", MomentFilter(speakers=(ana,), moods=("happy",)))) == {1}


def test_text_that_never_became_final_goes_when_speech_is_complete(stores: Stores, speakers: Speakers) -> None:
    others = spoken(0, None, source="gate", is_final=False)
    speakers.store([provisional(0), provisional(10), provisional(20), spoken(30), others], T0_S)
    speakers.settle([covered(0, 14), covered(0, 50, modality="scene")])
    found = stores.moments.newest("speech", EVERYTHING, 99)
    assert [(each.moment.source, each.moment.start_s - T0_S) for each in found] == [
        ("cam", 30), ("cam", 20), ("gate", 0)
    ]  # fmt: skip
    speakers.settle([covered(20, 25), covered(0, 14)])
    assert set(stored(stores, "speech", MomentFilter(("cam",)))) == {30}


def test_nor_does_it_come_late(stores: Stores, speakers: Speakers) -> None:
    speakers.settle([covered(0, 14)])
    speakers.store([provisional(0), provisional(10), provisional(14), spoken(4)], T0_S)
    assert set(stored(stores, "speech")) == {4, 14}


def test_nor_does_a_replay_bring_back_how_a_forgotten_voice_sounded(stores: Stores, speakers: Speakers) -> None:
    facts = [replace(spoken(0), cues=(JOY, MoodCue("voice", "pitch_hz", measured=187.5)))]
    speakers.store(facts, T0_S)
    speakers.store(facts, T0_S)
    assert stored(stores, "speech")[0].moment.cues == facts[0].cues
    speakers.forget("speaker 1")
    speakers.store(facts, T0_S)
    assert stored(stores, "speech")[0].moment.cues == ()


def test_a_forgotten_speakers_number_is_nobody_elses(stores: Stores, speakers: Speakers) -> None:
    speakers.store([spoken(0), spoken(10, person=1)], T0_S)
    speakers.forget("speaker 2")
    again = Speakers(stores.moments, stores.speakers, VOICE_SIZE)
    again.store([spoken(20, person=2)], T0_S)
    assert [speaker.label for speaker in again.all()] == ["speaker 1", "speaker 3"]


def test_a_moment_that_is_refused_founds_no_speaker(stores: Stores, speakers: Speakers) -> None:
    for wrong in (
        replace(spoken(0), encoder="another"),
        replace(spoken(0), vectors={"text": (1.0, 0.0, 0.0, 0.0), "voice": (0.0,) * VOICE_SIZE}),
        spoken(0, cues=(MoodCue("voice", "pitch_hz", measured=1e160),)),
    ):
        with pytest.raises(BadEvent):
            speakers.store([spoken(10, person=1), wrong], T0_S)
    assert (speakers.all(), stores.speakers.load(), stored(stores, "speech")) == ([], [], {})


def test_what_is_stored_is_flushed_when_asked_and_what_is_decided_at_once(
    stores: Stores, speakers: Speakers, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(EdgeCollection, "flush", lambda collection: flushed.append(collection.spec.name))
    speakers.store([scene(1), scene(6)], T0_S)
    speakers.store([scene(2), spoken(0, length_s=8.0), withdrawn(provisional(20))], T0_S)
    assert flushed == []
    speakers.flush()
    assert sorted(flushed) == ["scenes", "speakers", "speech"]
    flushed.clear()
    speakers.rename("speaker 1", "Ana")
    assert flushed == ["speakers"]


def test_forgetting_compares_no_scene_with_all_speech(
    stores: Stores, speakers: Speakers, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 60
    speakers.store([fact for n in range(count) for fact in (spoken(10.0 * n), scene(10.0 * n + 1))], T0_S)
    compared: list[int] = []

    def counting(one: MomentDescribed, other: MomentDescribed) -> bool:
        compared.append(1)
        return share_time(one, other)

    monkeypatch.setattr(scene_labels_module, "share_time", counting)
    speakers.forget("speaker 1")
    assert 0 < len(compared) <= 2 * count
    assert all(each == Labels() for each in labels(stores, "scene").values())
