"""What docs/webhooks.md shows receives what we send, and the schedule that it tells is the one there is."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from domain.delivery_outcomes import Answered
from domain.delivery_rules import DeliveryRules
from domain.endpoints import Endpoint
from domain.failed_deliveries import KEPT_S, MOST_KEPT
from domain.incident_facts import IncidentFacts
from streams.webhooks import (
    AllowedTargets,
    SafeTargets,
    SendOptions,
    SigningSecret,
    SystemResolver,
    WebhookSender,
    delivery_for,
)

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "webhooks.md").read_text(encoding="utf-8")
EXAMPLE = DOCS / "examples" / "receive_webhook.py"
SECRET, OTHER = SigningSecret(bytes(range(32))), SigningSecret(bytes(range(1, 33)))
FACTS = IncidentFacts("Door left open", "i", 0, "opened", 5.0, "lobby", 4.0, 5.0, "ein Türspalt")


def block(marker: str) -> str:
    found = re.search(rf"<!-- {re.escape(marker)} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


class Signing:
    def __init__(self, *secrets: SigningSecret) -> None:
        self._secrets = secrets

    def of(self, endpoint: Endpoint, now_s: float) -> Sequence[SigningSecret]:
        return self._secrets


def test_the_example_is_the_file_beside_it() -> None:
    assert block("example: examples/receive_webhook.py") == EXAMPLE.read_text("utf-8")


async def test_the_example_receives_once_what_is_genuine(free_port: Callable[[], int]) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLE), str(port), env=os.environ | {"SECRET": SECRET.reveal()},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    endpoint = Endpoint("ops", f"http://127.0.0.1:{port}/")
    targets = SafeTargets(SystemResolver(), AllowedTargets.parse("127.0.0.1"))
    genuine, forged = WebhookSender(targets, Signing(SECRET)), WebhookSender(targets, Signing(OTHER))
    delivery = delivery_for(FACTS, endpoint, 5.0)
    try:
        for _ in range(600):
            if await genuine.send(endpoint, delivery, time.time()) == Answered(204):
                break
            await asyncio.sleep(0.05)  # it starts
        assert await genuine.send(endpoint, delivery, time.time()) == Answered(204)
        refused = await forged.send(endpoint, delivery, time.time())
        assert isinstance(refused, Answered) and refused.status == 401
        late = await genuine.send(endpoint, delivery, time.time() - 3600)
        assert isinstance(late, Answered) and late.status == 401
    finally:
        process.kill()
        told, _ = await process.communicate()

    assert told.decode() == "incident.opened Door left open ein Türspalt\n"


def by_hand() -> Callable[[str, dict[str, str], bytes], bool]:
    names: dict[str, Any] = {}
    exec(block("by hand"), names)  # noqa: S102  (it is ours)
    checked: Callable[[str, dict[str, str], bytes], bool] = names["is_genuine"]
    return checked


@pytest.mark.parametrize("signing", [(SECRET,), (OTHER, SECRET)])
def test_the_lines_by_hand_know_what_is_genuine(signing: tuple[SigningSecret, ...]) -> None:
    is_genuine, now_s, body = by_hand(), int(time.time()), '{"what":"ein Türspalt"}'

    def headers(when_s: int) -> dict[str, str]:
        signature = " ".join(one.sign("id", when_s, body) for one in signing)
        return {"webhook-id": "id", "webhook-timestamp": str(when_s), "webhook-signature": signature}

    assert is_genuine(SECRET.reveal(), headers(now_s), body.encode())
    assert not is_genuine(SECRET.reveal(), headers(now_s), body.encode() + b" ")
    assert not is_genuine(SECRET.reveal(), headers(now_s) | {"webhook-id": "other"}, body.encode())
    assert not is_genuine(SECRET.reveal(), headers(now_s - 301), body.encode())
    assert not is_genuine(SECRET.reveal(), headers(now_s) | {"webhook-timestamp": "soon"}, body.encode())
    assert not is_genuine(SigningSecret.make().reveal(), headers(now_s), body.encode())


def test_the_numbers_are_those_of_the_rules() -> None:
    rules, options, text = DeliveryRules(), SendOptions(), " ".join(TEXT.split())

    for told in (
        f"within {options.longest_s:.0f} seconds",
        f"{options.largest_answer // 1024} kB are read",
        f"at most {rules.first_wait_s:.0f} seconds before its second attempt",
        f"up to {rules.longest_wait_s / 3600:.0f} hours; how long",
        f"at least {rules.least_wait_s:.0f} second",
        f"rests likewise, up to {rules.longest_endpoint_wait_s / 60:.0f} minutes",
        f"{rules.give_up_after_s / 3600:.0f} hours after",
        f"as a date, up to {rules.longest_retry_after_s / 3600:.0f} hours",
        f"{rules.at_once} in all",
        f"{rules.most_pending:,} deliveries may wait",
        f"what arrived ({rules.remembered_s / 86_400:.0f} days",
        f"the newest {MOST_KEPT:,}; older than {KEPT_S / 86_400:.0f} days",
    ):
        assert told in text, told
