"""How both faces reach a node over httpx: address, time limits, and what a failure on the way is called."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from domain.errors import BadRequest
from nowseen.client.errors import NodeDown
from nowseen.client.questions import Question
from nowseen.client.replies import Reply

LOCAL_NODE = "http://127.0.0.1:8600"
PATIENCE_S = 60.0  # the first question after a start loads and warms the models
FAILURES = (httpx.HTTPError, httpx.InvalidURL)
_CONNECTING_S = 5.0
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


@dataclass(frozen=True, slots=True)
class Connection:
    """`timeout_s` bounds each wait for the node: for it to take more of a question, or to send more of its answer.
    Raises BadRequest when the address is none."""

    url: str
    timeout_s: float
    headers: Mapping[str, str]

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL:
            url = httpx.URL()
        if url.scheme not in ("http", "https") or not url.host:
            raise BadRequest(f"{self.url!r} is not an address such as {LOCAL_NODE}")
        if not self.timeout_s > 0:
            raise BadRequest(f"timeout_s is {self.timeout_s}; it is how many seconds to wait at most")

    def options(self) -> dict[str, Any]:
        """Of httpx.Client and httpx.AsyncClient."""
        return {
            "base_url": self.url,
            "headers": dict(self.headers),
            "timeout": httpx.Timeout(self.timeout_s, connect=min(self.timeout_s, _CONNECTING_S)),
            # No proxy and no login from the environment: the node is on this machine or on a network of one's own.
            "trust_env": False,
            "verify": ssl.create_default_context() if httpx.URL(self.url).scheme == "https" else False,
        }

    def down(self, error: Exception) -> NodeDown:
        shown = httpx.URL(self.url).copy_with(userinfo=b"")
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            why = _ERRNO.sub("", str(error)) or type(error).__name__
            return NodeDown(f"no node answers at {shown} ({why}): is `nowseen up` running?")
        if isinstance(error, httpx.TimeoutException):
            return NodeDown(f"the node at {shown} did not answer within {self.timeout_s:g} s: its /health says why")
        return NodeDown(f"the connection to {shown} broke: {error or type(error).__name__}")


def request_of(question: Question[Any]) -> dict[str, Any]:
    """What httpx calls it."""
    headers = {} if question.content_type is None else {"Content-Type": question.content_type}
    return {
        "method": question.method,
        "url": question.path,
        "params": question.params,
        "content": question.body,
        "headers": headers,
    }


def reply_of(response: httpx.Response) -> Reply:
    return Reply(response.status_code, response.headers.get("Content-Type", ""), response.content)
