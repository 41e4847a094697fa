"""What is read ahead, and that nobody waits for it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from search import file_cache
from search.file_cache import CacheWarming


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(file_cache, "read_all", lambda folder, stop: names.append(folder.name))
    return names


def folders(home: Path, *sizes: int) -> list[Path]:
    made = []
    for number, size in enumerate(sizes):
        made.append(home / str(number))
        made[-1].mkdir()
        (made[-1] / "file").write_bytes(bytes(size))
    return made


def finish() -> None:
    for thread in threading.enumerate():
        if thread.name == "warming":
            thread.join()


def test_the_first_come_first(tmp_path: Path, read: list[str]) -> None:
    warming = CacheWarming(folders(tmp_path, 10, 20))
    finish()
    warming.close()
    assert read == ["0", "1"]


def test_memory_that_others_need_is_not_filled(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Memory:
        available = 2 * 100_000

    monkeypatch.setattr("search.file_cache.psutil.virtual_memory", Memory)
    warming = CacheWarming(folders(tmp_path, 50_000, 60_000, 1))
    finish()
    warming.close()
    assert read == ["0"]


def test_every_file_is_read_and_closing_leaves_the_rest(tmp_path: Path) -> None:
    (folder,) = folders(tmp_path, 10_000_000)
    (folder / "nested").mkdir()
    (folder / "nested" / "file").write_bytes(b"x")
    file_cache.read_all(folder)
    warming = CacheWarming([tmp_path / "gone", *[folder] * 1000])
    warming.close()
    assert "warming" not in {thread.name for thread in threading.enumerate()}
