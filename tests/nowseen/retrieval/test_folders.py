"""Folders like COCO's and MSR-VTT's, and which reader gets a folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ConfigError
from nowseen.retrieval.dataset import TASKS
from nowseen.retrieval.loading import load_dataset

Picture = Callable[[str], Path]
IMAGES = [{"id": 7, "file_name": "000007.png", "height": 48}, {"id": 9, "file_name": "000009.png"}]
CAPTIONS = [{"id": 100 + n, "image_id": 7 + 2 * (n % 2), "caption": f"sentence {n}\n"} for n in range(14)]


def write_coco(folder: Path, images: Any = IMAGES, annotations: Any = CAPTIONS) -> Path:
    path = folder / "annotations" / "captions_val2017.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"info": {}, "images": images, "annotations": annotations}))
    return folder


def load(folder: Path) -> Any:
    return load_dataset(str(folder), Path("unused"))


def test_five_captions_ask_for_each_of_coco_s_pictures(picture: Picture, tmp_path: Path) -> None:
    for name in ("000007.png", "000009.png"):
        picture(f"val2017/{name}")
    found = load(write_coco(tmp_path))

    assert found.name == "val2017"
    assert {item.id: item.media.path.name for item in found.items} == {"7": "000007.png", "9": "000009.png"}
    [(task, queries)] = [(task.name, found.asked(task)) for task in TASKS if found.asked(task)]
    assert task == "text->scene"
    assert [query.id for query in queries] == [str(id) for id in range(100, 110)]
    assert (queries[0].text, dict(queries[0].relevant)) == ("sentence 0", {"7": 1.0})


@pytest.mark.parametrize(
    ("images", "annotations", "told"),
    [
        (IMAGES, CAPTIONS, r"'000009\.png' is neither in"),
        ([IMAGES[0], IMAGES[0]], CAPTIONS, "item ids"),
        (IMAGES[:1], CAPTIONS, "which is no item"),
        (IMAGES[:1], [], "holds no query"),
        (IMAGES[:1], [{**CAPTIONS[0], "caption": ""}], "has no words"),
        ([{"id": 7}], CAPTIONS, r"images\.0\.file_name: Field required"),
        ([{"id": 7, "file_name": "../../etc/passwd"}], CAPTIONS, "no file name of a picture"),
        ([{"id": 7, "file_name": 3}], CAPTIONS, "valid string"),
        ({"7": "000007.png"}, CAPTIONS, "valid array"),
    ],
)
def test_a_broken_coco_folder_is_told(
    picture: Picture, tmp_path: Path, images: Any, annotations: Any, told: str
) -> None:
    picture("images/000007.png")
    with pytest.raises(ConfigError, match=told):
        load(write_coco(tmp_path, images, annotations))


def test_of_two_files_of_captions_one_must_be_chosen(tmp_path: Path) -> None:
    write_coco(tmp_path)
    (tmp_path / "captions_train2017.json").write_text("{}")
    with pytest.raises(ConfigError, match="leave the one to be measured"):
        load(tmp_path)


def write_msrvtt(folder: Path, lines: str, films: tuple[str, ...] = ("video1.mp4", "video2.webm")) -> Path:
    (folder / "MSRVTT_JSFUSION_test.csv").write_text(lines)
    for film in films:
        (folder / "videos" / "all" / film).parent.mkdir(parents=True, exist_ok=True)
        (folder / "videos" / "all" / film).touch()
    return folder


HEADING = "key,vid_key,video_id,sentence\n"


def test_a_sentence_asks_for_each_of_msr_vtt_s_films(tmp_path: Path) -> None:
    found = load(write_msrvtt(tmp_path, f'{HEADING}ret0,msr1,video1,"a man, singing"\nret1,msr2,video2,a dog\n'))

    assert [item.media.path.name for item in found.items] == ["video1.mp4", "video2.webm"]
    assert [(query.text, dict(query.relevant)) for query in found.queries] == [
        ("a man, singing", {"video1": 1.0}),
        ("a dog", {"video2": 1.0}),
    ]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("", "should name the columns video_id and sentence"),
        ("a,b\n1,2\n", "should name the columns"),
        (HEADING, "holds no item"),
        (f"{HEADING}ret0,msr9,video9,a dog\n", r"row 1: there is no film video9\.mp4"),
        (f"{HEADING}ret0,msr1,video1\n", "lacks a film's name or its sentence"),
        (f"{HEADING}ret0,msr1,../../etc/passwd,a dog\n", "lacks a film's name"),
        (f"{HEADING}ret0,msr1,video1,{'a' * 200_000}\n", "can't be read as CSV"),
    ],
)
def test_a_broken_msr_vtt_folder_is_told(tmp_path: Path, lines: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(write_msrvtt(tmp_path, lines))


def test_what_is_no_data_set_says_what_would_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds none of dataset\.json, captions_"):
        load(tmp_path)
    with pytest.raises(ConfigError, match="is no folder, and not 'shipped'"):
        load(tmp_path / "nowhere")


def test_a_folder_of_two_kinds_is_told(tmp_path: Path) -> None:
    (write_coco(tmp_path) / "dataset.json").write_text("{}")
    with pytest.raises(ConfigError, match="which is to be measured"):
        load(tmp_path)
