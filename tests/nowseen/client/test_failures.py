"""Every way of getting no answer, through both faces: nobody there, nobody in time, and somebody else."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from nowseen.client import AsyncNowseen, BadRequest, NodeDown, NodeRefused, Nowseen
from tests.nowseen.client.conftest import Asker

URL = "http://127.0.0.1:8600"
Answering = Callable[[httpx.Response | Exception], Asker]


@pytest.fixture(params=[Nowseen, AsyncNowseen])
async def answering(request: pytest.FixtureRequest) -> AsyncIterator[Answering]:
    """A client whose every question gets this answer."""
    opened: list[Asker] = []

    def of(answer: httpx.Response | Exception) -> Asker:
        def handle(_: httpx.Request) -> httpx.Response:
            if isinstance(answer, Exception):
                raise answer
            # A new one each time: a response is read only once.
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

        opened.append(Asker(request.param(URL, transport=httpx.MockTransport(handle))))
        return opened[-1]

    yield of
    for asker in opened:
        await asker.close()


async def test_nobody_there() -> None:
    with socket.socket() as unheard:  # bound, so that nobody else is there either, but not listening
        unheard.bind(("127.0.0.1", 0))
        url = f"http://somebody:secret@127.0.0.1:{unheard.getsockname()[1]}"
        with Nowseen(url) as client, pytest.raises(NodeDown, match="is `nowseen up` running") as down:
            client.sources()
        async with AsyncNowseen(url) as awaited:
            with pytest.raises(NodeDown) as same:
                await awaited.sources()
    assert "secret" not in str(down.value) + str(same.value)
    assert down.value.status is None


async def test_nobody_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Nowseen(url, timeout_s=0.05) as client, pytest.raises(NodeDown, match=r"within 0\.05 s"):
            client.sources()
        async with AsyncNowseen(url, timeout_s=0.05) as awaited:
            with pytest.raises(NodeDown, match=r"within 0\.05 s"):
                await awaited.sources()


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_no_proxy_of_the_environment_is_asked(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(proxy, "http://127.0.0.1:1")
    for face in (Nowseen(URL), AsyncNowseen(URL)):
        assert face._http._mounts == {}  # where httpx keeps its proxies
        await Asker(face).close()


async def test_a_login_is_sent_along() -> None:
    def guarded(request: httpx.Request) -> httpx.Response:
        known = request.headers.get("Authorization") == "Bearer x"
        return httpx.Response(200, json={"sources": []}) if known else httpx.Response(401)

    transport = httpx.MockTransport(guarded)
    for face in (Nowseen, AsyncNowseen):
        asker = Asker(face(URL, headers={"Authorization": "Bearer x"}, transport=transport))
        assert await asker.sources() == ()
        await asker.close()


@pytest.mark.parametrize(
    ("answer", "about"),
    [
        (httpx.Response(503, json={"error": "the store does not answer"}), "503 Service Unavailable: the store"),
        (httpx.Response(500, text="oops"), "500"),
        (httpx.Response(599), "answered 599"),
        (httpx.Response(429, json={"error": "slowly"}), "429 Too Many Requests: slowly"),
        (httpx.Response(302, headers={"Location": "/login"}), "302 Found: is this the address"),
        (httpx.Response(404, text="<html>"), "404 Not Found: is this the address"),
        (httpx.Response(404, json={"detail": "Not Found"}), "404 Not Found: is this the address"),
        (httpx.Response(200, text="<html>"), "something else"),
        (httpx.Response(200, json={"sources": [{"moments": {}}]}), r"sources\.0\.source"),
        (httpx.ReadError("reset"), "broke: reset"),
        (httpx.RemoteProtocolError("no HTTP"), "broke: no HTTP"),
    ],
)
async def test_what_may_pass_is_down(answering: Answering, answer: httpx.Response | Exception, about: str) -> None:
    with pytest.raises(NodeDown, match=about):
        await answering(answer).sources()


@pytest.mark.parametrize(
    ("answer", "about"),
    [
        (httpx.Response(400, json={"error": "until is before since"}), "^until is before since$"),
        (httpx.Response(404, json={"error": "no such speaker"}), "no such speaker"),
        (httpx.Response(400, json={"error": "no", "at": "somewhere"}), "^no$"),
        (httpx.Response(401, text="<html>"), "401 Unauthorized"),
        (httpx.Response(403), "403 Forbidden"),
    ],
)
async def test_what_will_not_pass_is_refused(answering: Answering, answer: httpx.Response, about: str) -> None:
    with pytest.raises(NodeRefused, match=about) as refused:
        await answering(answer).sources()
    assert (refused.value.status, refused.value.at) == (answer.status_code, None)


async def test_a_node_may_grow(answering: Answering) -> None:
    moment = {"source": "cam", "start_s": 1, "end_s": 2, "modalities": ["smell"], "intensity": 3}
    answer = await answering(httpx.Response(200, json={"moments": [moment], "more": True})).search("x")
    assert answer.moments[0].modalities == ("smell",)
    with pytest.raises(ValueError, match="frozen"):
        answer.moments[0].source = "other"


async def test_health_that_is_none(answering: Answering) -> None:
    with pytest.raises(NodeDown, match="503 Service Unavailable: upstream"):
        await answering(httpx.Response(503, json={"error": "upstream"})).health()


async def test_a_clip_that_is_none(answering: Answering) -> None:
    moment: Any = {"source": "cam", "start_s": 1, "end_s": 2, "clip_url": f"{URL}/clip?source=cam"}
    found = await answering(httpx.Response(200, json={"moments": [moment]})).newest()
    with pytest.raises(NodeDown, match="sent text/html for video"):
        await answering(httpx.Response(200, html="<html>")).clip(found.moments[0])


@pytest.mark.parametrize("face", [Nowseen, AsyncNowseen])
@pytest.mark.parametrize("url", ["", "nonsense", "localhost:8600", "ftp://node", "http://", "http://[::1"])
def test_what_is_no_address_is_told_at_once(face: Any, url: str) -> None:
    with pytest.raises(BadRequest, match="is not an address such as http://127"):
        face(url)


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan")])
def test_time_has_a_limit(timeout_s: float) -> None:
    with pytest.raises(BadRequest, match="timeout_s"):
        Nowseen(timeout_s=timeout_s)
