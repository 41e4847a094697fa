"""A moment's id is a function of its content: the same after a replay, another for another moment."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import MODALITIES, Modality, MomentDescribed, Word, decode, encode
from domain.moments import moment_id

MOMENT = MomentDescribed(
    "lobby", "speech", 100.0, 101.0, "whisper", {"text": (1.0,)}, "hi", (Word("hi", 100.0, 101.0),)
)


def test_an_id_is_a_uuid_of_version_5() -> None:
    assert UUID(moment_id(MOMENT)).version == 5


def test_ids_stay_what_they_are_across_releases() -> None:
    """Another value here would double every moment of every index that is replayed after an update."""
    assert moment_id(MOMENT) == "b4bb02ee-90c8-5a46-8c7d-ba20f2de439a"
    assert moment_id(replace(MOMENT, modality="text")) == "9cf70ec0-84b7-565a-ac3b-a6409d8abc03"


@pytest.mark.parametrize(
    "other",
    [
        replace(MOMENT, source="hall"),
        replace(MOMENT, modality="scene"),
        replace(MOMENT, start_s=100.001),
        replace(MOMENT, encoder="other"),
    ],
)
def test_source_modality_start_and_encoder_each_make_another_moment(other: MomentDescribed) -> None:
    assert moment_id(other) != moment_id(MOMENT)


@pytest.mark.parametrize("modality", ["scene", "speech"])
def test_better_words_vectors_or_end_do_not_make_another_scene_or_utterance(modality: Modality) -> None:
    first = replace(MOMENT, modality=modality)
    better = replace(first, end_s=105.0, vectors={}, text="hi there", words=(), attributes={"gain": 2.0})

    assert moment_id(better) == moment_id(first)


def test_two_texts_of_one_millisecond_are_two_moments() -> None:
    first = replace(MOMENT, modality="text")

    assert moment_id(replace(first, text="hi there")) != moment_id(first)


@given(st.integers(-(10**12), 10**13), st.sampled_from(MODALITIES), st.text(st.characters(codec="utf-8"), max_size=20))
def test_the_wire_does_not_change_an_id(start_ms: int, modality: Modality, text: str) -> None:
    moment = replace(MOMENT, start_s=start_ms / 1000, end_s=start_ms / 1000 + 1, modality=modality, text=text)
    message = encode(moment)
    arrived = decode(message.key, message.value, message.headers)

    assert isinstance(arrived, MomentDescribed)
    assert moment_id(arrived) == moment_id(moment)


def test_a_start_between_two_milliseconds_counts_as_the_nearer() -> None:
    assert moment_id(replace(MOMENT, start_s=100.0004)) == moment_id(MOMENT)
