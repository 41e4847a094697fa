"""A rule by example on real pictures and voices: told of what is like it, and of nothing else seen or heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image as Pillow

from domain.conditions import Graded
from domain.events import MomentDescribed, Vector
from domain.incident_events import IncidentOpened
from domain.moment_reading import LabelledMoment
from domain.ports import PCM_RATE_HZ, Image, Pcm, PictureEncoder
from domain.rule_drafts import RuleDraft, rule_of
from domain.rule_watch import RuleWatch, WatchOptions
from domain.voice_changes import mean_voice
from encoders import EncoderOptions, load
from nowseen.sample_photographs import MORE_PHOTOGRAPHS, PAGODA_AND_DAHLIA
from nowseen.sample_voices import CARLO, IVRVOICE, JUNE
from nowseen.samples import PHOTOGRAPHS, SPEECH, Origin, fetch_samples
from nowseen.settings import load_settings
from nowseen.voice_clips import voice_windows
from search.rule_encoding import RuleEncoding
from tests.search.rules_setting import Encoders

T0_S = 1_790_000_000.0
APART_S = 300.0
LEARNT = 864  # moments: three days


def files(*origins: Origin) -> Mapping[str, Path]:
    found = fetch_samples(load_settings().cache, origins)
    assert found.missing == ()
    return found.files


def seen(number: int, picture: Vector) -> MomentDescribed:
    start_s = T0_S + number * APART_S
    return MomentDescribed("gate", "scene", start_s, start_s + 4.0, "concept", {"image": picture})


def heard(number: int, voice: Vector) -> MomentDescribed:
    start_s = T0_S + number * APART_S
    text = tuple(np.eye(384)[0].tolist())
    return MomentDescribed("gate", "speech", start_s, start_s + 4.0, "minilm", {"text": text, "voice": voice}, "hello")


def told(
    encoding: RuleEncoding, example: Graded, history: Sequence[MomentDescribed], live: Sequence[MomentDescribed]
) -> list[MomentDescribed]:
    """What a rule that has learnt from history tells of."""
    watch = RuleWatch(WatchOptions(encoding.scores()))
    watch.add(rule_of(RuleDraft("", example=example), "r", lambda who: (who,)), encoding.vectors(example))
    watch.learn(["r"], [LabelledMoment(each) for each in history])
    assert watch.thresholds("r")["gate"].score is not None
    return [each for each in live if any(isinstance(event, IncidentOpened) for event in watch.push(each))]


@pytest.fixture(scope="module")
def photographs() -> dict[str, Image]:
    found = files(PHOTOGRAPHS, MORE_PHOTOGRAPHS, PAGODA_AND_DAHLIA)
    return {Path(name).stem: np.asarray(Pillow.open(path).convert("RGB")) for name, path in found.items()}


@pytest.fixture(scope="module")
def looks(photographs: dict[str, Image], rule_encoders: Encoders) -> dict[str, Vector]:
    return {name: look(rule_encoders.pictures, image) for name, image in photographs.items()}


def look(pictures: PictureEncoder, image: Image) -> Vector:
    return tuple(pictures.encode_images([np.ascontiguousarray(image)])[0].tolist())


@pytest.mark.parametrize("shown", ["chelsea", "coffee", "rocket", "sklearn-flower"])
def test_a_picture_is_found_again_though_not_the_same_and_no_other_is(
    rule_encoders: Encoders, photographs: dict[str, Image], looks: dict[str, Vector], shown: str
) -> None:
    others = [vector for name, vector in looks.items() if name != shown]
    history = [seen(number, others[number % len(others)]) for number in range(LEARNT)]
    live = [seen(LEARNT + number, other) for number, other in enumerate(others)]
    height, width = photographs[shown].shape[:2]
    nearer = photographs[shown][height // 10 : -height // 10, width // 10 : -width // 10]
    after = LEARNT + len(others) + 5
    alike = [seen(after, look(rule_encoders.pictures, nearer))]
    alike.append(seen(after + 10, look(rule_encoders.pictures, nearer[:, ::-1])))
    assert told(rule_encoders.rules, rule_encoders.rules.picture(looks[shown]), history, [*live, *alike]) == alike


@pytest.fixture(scope="module")
def voices() -> dict[str, list[Vector]]:
    """By speaker, of some utterances each."""
    encoder = load("voices", "resemblyzer", EncoderOptions(load_settings().cache, device="cpu", allow_download=False))
    found: dict[str, list[Vector]] = {}
    for name, path in files(SPEECH, JUNE, CARLO, IVRVOICE).items():
        heard = found.setdefault(name.partition("-")[0], [])
        if len(heard) < 4:
            heard.append(tuple(mean_voice(voice_windows(_sound(path), encoder))))
    return found


def _sound(path: Path) -> Pcm:
    resampler = av.AudioResampler("flt", "mono", PCM_RATE_HZ)
    with av.open(str(path)) as file:
        parts = [each.to_ndarray()[0] for frame in file.decode(audio=0) for each in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.float32)


@pytest.mark.parametrize("who", ["austen", "june", "carlo", "ivrvoice"])
def test_a_voice_is_heard_again_whatever_it_says_and_no_other_is(
    rule_encoders: Encoders, voices: dict[str, list[Vector]], who: str
) -> None:
    rules = RuleEncoding(rule_encoders.sentences, rule_encoders.pictures, "resemblyzer")
    others = [vector for name, some in voices.items() if name != who for vector in some]
    history = [heard(number, others[number % len(others)]) for number in range(LEARNT)]
    live = [heard(LEARNT + number, other) for number, other in enumerate(others)]
    example, *again = voices[who]
    after = LEARNT + len(others) + 5
    alike = [heard(after + 10 * number, vector) for number, vector in enumerate(again)]
    assert told(rules, rules.voice(example), history, [*live, *alike]) == alike
