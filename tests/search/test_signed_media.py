"""Links in a webhook lead to the picture and the clip for a while, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.alerts import AlertRaised
from domain.incident_facts import IncidentFacts
from search.api import ApiParts, create_api
from search.clips import ClipOptions
from search.collections import CollectionSpec
from search.metrics import NodeMetrics
from search.service import SearchService
from search.signed_links import LinkSigner
from search.signed_media import LINKS_LAST_S, SignedMedia
from search.speakers import Speakers
from search.stores import EdgeFolder, open_store
from search.watermarks import Watermarks
from streams.archive import FsspecArchive

NOW_S = 1_790_000_100.0
SPECS = (
    CollectionSpec("scenes", "scene", {"image": 2}, words=False, encoder="none"),
    CollectionSpec("speakers", None, {"voice": 4, "enrolled": 4}, words=False, encoder="none"),
)
SIGNER = LinkSigner(bytes(32))
JPEG = b"\xff\xd8\xff not much of a picture"


class Time:
    now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def parts(tmp_path: Path, clock: Time) -> Iterator[ApiParts]:
    stores = open_store(EdgeFolder(tmp_path / "store"), SPECS)
    no_model: Any = None
    watermarks = Watermarks()
    yield ApiParts(
        SearchService(stores.moments, no_model, no_model), stores.moments, FsspecArchive(str(tmp_path / "archive")),
        watermarks, NodeMetrics(watermarks), (), ClipOptions(tmp_path / "clips"), ready=lambda: (True, ""), lag=dict,
        speakers=Speakers(stores.moments, stores.speakers, 4), examples=no_model, signer=SIGNER, clock=clock,
    )  # fmt: skip
    stores.close()


@pytest.fixture
async def ask(parts: ApiParts) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_api(parts))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as opened:
        yield opened


def shown(parts: ApiParts, recording: Any, **changes: Any) -> IncidentFacts:
    """What is told of an incident whose picture and sound are archived."""
    recording.publish(parts.archive, "cam")
    key = parts.archive.put_thumbnail("cam", recording.start_s, JPEG)
    start_s, end_s = recording.start_s + 2.75, recording.start_s + 4.5
    facts = IncidentFacts("flash", "i", 0, "opened", end_s, "cam", start_s, end_s, "a flash")
    alert = AlertRaised(facts, ("ops",), thumbnail_key=key, clip_span_s=(start_s, end_s))
    media = SignedMedia(parts.archive, "http://127.0.0.1:8600/", SIGNER, parts.clock)
    return media.show(replace(alert, **changes))


async def test_the_links_show_the_picture_and_the_clip(ask: httpx.AsyncClient, parts: ApiParts, recording: Any) -> None:
    facts = shown(parts, recording)
    assert facts.thumbnail_url is not None and facts.clip_url is not None
    picture, clip = await ask.get(facts.thumbnail_url), await ask.get(facts.clip_url)

    assert (picture.status_code, picture.content) == (200, JPEG)
    assert picture.headers["cache-control"] == f"private, max-age={LINKS_LAST_S}"
    assert clip.status_code == 200
    assert recording.look_at(clip.content).flash_s == pytest.approx(recording.event_after_s - 2)
    assert facts.clip_url.endswith("#t=0.750")


@pytest.mark.parametrize("name", ["thumbnail_url", "clip_url"])
async def test_a_link_expires(ask: httpx.AsyncClient, parts: ApiParts, clock: Time, recording: Any, name: str) -> None:
    link = getattr(shown(parts, recording), name)
    clock.now_s = NOW_S + LINKS_LAST_S - 1
    assert (await ask.get(link)).status_code == 200
    clock.now_s = NOW_S + LINKS_LAST_S
    refused = await ask.get(link)

    assert refused.status_code == 403
    assert "expired" in refused.json()["error"]


@pytest.mark.parametrize("name", ["thumbnail_url", "clip_url"])
async def test_a_link_that_was_changed_shows_nothing(
    ask: httpx.AsyncClient, parts: ApiParts, recording: Any, name: str
) -> None:
    url = httpx.URL(getattr(shown(parts, recording), name))
    signed = dict(url.params)
    other = {"expires": str(int(signed["expires"]) + 1), "signature": "A" * 43, "start_s": "1790000002.000"}
    for parameter in {"expires", "signature", "start_s"} & signed.keys():
        assert (await ask.get(url.copy_set_param(parameter, other[parameter]))).status_code == 403
    for half in ("expires", "signature"):
        assert (await ask.get(url.copy_remove_param(half))).status_code == 403


async def test_a_link_of_another_key_is_refused_and_one_without_a_signature_is_not(
    parts: ApiParts, recording: Any
) -> None:
    link = shown(parts, recording).thumbnail_url
    assert link is not None
    for signer in (None, LinkSigner(bytes([1]) * 32)):
        transport = httpx.ASGITransport(create_api(replace(parts, signer=signer)))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as ask:
            assert (await ask.get(link)).status_code == 403
            assert (await ask.get(link.partition("?")[0])).status_code == 200


def test_where_nothing_can_be_seen_there_is_no_link(parts: ApiParts, recording: Any) -> None:
    nothing = shown(parts, recording, thumbnail_key=None, clip_span_s=None)
    assert (nothing.thumbnail_url, nothing.clip_url) == (None, None)
    assert shown(parts, recording, clip_span_s=(5.0, 6.0)).clip_url is None


@pytest.mark.parametrize("error", [OSError("the disk is away"), OverflowError("date value out of range")])
def test_what_goes_wrong_with_links_costs_the_links_and_not_the_alert(
    parts: ApiParts, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        def overlapping(self, *_: object) -> Any:
            raise error

    facts = IncidentFacts("flash", "i", 0, "opened", 2.0, "cam", 1.0, 2.0, "a flash")
    alert = AlertRaised(facts, ("ops",), thumbnail_key="cam/thumbnails/1.jpg", clip_span_s=(1.0, 2.0))

    assert SignedMedia(Away(), "http://127.0.0.1:8600", SIGNER, parts.clock).show(alert) == facts
    assert str(error) in caplog.text


def test_the_document_tells_how_long_links_hold() -> None:
    text = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")

    assert f"hold for {LINKS_LAST_S / 86_400:.0f} days" in text
