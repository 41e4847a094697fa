"""The evaluation commands, on the demo's three voices: a guard that the figures stay what they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import encoders
from domain.errors import ConfigError
from domain.ports import PCM_RATE_HZ, Pcm, VoiceEncoder
from nowseen.evaluate_mood import evaluate_mood
from nowseen.evaluate_speakers import evaluate_speakers
from nowseen.samples import SONNET, SPEECH, VOICE, fetch_samples
from nowseen.settings import load_settings
from nowseen.sound_files import read_sound, write_wav

OPTIONS = encoders.EncoderOptions(Path("unused"), device="cpu", allow_download=False)


@pytest.fixture(scope="module")
def voices() -> VoiceEncoder:
    return encoders.load("voices", "resemblyzer", OPTIONS)


@pytest.fixture(scope="module")
def recordings() -> dict[str, Pcm]:
    samples = fetch_samples(load_settings().cache, [SPEECH, SONNET, VOICE])
    assert samples.missing == ()
    return {name: read_sound(path)[: 20 * PCM_RATE_HZ] for name, path in samples.files.items()}


@pytest.fixture(scope="module")
def three_people(recordings: dict[str, Pcm], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voices")
    for name, sound in recordings.items():
        speaker = folder / Path(name).stem.partition("-")[0]
        speaker.mkdir(exist_ok=True)
        write_wav(speaker / f"{Path(name).stem}.wav", sound)
    (folder / "austen" / "notes.txt").write_text("read in one afternoon")
    return folder


def test_three_people_are_told_apart(three_people: Path, voices: VoiceEncoder) -> None:
    found = evaluate_speakers(three_people, voices, encoders.voice_activity)

    assert found.speakers == 3
    assert found.utterances >= 15
    assert found.equal_error_rate < 0.05
    assert found.purity > 0.95
    assert 3 <= found.clusters <= 5
    assert found.inverse_purity > 0.8
    assert found.nobody < found.utterances / 4
    assert [reason.split(" ")[0] for reason in found.skipped] == ["notes.txt"]


def test_joined_utterances_are_fewer_and_longer(three_people: Path, voices: VoiceEncoder) -> None:
    apart = evaluate_speakers(three_people, voices, encoders.voice_activity, at_least_s=4.0)
    joined = evaluate_speakers(three_people, voices, encoders.voice_activity, at_least_s=4.0, join=True)

    assert joined.too_short < apart.too_short
    assert joined.spoken_s > apart.spoken_s


def test_labels_dealt_at_random_are_no_speakers(
    recordings: dict[str, Pcm], voices: VoiceEncoder, tmp_path: Path
) -> None:
    for number, (name, sound) in enumerate(sorted(recordings.items())):
        (tmp_path / f"person {number % 2}").mkdir(exist_ok=True)
        write_wav(tmp_path / f"person {number % 2}" / f"{Path(name).stem}.wav", sound)

    assert evaluate_speakers(tmp_path, voices, encoders.voice_activity).equal_error_rate > 0.3


def test_one_speaker_is_not_enough(recordings: dict[str, Pcm], voices: VoiceEncoder, tmp_path: Path) -> None:
    (tmp_path / "ana").mkdir()
    write_wav(tmp_path / "ana" / "1.wav", recordings["austen-0890.wav"])
    (tmp_path / "bo").mkdir()
    write_wav(tmp_path / "bo" / "silence.wav", np.zeros(5 * PCM_RATE_HZ, np.float32))

    with pytest.raises(ConfigError, match="of 1 speakers that are 2 s or longer"):
        evaluate_speakers(tmp_path, voices, encoders.voice_activity)


@pytest.mark.parametrize("make", [False, True])
def test_an_empty_folder_says_what_is_expected(voices: VoiceEncoder, tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "recordings"
    if make:
        folder.mkdir()

    with pytest.raises(ConfigError, match="recordings"):
        evaluate_speakers(folder, voices, encoders.voice_activity)


def test_moods_are_compared_with_labels(recordings: dict[str, Pcm], tmp_path: Path) -> None:
    """Words speak plainly in one, of nothing in the other; a file that is no sound is passed over by name."""
    for name in ("austen-0890", "allison-status"):
        write_wav(tmp_path / f"{name}.wav", recordings[f"{name}.wav" if "austen" in name else f"{name}.g722"])
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    table = tmp_path / "moods.csv"
    table.write_text(
        "path,label,valence,arousal,speaker\nausten-0890.wav,angry,-0.6,0.4,reader\nallison-status.wav,neutral,0,0,\n"
        "broken.wav,sad,0,0,\n"
    )
    speech = encoders.load("speech", "whisper:tiny.en", OPTIONS)
    word_moods = encoders.load("word_moods", "vader", OPTIONS)
    found = evaluate_mood(table, speech, word_moods, encoders.load("voice_moods", "prosody", OPTIONS))

    assert (found.recordings, found.speakers) == (2, 1)
    assert found.labels is not None
    assert set(found.labels.confusion) == {"angry", "neutral"}
    assert sum(sum(row.values()) for row in found.labels.confusion.values()) == 2
    assert found.valence_concordance is not None and found.valence_concordance > 0  # "selfish" is unpleasant
    assert found.arousal_concordance is not None
    assert [reason.split(" ")[0] for reason in found.skipped] == ["broken.wav"]
