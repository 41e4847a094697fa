"""Which hosts are served, and how people may write them."""

from __future__ import annotations

import pytest

from domain.errors import ConfigError
from domain.served_hosts import ServedHosts

HOSTS = ServedHosts("192.0.2.7", "node.example, Proxy.Example,,fd00::5,[fd00::6]")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1:8601", "127.0.0.1:1", "127.1.2.3", "localhost", "localhost:", "LOCALHOST:9999",
        "localhost.", "localhost.:80", "[::1]", "[::1]:8601", "[0:0:0:0:0:0:0:1]",
        "192.0.2.7:80", "node.example", "node.example:443", "NODE.example.", "proxy.example", "[fd00::5]:8601",
        "[FD00:0::6]",
    ],
)  # fmt: skip
def test_what_is_ours_is_served(host: str) -> None:
    assert HOSTS.why_not([(b"accept", b"*/*"), (b"host", host.encode())]) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "", " ", ".", "127.0.0.1.evil.example", "localhost.evil.example:8601", "evil.localhost",
        "localhost..", "node.example.evil.example", "xnode.example", "192.0.2.8", "0.0.0.0", "[::]", "::1", "[::1",
        "[::1]evil.example", "[evil.example]", "[::1].evil.example", "127.0.0.1:80:80", "127.0.0.1:evil.example",
        "127.0.0.1@evil.example", "user@localhost", "localhost/", "localhost#", "localhost\\", "localhost evil.example",
        "128.0.0.1", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f000001", "localhost\x00",
        "localhost,evil.example", "lócalhost",
    ],
)  # fmt: skip
def test_anything_else_is_refused_and_told_what_to_do(host: str) -> None:
    why = HOSTS.why_not([(b"host", host.encode("latin-1"))])
    assert why is not None and "NOWSEEN_ALLOWED_HOSTS" in why


def test_no_host_and_two_hosts_are_refused() -> None:
    assert HOSTS.why_not([]) is not None
    assert HOSTS.why_not([(b"host", b"localhost"), (b"host", b"evil.example")]) is not None


def test_what_is_refused_is_not_repeated_at_any_length() -> None:
    why = HOSTS.why_not([(b"host", b"a" * 100_000)])
    assert why is not None and len(why) < 200


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_who_listens_everywhere_is_reached_by_this_machine_and_by_what_is_allowed(everywhere: str) -> None:
    hosts = ServedHosts(everywhere, "node.example")
    for host, is_served in (("127.0.0.1:80", True), ("node.example", True), ("192.0.2.7", False)):
        assert (hosts.why_not([(b"host", host.encode())]) is None) is is_served


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        ("http://127.0.0.1:8601", True), ("http://localhost", True), ("http://[::1]:8601", True),
        ("https://node.example", True), ("http://192.0.2.7:80", True),
        ("http://evil.example", False), ("https://localhost.evil.example", False), ("null", False),
        ("localhost", False), ("file://", False), ("http://localhost/evil", False), ("http://a://localhost", False),
    ],
)  # fmt: skip
def test_a_page_may_when_its_host_is_served(origin: str, may: bool) -> None:
    assert (HOSTS.why_not_from([(b"origin", origin.encode())]) is None) is may


def test_who_is_no_page_may() -> None:
    assert HOSTS.why_not_from([(b"host", b"evil.example")]) is None


@pytest.mark.parametrize("entry", ["https://node.example", "node.example:443", "*", "node example", "[fd00::zz]", "."])
def test_what_is_no_host_is_a_mistake_of_ours(entry: str) -> None:
    with pytest.raises(ConfigError) as raised:
        ServedHosts("127.0.0.1", f"good.example,{entry}, also bad ")
    assert [mistake.startswith("NOWSEEN_ALLOWED_HOSTS: ") for mistake in raised.value.mistakes] == [True, True]
