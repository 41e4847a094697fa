"""A real dashboard answers to the hosts that the API answers to, over HTTP and over its WebSocket, and to no others."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import uvicorn
from fastapi import FastAPI

from domain.served_hosts import ServedHosts
from search.api_guards import add_guards
from tests.dashboards.conftest import dashboard_process, free_port

LONGEST_S = 30.0
ALLOWED = "seen.example,192.0.2.7"
LISTENS_ON = "0.0.0.0"
UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
# `{port}` is the server's own.
OURS = [
    "127.0.0.1:{port}", "127.0.0.1:1", "127.0.0.1", "localhost:{port}", "LocalHost:{port}", "localhost.:{port}",
    "[::1]:{port}", "seen.example", "SEEN.example:443", "seen.example.", "192.0.2.7:{port}",
]  # fmt: skip
FOREIGN = [
    "evil.example:{port}", "evil.example", "127.0.0.1.evil.example:{port}", "localhost.evil.example",
    "192.0.2.8:{port}", "xseen.example", "[::1]evil.example", "[::2]:{port}", "127.0.0.1@evil.example", "", None,
]  # fmt: skip
PATHS = ["/", "/index.html", "/_stcore/health", "/_stcore/host-config", "/media/a.jpg", "/static/js/a.js", "/no/such"]


class Answer(NamedTuple):
    status: int
    body: bytes


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a dashboard behind a reverse proxy: it listens everywhere, and is allowed to be asked by two names."""
    port = free_port()
    with dashboard_process(port, "http://127.0.0.1:9", LISTENS_ON, ALLOWED):
        yield port


@pytest.fixture(scope="module")
def api_port() -> Iterator[int]:
    """Of a server behind the API's guards, with the same settings."""
    api = FastAPI()
    add_guards(api, ServedHosts(LISTENS_ON, ALLOWED))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(api, ws="websockets-sansio", lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        deadline = time.monotonic() + LONGEST_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join(LONGEST_S)


def ask(
    port: int, host: str | None, path: str = "/", headers: dict[str, str] | None = None, method: str = "GET"
) -> Answer:
    """What is sent is written here, because clients correct a Host that is wrong."""
    named = {} if host is None else {"Host": host}
    version = "1.0" if host is None else "1.1"  # in which a request without a host is well-formed
    fields = ({"Connection": "close"} | named | (headers or {})).items()
    lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in fields), "", ""]
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), LONGEST_S)) as connection:
        connection.sendall("\r\n".join(lines).format(port=port).encode())
        with connection.makefile("rb") as answered:
            status = int(answered.readline().split()[1])
            head = list(iter(answered.readline, b"\r\n"))
            return Answer(status, b"" if status == 101 else answered.read() if head else b"")


def shake_hands(port: int, host: str | None, origin: str | None = None) -> Answer:
    return ask(port, host, "/_stcore/stream", UPGRADE | ({} if origin is None else {"Origin": origin}))


@pytest.mark.parametrize("host", OURS)
def test_it_is_served_under_its_own_names(port: int, host: str) -> None:
    assert ask(port, host, "/_stcore/health") == Answer(200, b"ok")
    assert b"<html" in ask(port, host).body
    assert shake_hands(port, host).status == 101


@pytest.mark.parametrize("host", FOREIGN)
def test_under_another_name_nothing_is_served(port: int, host: str | None) -> None:
    for answer in [*(ask(port, host, path) for path in PATHS), shake_hands(port, host)]:
        assert answer.status == 400
        assert "NOWSEEN_ALLOWED_HOSTS" in json.loads(answer.body)["error"]


@pytest.mark.parametrize("host", [*OURS, *FOREIGN])
def test_the_api_and_the_dashboard_decide_alike(port: int, api_port: int, host: str | None) -> None:
    fixed = host and host.format(port=port)  # one host, whatever the port of who is asked
    for asking in (ask, shake_hands):
        of_api, of_dashboard = asking(api_port, fixed), asking(port, fixed)
        assert (of_api.status == 400) == (of_dashboard.status == 400) == (host in FOREIGN)
        if host in FOREIGN:
            assert of_api == of_dashboard


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:{port}", 101), ("http://127.0.0.1:{port}", 101), ("http://LOCALHOST:{port}", 101),
        ("http://evil.example", 403), ("http://evil.example:{port}", 403), ("https://localhost.evil.example", 403),
        ("null", 403), ("file://", 403), ("http://localhost:{port}.evil.example", 403),
    ],
)  # fmt: skip
def test_a_foreign_page_opens_no_websocket(port: int, origin: str, status: int) -> None:
    assert shake_hands(port, "localhost:{port}", origin).status == status


def test_a_page_that_a_proxy_serves_opens_its_websocket(port: int) -> None:
    assert shake_hands(port, "seen.example", "https://seen.example").status == 101


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_foreign_page_sends_no_file(port: int, method: str) -> None:
    answer = ask(port, "localhost", "/_stcore/upload_file/a/b", {"Origin": "http://evil.example"}, method)
    assert answer.status == 403
    assert "http://evil.example" in json.loads(answer.body)["error"]


def test_without_further_hosts_it_is_this_machine_s_alone_and_ends_with_a_page_open() -> None:
    port = free_port()
    with dashboard_process(port, "http://127.0.0.1:9") as running:
        assert [ask(port, host, "/_stcore/health").status for host in ("localhost", "seen.example")] == [200, 400]
        with socket.create_connection(("127.0.0.1", port), LONGEST_S) as page:
            upgrade = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
            page.sendall(f"GET /_stcore/stream HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n".encode())
            assert page.recv(100).startswith(b"HTTP/1.1 101")
            running.send_signal(signal.SIGTERM)
            assert running.wait(LONGEST_S) == 0


def test_an_address_of_ipv6_is_served() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = int(probe.getsockname()[1])
    except OSError:
        pytest.skip("this machine has no IPv6")
    with dashboard_process(port, "http://127.0.0.1:9", "::1"):  # asked for its health at [::1]
        pass
