"""Our own format: what is in it is read, and what is wrong with it is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ConfigError
from nowseen.retrieval.dataset import TASKS, Media
from nowseen.retrieval.described_folder import described, described_folder

Describe = Callable[[Any], Path]
SCENE = {"id": "a", "kind": "scene", "file": "a.png"}
SPEECH = {"id": "s", "kind": "speech", "text": "good morning"}
QUERY = {"id": "q", "text": "noise", "relevant": ["a"]}


def test_everything_that_can_be_said_is_read(
    describe: Describe, picture: Callable[[str], Path], tmp_path: Path
) -> None:
    for name in ("a.png", "b.png", "sub/c.png", "v.wav", "w.wav"):
        picture(name) if name.endswith("png") else (tmp_path / name).touch()
    folder = describe(
        {
            "name": "mine",
            "items": [
                SCENE,
                {"id": "b", "kind": "scene", "file": "b.png"},
                {"id": "s", "kind": "speech", "text": " good morning ", "speaker": "Ana"},
                {"id": "v", "kind": "speech", "file": "v.wav", "part_s": [1, 2.5], "speaker": "Ana"},
            ],
            "queries": [
                {"id": "words", "text": "noise", "relevant": {"a": 2, "s": 1}},
                {"id": "picture", "picture": "sub/c.png", "relevant": ["a", "b"]},
                {"id": "voice", "sound": "w.wav", "part_s": [0, 3], "speaker": "Ana"},
            ],
        }
    )
    found = described_folder(folder)

    assert found.name == "mine"
    assert [item.text for item in found.items] == ["", "", "good morning", ""]
    assert found.items[3].media == Media(tmp_path / "v.wav", (1.0, 2.5))
    asked = {task.name: {query.id: dict(query.relevant) for query in found.asked(task)} for task in TASKS}
    assert asked == {
        "text->scene": {"words": {"a": 2.0}},
        "image->scene": {"picture": {"a": 1.0, "b": 1.0}},
        "text->speech": {"words": {"s": 1.0}},
        "speaker": {"voice": {"s": 1.0, "v": 1.0}},
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"items": []}, "holds no item"),
        ({"queries": []}, "holds no query"),
        ({"items": [SCENE, SCENE]}, "two of the item ids are 'a'"),
        ({"queries": [QUERY, QUERY]}, "two of the query ids are 'q'"),
        ({"queries": [{**QUERY, "relevant": ["z"]}]}, "wants 'z', which is no item"),
        ({"queries": [{**QUERY, "relevant": []}]}, "wants nothing"),
        ({"queries": [{**QUERY, "relevant": {"a": 0}}]}, "greater than 0"),
        ({"queries": [{**QUERY, "relevant": {"a": "much"}}]}, "valid number"),
        ({"queries": [{**QUERY, "text": "  "}]}, "has no words"),
        ({"queries": [{**QUERY, "picture": "a.png"}]}, "one of text, picture and sound"),
        ({"queries": [{"id": "q", "relevant": ["a"]}]}, "one of text, picture and sound"),
        ({"queries": [{**QUERY, "speaker": "Ana"}]}, "with a sound only"),
        ({"queries": [{"id": "q", "picture": "a.png", "relevant": ["a"]}]}, "other than itself"),
        ({"queries": [{"id": "q", "picture": "a.png", "relevant": ["s"]}], "items": [SCENE, SPEECH]}, "be scenes"),
        ({"queries": [{"id": "q", "sound": "a.png", "speaker": "Nobody"}]}, "wants nothing"),
        ({"items": [{"id": "a", "kind": "scene"}]}, "nothing to look at"),
        ({"items": [{"id": "a", "kind": "speech", "text": " "}]}, "nothing to look at or to listen to"),
        ({"items": [{**SCENE, "text": "words"}]}, "no text or speaker"),
        ({"items": [{**SCENE, "kind": "smell"}]}, "'scene' or 'speech'"),
        ({"items": [{**SCENE, "part_s": [3, 1]}]}, "the end comes after the start"),
        ({"items": [{**SCENE, "part_s": [3]}]}, "at least 2"),
        ({"items": [{**SCENE, "licence": "mine"}]}, "not permitted"),
        ({"items": [{**SCENE, "file": "none.png"}]}, "'none.png' is missing"),
        ({"items": [{**SCENE, "file": "../a.png"}]}, "without '..'"),
        ({"items": [{**SCENE, "file": "/etc/passwd"}]}, "no file in the folder"),
        ({"items": [{**SCENE, "file": ""}]}, "no file in the folder"),
        ({"items": [{**SCENE, "file": "a\0.png"}]}, "no file in the folder"),
        ({"items": [{**SCENE, "file": "."}]}, "is missing"),
        ({"name": ""}, "at least 1"),
        ({"items": "a.png"}, "valid array"),
    ],
)
def test_what_is_wrong_is_told(
    describe: Describe, picture: Callable[[str], Path], change: dict[str, Any], told: str
) -> None:
    picture("a.png")
    folder = describe({"name": "mine", "items": [SCENE], "queries": [QUERY], **change})

    with pytest.raises(ConfigError, match=told.replace("'..'", "")):
        described_folder(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '{"name": NaN}', "[" * 100_000, '{"name": "x", "items": ' + "9" * 5000 + "}"]
)
def test_what_is_no_description_is_told(describe: Describe, text: str) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.json"):
        described_folder(describe(text))


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="can't be read"):
        described_folder(tmp_path)


def test_many_mistakes_are_cut_short(describe: Describe) -> None:
    items = [{"id": str(number), "kind": "scene", "file": f"{number}.png"} for number in range(20)]
    with pytest.raises(ConfigError) as told:
        described_folder(describe({"name": "mine", "items": items, "queries": [{**QUERY, "relevant": ["1"]}]}))

    assert len(told.value.mistakes) == 6
    assert told.value.mistakes[-1].endswith("and 15 mistakes more")


def test_a_named_pipe_is_not_waited_for(describe: Describe, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ConfigError, match="missing"):
        described_folder(describe({"name": "mine", "items": [SCENE], "queries": [QUERY]}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("id", "kind", "file", "text", "speaker", "part_s", "picture", "sound", "relevant")
THINGS = st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from(["scene", "speech", "a"]), max_size=5)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.fixed_dictionaries({"name": JSON, "items": st.lists(THINGS) | JSON, "queries": st.lists(THINGS) | JSON}))
def test_whatever_is_written_there_is_read_or_refused(description: Any) -> None:
    def find(name: str) -> Path:
        raise ValueError(f"no {name!r}")

    try:
        described(json.dumps(description), "dataset.json", find)
    except ConfigError as error:
        assert error.mistakes
