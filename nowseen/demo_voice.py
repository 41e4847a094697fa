"""A voice for the demo to know by name: enrolled through the API, as anybody's would be."""

from __future__ import annotations

import httpx

from nowseen.sample_media import SampleVoice


async def enrol(client: httpx.AsyncClient, voice: SampleVoice) -> str | None:
    """None when the node knows the voice now, else why not."""
    answer = await client.post(
        "/speakers",
        params={"name": voice.name, "consent": voice.consent},
        content=voice.path.read_bytes(),
        headers={"Content-Type": "application/octet-stream"},
    )
    return None if answer.is_success else f"{voice.name} could not be enrolled: {answer.json()['error']}"
