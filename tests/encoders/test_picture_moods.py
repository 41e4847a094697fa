"""Moods in pictures, on vectors planted in the space of an encoder; and none where the encoder knows none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from domain.ports import EncoderInfo, Image, Matrix, PictureEncoder
from encoders import picture_moods
from encoders.vectors import unit_rows
from encoders.zero_shot_moods import DESCRIPTIONS, PLAIN

SIZE = 512


class PlantedPictures:
    """Each text has a direction of its own; a picture lies as near to it as one of CLIP's does, about 0.3."""

    info = EncoderInfo("pictures", "planted", "a test", "", SIZE, "cpu")

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        rows = [np.random.default_rng(list(text.encode())).normal(size=SIZE) for text in texts]
        return unit_rows(np.stack(rows))

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        raise NotImplementedError

    def picture_of(self, text: str, cosine: float, seed: int = 0) -> Matrix:
        other = np.random.default_rng(seed).normal(size=(1, SIZE))
        along = self.encode_texts([text])
        across = unit_rows(other - (other @ along.T) * along)
        return unit_rows(cosine * along + np.sqrt(1 - cosine**2) * across)


PICTURES = PlantedPictures()


@pytest.mark.parametrize("what", DESCRIPTIONS)
def test_a_clear_match_is_a_cue_with_its_mood(what: str) -> None:
    [[cue]] = picture_moods(PICTURES).look(PICTURES.picture_of(what, 0.35))
    assert (cue.kind, cue.what, (cue.valence, cue.arousal)) == ("picture", what, DESCRIPTIONS[what])


def test_what_is_plain_or_far_from_everything_gives_none() -> None:
    plain = [PICTURES.picture_of(text, 0.35) for text in PLAIN]
    far = [PICTURES.picture_of("something else", 0.35, seed) for seed in range(20)]
    assert picture_moods(PICTURES).look(np.concatenate([*plain, *far])) == [()] * (len(PLAIN) + 20)


def test_no_pictures_give_nothing() -> None:
    assert picture_moods(PICTURES).look(np.zeros((0, SIZE), np.float32)) == []


def test_the_stand_in_knows_no_moods(concept: PictureEncoder, photographs: dict[str, Image]) -> None:
    vectors = concept.encode_images(list(photographs.values()))
    smiling = concept.encode_texts(["a smiling face"])
    assert picture_moods(concept).look(np.concatenate([vectors, smiling])) == [()] * (len(photographs) + 1)


def test_every_mood_lies_between_minus_one_and_one() -> None:
    assert all(-1 <= number <= 1 for mood in DESCRIPTIONS.values() for number in mood)
