"""Speakers, clips and thumbnails through both faces, at the real API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from domain.events import MomentDescribed
from nowseen.client import NodeRefused
from tests.nowseen.client.conftest import ANA, BEA, SIZE, START_S
from tests.search.conftest import Recording

if TYPE_CHECKING:
    from tests.nowseen.client.conftest import Asker, Node


async def labels(ask: Asker) -> list[str]:
    return [speaker.label for speaker in await ask.speakers()]


async def test_naming_enrolling_merging_and_forgetting(ask: Asker, tmp_path: Path) -> None:
    ana, bea = await ask.speakers()
    assert (ana.id, ana.label, bea.label, ana.first_heard.timestamp()) == (ANA, "Ana", "speaker 2", START_S)
    assert (await ask.rename("speaker 2", "Bea & Bo")).id == BEA
    recording = tmp_path / "cy.wav"
    recording.write_bytes(b"0 0 1 0")
    cy = await ask.enrol("Cy", recording, consent="Cy, by mail")
    assert (cy.name, cy.is_enrolled, cy.consent) == ("Cy", True, "Cy, by mail")
    assert (await ask.merge(bea, ana)).id == ANA
    assert await labels(ask) == ["Ana", "Cy"]
    forgotten = await ask.forget(cy, rules=True)
    assert (forgotten.label, forgotten.rules_removed, forgotten.rules_left) == ("Cy", (), ())
    assert await labels(ask) == ["Ana"]


async def test_one_that_is_two_becomes_two(ask: Asker, node: Node) -> None:
    voices = [(1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)]
    spoken = [
        MomentDescribed(
            "cam", "speech", START_S + 10 * n, START_S + 10 * n + 4, "minilm",
            {"text": (1.0,) + (0.0,) * (SIZE - 1), "voice": voices[n % 2]}, text="hello",
        )
        for n in range(6)
    ]  # fmt: skip
    node.parts.speakers.store(spoken, START_S)
    merged = await ask.merge("speaker 2", "Ana")
    assert {speaker.id for speaker in await ask.split(merged)} > {ANA}


async def test_a_speaker_nobody_knows(ask: Asker) -> None:
    for method, args in (
        ("rename", ("Zoe", "Bea")), ("merge", ("Zoe", "Ana")), ("merge", ("Ana", "Zoe")), ("split", ("Zoe",)),
        ("forget", ("Zoe",)),
    ):  # fmt: skip
        with pytest.raises(NodeRefused, match="no speaker 'Zoe'; there are Ana, speaker 2") as refused:
            await getattr(ask, method)(*args)
        assert refused.value.status == 404


async def test_a_name_arrives_as_it_is(ask: Asker) -> None:
    for who in ("Ana?x=1", "Ana#", "50% Ana", "Ana%2F", "Ána", "Ana & Bea"):
        await ask.rename("Ana", who)
        assert (await ask.rename(who, "Ana")).id == ANA


async def test_nobody_is_enrolled_without_consent(ask: Asker) -> None:
    with pytest.raises(NodeRefused, match="no consent is given"):
        await ask.enrol("Cy", b"0 0 1 0", consent=" ")


async def test_a_clip_and_a_picture_come_from_the_node_that_was_asked(ask: Asker, node: Node, tmp_path: Path) -> None:
    recording = Recording()
    recording.publish(node.parts.archive, "cam")
    jpeg = b"\xff\xd8\xff picture"
    node.put("scene", "a white flash", 2, thumbnail_key=node.parts.archive.put_thumbnail("cam", START_S + 2, jpeg))
    (moment,) = (await ask.search("white flash")).moments
    assert moment.clip_url is not None and moment.clip_url.startswith("https://elsewhere.example/")
    clip = await ask.clip(moment)
    assert recording.look_at(clip).flash_s is not None
    assert await ask.save_clip(moment, tmp_path / "flash.mp4") == tmp_path / "flash.mp4"
    assert (tmp_path / "flash.mp4").read_bytes() == clip
    assert await ask.thumbnail(moment) == jpeg


async def test_why_there_is_no_clip(ask: Asker, node: Node, tmp_path: Path) -> None:
    node.put("text", "good evening")
    (moment,) = (await ask.newest()).moments
    with pytest.raises(NodeRefused, match="no media of this moment"):
        await ask.save_clip(moment, tmp_path / "none.mp4")
    assert not (tmp_path / "none.mp4").exists()
    with pytest.raises(NodeRefused, match="no picture"):
        await ask.thumbnail(moment)
    gone: Any = moment.model_copy(update={"clip_url": "http://x/clip?source=cam&start_s=1&end_s=2#t=0"})
    with pytest.raises(NodeRefused, match="archived") as refused:
        await ask.clip(gone)
    assert refused.value.status == 404
