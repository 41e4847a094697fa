"""A language model behind an OpenAI-compatible endpoint: llama.cpp, Ollama, vLLM, or somebody else's machine.

Bounded in every direction, because a model may hang, babble or be somebody else: so much time in all, so many bytes, no
redirects, no tools. What it says of itself never reaches the log: an error message may hold the key.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from domain.cited_answer import ChatMessage
from domain.errors import ConfigError
from domain.ports import ChatUnavailable

_PATH = "/chat/completions"
# Newer models at OpenAI refuse these; almost all others answer better with them.
_WISHES: dict[str, Any] = {"temperature": 0, "max_tokens": 600}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Raises ConfigError for an address or key that can't be one."""

    url: str  # up to /v1, or all of it up to /chat/completions
    model: str
    key: SecretStr | None = None
    timeout_s: float = 20.0  # for all of a reply
    most_bytes: int = 262_144  # of a reply

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError("NOWSEEN_ANSWER_URL: write an address such as http://127.0.0.1:11434/v1")
        if url.userinfo or url.query or url.fragment:
            raise ConfigError(
                "NOWSEEN_ANSWER_URL: write it without user, password and ?...: NOWSEEN_ANSWER_KEY is secret"
            )
        if not self.model.strip():
            raise ConfigError("NOWSEEN_ANSWER_MODEL: name a model that the endpoint of NOWSEEN_ANSWER_URL serves")
        key = self.key.get_secret_value() if self.key is not None else "none"
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ConfigError("NOWSEEN_ANSWER_KEY: a key is of printable ASCII characters, without blanks")

    @property
    def address(self) -> str:
        bare = self.url.rstrip("/")
        return bare if bare.endswith(_PATH) else bare + _PATH

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return httpx.URL(self.url).host in ("127.0.0.1", "localhost", "::1")


class ChatEndpoint:
    """A `ChatModel`."""

    def __init__(self, options: ChatOptions) -> None:
        self._options = options
        if options.key is not None and httpx.URL(options.url).scheme == "http" and not options.is_here:
            _log.warning("NOWSEEN_ANSWER_URL is http: the key and the moments travel in clear text")
        self._tls = httpx.create_ssl_context()  # takes tens of milliseconds: once

    @property
    def name(self) -> str:
        return self._options.model

    async def complete(self, messages: Sequence[ChatMessage]) -> str:
        body = {
            "model": self._options.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "stream": False,
        }
        try:
            async with asyncio.timeout(self._options.timeout_s):
                status, reply = await self._post(body | _WISHES)
                if status == 400:
                    status, reply = await self._post(body)
        except TimeoutError as error:
            raise ChatUnavailable(f"it did not answer within {self._options.timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise ChatUnavailable(f"it can't be reached ({type(error).__name__})") from error
        if status != 200:
            raise ChatUnavailable(f"it answered with status {status}")
        return _content(reply)

    async def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        # Compressed, a small reply could be a large one.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._options.key is not None:
            headers["Authorization"] = f"Bearer {self._options.key.get_secret_value()}"
        async with (
            httpx.AsyncClient(
                verify=self._tls,
                trust_env=not self._options.is_here,  # no proxy stands before this machine
                follow_redirects=False,
                timeout=self._options.timeout_s,
            ) as client,
            client.stream("POST", self._options.address, json=body, headers=headers) as response,
        ):
            reply = bytearray()
            async for part in response.aiter_raw():
                reply += part
                if len(reply) > self._options.most_bytes:
                    raise ChatUnavailable(f"its reply is longer than {self._options.most_bytes} bytes")
            return response.status_code, bytes(reply)


def _content(reply: bytes) -> str:
    """The words of the first choice. Whatever else it holds, calls of tools above all, is passed over."""
    try:
        content = json.loads(reply)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ChatUnavailable("its reply is not of the form that OpenAI's endpoint has") from error
    if content is None:
        return ""
    if not isinstance(content, str):
        raise ChatUnavailable("its reply is no text")
    return content
