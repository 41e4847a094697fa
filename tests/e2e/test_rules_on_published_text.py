"""Everything running: a rule tells of a text within seconds of its being published."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from confluent_kafka import Producer

from domain.events import TextPublished, encode

pytestmark = pytest.mark.slow

Stack = Any  # the fixtures' class; test modules do not import each other


def test_what_is_published_is_told_and_its_evidence_can_be_looked_up(stack: Stack) -> None:
    stack.run("rules", "add", '"lost umbrella" -speaker:nobody', code=2)  # nobody of that name has been heard
    stack.run("rules", "add", '"lost umbrella"', "--name", "Umbrella")
    producer = Producer({"bootstrap.servers": stack.broker})
    message = encode(TextPublished("office", time.time(), "Somebody has found a lost umbrella"))
    producer.produce("media.text", message.value, key=message.key, headers=dict(message.headers))
    assert producer.flush(20) == 0
    (incident,) = stack.until(
        lambda: stack.get("/incidents", rule="Umbrella")["incidents"], "the rule tells of it", 30.0
    )
    assert (incident["sources"], incident["text"]) == (["office"], "Somebody has found a lost umbrella")
    moments = stack.until(lambda: stack.search('"lost umbrella"', source="office"), "it is found", 30.0)
    assert incident["best"]["moment_id"] in [each["moment_id"] for each in moments[0]["evidence"]]
    assert json.loads(stack.run("rules", "--json"))["rules"][0]["open_incidents"] == 1
    stack.run("rules", "rm", "Umbrella")
    assert stack.get("/rules")["rules"] == []
