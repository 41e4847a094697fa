"""Clips and thumbnails over HTTP, from a real archive."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from domain.events import MomentDescribed, WatermarkAdvanced
from search.api import ApiParts, create_api
from search.clips import ClipOptions
from search.collections import CollectionSpec
from search.metrics import NodeMetrics
from search.service import SearchService
from search.speakers import Speakers
from search.stores import EdgeFolder, open_store
from search.watermarks import Watermarks
from streams.archive import FsspecArchive

SPECS = (
    CollectionSpec("scenes", "scene", {"image": 2}, words=False, encoder="none"),
    CollectionSpec("speakers", None, {"voice": 4, "enrolled": 4}, words=False, encoder="none"),
)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[ApiParts]:
    stores = open_store(EdgeFolder(tmp_path / "store"), SPECS)
    store = stores.moments
    no_model: Any = None  # nothing is searched for by its content here
    watermarks = Watermarks()
    yield ApiParts(
        SearchService(store, no_model, no_model),
        store,
        FsspecArchive(str(tmp_path / "archive")),
        watermarks,
        NodeMetrics(watermarks),
        (),
        ClipOptions(tmp_path / "clips"),
        ready=lambda: (True, ""),
        lag=dict,
        speakers=Speakers(store, stores.speakers, 4),
        examples=no_model,
        public_url="https://nowseen.example/base",
    )
    store.close()


@pytest.fixture
async def ask(parts: ApiParts) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_api(parts))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as opened:
        yield opened


def span(recording: Any, start_s: float, end_s: float, source: str = "cam") -> dict[str, Any]:
    return {"source": source, "start_s": recording.start_s + start_s, "end_s": recording.start_s + end_s}


async def test_a_clip_plays_and_tells_where_the_moment_begins(
    ask: httpx.AsyncClient, parts: ApiParts, recording: Any
) -> None:
    recording.publish(parts.archive, "cam")
    answer = await ask.get("/clip", params=span(recording, 2.75, 4.5))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    assert answer.headers["x-clip-start-offset-s"] == "0.750"
    seen = recording.look_at(answer.content)
    assert seen.flash_s == pytest.approx(recording.event_after_s - 2)
    assert seen.codecs == {"video": "h264", "audio": "aac"}


async def test_ranges_and_head(ask: httpx.AsyncClient, parts: ApiParts, recording: Any) -> None:
    recording.publish(parts.archive, "cam")
    asked = span(recording, 0, 6)
    whole = await ask.get("/clip", params=asked)
    size = len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    head = await ask.head("/clip", params=asked)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    assert head.headers["etag"] == whole.headers["etag"]
    for asked_range, content in (
        ("bytes=0-99", whole.content[:100]),
        ("bytes=100-", whole.content[100:]),
        ("bytes=-10", whole.content[-10:]),
    ):
        part = await ask.get("/clip", params=asked, headers={"Range": asked_range, "If-Range": whole.headers["etag"]})
        assert (part.status_code, part.content) == (206, content)
        assert part.headers["content-range"].endswith(f"/{size}")
    beyond = await ask.get("/clip", params=asked, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


async def test_many_browsers_at_once_get_the_same_clip(ask: httpx.AsyncClient, parts: ApiParts, recording: Any) -> None:
    recording.publish(parts.archive, "cam", video="libvpx-vp9", audio="libopus", container="matroska")
    answers = await asyncio.gather(*(ask.get("/clip", params=span(recording, 0, 6)) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(list(parts.clips.folder.iterdir())) == 1


async def test_why_there_is_no_clip(ask: httpx.AsyncClient, parts: ApiParts, recording: Any) -> None:
    async def why(start_s: float, source: str = "cam") -> str:
        answer = await ask.get("/clip", params=span(recording, start_s, start_s + 1, source))
        assert answer.status_code == 404
        return str(answer.json()["error"])

    assert "/sources" in await why(0, "nobody")
    parts.store.upsert(
        [MomentDescribed("cam", "scene", recording.start_s, recording.start_s + 1, "none", {"image": (1.0, 0.0)})], 0.0
    )
    assert "not known yet" in await why(0)
    parts.watermarks.advance(WatermarkAdvanced("cam", "scene", recording.start_s + 10, recording.start_s + 11))
    assert "none was published, or it was deleted" in await why(5)
    assert "not indexed" in await why(20)
    assert "try again" in await why(20)


async def test_an_archive_that_is_down_is_503(
    ask: httpx.AsyncClient, parts: ApiParts, recording: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise ConnectionError("the bucket does not answer")

    monkeypatch.setattr(parts.archive, "overlapping", down)
    answer = await ask.get("/clip", params=span(recording, 0, 1))
    assert (answer.status_code, "the bucket does not answer" in answer.json()["error"]) == (503, True)


async def test_a_moment_links_to_its_clip_and_thumbnail(
    ask: httpx.AsyncClient, parts: ApiParts, recording: Any
) -> None:
    recording.publish(parts.archive, "cam")
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "JPEG")
    key = parts.archive.put_thumbnail("cam", recording.start_s + 2.5, picture.getvalue())
    shown = MomentDescribed(
        "cam", "scene", recording.start_s + 2.5, recording.start_s + 3, "none", {"image": (1.0, 0.0)}, thumbnail_key=key
    )
    bare = MomentDescribed(
        "cam", "scene", recording.start_s + 900, recording.start_s + 901, "none", {"image": (0.0, 1.0)}
    )
    parts.store.upsert([shown, bare], recording.start_s)
    without, with_links = (await ask.get("/moments/newest")).json()["moments"]
    assert (without["clip_url"], without["thumbnail_url"]) == (None, None)
    for link in (with_links["clip_url"], with_links["thumbnail_url"]):
        assert link.startswith("https://nowseen.example/base/")
    clip = urlsplit(with_links["clip_url"].replace("/base/", "/"))
    assert clip.fragment == "t=0.500"
    answer = await ask.get(f"{clip.path}?{clip.query}")
    assert answer.headers["x-clip-start-offset-s"] == "0.500"
    thumbnail = await ask.get(urlsplit(with_links["thumbnail_url"].replace("/base/", "/")).path)
    assert (thumbnail.headers["content-type"], thumbnail.content) == ("image/jpeg", picture.getvalue())
    assert "immutable" in thumbnail.headers["cache-control"]


async def test_thumbnails_show_nothing_but_thumbnails(
    ask: httpx.AsyncClient, parts: ApiParts, recording: Any, tmp_path: Path
) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"\xff\xd8\xff secret")
    chunk = next(iter(recording.chunks()))
    chunk_key = parts.archive.put_chunk(
        "cam", "video", chunk.start_s, chunk.duration_s, chunk.content_type, chunk.media
    )
    for key in (
        "../secret.jpg", "..%2Fsecret.jpg", "%2e%2e/secret.jpg", f"{tmp_path}/secret.jpg", "cam/../../secret.jpg",
        "cam/thumbnails/nothing.jpg", "cam", "cam/thumbnails", ".hidden/a", chunk_key,
    ):  # fmt: skip
        answer = await ask.get(f"/thumbnails/{key}")
        assert answer.status_code == 404, key
        assert not answer.content.startswith(b"\xff")
        assert set(answer.json()) == {"error"}


async def test_a_chunk_is_not_read_to_find_that_it_is_no_thumbnail(
    ask: httpx.AsyncClient, parts: ApiParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = parts.archive.put_chunk("cam", "video", 100.0, 2.0, "video/mp2t", b"large")
    read: list[str] = []
    monkeypatch.setattr(FsspecArchive, "get", lambda _, key: read.append(key))
    assert (await ask.get(f"/thumbnails/{key}")).status_code == 404
    assert read == []
