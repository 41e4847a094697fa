from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import ConfigError
from nowseen.mood_labels import MoodTruth, mood_truths


def csv(folder: Path, *lines: str) -> Path:
    path = folder / "moods.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_each_line_is_a_recording(tmp_path: Path) -> None:
    path = csv(tmp_path, "path,label,speaker", "a/1.wav,Angry,ana", "2.wav, sad ,")

    assert mood_truths(path) == [
        MoodTruth(tmp_path / "a/1.wav", "angry", speaker="ana"),
        MoodTruth(tmp_path / "2.wav", "sad"),
    ]


def test_numbers_do_without_labels(tmp_path: Path) -> None:
    assert mood_truths(csv(tmp_path, "path,valence,arousal", "1.wav,-0.5,1")) == [
        MoodTruth(tmp_path / "1.wav", None, -0.5, 1.0)
    ]


def test_a_folder_is_named_after_its_mood(tmp_path: Path) -> None:
    for name in ("sad/1.wav", "happy/deep/2.wav", "sad/.hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert mood_truths(tmp_path) == [
        MoodTruth(tmp_path / "happy/deep/2.wav", "happy"),
        MoodTruth(tmp_path / "sad/1.wav", "sad"),
    ]


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        (["file,label", "1.wav,sad"], "should name path and label"),
        (["path", "1.wav"], "should name path and label"),
        ([""], r"\(none\)"),
        (["path,label"], "no recordings below it"),
        (["path,label", "1.wav,sad", "2.wav,blue"], "line 3: 'blue' is no mood; they are calm, happy"),
        (["path,label", "1.wav,unknown"], "'unknown' is no mood"),
        (["path,label", ",sad"], "line 2: no path"),
        (["path,label", "1.wav,"], "line 2: no label"),
        (["path,valence", "1.wav,1.5"], "valence is '1.5'; it is a number from -1 to 1"),
        (["path,arousal", "1.wav,high"], "arousal is 'high'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, lines: list[str], mistake: str) -> None:
    with pytest.raises(ConfigError, match=mistake):
        mood_truths(csv(tmp_path, *lines))


def test_a_few_mistakes_stand_for_many(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        mood_truths(csv(tmp_path, "path,label", *["1.wav,blue"] * 20))

    assert len(caught.value.mistakes) == 6
    assert caught.value.mistakes[-1] == "and 15 lines more"


def test_a_folder_of_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "disgust").mkdir()
    (tmp_path / "disgust" / "1.wav").touch()

    with pytest.raises(ConfigError, match="disgust is not named after a mood"):
        mood_truths(tmp_path)


def test_what_is_not_there_can_t_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read as CSV"):
        mood_truths(tmp_path / "none.csv")
