"""What only Qdrant Edge promises: its folder has one owner, outlives a killed process, and says when it is damaged."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qdrant_edge as edge

from domain.errors import ConfigError
from domain.events import MomentDescribed, Vector
from domain.moments import moment_id
from domain.ports import MomentFilter
from domain.speakers import Speaker
from search.collections import CollectionSpec
from search.stores import EdgeFolder, open_store

SPECS = (
    CollectionSpec("speech", "speech", {"text": 4, "voice": 64}, words=True, encoder="sentences-1"),
    CollectionSpec("speakers", None, {"voice": 64, "enrolled": 64}, words=False, encoder="voices-1"),
)
POINTS = 700

# Runs in a process of its own: opens the folder in argv, writes, says so, and waits to be killed.
_WRITER = f"""
import sys, time
from pathlib import Path
from domain.events import MomentDescribed
from search.collections import CollectionSpec
from search.stores import EdgeFolder, open_store

store = open_store(EdgeFolder(Path(sys.argv[1])), {SPECS!r}).moments
store.upsert(
    [
        MomentDescribed("lobby", "speech", 10.0 * n, 10.0 * n + 5.0, "sentences-1", {{"text": (1.0, 0.0, 0.0, 0.0)}}, "hello")
        for n in range({POINTS})
    ],
    1.0,
)
print("acknowledged", flush=True)
time.sleep(60)
"""  # noqa: E501


def _writer(folder: Path) -> subprocess.Popen[str]:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert writer.stdout is not None
    assert writer.stdout.readline() == "acknowledged\n"
    return writer


def test_a_process_killed_after_the_acknowledgement_loses_nothing(tmp_path: Path) -> None:
    with _writer(tmp_path) as writer:
        writer.send_signal(signal.SIGKILL)
    store = open_store(EdgeFolder(tmp_path), SPECS).moments
    assert store.count("speech") == POINTS
    assert len(store.search_words("speech", "hello", MomentFilter(), 1000)) == POINTS
    store.close()


def test_a_second_process_is_told_who_owns_the_folder(tmp_path: Path) -> None:
    with _writer(tmp_path) as writer:
        with pytest.raises(ConfigError, match=f"open in process {writer.pid}.*search node"):
            open_store(EdgeFolder(tmp_path), SPECS)
        writer.kill()


def test_the_folder_is_free_again_after_closing(tmp_path: Path) -> None:
    store = open_store(EdgeFolder(tmp_path), SPECS)
    with pytest.raises(ConfigError, match=f"open in process {os.getpid()}"):
        open_store(EdgeFolder(tmp_path), SPECS)
    store.close()
    open_store(EdgeFolder(tmp_path), SPECS).close()


def _garble(path: Path) -> None:
    for file in path.rglob("*"):
        if file.is_file():
            file.write_bytes(b"garbage" * 8)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda home: _garble(home / "hot" / "segments"), "is damaged"),
        (lambda home: (home / "hot" / "edge_config.json").write_text("{"), "is damaged"),
        (lambda home: _garble(home / "hot" / "wal"), "is damaged"),
        (lambda home: shutil.rmtree(home / "hot" / "segments"), "lost its segments"),
        (lambda home: (home / "collection.json").unlink(), "is missing"),
        (lambda home: (home / "collection.json").write_text("[]"), "can't be read"),
        (lambda home: (home / "collection.json").write_text('{"format": 0, "encoder": "x", "vectors": {}, "words": 1}'),
         "has format 0"),
    ],
    ids=["segments", "config", "wal", "no segments", "no record", "record", "format"],
)  # fmt: skip
def test_a_damaged_folder_is_explained(tmp_path: Path, damage: Callable[[Path], object], said: str) -> None:
    open_store(EdgeFolder(tmp_path), SPECS).close()
    damage(tmp_path / "speech")
    with pytest.raises(ConfigError, match=said) as caught:
        open_store(EdgeFolder(tmp_path), SPECS)
    assert "delete" in str(caught.value) and str(tmp_path) in str(caught.value)


def test_a_creation_cut_short_is_made_good(tmp_path: Path) -> None:
    open_store(EdgeFolder(tmp_path), SPECS).close()
    (tmp_path / "speech" / "hot").rename(tmp_path / "speech" / "hot.new")
    store = open_store(EdgeFolder(tmp_path), SPECS).moments
    assert store.count("speech") == 0
    store.close()


def _files_with(folder: Path, voice: Vector) -> list[str]:
    return _files_holding(folder, np.asarray(voice, dtype=np.float32).tobytes())


def _files_holding(folder: Path, held: bytes) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file() and held in file.read_bytes()]


def test_no_number_of_a_deleted_voice_stays_among_the_vectors(tmp_path: Path) -> None:
    voice = _unit(np.random.default_rng(1).normal(size=64))
    stores = open_store(EdgeFolder(tmp_path), SPECS)
    said = MomentDescribed("lobby", "speech", 1.0, 2.0, "sentences-1", {"text": (1.0, 0.0, 0.0, 0.0), "voice": voice})
    speaker = Speaker(moment_id(said), 1, voice, 1, 1.0, 1.0, 2.0, ("lobby",), enrolled=voice)
    stores.moments.upsert([said], 3.0)
    stores.speakers.save([speaker])
    assert _files_with(tmp_path / "speech" / "hot" / "segments", voice)
    assert _files_with(tmp_path / "speakers" / "hot" / "segments", voice)
    stores.moments.delete_voices([moment_id(said)])
    stores.speakers.delete([speaker.id])
    assert _files_with(tmp_path / "speech" / "hot" / "segments", voice) == []
    assert _files_with(tmp_path / "speakers" / "hot" / "segments", voice) == []
    stores.close()
    shard = edge.EdgeShard.load(str(tmp_path / "speech" / "hot"))
    (point,) = shard.retrieve([moment_id(said)], with_payload=True, with_vector=True)
    assert isinstance(point.vector, dict) and set(point.vector) == {"text"}
    shard.close()


def test_no_name_of_a_deleted_speaker_stays_in_any_file(tmp_path: Path) -> None:
    voice = _unit(np.random.default_rng(1).normal(size=64))
    ana = Speaker("5a1f2a0c-95c4-4c5b-a9a3-0d3c5d3f9b11", 1, voice, 1, 1.0, 1.0, 2.0, ("lobby",), name="Anaxagora")
    ana = replace(ana, consent="Anaxagora, by mail", enrolled=voice)
    bob = replace(ana, id="5a1f2a0c-95c4-4c5b-a9a3-0d3c5d3f9b12", number=2, name="Bob", consent=None, enrolled=None)
    stores = open_store(EdgeFolder(tmp_path), SPECS)
    stores.speakers.save([ana, bob])
    stores.speakers.save([replace(ana, utterances=2, sources=("gate", "lobby"))])
    assert _files_holding(tmp_path / "speakers", b"Anaxagora")
    stores.speakers.delete([ana.id])
    assert _files_holding(tmp_path / "speakers", b"Anaxagora") == []
    assert [speaker.name for speaker in stores.speakers.load()] == ["Bob"]
    stores.speakers.save([replace(bob, utterances=7)])
    stores.close()
    again = open_store(EdgeFolder(tmp_path), SPECS)
    assert [(speaker.name, speaker.utterances) for speaker in again.speakers.load()] == [("Bob", 7)]
    again.close()


def test_a_purge_cut_short_loses_nobody(tmp_path: Path) -> None:
    voice = _unit(np.random.default_rng(1).normal(size=64))
    bob = Speaker("5a1f2a0c-95c4-4c5b-a9a3-0d3c5d3f9b12", 2, voice, 1, 1.0, 1.0, 2.0, ("lobby",))
    stores = open_store(EdgeFolder(tmp_path), SPECS)
    stores.speakers.save([bob])
    stores.close()
    home = tmp_path / "speakers"
    shutil.copytree(home / "hot", home / "hot.new")
    (home / "hot").rename(home / "hot.old")
    for _ in range(2):
        stores = open_store(EdgeFolder(tmp_path), SPECS)
        assert [speaker.number for speaker in stores.speakers.load()] == [2]
        stores.close()
        shutil.copytree(home / "hot", home / "hot.old")
    open_store(EdgeFolder(tmp_path), SPECS).close()
    assert not (home / "hot.old").exists()


def _unit(vector: np.ndarray[Any, np.dtype[np.float64]]) -> Vector:
    # As the engine makes it unit length: in single precision.
    single = vector.astype(np.float32)
    return tuple((single / np.float32(np.linalg.norm(single))).tolist())
