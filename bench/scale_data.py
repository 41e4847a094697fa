"""Made-up moments at any number: scenes and utterances of forty sources, laid out in time as live streams are.

Vectors are of the product's sizes, in clusters as real ones are: all lie in one cone, and differ in a few dozen ways
rather than in all of their numbers. A source looks like itself, a topic like itself wherever it is seen, and a topic
stays for twenty moments that are nearly the same. Words follow Zipf's law. Every block of a thousand is a function of
its number, so any part can be made again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from domain.events import MomentDescribed, Vector, Word
from domain.moments import moment_id
from domain.mood import Mood, Share
from domain.ports import Labels
from search.collections import CollectionSpec, Point
from search.payload import to_payload
from search.words import Bm25Words

Kind: TypeAlias = Literal["scene", "speech"]
Floats: TypeAlias = npt.NDArray[np.float32]

START_S = 1_790_000_000.0
SOURCES = 40
MOMENT_S = 2.0
BLOCK = 1000
VOICE_SIZE = 256
SPECS: dict[Kind, CollectionSpec] = {
    "scene": CollectionSpec("scenes", "scene", {"image": 512}, words=False, encoder="made-pictures"),
    "speech": CollectionSpec(
        "speech", "speech", {"text": 384, "voice": VOICE_SIZE}, words=True, encoder="made-sentences",
        others={"voice": "made-voices"},
    ),
}  # fmt: skip
SPEAKERS = CollectionSpec(
    "speakers", None, {"voice": VOICE_SIZE, "enrolled": VOICE_SIZE}, words=False, encoder="made-voices"
)
_TOPICS = 2000
_TOPIC_STAYS = 20  # moments of a source
VOCABULARY = 50_000
_WAYS = 40  # about the inner dimension that is found in real embeddings
_CONE_SHARE, _TOPIC_SHARE, _SOURCE_SHARE, _LOOK_SHARE, _MOMENT_SHARE, _NOISE_SHARE = 1.0, 0.7, 0.5, 0.5, 0.15, 0.1
_CALM = Mood("calm", 0.2, -0.4, 0.5, (Share("voice", "pitch below this speaker's usual", 0.2, -0.4, 1.0),))


def start_s(number: int) -> float:
    """Every source has a moment each `MOMENT_S`."""
    return START_S + number * MOMENT_S / SOURCES


def source_name(source: int) -> str:
    return f"camera-{source:02d}"


def query_vectors(kind: Kind, count: int, seed: int) -> Floats:
    """(count, d): any topic as any source shows it, at a moment that is not there."""
    rng = np.random.default_rng(seed)
    topics = np.minimum((_TOPICS ** rng.random(count)).astype(np.int64), _TOPICS) - 1
    return _vectors(kind, topics, rng.integers(0, SOURCES, count), rng.normal(size=(count, _WAYS)), rng)


def _moment_vectors(kind: Kind, numbers: npt.NDArray[np.int64]) -> Floats:
    stays = numbers // SOURCES // _TOPIC_STAYS * SOURCES + numbers % SOURCES
    looks = np.stack([_hashed(stays * _WAYS + way) for way in range(_WAYS)], axis=1)
    normal = (looks - 0.5) * math.sqrt(12)  # as wide as a normal distribution
    return _vectors(kind, _topics(stays), numbers % SOURCES, normal, np.random.default_rng(int(numbers[0])))


def _vectors(
    kind: Kind, topics: npt.NDArray[np.int64], sources: npt.NDArray[np.int64], looks: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Of unit length. `looks` is how a topic looks this time, in its ways."""
    size = SPECS[kind].vectors[SPECS[kind].searched_by]
    ways = (
        _TOPIC_SHARE * _unit_ways(_TOPICS)[topics]
        + _SOURCE_SHARE * _unit_ways(SOURCES)[sources]
        + _LOOK_SHARE * looks / math.sqrt(_WAYS)
        + _MOMENT_SHARE * rng.normal(size=(topics.size, _WAYS)) / math.sqrt(_WAYS)
    )
    noise = rng.normal(size=(topics.size, size)) / math.sqrt(size)
    return _unit(_CONE_SHARE * _directions(1, size) + ways @ _directions(_WAYS, size) + _NOISE_SHARE * noise)


def _topics(stays: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Which topic each stay shows: the first ones come often, the last seldom."""
    return np.minimum((_TOPICS ** _hashed(stays)).astype(np.int64), _TOPICS) - 1


def points(kind: Kind, first: int, count: int) -> Iterator[list[Point]]:
    """In order, in lists of at most a block's length."""
    words = Bm25Words()
    for start in range(first, first + count, BLOCK):
        numbers = np.arange(start, min(start + BLOCK, first + count), dtype=np.int64)
        yield [
            Point(
                moment_id(moment), moment.vectors, words.of_document(moment.text) if SPECS[kind].words else None,
                to_payload(moment, moment.end_s + 1.0, labels),
            )
            for moment, labels in moments(kind, numbers)
        ]  # fmt: skip


def moments(kind: Kind, numbers: npt.NDArray[np.int64]) -> Iterator[tuple[MomentDescribed, Labels]]:
    topics = _topics(numbers // SOURCES // _TOPIC_STAYS * SOURCES + numbers % SOURCES)
    rng = np.random.default_rng(int(numbers[0]))
    rows = _moment_vectors(kind, numbers).tolist()
    voices = _unit(_directions(200, VOICE_SIZE)[topics % 200] + 0.02 * rng.normal(size=(numbers.size, VOICE_SIZE)))
    spoken = (VOCABULARY ** rng.random((numbers.size, 14))).astype(np.int64)
    for row, number in enumerate(numbers.tolist()):
        at_s = start_s(number)
        name = source_name(number % SOURCES)
        labels = Labels((f"speaker-{topics[row] % 200}",), (_CALM,)) if number % 3 == 0 else Labels()
        if kind == "scene":
            yield (
                MomentDescribed(
                    name, "scene", at_s, at_s + MOMENT_S, "made-pictures", {"image": tuple(rows[row])},
                    thumbnail_key=f"{name}/scene/{round(at_s * 1000)}.jpg",
                ),
                labels,
            )  # fmt: skip
            continue
        said = [f"w{word}" for word in spoken[row, : 6 + number % 9].tolist()]
        vectors_by_name: dict[str, Vector] = {"text": tuple(rows[row])}
        if labels.speakers:
            vectors_by_name["voice"] = tuple(voices[row].tolist())
        yield (
            MomentDescribed(
                name, "speech", at_s, at_s + MOMENT_S, "made-sentences", vectors_by_name, text=" ".join(said),
                words=tuple(Word(word, at_s + 0.1 * k, at_s + 0.1 * k + 0.09) for k, word in enumerate(said)),
                attributes={"language": "en"},
            ),
            labels,
        )  # fmt: skip


def _unit_ways(count: int) -> Floats:
    return _directions(count, _WAYS)


@cache
def _directions(count: int, size: int) -> Floats:
    return _unit(np.random.default_rng(count * 10_000 + size).normal(size=(count, size)))


def _unit(rows: npt.NDArray[np.floating]) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _hashed(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Between 0 and 1, without a pattern (the finaliser of splitmix64)."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64
