"""What is asked, checked and refused before any connection is made."""

from __future__ import annotations

import asyncio
import gc
import threading
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigError
from domain.public_addresses import Address
from streams.webhooks import AllowedTargets, SafeTargets, SystemResolver
from streams.webhooks import resolver as resolver_module
from streams.webhooks.safe_target import UnsafeTarget
from tests.streams.webhooks.conftest import LONGEST_S

PUBLIC, PUBLIC_6, PRIVATE = "93.184.215.14", "2606:4700:4700::1111", "10.0.0.5"


class Answers:
    """A Resolver that gives these answers in turn."""

    def __init__(self, *answers: str) -> None:
        self.answers = [tuple(map(ip_address, one.split())) for one in answers]
        self.questions: list[tuple[str, int]] = []

    async def resolve(self, host: str, port: int) -> tuple[Address, ...]:
        self.questions.append((host, port))
        return self.answers.pop(0)


def targets(*answers: str, allow: str = "") -> SafeTargets:
    return SafeTargets(Answers(*answers), AllowedTargets.parse(allow))


async def test_a_name_is_resolved_once_and_its_addresses_are_those_to_connect_to() -> None:
    resolver = Answers(f"{PUBLIC} {PUBLIC_6}")
    found = await SafeTargets(resolver, AllowedTargets()).find("https://Receiver.Example/hook?x=1")

    assert found.addresses == (ip_address(PUBLIC), ip_address(PUBLIC_6))
    assert str(found.url) == "https://receiver.example/hook?x=1"
    assert resolver.questions == [("receiver.example", 443)]
    assert "hook" not in repr(found)


async def test_public_first_and_private_second_is_refused_the_second_time() -> None:
    rebinding = targets(PUBLIC, PRIVATE)

    assert (await rebinding.find("https://receiver.example/")).addresses == (ip_address(PUBLIC),)
    with pytest.raises(UnsafeTarget, match=r"10\.0\.0\.5, which is private.*add receiver\.example:443 to NOWSEEN_"):
        await rebinding.find("https://receiver.example/")


@pytest.mark.parametrize("answer", [f"{PUBLIC} {PRIVATE}", f"{PRIVATE} {PUBLIC}", f"{PUBLIC} ::1"])
async def test_one_private_address_among_public_ones_is_enough_to_refuse(answer: str) -> None:
    with pytest.raises(UnsafeTarget):
        await targets(answer).find("https://receiver.example/")


async def test_what_is_allowed_by_name_may_be_anywhere_and_without_tls() -> None:
    found = await targets(PRIVATE, allow="receiver.example:8080").find("http://receiver.example:8080/")

    assert found.addresses == (ip_address(PRIVATE),)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://receiver.example/", "use https"),
        ("ftp://receiver.example/", "https addresses"),
        ("file:///etc/passwd", "no address"),
        ("gopher://receiver.example:70/_x", "https addresses"),
        ("https://user:secret@receiver.example/", "no user or password"),
        ("https://user@receiver.example/", "no user or password"),
        ("https://10.0.0.1/", "private"),
        ("https://[::1]/", "loopback"),
        ("https://[::ffff:169.254.169.254]/", "another form"),
        ("https://[64:ff9b::a9fe:a9fe]/", "NAT64"),
        ("https://[fe80::1%25eth0]/", "link-local"),
        ("https://%31%32%37.0.0.1/", "no host name"),
        ("https://receiver.example\\@10.0.0.1/", "no address"),
        ("https://receiver.example:0/", "no address"),
        ("https://receiver.example:99999/", "no address"),
        ("https:///hook", "no address"),
        ("receiver.example", "no address"),
        ("", "no address"),
        ("https://receiver.example/\r\nX: y", "no spaces"),
        ("https://receiver.example/" + "x" * 2_000, "at most 2000"),
    ],
)
async def test_an_address_that_will_not_do_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(UnsafeTarget, match=why) as refusal:
        await targets().find(url)
    assert "secret" not in str(refusal.value)


@given(st.text(max_size=40) | st.text(max_size=40).map(lambda end: "https://" + end))
def test_no_text_does_worse_than_being_refused(url: str) -> None:
    try:
        checked = targets().check(url)
    except UnsafeTarget:
        return
    assert checked.scheme == "https"


@pytest.mark.parametrize(
    ("allow", "host", "port", "is_allowed"),
    [
        ("relay", "relay", 1, True),
        ("relay", "RELAY.", 1, True),
        ("Relay.:8080", "relay", 8080, True),
        ("relay:8080", "relay", 8081, False),
        ("relay", "other.relay", 1, False),
        ("relay", "relay.example", 1, False),
        (" a:1 , b:2 ,", "b", 2, True),
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.0.0.1", "localhost", 8080, False),
        ("::1", "::1", 1, True),
        ("[::1]:8080", "0:0:0:0:0:0:0:1", 8080, True),
        ("[::1]:8080", "::1", 8081, False),
        ("", "relay", 1, False),
    ],
)
def test_what_is_allowed_is_that_host_at_that_port(allow: str, host: str, port: int, is_allowed: bool) -> None:
    assert AllowedTargets.parse(allow).allows(host, port) == is_allowed


@pytest.mark.parametrize("wrong", ["http://relay", "relay/path", "me@relay", "relay:port", "relay:0", "*.relay", ":80"])
def test_an_entry_that_is_no_host_is_a_mistake_of_ours(wrong: str) -> None:
    with pytest.raises(ConfigError) as error:
        AllowedTargets.parse(f"good,{wrong},{wrong}")
    assert len(error.value.mistakes) == 2


async def test_the_system_s_resolver_knows_this_machine_and_not_what_is_no_name() -> None:
    resolver = SystemResolver()

    assert ip_address("127.0.0.1") in await resolver.resolve("localhost", 80)
    assert await resolver.resolve("127.1", 80) == (ip_address("127.0.0.1"),)
    with pytest.raises(OSError, match="can't be looked up"):
        await resolver.resolve("a" * 64 + ".example", 80)
    resolver.close()


async def test_a_name_that_hangs_holds_one_thread_however_often_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    release, asked = threading.Event(), list[str]()

    def look_up(host: str, port: int) -> tuple[Address, ...]:
        asked.append(host)
        if host == "hanging.test":
            release.wait(LONGEST_S)
            raise OSError("nobody answers")
        return (ip_address(PUBLIC),)

    monkeypatch.setattr(resolver_module, "_look_up", look_up)
    resolver = SystemResolver()
    hanging = [asyncio.create_task(resolver.resolve("hanging.test", 443)) for _ in range(100)]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        assert await resolver.resolve("receiver.test", 443) == (ip_address(PUBLIC),)
    assert asked == ["hanging.test", "receiver.test"]

    for one in hanging:
        one.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    release.set()
    again = resolver.resolve("hanging.test", 443)
    with pytest.raises(OSError, match="nobody answers"):
        await again
    resolver.close()
    gc.collect()
    assert caplog.records == []  # asyncio complains so of an error that nobody asked for
