"""A collection whose moments stand in many shards: it finds what one exact shard finds, and nothing that happens while
a shard is built, a kill included, is lost."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import qdrant_edge as edge

from domain.errors import ConfigError
from domain.events import Vector
from domain.ports import MomentFilter
from search import edge_sealing
from search.collections import WORDS, CollectionSpec, Point, Row, SparseWords
from search.edge_config import indexes
from search.edge_folder import open_edge_collections
from search.edge_history_shard import HistoryShard
from search.edge_options import EdgeOptions
from search.edge_records import to_engine
from search.edge_seal import obey
from search.edge_sealing_child import SealingChild
from search.edge_store import EdgeCollection
from search.words import Bm25Words

SPEC = CollectionSpec("speech", "speech", {"text": 32, "voice": 64}, words=True, encoder="sentences-1")
ALL = MomentFilter()
BY_HAND = EdgeOptions(hot_points=10**9)  # nothing is rotated by itself


class Opened:
    """A collection, and all that is in its folder."""

    def __init__(self, folder: Path, options: EdgeOptions) -> None:
        self.folder = folder
        self._options = options
        self._open()

    def _open(self) -> None:
        collections, self._then = open_edge_collections(self.folder, [SPEC], self._options)
        self.collection: EdgeCollection = collections[0]

    def close(self) -> None:
        self.collection.close()
        self._then.close()

    def reopen(self) -> None:
        self.close()
        self._open()

    @property
    def shards(self) -> tuple[HistoryShard, ...]:
        return self.collection._history.shards

    def texts(self) -> dict[str, str]:
        """By id; the same however it is asked for."""
        by_time = [(row.id, str(row.payload["text"])) for row in self.collection.newest(ALL, 10_000, vectors=())]
        assert sorted(by_time) == sorted((row.id, str(row.payload["text"])) for row in self.collection.everything())
        assert len(by_time) == self.collection.count() == sum(self.collection.sources().values())
        return dict(by_time)


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def opened(folder: Path, closing: ExitStack, options: EdgeOptions) -> Opened:
    one = Opened(folder, options)
    closing.callback(lambda: one.close())
    return one


def id_of(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


def vector(number: int, size: int = 32) -> Vector:
    single = np.random.default_rng(number).normal(size=size).astype(np.float32)
    return tuple((single / np.float32(np.linalg.norm(single))).tolist())


def voice(number: int) -> Vector:
    return vector(10_000 + number, 64)


def point(number: int, text: str = "", **more: Any) -> Point:
    text = text or f"moment number {number}"
    payload = {
        "source": f"cam-{number % 3}",
        "start_s": 10.0 * number,
        "end_s": 10.0 * number + 5,
        "text": text,
        **more,
    }
    return Point(
        id_of(number), {"text": vector(number), "voice": voice(number)},
        Bm25Words().of_document(text), payload,
    )  # fmt: skip


def asked(words: str) -> SparseWords:
    query = Bm25Words().of_query(words)
    assert query is not None
    return query


def found(rows: Sequence[Row]) -> list[tuple[str, float]]:
    return [(row.id, round(row.score, 4)) for row in sorted(rows, key=lambda row: (-row.score, row.id))]


def test_many_shards_find_what_one_does(tmp_path: Path, closing: ExitStack) -> None:
    one = opened(tmp_path / "one", closing, BY_HAND)
    many = opened(tmp_path / "many", closing, EdgeOptions(hot_points=400, merged_at_once=3))
    said = ["the bus is late", "a red bus", "the train is red", "nothing", "red red red"]
    points = [point(number, said[number % 5] if number < 1100 else "the late bus") for number in range(1500)]
    for first in range(0, len(points), 200):
        for each in (one, many):
            each.collection.upsert(points[first : first + 200])
    many.collection.settle()
    assert len(many.shards) == 1 and many.shards[0].is_sealed
    assert 0 < many.shards[0].shard.count() < 1500
    some = MomentFilter(sources=("cam-0", "cam-1"), since_s=3_000.0, until_s=13_500.0)
    for where in (ALL, some):
        for query in (asked("late bus"), asked("red"), asked("train nothing")):
            expected = one.collection.nearest(query, where, 1500, vectors=(), using=WORDS)
            assert found(many.collection.nearest(query, where, 1500, vectors=(), using=WORDS)) == found(expected)
        hits = 0
        for number in range(20_000, 20_050):
            exact = found(one.collection.nearest(vector(number), where, 10, vectors=(), using="text"))
            near = found(many.collection.nearest(vector(number), where, 10, vectors=(), using="text"))
            hits += len({*exact} & {*near})
        assert hits >= 0.97 * 500
        (best,) = many.collection.nearest(vector(700), where, 1, vectors=["text", "voice"], using="text")
        assert best.id == id_of(700)
        assert best.vectors["text"] == pytest.approx(vector(700), abs=1e-6)
        assert best.vectors["voice"] == pytest.approx(voice(700), abs=1e-6)
    for since_s, until_s in itertools.product([None, 0.0, 3_005.0, 3_005.1, 14_999.0], [None, 0.0, 3_010.0, 9_999.9]):
        where = MomentFilter(since_s=since_s, until_s=until_s)
        expected = one.collection.nearest(asked("bus"), where, 1500, vectors=(), using=WORDS)
        assert found(many.collection.nearest(asked("bus"), where, 1500, vectors=(), using=WORDS)) == found(expected)
        assert [row.id for row in many.collection.newest(where, 1500, vectors=())] == [
            row.id for row in one.collection.newest(where, 1500, vectors=())
        ]
    assert many.texts() == one.texts()
    assert many.collection.sources() == one.collection.sources()
    assert [row.id for row in many.collection.newest(some, 7, vectors=())] == [
        row.id for row in one.collection.newest(some, 7, vectors=())
    ]


class Here:
    """Builds in this process, so that a test can come in between."""

    meanwhile: Callable[[], None]

    def ask(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        if "seal" in order:
            type(self).meanwhile()
        return obey(order)

    def kill(self) -> None: ...

    def end(self) -> None: ...


def once(work: Callable[[], None]) -> staticmethod[[], None]:
    left = [work]
    return staticmethod(lambda: left.pop()() if left else None)


def test_what_is_written_during_a_build_is_in_what_is_built(
    tmp_path: Path, closing: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = opened(tmp_path, closing, EdgeOptions(hot_points=40))
    collection = here.collection
    points = [point(number, speakers=["bob"]) for number in range(40)]

    def change() -> None:
        collection.upsert([point(3, "a corrected text"), point(100)])
        collection.set_fields({id_of(5): {"speakers": ["ana"]}, id_of(100): {"speakers": ["ana"]}})
        collection.delete([id_of(7), id_of(8)])
        collection.upsert([point(8, "said again")])
        collection.forget([id_of(9)], ["voice"], ["speakers"])

    monkeypatch.setattr(Here, "meanwhile", once(change), raising=False)
    monkeypatch.setattr(edge_sealing, "SealingChild", Here)
    collection.upsert(points)
    collection.settle()
    assert [each.is_sealed for each in here.shards] == [True]
    for _ in range(2):
        texts = {id_of(number): f"moment number {number}" for number in (*range(40), 100) if number != 7}
        texts |= {id_of(3): "a corrected text", id_of(8): "said again"}
        assert here.texts() == texts
        rows = {row.id: row for row in here.collection.everything()}
        anas = {id for id, row in rows.items() if row.payload.get("speakers") == ["ana"]}
        assert anas == {id_of(5), id_of(100)}
        assert "speakers" not in rows[id_of(9)].payload and set(rows[id_of(9)].vectors) == {"text"}
        (best,) = here.collection.nearest(asked("corrected"), ALL, 9, vectors=(), using=WORDS)
        assert best.id == id_of(3)
        here.reopen()
    assert files_with(tmp_path / "speech" / "history", voice(9)) == []
    assert files_with(tmp_path / "speech" / "history", voice(10)) != []


def test_a_child_that_is_killed_is_followed_by_another(
    tmp_path: Path, closing: ExitStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    children: list[SealingChild] = []

    class Mortal(SealingChild):
        def __init__(self) -> None:
            super().__init__()
            children.append(self)

        def ask(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
            if "seal" in order and len(children) == 1:
                self.kill()
            return super().ask(order)

    monkeypatch.setattr(edge_sealing, "SealingChild", Mortal)
    here = opened(tmp_path, closing, EdgeOptions(hot_points=40, retry_s=0.0))
    here.collection.upsert([point(number) for number in range(40)])
    while not all(each.is_sealed for each in here.shards):
        with suppress(RuntimeError):
            here.collection.settle()
    assert len(children) == 2
    assert "sealing 40 points failed" in caplog.text and "ended with -9" in caplog.text
    assert len(here.texts()) == 40
    assert [folder.name for folder in (tmp_path / "speech" / "history").iterdir()] == [here.shards[0].folder.name]


def test_a_full_disk_is_not_filled_further(
    tmp_path: Path, closing: ExitStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000))
    here = opened(tmp_path, closing, EdgeOptions(hot_points=40))
    here.collection.upsert([point(number) for number in range(40)])
    while "sealing needs" not in caplog.text:
        time.sleep(0.01)
    assert [each.is_sealed for each in here.shards] == [False]
    assert len(here.texts()) == 40


# Runs in a process of its own: fills shard after shard, and is killed while child processes build.
_WRITER = """
import sys
from pathlib import Path
from tests.search.test_edge_sealing import SPEC, EdgeOptions, open_edge_collections, point

(collection,), _ = open_edge_collections(Path(sys.argv[1]), [SPEC], EdgeOptions(hot_points=30))
number = 0
while True:
    collection.upsert([point(number + each) for each in range(30)])
    number += 30
    print(number, flush=True)
"""


def test_a_node_that_is_killed_loses_nothing_and_leaves_no_child(tmp_path: Path, closing: ExitStack) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        children: list[psutil.Process] = []
        while not (children and any("sealed-" in each.name for each in tmp_path.glob("speech/history/*"))):
            acknowledged = int(writer.stdout.readline())
            children = psutil.Process(writer.pid).children() or children
        writer.send_signal(signal.SIGKILL)
    if sys.platform == "linux":
        assert psutil.wait_procs(children, timeout=60)[1] == []
    here = opened(tmp_path, closing, EdgeOptions(hot_points=30))
    kept = here.texts()
    assert {id_of(number) for number in range(acknowledged)} <= set(kept)
    here.collection.settle()
    assert all(each.is_sealed for each in here.shards)
    assert here.texts() == kept


def next_hot_half_made(home: Path, sealed: Path) -> None:
    shutil.copytree(home / "empty", home / "hot-2.new")


def rotated(home: Path, sealed: Path) -> None:
    shutil.copytree(home / "empty", home / "hot-2")


def hot_half_purged(home: Path, sealed: Path) -> None:
    (home / "hot-1").rename(home / "hot-1.old")
    shutil.copytree(home / "empty", home / "hot-1.new")


def hot_purged(home: Path, sealed: Path) -> None:
    shutil.copytree(home / "empty", home / "hot-1.old")


def half_built(home: Path, sealed: Path) -> None:
    shutil.copytree(sealed, home / "history" / "sealed-0")
    (home / "history" / "sealed-0" / "sealed.json").unlink()


def replaced_and_not_deleted(home: Path, sealed: Path) -> None:
    shutil.copytree(sealed, home / "history" / "sealed-0")
    (home / "history" / "sealed-0" / "sealed.json").write_text(
        json.dumps({"made_of": [sealed.name], "points": 30, "longest_s": 5.0, "stale": False})
    )


def replaced_and_half_deleted(home: Path, sealed: Path) -> None:
    replaced_and_not_deleted(home, sealed)
    (sealed / "sealed.json").unlink()
    shutil.rmtree(sealed / "shard" / "segments")


def hot_replaced_and_not_deleted(home: Path, sealed: Path) -> None:
    shutil.copytree(home / "hot-1", home / "hot")
    (sealed / "sealed.json").write_text(
        json.dumps({"made_of": ["hot"], "points": 30, "longest_s": 5.0, "stale": False})
    )


def without_word_counts(home: Path, sealed: Path) -> None:
    (sealed / "words.npz").unlink()


@pytest.mark.parametrize(
    "state",
    [next_hot_half_made, rotated, hot_half_purged, hot_purged, half_built, replaced_and_not_deleted,
     replaced_and_half_deleted, hot_replaced_and_not_deleted, without_word_counts],
)  # fmt: skip
def test_every_step_can_be_the_last(tmp_path: Path, closing: ExitStack, state: Callable[[Path, Path], None]) -> None:
    here = opened(tmp_path, closing, EdgeOptions(hot_points=30))
    here.collection.upsert([point(number) for number in range(30)])
    here.collection.upsert([point(number, "newer words") for number in range(30, 40)])
    here.collection.settle()
    before = here.texts()
    weights = found(here.collection.nearest(asked("newer moment"), ALL, 99, vectors=(), using=WORDS))
    here.close()
    state(tmp_path / "speech", sealed_folder(tmp_path))
    here = opened(tmp_path, closing, EdgeOptions(hot_points=30))
    assert here.texts() == before
    assert found(here.collection.nearest(asked("newer moment"), ALL, 99, vectors=(), using=WORDS)) == weights
    here.collection.settle()
    assert here.texts() == before
    here.collection.upsert([point(99)])
    assert len(here.texts()) == 41


def sealed_folder(folder: Path) -> Path:
    (sealed,) = (folder / "speech" / "history").glob("sealed-*")
    return sealed


def test_a_damaged_record_is_explained(tmp_path: Path) -> None:
    here = Opened(tmp_path, EdgeOptions(hot_points=30))
    here.collection.upsert([point(number) for number in range(30)])
    here.collection.settle()
    here.close()
    (sealed_folder(tmp_path) / "sealed.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"sealed\.json can't be read: restore it, or .*delete"):
        Opened(tmp_path, EdgeOptions())


def test_what_is_forgotten_leaves_a_sealed_shard_also_after_a_kill(tmp_path: Path, closing: ExitStack) -> None:
    here = opened(tmp_path / "before", closing, EdgeOptions(hot_points=30))
    here.collection.upsert([point(number, speakers=["ana"]) for number in range(30)])
    here.collection.settle()
    with here.collection._history.locks.writing:  # nothing is built
        here.collection.forget([id_of(4)], ["voice"], ["speakers"])
        (row,) = (row for row in here.collection.everything() if row.id == id_of(4))
        assert set(row.vectors) == {"text"} and "speakers" not in row.payload
        assert files_with(tmp_path / "before", voice(4)) != []
        shutil.copytree(tmp_path / "before", tmp_path / "after")
    for folder in (tmp_path / "before", tmp_path / "after"):
        after = here if folder.name == "before" else opened(folder, closing, EdgeOptions(hot_points=30))
        after.collection.settle()
        assert files_with(folder / "speech" / "history", voice(4)) == []
        assert len(after.texts()) == 30
        (row,) = (row for row in after.collection.everything() if row.id == id_of(4))
        assert set(row.vectors) == {"text"} and "speakers" not in row.payload


def test_what_changes_moves_to_the_hot_shard_and_leaves_room(tmp_path: Path, closing: ExitStack) -> None:
    here = opened(tmp_path, closing, EdgeOptions(hot_points=30))
    here.collection.upsert([point(number) for number in range(30)])
    here.collection.settle()
    (before,) = here.shards
    here.collection.delete([id_of(0)])
    here.collection.upsert([point(number, "all of it anew") for number in range(1, 16)])
    here.collection.set_fields({id_of(number): {"text": "all of it anew"} for number in range(16, 29)})
    here.collection.settle()
    (after,) = here.shards
    assert after is not before
    assert (after.extent.points, after.extent.deleted) == (1, 0)
    texts = {id_of(number): "all of it anew" for number in range(1, 29)} | {id_of(29): "moment number 29"}
    assert here.texts() == texts
    here.collection.upsert([point(30), point(31)])
    here.collection.settle()
    assert sorted(each.extent.points for each in here.shards) == [1, 30]
    assert set(here.texts()) == {*texts, id_of(30), id_of(31)}


def test_a_node_killed_while_a_point_moved_has_it_once(tmp_path: Path, closing: ExitStack) -> None:
    here = opened(tmp_path / "before", closing, EdgeOptions(hot_points=30))
    here.collection.upsert([point(number) for number in range(30)])
    here.collection.settle()
    here.collection.upsert([point(3, "moved"), point(40)])  # what is deleted from a sealed shard is not flushed
    here.collection.set_fields({id_of(4): {"text": "moved too"}})
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    expected = here.texts()
    after = opened(tmp_path / "after", closing, EdgeOptions(hot_points=30))
    assert after.texts() == expected
    assert expected[id_of(3)] == "moved" and expected[id_of(4)] == "moved too" and len(expected) == 31


def test_a_shard_whose_words_the_engine_weighs_is_written_anew(tmp_path: Path, closing: ExitStack) -> None:
    """As earlier versions made them."""
    now = opened(tmp_path / "now", closing, BY_HAND)
    then = opened(tmp_path / "then", closing, BY_HAND)
    points = [point(number, text) for number, text in enumerate(["a bus", "a red bus", "a train", "red"])]
    now.collection.upsert(points)
    then.close()
    hot = tmp_path / "then" / "speech" / "hot"
    shutil.rmtree(hot)
    engine = edge.EdgeShard.create(
        str(hot),
        edge.EdgeConfig(
            vectors={name: edge.EdgeVectorParams(size, edge.Distance.Cosine) for name, size in SPEC.vectors.items()},
            sparse_vectors={WORDS: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        ),
    )
    for index in indexes(SPEC):
        engine.update(index)
    engine.update(edge.UpdateOperation.upsert_points([to_engine(each) for each in points]))
    engine.close()
    then = opened(tmp_path / "then", closing, BY_HAND)
    assert then.texts() == now.texts()
    for words in ("red", "bus red", "a"):
        one, other = (
            found(each.collection.nearest(asked(words), ALL, 9, vectors=(), using=WORDS)) for each in (now, then)
        )
        assert one == other != []


def test_speakers_stay_in_one_shard(tmp_path: Path) -> None:
    spec = CollectionSpec("speakers", None, {"voice": 4}, words=False, encoder="voices-1")
    (collection,), then = open_edge_collections(tmp_path, [spec], EdgeOptions(hot_points=1))
    collection.upsert([Point(id_of(number), {"voice": (1.0, 0.0, 0.0, 0.0)}, None, {}) for number in range(3)])
    collection.settle()
    assert len(collection.everything()) == collection.count() == 3
    assert not (tmp_path / "speakers" / "history").exists()
    collection.close()
    then.close()


def files_with(folder: Path, held: Vector) -> list[str]:
    """Names of the files in which these numbers stand."""
    looked_for = np.asarray(held, dtype=np.float32).tobytes()
    return [file.name for file in folder.rglob("*") if file.is_file() and looked_for in file.read_bytes()]
