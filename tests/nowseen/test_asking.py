"""A node that is away for a while, and one that stays away, while the demo asks."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from nowseen import demo_check
from nowseen.asking import ask
from nowseen.demo_outcome import Outcome, to_json
from nowseen.network_ports import free_ports
from nowseen.sample_media import SampleSource
from nowseen.settings import Settings


def node(*answers: httpx.Response | Exception) -> httpx.AsyncClient:
    """One that gives these answers, one after the other, and the last one for ever."""
    left = list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, Exception):
            raise given
        return given

    return httpx.AsyncClient(base_url="http://node", transport=httpx.MockTransport(answer))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nowseen.asking._AGAIN_AFTER_S", 0.01)


async def test_a_node_that_restarts_is_asked_again() -> None:
    restarting = node(
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.Response(503, json={"error": "not ready"}),
        httpx.Response(200, text="half an ans"),
        httpx.Response(200, json={"moments": []}),
    )
    async with restarting:
        assert await ask(restarting, "/search", {"q": "cat"}, within_s=5.0) == {"moments": []}


@pytest.mark.parametrize(
    ("answer", "why"), [(httpx.ConnectError("refused"), "refused"), (httpx.Response(503, text="busy"), "503: busy")]
)
async def test_a_node_that_stays_away_is_told_with_the_reason(answer: httpx.Response | Exception, why: str) -> None:
    async with node(answer) as away:
        with pytest.raises(ConnectionError, match=f"no answer to /sources within 0 s .{why}"):
            await ask(away, "/sources", within_s=0.05)


async def test_a_check_without_its_node_has_an_outcome_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_check, "_ANSWER_WITHIN_S", 0.05)
    [port] = free_ports(1)
    source = SampleSource("newswire", tmp_path / "newswire.vtt", 1.0, ("text",))
    outcome: Outcome = await demo_check._ask_all(Settings(api_port=port), [source], None, {}, {}, ())
    assert not outcome.is_right
    assert "no answer to /health" in json.loads(to_json(outcome))["failure"]
