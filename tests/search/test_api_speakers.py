"""The endpoints about speakers over a real store; what makes a voice of a recording is played by a fake."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from domain.errors import BadRequest
from domain.events import MomentDescribed, Vector
from domain.ports import MomentFilter
from search.api import ApiParts, create_api
from search.api_speakers import LARGEST_RECORDING_BYTES
from search.clips import ClipOptions
from search.collections import CollectionSpec
from search.metrics import NodeMetrics
from search.speakers import Speakers
from search.stores import EdgeFolder, open_store
from search.watermarks import Watermarks
from streams.archive import FsspecArchive

T0_S = 1_790_000_000.0
SIZE = 8
SPECS = (
    CollectionSpec("speech", "speech", {"text": 2, "voice": SIZE}, words=True, encoder="sentences"),
    CollectionSpec("speakers", None, {"voice": SIZE, "enrolled": SIZE}, words=False, encoder="voices"),
)
WAV = {"Content-Type": "audio/wav"}
JSON = {"Content-Type": "application/json"}


def voice(person: int) -> Vector:
    return tuple(np.eye(SIZE)[person].tolist())


class Examples:
    """Recordings of these tests are a person's number."""

    def voice(self, media: bytes) -> Vector:
        if not media.isdigit():
            raise BadRequest("the recording holds 0.0 s of speech")
        return voice(int(media))

    def picture(self, media: bytes) -> Vector:
        raise NotImplementedError("no picture is shown here")

    clip = picture

    def speech(self, media: bytes) -> str:
        raise NotImplementedError("no words are searched for here")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[ApiParts]:
    stores = open_store(EdgeFolder(tmp_path / "index"), SPECS)
    watermarks = Watermarks()
    speakers = Speakers(stores.moments, stores.speakers, SIZE)
    speakers.store(
        [
            MomentDescribed(
                "cam", "speech", T0_S + 10 * n, T0_S + 10 * n + 4, "sentences",
                {"text": (1.0, 0.0), "voice": voice(n % 2)}, text="hello",
            )
            for n in range(6)
        ],
        T0_S,
    )  # fmt: skip
    nobody_searches: Any = None
    yield ApiParts(
        nobody_searches, stores.moments, FsspecArchive(str(tmp_path / "archive")), watermarks,
        NodeMetrics(watermarks, lambda: T0_S), speakers=speakers, examples=Examples(), encoders=(), lag=dict,
        clips=ClipOptions(tmp_path / "clips"), ready=lambda: (True, ""), clock=lambda: T0_S + 100,
    )  # fmt: skip
    stores.close()


@pytest.fixture
async def ask(parts: ApiParts) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_api(parts), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as opened:
        yield opened


async def known(ask: httpx.AsyncClient) -> list[str]:
    return [speaker["label"] for speaker in (await ask.get("/speakers")).json()["speakers"]]


async def test_everybody_heard_is_listed(ask: httpx.AsyncClient) -> None:
    first, second = (await ask.get("/speakers")).json()["speakers"]
    assert first.pop("id") != second.pop("id")
    assert first == {
        "label": "speaker 1", "name": None, "number": 1, "utterances": 3, "spoken_s": 12.0, "first_heard_s": T0_S,
        "last_heard_s": T0_S + 40, "sources": ["cam"], "is_enrolled": False, "consent": None,
    }  # fmt: skip


async def test_naming_merging_splitting_and_forgetting(ask: httpx.AsyncClient, parts: ApiParts) -> None:
    [first, _] = (await ask.get("/speakers")).json()["speakers"]
    named = await ask.patch(f"/speakers/{first['id']}", json={"name": "Ana & Bea"})
    assert (named.status_code, named.json()["label"], named.json()["id"]) == (200, "Ana & Bea", first["id"])
    merged = await ask.post("/speakers/speaker%202/merge", json={"into": first["id"]})
    assert (merged.status_code, merged.json()["utterances"]) == (200, 6)
    assert await known(ask) == ["Ana & Bea"]
    parted = await ask.post(f"/speakers/{first['id']}/split", headers=JSON)
    assert (parted.status_code, len(parted.json()["speakers"])) == (200, 2)
    gone = await ask.delete(f"/speakers/{first['id']}")
    assert gone.status_code == 200
    assert gone.json() == {"label": "Ana & Bea", "rules_removed": [], "rules_left": [], "not_looked_into": 0}
    assert "Ana & Bea" not in await known(ask)
    assert len(parts.store.newest("speech", MomentFilter(), 9)) == 6


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PATCH", "/speakers/Ana", {"name": "Bea"}), ("POST", "/speakers/Ana/merge", {"into": "speaker 1"}),
     ("POST", "/speakers/speaker 1/merge", {"into": "Ana"}), ("POST", "/speakers/Ana/split", {}),
     ("DELETE", "/speakers/Ana", None), ("GET", "/speakers/Ana/rules", None)],
)  # fmt: skip
async def test_who_is_not_there_is_404_and_who_is_there_is_said(
    ask: httpx.AsyncClient, method: str, path: str, body: dict[str, str] | None
) -> None:
    answer = await ask.request(method, path, json=body)
    assert answer.status_code == 404
    assert answer.json()["error"] == "there is no speaker 'Ana'; there are speaker 1, speaker 2"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"name": 7}', b'{"name": ""}', b'{"name": "speaker 2"}'])
async def test_a_name_that_is_none_is_400(ask: httpx.AsyncClient, body: bytes) -> None:
    answer = await ask.patch("/speakers/speaker 1", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert await known(ask) == ["speaker 1", "speaker 2"]


async def test_a_recording_enrols_its_voice(ask: httpx.AsyncClient) -> None:
    about = {"name": "Cleo", "consent": " Cleo, by mail, 2026-01-31 "}
    answer = await ask.post("/speakers", params=about, content=b"4", headers=WAV)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["label"], made["is_enrolled"], made["consent"]) == ("Cleo", True, "Cleo, by mail, 2026-01-31")
    assert await known(ask) == ["speaker 1", "speaker 2", "Cleo"]
    assert "4" not in answer.json().values()


@pytest.mark.parametrize(
    ("about", "recording", "said"),
    [
        ({"name": "Cleo", "consent": "yes, Cleo"}, b"silence", "0.0 s of speech"),
        ({"name": "Cleo", "consent": "  "}, b"4", "no consent is given"),
        ({"name": "Cleo"}, b"4", "no consent is given"),
        ({"consent": "yes, Cleo"}, b"4", "name"),
        ({"name": " ", "consent": "yes, Cleo"}, b"4", "name"),
        ({"name": "Cleo", "consent": "yes, Cleo"}, bytes(LARGEST_RECORDING_BYTES + 1), "larger than 20 MB"),
    ],
)
async def test_a_recording_is_refused_with_the_reason(
    ask: httpx.AsyncClient, about: dict[str, str], recording: bytes, said: str
) -> None:
    answer = await ask.post("/speakers", params=about, content=recording, headers=WAV)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert await known(ask) == ["speaker 1", "speaker 2"]


SIMPLE = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", None]


@pytest.mark.parametrize("content_type", SIMPLE)
@pytest.mark.parametrize("path", ["/speakers?name=Eve&consent=none", "/speakers/speaker 1/split", "/speakers/x/merge"])
async def test_what_a_foreign_page_could_send_changes_nothing(
    ask: httpx.AsyncClient, path: str, content_type: str | None
) -> None:
    """Such a request needs no permission, and may come without the page's name: it is told by its content type."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = await ask.post(path, content=b"4", headers=headers)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]
    assert await known(ask) == ["speaker 1", "speaker 2"]


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null"])
async def test_a_foreign_page_may_not_change_anything(ask: httpx.AsyncClient, origin: str) -> None:
    headers = {"Origin": origin}
    for answer in (
        await ask.delete("/speakers/speaker 1", headers=headers),
        await ask.patch("/speakers/speaker 1", json={"name": "Eve"}, headers=headers),
        await ask.post("/speakers/speaker 1/merge", json={"into": "speaker 2"}, headers=headers),
        await ask.post("/speakers?name=Eve&consent=none", content=b"4", headers={**headers, **WAV}),
    ):
        assert answer.status_code == 403
    asked = {**headers, "Access-Control-Request-Method": "DELETE"}
    assert (await ask.options("/speakers/speaker 1", headers=asked)).status_code == 400
    assert await known(ask) == ["speaker 1", "speaker 2"]


async def test_the_host_is_checked_before_anything_changes(ask: httpx.AsyncClient) -> None:
    answer = await ask.delete("/speakers/speaker 1", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert await known(ask) == ["speaker 1", "speaker 2"]
