"""One attempt against real receivers: what they get, and that nothing they do takes long, much or elsewhere."""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
import time
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from domain.deliveries import Delivery
from domain.delivery_outcomes import Answered, Outcome, Unanswered
from domain.endpoints import Endpoint
from domain.errors import ConfigError
from domain.public_addresses import Address, why_not_public
from streams.webhooks import AllowedTargets, SafeTargets, SendOptions, SigningSecret, SystemResolver, WebhookSender
from tests.streams.webhooks.conftest import CERTIFICATE, LONGEST_S, NAMED, Received, Receiver, StartReceiver, answer

PATIENT = SendOptions(longest_s=30.0)
HASTY = SendOptions(longest_s=0.5)
SOON = SendOptions(longest_s=2.0)  # enough for the head of an answer on a busy machine
MOST_BYTES = 64 * 2**20  # a receiver that never stops stops here, and the test has failed
DELIVERY = Delivery("ops", "incident-1", 0, "application/json", '{"what":"ein Grüß Gott"}', 5.0)
NO_HTTP = Unanswered("connection", "its answer is not HTTP, or its headers are too large")
OLD, NEW = SigningSecret(bytes(range(32))), SigningSecret(bytes(range(24)))


class Named:
    """A Resolver that knows what it was told: one answer after the other, the last one again and again."""

    def __init__(self, *answers: str) -> None:
        self.answers = [tuple(map(ip_address, one.split())) for one in answers]
        self.questions: list[str] = []

    async def resolve(self, host: str, port: int) -> tuple[Address, ...]:
        self.questions.append(host)
        return self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)


class Signing:
    """Secrets that sign with these."""

    def __init__(self, *secrets: SigningSecret) -> None:
        self.secrets = secrets

    def of(self, endpoint: Endpoint, now_s: float) -> Sequence[SigningSecret]:
        if not self.secrets:
            raise ConfigError(f"no signing secret for {endpoint.name}")
        return self.secrets


def sender(
    allow: str = "127.0.0.1",
    options: SendOptions = PATIENT,
    secrets: Signing | None = None,
    resolver: Named | SystemResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> WebhookSender:
    targets = SafeTargets(resolver or SystemResolver(), AllowedTargets.parse(allow))
    return WebhookSender(targets, secrets or Signing(NEW), options, tls)


async def send(url: str, with_sender: WebhookSender | None = None, delivery: Delivery = DELIVERY) -> Outcome:
    return await (with_sender or sender()).send(Endpoint("ops", url), delivery, time.time())


async def test_a_receiver_verifies_it_with_the_specification_s_library(start_receiver: StartReceiver) -> None:
    receiver = await start_receiver()

    assert await send(receiver.url()) == Answered(204)
    [request] = receiver.requests
    assert Webhook(NEW.reveal()).verify(request.body, request.headers) == {"what": "ein Grüß Gott"}
    assert request.headers["webhook-id"] == DELIVERY.id
    assert request.headers["content-type"] == "application/json"
    assert request.body == DELIVERY.body.encode()
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW.reveal()).verify(request.body + b" ", request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD.reveal()).verify(request.body, request.headers)


async def test_while_a_secret_is_replaced_both_verify(start_receiver: StartReceiver) -> None:
    receiver = await start_receiver()
    await send(receiver.url(), sender(secrets=Signing(NEW, OLD)))

    [request] = receiver.requests
    for secret in (NEW, OLD):
        Webhook(secret.reveal()).verify(request.body, request.headers)


async def test_what_was_answered_is_told(start_receiver: StartReceiver) -> None:
    receiver = await start_receiver(
        answer("503 Busy", "Retry-After: 120", body=b"try \x1b[31mlater\n" + b"x" * 1000),
        answer("200 OK", body=b"thanks"),
    )
    busy = await send(receiver.url())

    assert isinstance(busy, Answered)
    assert (busy.status, busy.retry_after) == (503, "120")
    assert busy.excerpt.startswith("try  [31mlater xxx") and len(busy.excerpt) == 200
    assert await send(receiver.url()) == Answered(200)


async def test_an_endpoint_without_a_secret_is_sent_nothing(start_receiver: StartReceiver) -> None:
    receiver = await start_receiver()

    assert await send(receiver.url(), sender(secrets=Signing())) == Unanswered("refused", "no signing secret for ops")
    assert receiver.connections == 0


async def hang(_: Received, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drip_head(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_body(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("misbehave", [hang, drip_head])
async def test_who_does_not_answer_in_time_is_left(start_receiver: StartReceiver, misbehave: object) -> None:
    receiver = await start_receiver(misbehave)  # type: ignore[arg-type]

    assert await send(receiver.url(), sender(options=HASTY)) == Unanswered("timeout", "no answer within 0.5 s")


async def test_a_status_counts_however_slowly_the_rest_drips(start_receiver: StartReceiver) -> None:
    receiver = await start_receiver(drip_body)

    assert await send(receiver.url(), sender(options=SOON)) == Answered(200)


class Endless:
    """Writes `head`, then `part` until the sender is gone."""

    def __init__(self, head: bytes, part: bytes) -> None:
        self.head, self.part = head, part
        self.written = 0
        self.is_over = asyncio.Event()

    async def __call__(self, _: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(self.head)
        try:
            while self.written < MOST_BYTES:
                writer.write(self.part)
                self.written += len(self.part)
                await writer.drain()
        finally:
            self.is_over.set()


CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.mark.parametrize(
    ("head", "part", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK, Answered(200)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b"x" * 0x10000, Answered(200)),
        (b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK, Answered(500, None, "x" * 200)),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: of the same\r\n" * 1000, NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 0x10000, NO_HTTP),
    ],
    ids=["chunks", "length", "failure", "headers", "header"],
)
async def test_an_answer_without_an_end_is_not_read(
    start_receiver: StartReceiver, head: bytes, part: bytes, outcome: Outcome
) -> None:
    endless = Endless(head, part)
    receiver = await start_receiver(endless)

    assert await send(receiver.url()) == outcome
    async with asyncio.timeout(LONGEST_S):
        await endless.is_over.wait()
    assert endless.written < MOST_BYTES


async def test_preliminary_answers_without_an_end_are_not_waited_for(start_receiver: StartReceiver) -> None:
    async def hesitate(_: Received, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    receiver = await start_receiver(hesitate)

    assert await send(receiver.url(), sender(options=HASTY)) == Unanswered("timeout", "no answer within 0.5 s")


async def test_nothing_is_unpacked(start_receiver: StartReceiver) -> None:
    bomb = gzip.compress(b"boom" * 1000)
    receiver = await start_receiver(answer("500 No", "Content-Encoding: gzip", body=bomb))
    outcome = await send(receiver.url())

    assert isinstance(outcome, Answered) and "boom" not in outcome.excerpt


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(start_receiver: StartReceiver, status: str) -> None:
    inside = await start_receiver()
    receiver = await start_receiver(answer(status, f"Location: {inside.url()}"))

    assert await send(receiver.url()) == Answered(int(status[:3]))
    assert inside.connections == 0


async def test_no_cookie_is_kept_and_no_connection(start_receiver: StartReceiver) -> None:
    receiver = await start_receiver(answer("200 OK", "Set-Cookie: who=you", "Connection: keep-alive"))
    one = sender()
    await send(receiver.url(), one)
    await send(receiver.url(), one)

    assert receiver.connections == 2
    assert all("cookie" not in request.headers for request in receiver.requests)


async def test_the_environment_s_proxies_and_passwords_are_not_used(
    start_receiver: StartReceiver, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    receiver, proxy = await start_receiver(), await start_receiver()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url(path=""))
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:  # noqa: ASYNC230, PTH123
        file.write("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", netrc)

    assert await send(receiver.url()) == Answered(204)
    assert proxy.connections == 0
    assert "authorization" not in receiver.requests[0].headers


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127。0。0。1", "0.0.0.0"]
)
async def test_this_machine_is_not_reached_however_it_is_written(start_receiver: StartReceiver, host: str) -> None:
    receiver = await start_receiver(tls=True)
    outcome = await send(receiver.url(host), sender(allow=""))

    assert isinstance(outcome, Unanswered) and outcome.kind == "refused"
    assert "loopback" in outcome.reason or "unspecified" in outcome.reason
    assert receiver.connections == 0


async def test_no_ip_is_allowed_because_its_neighbour_is(start_receiver: StartReceiver) -> None:
    receiver, other = await start_receiver(), await start_receiver()
    one = sender(allow=f"127.0.0.1:{receiver.port}")

    assert await send(receiver.url(), one) == Answered(204)
    assert isinstance(await send(other.url(), one), Unanswered)
    assert other.connections == 0


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


async def tls_receiver(start: StartReceiver) -> Receiver:
    return await start(tls=True)


async def test_the_certificate_is_checked_against_the_name_though_the_address_is_connected_to(
    start_receiver: StartReceiver,
) -> None:
    receiver = await tls_receiver(start_receiver)
    # No name server knows this name: whoever asked one could not connect.
    resolver = Named("127.0.0.1")

    assert await send(receiver.url(NAMED), sender(NAMED, resolver=resolver, tls=trusting())) == Answered(204)
    assert resolver.questions == [NAMED]
    assert receiver.asked_for == [NAMED]
    assert receiver.requests[0].headers["host"] == f"{NAMED}:{receiver.port}"


@pytest.mark.parametrize(("name", "trusts"), [("other.test", True), (NAMED, False), ("127.0.0.1", True)])
async def test_a_wrong_certificate_is_no_connection(start_receiver: StartReceiver, name: str, trusts: bool) -> None:
    receiver = await tls_receiver(start_receiver)
    one = sender(name, resolver=Named("127.0.0.1"), tls=trusting() if trusts else None)
    outcome = await send(receiver.url(name), one)

    assert isinstance(outcome, Unanswered) and outcome.kind == "connection"
    assert "certificate" in outcome.reason
    assert receiver.requests == []


async def test_a_name_that_means_another_address_a_moment_later_gains_nothing(
    start_receiver: StartReceiver, free_address: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding, with 127.0.0.2 in the place of a public address, since no test connects to one."""
    port = free_address("127.0.0.1", "127.0.0.2")  # type: ignore[operator]
    inside = await start_receiver(tls=True, port=port)
    outside = await start_receiver(tls=True, host="127.0.0.2", port=port)
    monkeypatch.setattr(
        "streams.webhooks.safe_target.why_not_public",
        lambda one: None if str(one) == "127.0.0.2" else why_not_public(one),
    )
    resolver = Named("127.0.0.2", "127.0.0.1")
    one = sender("", resolver=resolver, tls=trusting())

    assert await send(outside.url(NAMED), one) == Answered(204)
    assert resolver.questions == [NAMED]
    assert len(outside.requests) == 1
    refused = await send(outside.url(NAMED), one)
    assert isinstance(refused, Unanswered) and refused.kind == "refused"
    assert inside.connections == 0


async def test_a_second_address_is_tried_when_the_first_takes_no_connection(start_receiver: StartReceiver) -> None:
    receiver = await tls_receiver(start_receiver)
    resolver = Named("127.0.0.3 127.0.0.1")  # nobody listens on the first

    assert await send(receiver.url(NAMED), sender(NAMED, resolver=resolver, tls=trusting())) == Answered(204)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/T0KEN", "https://receiver.test/T0KEN", "http://10.0.0.1/T0KEN", "https://a b/T0KEN"]
)
async def test_nothing_tells_the_path_of_an_address_or_a_secret(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    outcome = await send(url, sender(resolver=Named("127.0.0.1")))

    assert isinstance(outcome, Unanswered)
    told = outcome.reason + caplog.text + repr(Endpoint("ops", url)) + repr(NEW) + str(NEW)
    assert "T0KEN" not in told
    assert NEW.reveal().removeprefix("whsec_")[:8] not in told


async def test_a_garbled_answer_tells_no_path(start_receiver: StartReceiver) -> None:
    async def garble(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        await writer.drain()

    receiver = await start_receiver(garble)

    assert await send(receiver.url(path="/T0KEN")) == NO_HTTP


async def test_who_hangs_up_without_a_word_did_not_answer(start_receiver: StartReceiver) -> None:
    async def hang_up(_: Received, __: asyncio.StreamWriter) -> None:
        pass

    receiver = await start_receiver(hang_up)

    outcome = await send(receiver.url(path="/T0KEN"))
    assert outcome == Unanswered("connection", "it closed the connection without an answer")


async def test_a_name_that_does_not_answer_is_a_connection_that_failed() -> None:
    class Lost(Named):
        async def resolve(self, host: str, port: int) -> tuple[Address, ...]:
            raise OSError(f"{host} is not known")

    assert await send(f"https://{NAMED}/", sender(resolver=Lost())) == Unanswered("connection", f"{NAMED} is not known")
    assert await send(f"https://{NAMED}/", sender(resolver=Named(""))) == Unanswered(
        "connection", f"{NAMED} has no address"
    )


async def test_the_body_is_what_was_signed_whatever_it_holds(start_receiver: StartReceiver) -> None:
    receiver = await start_receiver()
    odd = replace(DELIVERY, body='"\u2028 \u0000 🙂 \r\n"', content_type="text/plain; charset=utf-8")
    await send(receiver.url(), delivery=odd)

    [request] = receiver.requests
    Webhook(NEW.reveal()).verify(request.body, request.headers, json_parse=False)
    assert request.body == odd.body.encode()
