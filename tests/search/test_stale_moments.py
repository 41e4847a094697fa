"""What a source's time made earlier and does not make now leaves the store, and nothing else does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BadEvent
from domain.events import CoverageAdvanced, Modality, MomentDescribed
from domain.moments import moment_id
from domain.ports import MomentFilter
from search.collections import CollectionSpec
from search.speakers import Speakers
from search.stores import EdgeFolder, Stores, open_store

T0_S = 1_790_000_000.0
VOICE_SIZE = 4
SPECS = (
    CollectionSpec("scenes", "scene", {"image": 4}, words=False, encoder="pictures"),
    CollectionSpec("speech", "speech", {"text": 4, "voice": VOICE_SIZE}, words=True, encoder="sentences"),
    CollectionSpec("texts", "text", {"text": 4}, words=True, encoder="sentences"),
    CollectionSpec("speakers", None, {"voice": VOICE_SIZE, "enrolled": VOICE_SIZE}, words=False, encoder="voices"),
)
VECTOR = {"scene": "image", "speech": "text", "text": "text"}
Fact: TypeAlias = MomentDescribed | CoverageAdvanced


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    opened = open_store(EdgeFolder(tmp_path_factory.mktemp("index")), SPECS)
    yield opened
    opened.close()


@pytest.fixture
def speakers(stores: Stores) -> Speakers:
    return node(stores)


names = map("source-{}".format, itertools.count())


@pytest.fixture
def source() -> str:
    return next(names)


def node(stores: Stores) -> Speakers:
    return Speakers(stores.moments, stores.speakers, VOICE_SIZE)


def moment(source: str, start_s: float, end_s: float, modality: Modality = "speech", **more: Any) -> MomentDescribed:
    fields: dict[str, Any] = {"encoder": "pictures" if modality == "scene" else "sentences", "text": "hello", **more}
    fields.setdefault("vectors", {VECTOR[modality]: (1.0, 0.0, 0.0, 0.0)})
    return MomentDescribed(source, modality, T0_S + start_s, T0_S + end_s, **fields)


def covered(source: str, start_s: float, until_s: float, *moments: MomentDescribed, **more: Any) -> CoverageAdvanced:
    fields: dict[str, Any] = {"modality": "speech", "moments": tuple(map(moment_id, moments)), **more}
    return CoverageAdvanced(source, start_s=T0_S + start_s, until_s=T0_S + until_s, published_s=T0_S, **fields)


def take(speakers: Speakers, facts: Sequence[Fact]) -> None:
    """As the agent store_moments does with one batch."""
    if changes := [fact for fact in facts if isinstance(fact, MomentDescribed)]:
        speakers.store(changes, T0_S)
    if coverages := [fact for fact in facts if isinstance(fact, CoverageAdvanced)]:
        speakers.settle(coverages)


def kept(stores: Stores, source: str, modality: Modality = "speech") -> set[tuple[float, float]]:
    rows = stores.moments.newest(modality, MomentFilter((source,)), 10_000)
    return {(round(row.moment.start_s - T0_S, 3), round(row.moment.end_s - T0_S, 3)) for row in rows}


def test_a_split_utterance_described_again_is_one(stores: Stores, speakers: Speakers, source: str) -> None:
    every, thing, next_one = moment(source, 1.0, 2.2), moment(source, 2.3, 4.0), moment(source, 5.0, 7.0)
    take(speakers, [every, covered(source, 0.0, 2.2, every), thing, covered(source, 2.2, 4.0, thing)])
    take(speakers, [next_one, covered(source, 4.0, 7.0, next_one)])
    everything = moment(source, 1.0, 4.0)
    take(node(stores), [everything, covered(source, 0.0, 4.0, everything)])
    assert kept(stores, source) == {(1.0, 4.0), (5.0, 7.0)}


def test_of_silence_nothing_is_left(stores: Stores, speakers: Speakers, source: str) -> None:
    first = moment(source, 1.0, 2.0)
    take(speakers, [first, covered(source, 0.0, 3.0, first)])
    take(speakers, [covered(source, 0.0, 1.5), covered(source, 1.5, 3.0)])
    assert kept(stores, source) == set()


def test_of_another_source_of_another_kind_and_of_another_time_nothing_goes(
    stores: Stores, speakers: Speakers, source: str
) -> None:
    stay = [
        moment(f"{source}-too", 1.0, 2.0), moment(source, 1.0, 2.0, "scene"), moment(source, 1.0, 2.0, "text"),
        moment(source, 8.0, 9.0), moment(source, 9.5, 12.0),
    ]  # fmt: skip
    take(speakers, [moment(source, 1.5, 2.0), *stay])
    take(speakers, [covered(source, 0.0, 9.0), covered(source, 9.0, 11.0)])
    assert kept(stores, source) == {(9.5, 12.0)}
    others: list[tuple[str, Modality]] = [(source, "scene"), (source, "text"), (f"{source}-too", "speech")]
    for name, modality in others:
        assert kept(stores, name, modality) == {(1.0, 2.0)}


def test_what_the_store_refuses_takes_the_place_of_nothing(stores: Stores, speakers: Speakers, source: str) -> None:
    """A worker that was started with another encoder describes everything again."""
    right = [moment(source, 1.0, 2.0), moment(source, 3.0, 7.0)]
    take(speakers, [*right, covered(source, 0.0, 8.0, *right)])
    wrong = [moment(source, 1.0, 2.5, encoder="another"), moment(source, 3.0, 5.0, encoder="another")]
    with pytest.raises(BadEvent):
        take(speakers, wrong)
    described = [covered(source, 0.0, 4.0, wrong[0]), covered(source, 4.0, 5.0), covered(source, 5.0, 8.0, wrong[1])]
    for each in (speakers, node(stores)):
        take(each, described)
    assert kept(stores, source) == {(1.0, 2.0), (3.0, 7.0)}


def test_texts_take_nothing_from_each_other(stores: Stores, speakers: Speakers, source: str) -> None:
    """Many may be of one moment, and each comes alone; one that is published with other words is another text."""
    for number, words in enumerate(("one", "two", "three")):
        text = moment(source, 1.0, 3.0, "text", text=words)
        take(speakers, [text, covered(source, 1.0, 3.0 + number, modality="text", moments=None)])
    assert stores.moments.sources("text")[source] == 3


def test_a_coverage_of_an_earlier_version_takes_nothing(stores: Stores, speakers: Speakers, source: str) -> None:
    take(speakers, [moment(source, 6.0, 7.0)])
    again = node(stores)
    take(again, [moment(source, 1.0, 2.0), covered(source, 0.0, 5.0, moments=None)])
    assert kept(stores, source) == {(1.0, 2.0), (6.0, 7.0)}
    take(again, [covered(source, 5.0, 8.0)])
    assert kept(stores, source) == {(1.0, 2.0)}


def test_text_that_is_not_final_waits_for_its_final_one(stores: Stores, speakers: Speakers, source: str) -> None:
    take(speakers, [moment(source, 1.0, 2.0, is_final=False), covered(source, 0.0, 1.5)])
    assert kept(stores, source) == {(1.0, 2.0)}


def test_a_chunk_of_sound_sent_again_takes_nothing_of_what_goes_on_beside_it(
    stores: Stores, speakers: Speakers, source: str
) -> None:
    long = moment(source, 3.0, 9.0)
    take(speakers, [long, covered(source, 0.0, 10.0, long)])
    part = moment(source, 4.0, 6.0)
    take(node(stores), [part, covered(source, 4.0, 6.0, part)])
    assert kept(stores, source) == {(3.0, 9.0), (4.0, 6.0)}


def test_two_partitions_take_nothing_from_each_other(stores: Stores, speakers: Speakers, source: str) -> None:
    """Two publishers with one name and two ways to choose a partition: one's moment lies where the other's do."""
    one, other, late = moment(source, 1.0, 3.0), moment(source, 1.5, 2.5), moment(source, 6.0, 7.0)
    take(speakers, [one, covered(source, 0.0, 4.0, one), late])
    take(speakers, [other, covered(source, 0.0, 8.0, other, partition=1)])
    take(speakers, [covered(source, 4.0, 8.0, late), covered(source, 0.0, 4.0, one)])
    assert kept(stores, source) == {(1.0, 3.0), (1.5, 2.5), (6.0, 7.0)}


def test_a_scene_loses_who_is_not_heard_any_more(stores: Stores, speakers: Speakers, source: str) -> None:
    scene = moment(source, 0.0, 10.0, "scene")
    said = moment(source, 1.0, 8.0, vectors={"text": (1.0, 0.0, 0.0, 0.0), "voice": (0.0, 1.0, 0.0, 0.0)})
    take(speakers, [said, covered(source, 0.0, 9.0, said), scene])
    (row,) = stores.moments.newest("scene", MomentFilter((source,)), 2)
    assert row.labels.speakers
    take(speakers, [covered(source, 0.0, 9.0)])
    (row,) = stores.moments.newest("scene", MomentFilter((source,)), 2)
    assert row.labels.speakers == ()


@dataclass
class Watched:
    """The store, with a count of what is looked up by time; it fails to delete when told to."""

    store: Any
    looked_up: int = 0
    fails: bool = False

    def newest(self, *args: Any, **more: Any) -> Any:
        self.looked_up += args[1].only_final
        return self.store.newest(*args, **more)

    def delete(self, *args: Any) -> None:
        if self.fails and list(args[1]):
            self.fails = False
            raise ConnectionError("the store is down")
        self.store.delete(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def test_where_time_only_goes_on_the_store_is_asked_nothing_more(stores: Stores, source: str) -> None:
    plain, watched = Watched(stores.moments), Watched(stores.moments)
    for store, names in ((plain, False), (watched, True)):
        voice: Any = store
        speakers = Speakers(voice, stores.speakers, VOICE_SIZE)
        for number in range(50):
            scene = moment(f"{source}-{names}", 2.0 * number, 2.0 * number + 2.0, "scene")
            named = covered(scene.source, 2.0 * number, 2.0 * number + 2.0, scene, modality="scene")
            take(speakers, [scene, named if names else replace(named, moments=None)])
    assert watched.looked_up <= plain.looked_up + 2  # at the start nobody knows what is there


def test_when_the_store_is_down_it_is_deleted_later(stores: Stores, source: str) -> None:
    watched: Any = Watched(stores.moments)
    speakers = Speakers(watched, stores.speakers, VOICE_SIZE)
    before, now = moment(source, 1.0, 2.0), moment(source, 2.0, 3.0)
    take(speakers, [before, now])
    watched.fails = True
    with pytest.raises(ConnectionError):
        take(speakers, [covered(source, 0.0, 4.0, now)])
    take(speakers, [covered(source, 0.0, 4.0, now)])
    assert kept(stores, source) == {(2.0, 3.0)}


UNTIL = 400  # tenths of a second


@st.composite
def descriptions(draw: st.DrawFn) -> list[list[tuple[int, int, list[tuple[int, int]]]]]:
    """Of one stretch of time, several, each with borders and moments of its own."""
    found = []
    for _ in range(draw(st.integers(2, 3))):
        borders = [0, *sorted(draw(st.sets(st.integers(1, UNTIL - 1), max_size=12))), UNTIL]
        tiles = []
        for since, until in itertools.pairwise(borders):
            inner = [since, *sorted(draw(st.sets(st.integers(since, until - 1), max_size=3))), until]
            spans = [(a, b) for a, b in itertools.pairwise(inner) if a < b and draw(st.booleans())]
            tiles.append((since, until, spans))
        found.append(tiles)
    return found


@settings(max_examples=60)
@given(descriptions(), st.data())
def test_the_store_ends_with_the_moments_of_the_last_whole_description(
    stores: Stores, described: list[list[tuple[int, int, list[tuple[int, int]]]]], data: st.DataObject
) -> None:
    """However the time is cut, whatever came before it in whatever order, and wherever it was taken up again."""
    source = next(names)

    def facts(tiles: Sequence[tuple[int, int, list[tuple[int, int]]]]) -> list[Fact]:
        found: list[Fact] = []
        for since, until, spans in tiles:
            its = [moment(source, a / 10, b / 10) for a, b in spans]
            found += [*its, covered(source, since / 10, until / 10, *its)]
        return found

    *before, last = described
    earlier: list[Fact] = []
    for tiles in before:
        order = data.draw(st.permutations(tiles), label="order")
        sent = facts(order)
        earlier += sent[: data.draw(st.integers(0, len(sent)), label="of it, up to here")]
    stopped = data.draw(st.integers(0, len(last)), label="stopped at")
    again = data.draw(st.integers(0, stopped), label="taken up again from")
    speakers = node(stores)
    for stretch in (earlier, [*facts(last[:stopped]), *facts(last[again:])]):
        if data.draw(st.booleans(), label="the node starts again"):
            speakers = node(stores)
        while stretch:
            size = data.draw(st.integers(1, 12), label="batch")
            take(speakers, stretch[:size])
            stretch = stretch[size:]
    expected = {(a / 10, b / 10) for _, _, spans in last for a, b in spans}
    assert kept(stores, source) == expected
