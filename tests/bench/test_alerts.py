"""The receiver that alerts are measured with, as a process, and what of them counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from bench.alerts import Alerts
from bench.receiver import READY

SECRET = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"


def told(type: str, rule: str, at_s: float = 20.0) -> dict[str, Any]:
    return {"type": type, "rule": rule, "at_s": at_s, "when": {"end": "1970-01-01T00:00:15.500Z"}}


def test_openings_and_updates_are_measured_from_the_end_of_what_they_tell() -> None:
    alerts = Alerts(rules=2)
    alerts.hear(told("incident.opened", "drill"))
    alerts.hear(told("incident.updated", "drill", at_s=18.0))
    alerts.hear(told("incident.closed", "drill"))

    assert alerts.late_s == [4.5, 2.5]
    assert alerts.missing == 1  # the other rule


def test_only_what_is_signed_is_received(free_port: Callable[[], int]) -> None:
    port, body = free_port(), json.dumps({"type": "incident.opened", "data": {"rule": "drill"}})
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.receiver", str(port)],
        env=os.environ | {"SECRET": SECRET}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == READY
        now = datetime.now(UTC)
        headers = {
            "webhook-id": "one",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign("one", now, body),
        }
        address = f"http://127.0.0.1:{port}/"
        forged = httpx.post(address, content=body.replace("drill", "other"), headers=headers, trust_env=False)
        genuine = httpx.post(address, content=body, headers=headers, trust_env=False)

        assert (forged.status_code, genuine.status_code) == (401, 204)
        heard = json.loads(process.stdout.readline())
        assert (heard["type"], heard["rule"]) == ("incident.opened", "drill")
        assert now.timestamp() <= heard["at_s"] <= time.time()
    finally:
        process.terminate()
        process.communicate()


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_without_a_secret_it_does_not_start(secret: str, free_port: Callable[[], int]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.receiver", str(free_port())], env=os.environ | {"SECRET": secret},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0 and READY not in done.stdout
