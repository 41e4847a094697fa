"""The search node over HTTP: one method per question, typed answers, two kinds of failure."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from dashboards.answers import Encoders, Found, Health, Place, Refusal, Sources, Speaker, Speakers
from dashboards.question import Params, Question, SearchFilter

_T = TypeVar("_T", bound=BaseModel)
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_EXAMPLE_TIMEOUT_S = 120.0  # a clip is decoded, and one is looked at at a time


class ApiDown(Exception):  # noqa: N818  (a state that passes, not a mistake)
    """No usable answer: unreachable, too slow, failing, or not a search node. Worth trying again."""


class ApiRefused(Exception):  # noqa: N818  (as above)
    """The node understood the question and says what is wrong with it. Asking again gives the same answer.

    `at` says which characters of the query are meant, where it is the query that can't be read.
    """

    def __init__(self, message: str, at: Place | None = None) -> None:
        super().__init__(message)
        self.at = at


class SearchApi:
    """Every method raises ApiDown or ApiRefused, and nothing else, when it can't answer. Thread-safe: keeps no
    connection open, so that a page nobody looks at holds nothing."""

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context() if self.url.startswith("https:") else False

    def search(self, question: Question, limit: int) -> Found:
        params = question.params(limit, time.time())
        if question.file is None:
            return self.get("/search", Found, params)
        answer = self._ask("POST", "/search/by-example", params, content=question.file.content)
        return _read("/search/by-example", answer, Found)

    def newest(self, where: SearchFilter, limit: int) -> Found:
        """Latest first. The node does not limit this by time: that part of `where` is not sent."""
        return self.get("/moments/newest", Found, where.params(limit))

    def sources(self) -> Sources:
        return self.get("/sources", Sources)

    def encoders(self) -> Encoders:
        return self.get("/encoders", Encoders)

    def health(self) -> Health:
        return self.get("/health", Health)

    def speakers(self) -> Sequence[Speaker]:
        return self.get("/speakers", Speakers).speakers

    def name_speaker(self, id: str, name: str) -> Speaker:
        return self.send("PATCH", f"/speakers/{id}", Speaker, {"name": name})

    def merge_speakers(self, id: str, into: str) -> Speaker:
        """The two are one voice; the second one's name stays."""
        return self.send("POST", f"/speakers/{id}/merge", Speaker, {"into": into})

    def get(self, path: str, shape: type[_T], params: Params | None = None) -> _T:
        answer = self._ask("GET", path, params=params)
        if answer.status_code == 404:  # something else answers at this address
            raise ApiDown(f"it answered {answer.status_code}: {_refusal(answer).error}")
        return _read(path, answer, shape)

    def send(
        self, method: str, path: str, shape: type[_T], body: Mapping[str, object], timeout_s: float | None = None
    ) -> _T:
        return _read(path, self._ask(method, path, body=body, timeout_s=timeout_s), shape)

    def upload(self, method: str, path: str, shape: type[_T], params: Params, content: bytes, timeout_s: float) -> _T:
        return _read(path, self._ask(method, path, params, content=content, timeout_s=timeout_s), shape)

    def delete(self, path: str, timeout_s: float | None = None) -> None:
        _check(self._ask("DELETE", path, timeout_s=timeout_s))

    def _ask(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: Mapping[str, object] | None = None,
        content: bytes | None = None,
        timeout_s: float | None = None,
    ) -> httpx.Response:
        try:
            # No proxy from the environment: the node is on this machine or on a network of one's own.
            answer = httpx.request(
                method, self.url + path, params=params, json=body, content=content, verify=self._tls, trust_env=False,
                timeout=timeout_s or (self._timeout_s if content is None else _EXAMPLE_TIMEOUT_S),
                headers={} if content is None else {"Content-Type": "application/octet-stream"},
            )  # fmt: skip
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiDown(_ERRNO.sub("", str(error)) or type(error).__name__) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise ApiDown(f"it answered {answer.status_code}: {_refusal(answer).error}")
        return answer


def _read(path: str, answer: httpx.Response, shape: type[_T]) -> _T:
    _check(answer)
    try:
        return shape.model_validate_json(answer.content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the answer"
        raise ApiDown(f"{path} answered something else than expected: {where}: {first['msg']}") from error


def _check(answer: httpx.Response) -> None:
    if answer.status_code >= 400:
        refusal = _refusal(answer)
        raise ApiRefused(refusal.error, refusal.at)


def _refusal(answer: httpx.Response) -> Refusal:
    try:
        return Refusal.model_validate_json(answer.content)
    except ValidationError:
        return Refusal(error=answer.reason_phrase)
