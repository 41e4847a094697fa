"""Both engines keep the promises of `MomentStore`: one suite, run over Qdrant Edge, the Qdrant client's in-memory mode
and, where NOWSEEN_QDRANT_URL names one, a Qdrant server."""

from __future__ import annotations

import itertools
import os
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.errors import BadEvent, ConfigError
from domain.events import Modality, MomentDescribed, MoodCue, Vector, Word
from domain.moments import moment_id
from domain.mood import Mood, Share
from domain.ports import Labels, MomentFilter, MomentStore
from domain.speakers import Speaker, Trait
from search import edge_sealing
from search.collections import CollectionSpec, Point
from search.edge_options import EdgeOptions
from search.edge_seal import obey
from search.edge_store import EdgeCollection
from search.stores import EdgeFolder, QdrantServer, StoreLocation, Stores, open_store

T0_S = 1_767_225_600.0
ALL = MomentFilter()
SIZE = 8
VOICE = 4
SPECS = (
    CollectionSpec("scenes", "scene", {"image": SIZE}, words=False, encoder="pictures-1"),
    CollectionSpec(
        "speech", "speech", {"text": SIZE, "voice": VOICE}, words=True, encoder="sentences-1",
        others={"voice": "voices-1"},
    ),
    CollectionSpec("texts", "text", {"text": SIZE}, words=True, encoder="sentences-1"),
    CollectionSpec("speakers", None, {"voice": VOICE, "enrolled": VOICE}, words=False, encoder="voices-1"),
)  # fmt: skip


ROTATED = EdgeOptions(hot_points=1, merged_at_once=3)
SERVER_URL = os.environ.get("NOWSEEN_QDRANT_URL", "")
SERVER = [pytest.param("server", marks=pytest.mark.qdrant)] if SERVER_URL else []


# "rotated": each call that writes fills the hot shard, and child processes build while the test goes on; "sealed": the
# test goes on once it has been built, for speed in this process.
EDGE = ["edge", "edge rotated", "edge sealed"]


class BuildsHere:
    """A SealingChild that is no process."""

    def ask(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        return obey(order)

    def kill(self) -> None: ...

    def end(self) -> None: ...


@pytest.fixture(params=[*EDGE, "memory", *SERVER])
def location(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StoreLocation]:
    yield from _location(request.param, tmp_path, monkeypatch)


@pytest.fixture(params=[*EDGE, *SERVER])
def lasting(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreLocation]:
    """Where moments outlive the store that wrote them."""
    yield from _location(request.param, tmp_path, monkeypatch)


def _location(engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreLocation]:
    match engine:
        case "edge":
            yield EdgeFolder(folder / "store")
        case "edge rotated":
            yield EdgeFolder(folder / "store", ROTATED)
        case "edge sealed":
            upsert = EdgeCollection.upsert

            def upsert_and_settle(collection: EdgeCollection, points: Sequence[Point]) -> None:
                upsert(collection, points)
                collection.settle()

            monkeypatch.setattr(EdgeCollection, "upsert", upsert_and_settle)
            monkeypatch.setattr(edge_sealing, "SealingChild", BuildsHere)
            yield EdgeFolder(folder / "store", ROTATED)
        case "memory":
            yield QdrantServer(":memory:")
        case _:
            api_key = os.environ.get("NOWSEEN_QDRANT_API_KEY")
            server = QdrantServer(SERVER_URL, api_key, prefix=f"test-{uuid.uuid4().hex}-")
            yield server
            _drop_collections(server)


@pytest.fixture
def stores(location: StoreLocation) -> Iterator[Stores]:
    opened = open_store(location, SPECS)
    yield opened
    opened.close()


@pytest.fixture
def store(stores: Stores) -> MomentStore:
    return stores.moments


def _drop_collections(server: QdrantServer) -> None:
    from qdrant_client import QdrantClient

    client = QdrantClient(server.url, api_key=server.api_key)
    for spec in SPECS:
        client.delete_collection(server.prefix + spec.name)
    client.close()


def axis(at: int, towards: int = 0, weight: float = 0.0) -> Vector:
    vector = np.zeros(SIZE, dtype=np.float32)
    vector[at] += 1.0
    vector[towards] += weight
    return tuple((vector / np.linalg.norm(vector)).tolist())


def moment(
    after_s: float,
    *,
    modality: Modality = "speech",
    source: str = "lobby",
    text: str = "",
    vector: Vector | None = None,
    length_s: float = 2.0,
    voice: Vector | None = None,
    language: str = "",
    is_final: bool = True,
) -> MomentDescribed:
    name, encoder = ("image", "pictures-1") if modality == "scene" else ("text", "sentences-1")
    start_s = T0_S + after_s
    return MomentDescribed(
        source, modality, start_s, start_s + length_s, encoder,
        {name: vector or axis(0)} | ({"voice": voice} if voice else {}), text=text,
        attributes={"language": language} if language else {}, is_final=is_final,
    )  # fmt: skip


def starts(found: list[float]) -> list[float]:
    return [start_s - T0_S for start_s in found]


def test_a_moment_comes_back_as_it_went_in(store: MomentStore) -> None:
    spoken = replace(
        moment(1.25, text="Grüße aus 東京", vector=axis(3)),
        words=(Word("Grüße", T0_S + 1.25, T0_S + 1.75), Word("aus", T0_S + 1.751, T0_S + 2.0)),
        thumbnail_key="lobby/1.jpg",
        attributes={"language": "de", "gain": -0.25},
        cues=(MoodCue("words", "Grüße", 0.5, 0.1), MoodCue("voice", "pitch_hz", measured=187.5)),
        is_final=False,
    )
    store.upsert([spoken], stored_s=T0_S + 5.5)
    (hit,) = store.search_vector("speech", axis(3), ALL, 5, with_vectors=True)
    assert hit.score == pytest.approx(1.0, abs=1e-5)
    assert hit.stored.id == moment_id(spoken)
    assert hit.stored.stored_s == T0_S + 5.5
    assert replace(hit.stored.moment, vectors={}) == replace(spoken, vectors={}, words=())
    (stored,) = store.get("speech", [hit.stored.id])
    assert stored.moment.words == spoken.words
    assert hit.stored.moment.vectors["text"] == pytest.approx(axis(3), abs=1e-6)


def test_vectors_stay_away_unless_asked_for(store: MomentStore) -> None:
    store.upsert([moment(0.0, text="hello")], T0_S)
    assert store.search_vector("speech", axis(0), ALL, 1)[0].stored.moment.vectors == {}
    assert store.search_words("speech", "hello", ALL, 1)[0].stored.moment.vectors == {}
    assert "text" in store.search_words("speech", "hello", ALL, 1, with_vectors=True)[0].stored.moment.vectors


def test_the_nearest_come_first(store: MomentStore) -> None:
    near, nearer, far = (moment(n, vector=axis(1, 2, w)) for n, w in ((0.0, 0.5), (1.0, 0.1), (2.0, 5.0)))
    store.upsert([far, near, nearer], T0_S)
    hits = store.search_vector("speech", axis(1), ALL, 2)
    assert [hit.stored.id for hit in hits] == [moment_id(nearer), moment_id(near)]
    assert hits[0].score == pytest.approx(float(np.dot(axis(1, 2, 0.1), axis(1))), abs=1e-5)


def test_the_same_moment_again_replaces_itself(store: MomentStore) -> None:
    store.upsert([moment(0.0, text="helo"), moment(4.0, text="other")], T0_S)
    store.upsert([moment(0.0, text="hello")], T0_S + 9.0)
    store.upsert([moment(0.0, text="hullo"), moment(0.0, text="hello")], T0_S + 9.0)
    assert store.count("speech") == 2
    assert store.search_words("speech", "helo", ALL, 5) == []
    (hit,) = store.search_words("speech", "hello", ALL, 5)
    assert hit.stored.stored_s == T0_S + 9.0


def test_a_batch_may_mix_modalities_and_exceed_one_call(store: MomentStore) -> None:
    many = [moment(float(n), modality="scene") for n in range(600)]
    store.upsert([*many, moment(0.0), moment(0.0, modality="text", text="hi")], T0_S)
    assert [store.count(modality) for modality in ("scene", "speech", "text")] == [600, 1, 1]


def test_nothing_is_nothing(store: MomentStore) -> None:
    store.upsert([], T0_S)
    assert store.count("scene") == 0
    assert store.sources("scene") == {}
    assert store.newest("scene", ALL, 5) == []
    assert store.search_vector("scene", axis(0), ALL, 5) == []
    assert store.search_words("speech", "hello", ALL, 5) == []
    store.upsert([moment(0.0, text="hello")], T0_S)
    assert store.search_vector("speech", axis(0), ALL, 0) == []
    assert store.search_words("speech", "?!", ALL, 5) == []


def test_words_find_only_moments_that_hold_one_of_them(store: MomentStore) -> None:
    said = ["the bus is late", "a red bus, a RED bus", "the train", "Zoë has the ticket", "to be or not to be", ""]
    store.upsert([moment(10.0 * n, text=text) for n, text in enumerate(said)], T0_S)

    def found(words: str) -> list[str]:
        return [hit.stored.moment.text for hit in store.search_words("speech", words, ALL, 10)]

    assert found("red bus") == ["a red bus, a RED bus", "the bus is late"]
    assert found("zoe") == ["Zoë has the ticket"]
    assert found("to be or not") == ["to be or not to be"]  # no word is too common to be found
    assert found("trains") == []  # nor is a word taken for another
    assert found("helicopter") == []


def test_scenes_have_no_words(store: MomentStore) -> None:
    store.upsert([moment(0.0, modality="scene", text="a bus")], T0_S)
    assert store.search_words("scene", "bus", ALL, 5) == []


@pytest.mark.parametrize(
    ("since_s", "until_s", "expected"),
    [
        (None, None, [20.0, 10.0, 0.0]),
        (11.0, None, [20.0, 10.0]),
        (12.0, None, [20.0, 10.0]),  # what ends just then still overlaps
        (12.001, None, [20.0]),
        (None, 10.0, [10.0, 0.0]),
        (None, 9.999, [0.0]),
        (3.0, 9.0, []),
        (10.5, 11.0, [10.0]),  # the range lies inside the moment
    ],
)
def test_time_ranges_overlap(
    store: MomentStore, since_s: float | None, until_s: float | None, expected: list[float]
) -> None:
    store.upsert([moment(after_s, text="word") for after_s in (0.0, 10.0, 20.0)], T0_S)
    where = MomentFilter(
        since_s=None if since_s is None else T0_S + since_s, until_s=None if until_s is None else T0_S + until_s
    )
    assert starts([each.moment.start_s for each in store.newest("speech", where, 9)]) == expected
    for hits in (store.search_vector("speech", axis(0), where, 9), store.search_words("speech", "word", where, 9)):
        assert sorted(starts([hit.stored.moment.start_s for hit in hits]), reverse=True) == expected


def test_sources_filter_and_count(store: MomentStore) -> None:
    store.upsert(
        [moment(float(n), source=source) for n, source in enumerate(["lobby", "gate", "lobby", "roof.cam-1"])], T0_S
    )
    assert store.sources("speech") == {"lobby": 2, "gate": 1, "roof.cam-1": 1}
    where = MomentFilter(sources=("gate", "roof.cam-1", "nowhere"))
    assert [each.moment.source for each in store.newest("speech", where, 9)] == ["roof.cam-1", "gate"]
    assert {hit.stored.moment.source for hit in store.search_vector("speech", axis(0), where, 9)} == {
        "gate",
        "roof.cam-1",
    }


def test_the_newest_come_first(store: MomentStore) -> None:
    store.upsert([moment(after_s) for after_s in (5.0, 1.0, 9.0, 3.0)], T0_S)
    assert starts([each.moment.start_s for each in store.newest("speech", ALL, 3)]) == [9.0, 5.0, 3.0]


ANGRY = Mood(
    "angry",
    -0.6,
    0.7,
    0.8,
    (Share("voice", "pitch above this speaker's usual", -0.2, 0.9, 0.75), Share("words", "„nein“", -1.0, 0.1, 0.25)),
)
CALM = Mood("calm", 0.5, -0.5, 0.4)
UNKNOWN = Mood("unknown", 0.0, 0.0, 0.0)


def found_after(store: MomentStore, where: MomentFilter, modality: Modality = "speech") -> list[float]:
    """Seconds after T0_S of what the filter lets through: the same by every way to ask."""
    newest = sorted(each.moment.start_s - T0_S for each in store.newest(modality, where, 99))
    by_vector = store.search_vector(modality, axis(0), where, 99)
    assert sorted(hit.stored.moment.start_s - T0_S for hit in by_vector) == newest
    if modality != "scene":
        by_words = store.search_words(modality, "word", where, 99)
        assert sorted(hit.stored.moment.start_s - T0_S for hit in by_words) == newest
    return newest


def test_moments_are_had_by_their_ids(store: MomentStore) -> None:
    one, two = moment(0.0, text="one"), moment(5.0, text="two")
    store.upsert([one, two], T0_S)
    asked = [moment_id(two), str(uuid.uuid4()), moment_id(one)]
    assert {each.moment.text for each in store.get("speech", asked)} == {"one", "two"}
    assert all(each.moment.vectors == {} for each in store.get("speech", asked))
    [found] = store.get("speech", asked[:1], with_vectors=True)
    assert found.moment == two
    assert store.get("speech", []) == store.get("scene", asked) == []


def test_a_voice_is_found_by_its_own_vector(store: MomentStore) -> None:
    said = [moment(0.0, voice=(1.0, 0.0, 0.0, 0.0)), moment(5.0, voice=(0.6, 0.8, 0.0, 0.0)), moment(9.0)]
    store.upsert(said, T0_S)
    hits = store.search_vector("speech", (0.0, 1.0, 0.0, 0.0), ALL, 9, using="voice", with_vectors=True)
    assert [hit.stored.moment.start_s - T0_S for hit in hits] == [5.0, 0.0]
    assert [hit.score for hit in hits] == pytest.approx([0.8, 0.0], abs=1e-5)
    assert {tuple(hit.stored.moment.vectors) for hit in hits} == {("text", "voice")}
    (first, *_) = store.search_vector("speech", axis(0), ALL, 9, with_vectors=True)
    assert tuple(first.stored.moment.vectors) == ("text",)  # what was not asked about is not read
    assert store.search_vector("scene", (0.0, 1.0, 0.0, 0.0), ALL, 9, using="voice") == []
    with pytest.raises(ValueError, match="keeps 4"):
        store.search_vector("speech", axis(0), ALL, 9, using="voice")


def test_every_change_is_a_new_generation(store: MomentStore) -> None:
    generation = store.generation()
    if generation is None:
        pytest.skip("others may write to a server")
    said = moment(0.0, voice=(1.0, 0.0, 0.0, 0.0))
    changes: list[Callable[[], None]] = [
        lambda: store.upsert([said], T0_S),
        lambda: store.relabel("speech", {moment_id(said): Labels(("ana",))}),
        lambda: store.delete_voices([moment_id(said)]),
        lambda: store.delete("speech", [moment_id(said)]),
    ]
    for change in changes:
        change()
        now = store.generation()
        assert now is not None
        assert now > generation
        generation = now
    store.newest("speech", ALL, 1)
    store.flush()
    assert store.generation() == generation


def test_labels_come_back_as_they_went_in(store: MomentStore) -> None:
    said = moment(0.0, text="word")
    labels = Labels(("ana", "ben"), (replace(ANGRY, speaker="ana"), UNKNOWN, CALM))
    store.upsert([said, moment(5.0, text="word")], T0_S, {moment_id(said): labels})
    assert [each.labels for each in store.newest("speech", ALL, 9)] == [Labels(), labels]
    assert store.search_words("speech", "word", MomentFilter(speakers=("ben",)), 9)[0].stored.labels == labels


def test_labels_are_replaced_and_everything_else_stays(store: MomentStore) -> None:
    said = moment(0.0, text="word", voice=(0.0, 1.0, 0.0, 0.0))
    id = moment_id(said)
    store.upsert([said], T0_S, {id: Labels(("ana",), (ANGRY,))})
    bens = replace(CALM, speaker="ben")
    store.relabel("speech", {id: Labels(("ben",), (bens,)), str(uuid.uuid4()): Labels(("ana",))})
    store.relabel("speech", {})
    (kept,) = store.newest("speech", ALL, 9, with_vectors=True)
    assert kept.labels == Labels(("ben",), (bens,))
    assert replace(kept, labels=Labels()).moment == said
    assert found_after(store, MomentFilter(speakers=("ana",))) == []
    assert found_after(store, MomentFilter(moods=("angry",))) == []
    assert found_after(store, MomentFilter(speakers=("ben",), moods=("calm",))) == [0.0]
    store.relabel("speech", {id: Labels()})
    assert store.newest("speech", ALL, 9)[0].labels == Labels()
    assert store.count("speech") == 1


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (MomentFilter(speakers=("ana",)), [0.0, 1.0]),
        (MomentFilter(speakers=("ben", "nobody")), [1.0, 2.0]),
        (MomentFilter(moods=("calm",)), [1.0, 2.0]),
        (MomentFilter(moods=("unknown",)), [3.0]),
        (MomentFilter(languages=("de", "fr")), [0.0]),
        (MomentFilter(only_final=True), [0.0, 1.0, 2.0, 4.0]),
        (MomentFilter(only_provisional=True), [3.0]),
        (MomentFilter(valence=(-1.0, 1.0)), [0.0, 1.0, 2.0]),  # a mood that is not known has none
        (MomentFilter(valence=(-0.6, -0.6)), [0.0, 1.0]),  # both ends are included
        (MomentFilter(arousal=(-0.4, 0.6)), []),
        (MomentFilter(arousal=(0.0, 1.0), valence=(-1.0, 0.0)), [0.0, 1.0]),
        (MomentFilter(arousal=(0.0, 1.0), valence=(0.0, 1.0)), []),  # of one mood, not one of each
        (MomentFilter(moods=("calm",), arousal=(0.0, 1.0)), []),
        (MomentFilter(moods=("calm", "angry"), arousal=(0.0, 1.0)), [0.0, 1.0]),
        (MomentFilter(speakers=("ben",), moods=("calm",), sources=("lobby",)), [1.0, 2.0]),
        (MomentFilter(speakers=("ben",), moods=("angry",)), []),  # of the one who speaks
        (MomentFilter(speakers=("ben", "ana"), valence=(-1.0, 0.0)), [0.0, 1.0]),
        (MomentFilter(speakers=("ana",), moods=("angry",)), [0.0, 1.0]),
        (MomentFilter(excluded=(MomentFilter(speakers=("ana",)),)), [2.0, 3.0, 4.0]),
        (MomentFilter(excluded=(MomentFilter(speakers=("ana",)), MomentFilter(only_provisional=True))), [2.0, 4.0]),
        (MomentFilter(speakers=("ben",), excluded=(MomentFilter(speakers=("ana",)),)), [2.0]),
        (MomentFilter(excluded=(MomentFilter(speakers=("ben",), moods=("calm",)),)), [0.0, 3.0, 4.0]),
        (MomentFilter(excluded=(MomentFilter(excluded=(MomentFilter(speakers=("ana",)),)),)), [0.0, 1.0]),
    ],
)  # fmt: skip
def test_speakers_moods_and_languages_filter(store: MomentStore, where: MomentFilter, expected: list[float]) -> None:
    anas, bens = replace(ANGRY, speaker="ana"), replace(CALM, speaker="ben")
    heard = [Labels(("ana",), (anas,)), Labels(("ana", "ben"), (anas, bens)), Labels(("ben",), (bens,)),
             Labels(("cleo",), (UNKNOWN,)), Labels()]  # fmt: skip
    for modality in ("speech", "scene"):
        moments = [
            moment(
                float(n),
                modality=modality,
                text="word",
                language="de" if n == 0 else "en" if n == 1 else "",
                is_final=n != 3,
            )
            for n in range(len(heard))
        ]
        store.upsert(moments, T0_S, dict(zip(map(moment_id, moments), heard, strict=True)))
        assert found_after(store, where, modality) == expected


def test_the_final_text_takes_the_place_of_the_provisional_one(store: MomentStore) -> None:
    store.upsert([moment(0.0, text="word wor", voice=(1.0, 0.0, 0.0, 0.0), is_final=False)], T0_S)
    store.upsert([moment(0.0, text="word world")], T0_S + 1)
    (kept,) = store.newest("speech", ALL, 9, with_vectors=True)
    assert (kept.moment.text, kept.moment.is_final, set(kept.moment.vectors)) == ("word world", True, {"text"})
    assert store.search_words("speech", "wor", ALL, 9) == []
    assert found_after(store, MomentFilter(only_final=True)) == [0.0]


def test_what_is_deleted_is_gone(store: MomentStore) -> None:
    said, other = moment(0.0, text="word"), moment(5.0, text="word")
    seen = moment(0.0, modality="scene")
    store.upsert([said, other, seen], T0_S)
    store.delete("speech", [moment_id(said), moment_id(seen), str(uuid.uuid4())])
    store.delete("speech", [])
    assert found_after(store, ALL) == [5.0]
    assert (store.count("speech"), store.count("scene")) == (1, 1)


def test_a_deleted_voice_leaves_the_words(store: MomentStore) -> None:
    hers, his = (moment(after_s, text="word", voice=(0.0, 0.6, 0.8, 0.0), language="en") for after_s in (0.0, 5.0))
    hers = replace(hers, cues=(MoodCue("voice", "pitch_hz", measured=187.5),))
    labels = {moment_id(hers): Labels(("ana",), (ANGRY,)), moment_id(his): Labels(("ben",), (CALM,))}
    store.upsert([hers, his], T0_S, labels)
    store.delete_voices([moment_id(hers), str(uuid.uuid4())])
    kept, gone = store.newest("speech", ALL, 9, with_vectors=True)
    assert gone.moment == replace(hers, vectors={"text": axis(0)}, cues=())
    assert gone.labels == Labels()
    assert (set(kept.moment.vectors), kept.labels) == ({"text", "voice"}, labels[moment_id(his)])
    assert found_after(store, MomentFilter(speakers=("ana",))) == []
    assert found_after(store, MomentFilter(moods=("angry",))) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda good: replace(good, vectors={"text": (1.0, 0.0)}), "has 2 numbers.*keeps 8"),
        (lambda good: replace(good, vectors={"image": axis(0)}), r"vectors \['image'\]"),
        (lambda good: replace(good, vectors={"voice": (1.0, 0.0, 0.0, 0.0)}), "'text' must be there"),
        (lambda good: replace(good, vectors={"text": axis(0), "voice": axis(0)}), "'voice' has 8 numbers.*keeps 4"),
        (lambda good: replace(good, encoder="sentences-2"), "'sentences-2'.*belongs to 'sentences-1'"),
        (lambda good: replace(good, vectors={"text": (float("nan"),) * SIZE}), "not finite"),
        (lambda good: replace(good, vectors={"text": axis(0), "voice": (0.0,) * VOICE}), "'voice' is zero"),
        (lambda good: replace(good, cues=(MoodCue("voice", "pitch_hz", measured=1e160),)), "'pitch_hz' measures 1e"),
    ],
)
def test_a_moment_that_does_not_fit_is_refused_before_anything_is_written(
    store: MomentStore, spoil: Callable[[MomentDescribed], MomentDescribed], said: str
) -> None:
    with pytest.raises(BadEvent, match=said):
        store.upsert([moment(0.0), spoil(moment(9.0))], T0_S)
    assert store.count("speech") == 0


def test_a_query_of_the_wrong_size_is_refused(store: MomentStore) -> None:
    with pytest.raises(ValueError, match="has 2 numbers"):
        store.search_vector("speech", (1.0, 0.0), ALL, 5)


def test_searching_stays_right_beside_writing(store: MomentStore) -> None:
    """Every search sees whole batches that were acknowledged before it began, and none sees half a moment."""
    rounds, done, failures = 25, threading.Event(), []
    acknowledged = 0

    def write() -> None:
        nonlocal acknowledged
        try:
            for n in range(rounds):
                store.upsert([moment(10.0 * n + k, text=f"round {n}", vector=axis(k)) for k in range(4)], T0_S)
                acknowledged = n + 1
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    def read() -> None:
        try:
            for turn in itertools.count():
                if done.is_set() and turn:
                    return
                least = acknowledged
                hits = store.search_vector("speech", axis(turn % 4), ALL, 4 * rounds, with_vectors=True)
                assert len(hits) >= 4 * least
                assert all(hit.stored.moment.text and hit.stored.moment.vectors for hit in hits)
                assert len(store.search_words("speech", "round", ALL, 4 * rounds)) >= 4 * least
                assert store.sources("speech").get("lobby", 0) >= 4 * least
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write), threading.Thread(target=read), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.count("speech") == 4 * rounds


def test_what_was_kept_is_there_when_opened_again(lasting: StoreLocation) -> None:
    first = open_store(lasting, SPECS)
    first.moments.upsert([moment(0.0, text="hello")], T0_S)
    first.close()
    again = open_store(lasting, SPECS)
    try:
        assert [hit.stored.moment.text for hit in again.moments.search_words("speech", "hello", ALL, 5)] == ["hello"]
    finally:
        again.close()


def test_a_collection_stays_with_its_encoder(lasting: StoreLocation) -> None:
    open_store(lasting, SPECS).close()
    others = (
        replace(SPECS[0], encoder="pictures-2"),
        replace(SPECS[1], others={"voice": "voices-2"}),
        replace(SPECS[2], encoder="sentences-2", vectors={"text": 4}),
        replace(SPECS[3], encoder="voices-2"),
    )
    with pytest.raises(ConfigError) as caught:
        open_store(lasting, others)
    assert len(caught.value.mistakes) == 4
    assert "indexed by 'pictures-1', but 'pictures-2' is loaded" in caught.value.mistakes[0]
    assert "Set NOWSEEN_PICTURES=pictures-1" in caught.value.mistakes[0]
    assert "'speech'" in caught.value.mistakes[1] and "Set NOWSEEN_VOICES=voices-1" in caught.value.mistakes[1]
    assert "NOWSEEN_SENTENCES=sentences-1" in caught.value.mistakes[2]
    assert "'speakers'" in caught.value.mistakes[3] and "Set NOWSEEN_VOICES=voices-1" in caught.value.mistakes[3]
    with pytest.raises(ConfigError, match=r"holds vectors text \(8\) with words, but vectors text \(4\)"):
        open_store(lasting, (replace(SPECS[2], vectors={"text": 4}), SPECS[3]))
    open_store(lasting, SPECS).close()


@pytest.mark.parametrize("specs", [SPECS[:3], (*SPECS, replace(SPECS[3], name="more"))])
def test_one_collection_keeps_the_speakers(location: StoreLocation, specs: tuple[CollectionSpec, ...]) -> None:
    with pytest.raises(ConfigError, match=r"exactly one collection.*topology\.yaml"):
        open_store(location, specs)


ANA = Speaker(
    "ana", 7, (0.0, 0.6, 0.8, 0.0), 3, 12.5, T0_S, T0_S + 60.0, ("lobby", "gate"), name="Ana", consent="she said yes",
    enrolled=(1.0, 0.0, 0.0, 0.0), traits={"pitch_hz": Trait(187.5, 12.25, 3)},
)  # fmt: skip
SPEAKER_IDS = {name: str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in ("ana", "ben", "cleo")}


def speakers() -> tuple[Speaker, Speaker, Speaker]:
    ana = replace(ANA, id=SPEAKER_IDS["ana"])
    ben = Speaker(SPEAKER_IDS["ben"], 2, (1.0, 0.0, 0.0, 0.0), 1, 2.0, T0_S, T0_S, ("lobby",))
    return ana, ben, replace(ben, id=SPEAKER_IDS["cleo"], number=9, merged_into=ana.id)


def known(stores: Stores) -> list[Speaker]:
    """Their vectors to six places: an engine keeps them in single precision."""

    def rounded(vector: Vector | None) -> Vector | None:
        return None if vector is None else tuple(round(number, 6) for number in vector)

    return [
        replace(each, voice=rounded(each.voice) or (), enrolled=rounded(each.enrolled))
        for each in stores.speakers.load()
    ]


def test_speakers_come_back_as_they_went_in_by_number(stores: Stores) -> None:
    ana, ben, cleo = speakers()
    assert stores.speakers.load() == []
    stores.speakers.save([ana, ben, cleo])
    assert known(stores) == [ben, ana, cleo]


def test_a_speaker_saved_again_is_replaced_and_one_deleted_is_gone(stores: Stores) -> None:
    ana, ben, cleo = speakers()
    stores.speakers.save([ana, ben, cleo])
    nameless = replace(ana, name=None, enrolled=None, consent=None, utterances=4)
    stores.speakers.save([ana, nameless])
    stores.speakers.save([])
    stores.speakers.delete([ben.id, str(uuid.uuid4())])
    stores.speakers.delete([])
    assert known(stores) == [nameless, cleo]


def test_the_last_number_is_that_of_a_deleted_speaker_too(stores: Stores) -> None:
    ana, ben, cleo = speakers()
    assert stores.speakers.last_number() == 0
    stores.speakers.save([ana, ben, cleo])
    last = max(each.number for each in (ana, ben, cleo))
    stores.speakers.delete([each.id for each in (ana, ben, cleo) if each.number == last])
    assert (stores.speakers.last_number(), len(known(stores))) == (last, 2)
    stores.speakers.delete([each.id for each in (ana, ben, cleo)])
    assert (stores.speakers.last_number(), known(stores)) == (last, [])


def test_more_speakers_than_one_page_are_all_loaded(stores: Stores) -> None:
    _, ben, _ = speakers()
    many = [replace(ben, id=str(uuid.uuid4()), number=number) for number in range(2500)]
    stores.speakers.save(many)
    assert known(stores) == many


def test_speakers_outlive_the_store(lasting: StoreLocation) -> None:
    ana, _, _ = speakers()
    first = open_store(lasting, SPECS)
    first.speakers.save([ana])
    first.close()
    again = open_store(lasting, SPECS)
    try:
        assert known(again) == [ana]
    finally:
        again.close()
