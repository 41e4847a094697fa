"""A voice for the demo to know by name: enrolled through the API, as anybody's would be."""

from __future__ import annotations

import httpx

from nowseen.sample_media import SampleVoice


async def enrol(client: httpx.AsyncClient, voice: SampleVoice) -> str | None:
    """None when the node knows the voice now, else why not."""
    try:
        answer = await client.post(
            "/speakers",
            params={"name": voice.name, "consent": voice.consent},
            content=voice.path.read_bytes(),
            headers={"Content-Type": "application/octet-stream"},
        )
        why = None if answer.is_success else answer.json()["error"]
    except (httpx.TransportError, ValueError) as error:  # ValueError: what came is not JSON
        why = str(error) or type(error).__name__
    return why and f"{voice.name} could not be enrolled: {why}"
