"""A language model over real HTTP: what is sent, and that nothing it does takes for ever or gives a secret away."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import SecretStr

from domain.cited_answer import messages_for
from domain.errors import ConfigError
from domain.ports import ChatUnavailable
from search.chat_endpoint import ChatEndpoint, ChatOptions

KEY = "sk-very-secret-4711"
MESSAGES = messages_for("when did the bus stop", [])
SOON_S = 0.5


def endpoint(server: Any, *, timeout_s: float = 30.0, key: str | None = KEY) -> ChatEndpoint:
    return ChatEndpoint(ChatOptions(server.url, "tiny", None if key is None else SecretStr(key), timeout_s))


async def test_it_sends_the_messages_and_gives_the_reply(chat_server: Any) -> None:
    chat = endpoint(chat_server)
    assert await chat.complete(MESSAGES) == "The bus stopped [1]."
    [(headers, body)] = chat_server.asked
    assert body["messages"] == [{"role": each.role, "content": each.content} for each in MESSAGES]
    assert (body["model"], body["stream"], chat.name) == ("tiny", False, "tiny")
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("mode", ["good", "tools"])
async def test_no_tool_is_ever_offered_and_no_call_of_one_answered(chat_server: Any, mode: str) -> None:
    chat_server.mode = mode
    reply = await endpoint(chat_server).complete(MESSAGES)
    assert reply == ("" if mode == "tools" else chat_server.reply)
    [(_, body)] = chat_server.asked
    assert set(body) == {"model", "messages", "stream", "temperature", "max_tokens"}


async def test_without_a_key_none_is_sent(chat_server: Any) -> None:
    await endpoint(chat_server, key=None).complete(MESSAGES)
    assert "authorization" not in chat_server.asked[0][0]


async def test_a_model_that_refuses_the_optional_wishes_is_asked_without_them(chat_server: Any) -> None:
    chat_server.mode = "picky"
    assert await endpoint(chat_server).complete(MESSAGES) == chat_server.reply
    assert [set(body) & {"temperature", "max_tokens"} for _, body in chat_server.asked] == [
        {"temperature", "max_tokens"}, set(),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("hang", "did not answer within 0.5 s"),
        ("drip", "did not answer within 0.5 s"),
        ("huge", "longer than 262144 bytes"),
        ("500", "answered with status 500"),
        ("401", "answered with status 401"),
        ("400", "answered with status 400"),
        ("redirect", "answered with status 302"),
        ("garbage", "not of the form"),
        ("deep", "not of the form"),
        ("compressed", "not of the form"),
        ("wordless", "no text"),
    ],
)
async def test_what_goes_wrong_is_bounded_and_told_without_secrets(
    chat_server: Any, mode: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    chat_server.mode = mode
    chat = endpoint(chat_server, timeout_s=SOON_S if mode in ("hang", "drip") else 30.0)
    with pytest.raises(ChatUnavailable, match=why) as error:
        await chat.complete(MESSAGES)
    assert KEY not in str(error.value) and KEY not in caplog.text
    assert len(chat_server.asked) == (2 if mode == "400" else 1)


async def test_a_server_that_is_not_there(chat_server: Any) -> None:
    chat_server.close()
    with pytest.raises(ChatUnavailable, match=r"can't be reached \(ConnectError\)"):
        await endpoint(chat_server).complete(MESSAGES)


async def test_no_proxy_comes_between_on_this_machine(chat_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await endpoint(chat_server).complete(MESSAGES) == chat_server.reply


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/", "http://127.0.0.1:9/v1/chat/completions"]
)
def test_the_address_may_be_whole_or_up_to_v1(url: str) -> None:
    assert ChatOptions(url, "tiny").address == "http://127.0.0.1:9/v1/chat/completions"


@pytest.mark.parametrize(
    ("url", "model", "key", "says"),
    [
        ("ftp://example.org/v1", "m", None, "NOWSEEN_ANSWER_URL: write an address"),
        ("127.0.0.1:11434", "m", None, "NOWSEEN_ANSWER_URL: write an address"),
        ("http://[::1", "m", None, "NOWSEEN_ANSWER_URL: write an address"),
        ("http://ana:secret-4711@example.org/v1", "m", None, "without user, password"),
        ("http://example.org/v1?key=secret-4711", "m", None, "without user, password"),
        ("http://example.org/v1", " ", None, "NOWSEEN_ANSWER_MODEL"),
        ("http://example.org/v1", "m", "secret-4711\nX-Other: 1", "NOWSEEN_ANSWER_KEY"),
        ("http://example.org/v1", "m", "", "NOWSEEN_ANSWER_KEY"),
    ],
)
def test_a_wrong_setting_says_what_to_do_and_keeps_its_secret(url: str, model: str, key: str | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        ChatOptions(url, model, None if key is None else SecretStr(key))
    assert "secret-4711" not in str(error.value)


def test_a_key_in_clear_text_to_another_machine_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    ChatEndpoint(ChatOptions("https://example.org/v1", "m", SecretStr(KEY)))
    ChatEndpoint(ChatOptions("http://127.0.0.1/v1", "m", SecretStr(KEY)))
    assert caplog.text == ""
    options = ChatOptions("http://example.org/v1", "m", SecretStr(KEY))
    ChatEndpoint(options)
    assert "clear text" in caplog.text
    assert KEY not in caplog.text + repr(options)
