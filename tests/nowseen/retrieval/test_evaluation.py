"""Small data sets of real photographs and voices, through the packaged encoders and the product's own search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import encoders
from domain.errors import ConfigError
from domain.ports import Image, Matrix, Pcm
from nowseen.retrieval.dataset import Item, Media, Query, RetrievalDataset
from nowseen.retrieval.evaluation import evaluate_retrieval, must_hear
from nowseen.retrieval.fingerprint import fingerprint
from nowseen.retrieval.models import RetrievalModels
from nowseen.retrieval.results import RetrievalEvaluated, TaskEvaluated
from nowseen.samples import PHOTOGRAPHS, SONNET, SPEECH, fetch_samples
from nowseen.settings import load_settings
from nowseen.sound_files import write_wav

NOW = datetime(2026, 1, 31, tzinfo=UTC)
PARTS_S = ((2.6, 9.0), (9.0, 14.9), (14.9, 22.8))


@pytest.fixture(scope="module")
def files() -> dict[str, Path]:
    samples = fetch_samples(load_settings().cache, [PHOTOGRAPHS, SPEECH, SONNET])
    assert samples.missing == ()
    return dict(samples.files)


@pytest.fixture(scope="module")
def dataset(files: dict[str, Path]) -> RetrievalDataset:
    words = {
        "0870": "and mister john dashwood had then leisure to consider how much he could prudently do for them",
        "0890": "unless to be rather cold hearted and rather selfish is to be ill disposed",
    }
    return RetrievalDataset(
        "small",
        (
            *(Item(name, "scene", Media(files[f"{name}.png"])) for name in ("coffee", "chelsea", "camera")),
            *(Item(n, "speech", Media(files[f"austen-{n}.wav"]), words[n], "austen") for n in words),
            Item("0880", "speech", Media(files["austen-0880.wav"]), speaker="austen"),
            *(
                Item(f"sonnet-{number}", "speech", Media(files["sonnet.mp3"], part_s), speaker="sonnet")
                for number, part_s in enumerate(PARTS_S)
            ),
            Item("written", "speech", text="the boat trips are called off because of the storm"),
        ),
        (
            Query("drink", "text", {"coffee": 1.0}, "a cup of coffee"),
            Query("cat", "text", {"chelsea": 1.0}, "a cat"),
            Query("ship", "text", {"written": 1.0}, "no ferry in this weather"),
            Query("young man", "text", {"0880": 1.0}, "he was not an ill disposed young man"),
            Query("like the cat", "picture", {"chelsea": 1.0, "coffee": 1.0}, media=Media(files["chelsea.png"])),
            Query("reader", "sound", {"0870": 1.0, "0880": 1.0, "0890": 1.0}, media=Media(files["austen-0920.wav"])),
            Query(
                "actor", "sound", {f"sonnet-{n}": 1.0 for n in range(3)}, media=Media(files["sonnet.mp3"], (3.0, 6.0))
            ),
        ),
    )


@pytest.fixture(scope="module")
def found(dataset: RetrievalDataset, packaged_models: RetrievalModels) -> RetrievalEvaluated:
    return evaluate_retrieval(dataset, packaged_models, encoders.voice_activity, NOW)


def task(found: RetrievalEvaluated, name: str) -> TaskEvaluated:
    [one] = [task for task in found.tasks if task.task == name]
    return one


def test_every_task_is_measured_against_the_items_of_its_kind(found: RetrievalEvaluated) -> None:
    assert [(each.task, each.queries, each.items, [*each.rankings]) for each in found.tasks] == [
        ("text->scene", 2, 3, ["search", "--weak", "vectors"]),
        ("image->scene", 1, 3, ["vectors"]),
        ("text->speech", 2, 7, ["search", "--weak", "vectors"]),
        ("speaker", 2, 7, ["vectors"]),
    ]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("text->scene", "drink"),
        ("text->scene", "cat"),
        ("text->speech", "ship"),
        ("text->speech", "young man"),
        ("speaker", "reader"),
    ],
)
def test_what_is_plain_is_found_first(found: RetrievalEvaluated, name: str, query: str) -> None:
    for ranking in task(found, name).rankings.values():
        assert ranking.by_query[query]["recall@1"] == 1.0


def test_a_query_that_is_an_item_neither_finds_itself_nor_misses_itself(found: RetrievalEvaluated) -> None:
    """The cat's own picture and the actor's own sentence are left out: of the rest all is to be had."""
    like_the_cat = task(found, "image->scene").rankings["vectors"].by_query["like the cat"]
    actor = task(found, "speaker").rankings["vectors"].by_query["actor"]

    assert like_the_cat["recall@5"] == 1.0
    assert like_the_cat["mrr"] in (0.5, 1.0)
    assert actor["recall@5"] == 1.0


def test_speech_is_heard_where_its_words_are_not_given(dataset: RetrievalDataset) -> None:
    assert must_hear(dataset)
    assert not must_hear(replace(dataset, items=tuple(i for i in dataset.items if i.kind == "scene" or i.text),
                                 queries=dataset.queries[:3]))  # fmt: skip


def test_the_result_says_what_was_measured_and_by_what(found: RetrievalEvaluated, dataset: RetrievalDataset) -> None:
    assert (found.dataset, found.fingerprint, found.date) == (
        "small",
        fingerprint(dataset),
        "2026-01-31T00:00:00+00:00",
    )
    assert {info.role: info.name for info in found.encoders} == {
        "pictures": "concept",
        "sentences": "minilm",
        "voices": "resemblyzer",
        "speech": "whisper:tiny.en",
    }
    assert {"python", "torch", "qdrant-edge-py"} <= found.versions.keys()
    assert found.not_indexed == ()


def test_the_same_again_is_the_same(
    found: RetrievalEvaluated, dataset: RetrievalDataset, packaged_models: RetrievalModels
) -> None:
    assert evaluate_retrieval(dataset, packaged_models, encoders.voice_activity, NOW) == found


class Unseeing:
    """A picture encoder to which all pictures are one."""

    def __init__(self, models: RetrievalModels) -> None:
        self.info = models.pictures.info
        self.encode_texts = models.pictures.encode_texts

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        row = np.zeros(self.info.vector_size, np.float32)
        row[0] = 1.0
        return np.tile(row, (len(images), 1))


def test_who_sees_no_difference_earns_nothing(dataset: RetrievalDataset, packaged_models: RetrievalModels) -> None:
    scenes = replace(dataset, items=dataset.items[:3], queries=dataset.queries[:2])
    unseeing = replace(packaged_models, pictures=Unseeing(packaged_models))
    found = evaluate_retrieval(scenes, unseeing, encoders.voice_activity, NOW)

    assert task(found, "text->scene").rankings["vectors"].metrics["recall@1"].mean == 0.0


def test_speech_in_which_nothing_is_said_is_named(packaged_models: RetrievalModels, tmp_path: Path) -> None:
    silence: Pcm = np.zeros(48_000, np.float32)
    write_wav(tmp_path / "silence.wav", silence)
    dataset = RetrievalDataset(
        "silence",
        (Item("silent", "speech", Media(tmp_path / "silence.wav")), Item("said", "speech", text="good morning")),
        (Query("greeting", "text", {"said": 1.0}, "hello"),),
    )
    found = evaluate_retrieval(dataset, packaged_models, encoders.voice_activity, NOW)

    assert found.not_indexed == ("silent",)
    assert task(found, "text->speech").items == 2


@pytest.mark.parametrize("kind", ["scene", "speech"])
def test_broken_media_are_told_all_at_once(kind: str, packaged_models: RetrievalModels, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"neither picture nor sound")
    items = tuple(Item(name, kind, Media(tmp_path / name)) for name in ("one", "two"))  # type: ignore[arg-type]
    dataset = RetrievalDataset("broken", items, (Query("q", "text", {"one": 1.0}, "anything"),))

    with pytest.raises(ConfigError, match=r"item 'one'.*\n.*item 'two'"):
        evaluate_retrieval(dataset, packaged_models, encoders.voice_activity, NOW)


def test_a_fingerprint_is_of_the_content_and_not_of_its_place(tmp_path: Path) -> None:
    def made(folder: str, content: bytes = b"picture", grade: float = 1.0, text: str = "a cat") -> str:
        path = tmp_path / folder / "a.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        item = Item("a", "scene", Media(path))
        return fingerprint(RetrievalDataset(folder, (item,), (Query("q", "text", {"a": grade}, text),)))

    assert made("here") == made("there")
    assert len({made("here"), made("b", content=b"other"), made("c", grade=2.0), made("d", text="a dog")}) == 4
