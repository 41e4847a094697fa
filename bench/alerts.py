"""Standing queries while a source is live: from the end of what a rule is told of to its signed webhook received.

An utterance ends before the chunk that it ends in, so what is said is measured from a little earlier than its chunk's
end; a scene ends with its chunk. Rules to the letter are added one after another, so that alarms come at different
times. Those for scenes learn from marks: what a stand-in's scores usually are can't be learnt within a minute.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from bench.receiver import READY

WEBHOOK = "bench"
SAID = (
    "ill disposed young man", "cold hearted", "rather selfish", "amiable woman", "still more respectable",
    "made amiable himself", "had he married", "how much there might be", "young man",
)  # fmt: skip
SEEN = ("a rabbit", "a hare in a meadow")
ADDED_EVERY_S = 4.0
MARKED = 2  # of each: so many decide (domain/rule_thresholds.py)


@dataclass(slots=True)
class Alerts:
    """Of openings and updates; a closing tells nothing new."""

    late_s: list[float] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)  # rules
    rules: int = 0

    @property
    def missing(self) -> int:
        """Rules for what is shown and said, again and again, that nobody was told of."""
        return self.rules - len(self.opened)

    def hear(self, told: dict[str, Any]) -> None:
        if told["type"] == "incident.opened":
            self.opened.add(told["rule"])
        if told["type"] != "incident.closed":
            self.late_s.append(told["at_s"] - datetime.fromisoformat(told["when"]["end"]).timestamp())


@asynccontextmanager
async def watching(client: httpx.AsyncClient, port: int, live: str, other: str) -> AsyncIterator[Alerts]:
    """While it is entered, rules are added for what `live` shows and says; scenes of `other` are none of it."""
    alerts = Alerts(rules=len(SAID) + len(SEEN))
    address = f"http://127.0.0.1:{port}/"
    secret = (await _post(client, "/webhooks", {"name": WEBHOOK, "url": address}))["secret"]
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.receiver", str(port),
        env=os.environ | {"SECRET": secret}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert receiver.stdout is not None
    try:
        if (await receiver.stdout.readline()).decode().strip() != READY:
            raise RuntimeError("the receiver of webhooks did not start")
        listening = asyncio.create_task(_listen(receiver.stdout, alerts))
        adding = [asyncio.create_task(_add_said(client)), asyncio.create_task(_add_seen(client, live, other))]
        try:
            yield alerts
            added, _ = await asyncio.wait(adding, timeout=0.0)
            for each in added:
                each.result()  # raises what went wrong; a rule that could not be set in time is missing
        finally:
            for each in (*adding, listening):
                each.cancel()
            await _remove(client)  # nothing of it is to be in the next measurement
    finally:
        receiver.terminate()
        await receiver.wait()


async def _listen(lines: asyncio.StreamReader, alerts: Alerts) -> None:
    while line := await lines.readline():
        alerts.hear(json.loads(line))


async def _add_said(client: httpx.AsyncClient) -> None:
    for phrase in SAID:
        await _post(client, "/rules", {"query": f'"{phrase}"', "webhooks": [WEBHOOK]})
        await asyncio.sleep(ADDED_EVERY_S)


async def _add_seen(client: httpx.AsyncClient, live: str, other: str) -> None:
    for text in SEEN:
        await _post(
            client, "/rules",
            {"query": f"kind:scene {text}", "name": text, "webhooks": [WEBHOOK], "decided_by": "examples"},
        )  # fmt: skip
    for source, is_right in ((live, True), (other, False)):
        scenes = await _scenes(client, source)
        while len(scenes) < MARKED:
            await asyncio.sleep(0.5)
            scenes = await _scenes(client, source)
        for text in SEEN:
            for scene in scenes[:MARKED]:
                await _post(client, f"/rules/{text}/marks", {"moment_id": scene, "is_right": is_right})


async def _remove(client: httpx.AsyncClient) -> None:
    for rule in (await client.get("/rules")).raise_for_status().json()["rules"]:
        (await client.delete(f"/rules/{rule['id']}")).raise_for_status()
    await asyncio.sleep(1.0)  # what was open is closed, which its webhook is told
    (await client.delete(f"/webhooks/{WEBHOOK}")).raise_for_status()


async def _scenes(client: httpx.AsyncClient, source: str) -> list[str]:
    found = await client.get("/search", params={"q": f"kind:scene source:{source}", "limit": 20})
    moments = found.raise_for_status().json()["moments"]
    return [evidence["moment_id"] for moment in moments for evidence in moment["evidence"]]


async def _post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    return (await client.post(path, json=body)).raise_for_status().json()
