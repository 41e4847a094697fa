"""The demo's rules at a node: set as anybody's would be, and what they find, as it is found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from nowseen.asking import ask
from nowseen.demo_rules import DemoRule

_LOOK_EVERY_S = 1.0
_ANSWER_WITHIN_S = 60.0
_LATEST = 100


async def watch_for(client: httpx.AsyncClient, rules: Sequence[DemoRule], webhooks: Sequence[str] = ()) -> str | None:
    """None when the node watches for all of them now, else why not. A rule that is there already, on a broker that
    keeps its data, stays as it is."""
    known = {rule["name"] for rule in (await ask(client, "/rules", within_s=_ANSWER_WITHIN_S))["rules"]}
    for rule in rules:
        if rule.name in known:
            continue
        draft = {"query": rule.query, "name": rule.name, "webhooks": list(webhooks)}
        try:
            answer = await client.post("/rules", json=draft)
            why = None if answer.is_success else answer.json()["error"]
        except (httpx.TransportError, ValueError) as error:  # ValueError: what came is not JSON
            why = str(error) or type(error).__name__
        if why:
            return f"the rule {rule.name!r} could not be set: {why}"
    return None


async def latest(client: httpx.AsyncClient) -> list[Mapping[str, Any]]:
    """The latest incidents first. Raises ConnectionError."""
    answer = await ask(client, "/incidents", {"limit": _LATEST}, within_s=_ANSWER_WITHIN_S)
    incidents: list[Mapping[str, Any]] = answer["incidents"]
    return incidents


async def new_incidents(client: httpx.AsyncClient, known: Iterable[str]) -> AsyncGenerator[Mapping[str, Any], None]:
    """Each incident once, as it begins, but those whose ids are known; without end."""
    told = set(known)
    while True:
        with suppress(ConnectionError):  # the node may come back
            for incident in reversed(await latest(client)):
                if incident["id"] not in told:
                    told.add(incident["id"])
                    yield incident
        await asyncio.sleep(_LOOK_EVERY_S)
