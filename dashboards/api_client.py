"""The search node over HTTP: one method per question, typed answers, two kinds of failure."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from dashboards.answers import Encoders, Found, Sources, Speaker, Speakers
from domain.events import Modality
from domain.mood import MoodLabel

_T = TypeVar("_T", bound=BaseModel)
_Params: TypeAlias = list[tuple[str, str | int | float | bool | None]]
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


class ApiDown(Exception):  # noqa: N818  (a state that passes, not a mistake)
    """No usable answer: unreachable, too slow, failing, or not a search node. Worth trying again."""


class ApiRefused(Exception):  # noqa: N818  (as above)
    """The node understood the question and says what is wrong with it. Asking again gives the same answer."""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Empty or None means no limit. `last_s` moves with the clock; the other two stand still."""

    sources: tuple[str, ...] = ()
    kinds: tuple[Modality, ...] = ()
    speakers: tuple[str, ...] = ()  # ids
    moods: tuple[MoodLabel, ...] = ()
    languages: tuple[str, ...] = ()
    last_s: float | None = None
    since_s: float | None = None
    until_s: float | None = None

    def since(self, now_s: float) -> float | None:
        return self.since_s if self.last_s is None else now_s - self.last_s


class SearchApi:
    """Every method raises ApiDown or ApiRefused, and nothing else, when it can't answer. Thread-safe: keeps no
    connection open, so that a page nobody looks at holds nothing."""

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._tls = ssl.create_default_context() if self.url.startswith("https:") else False

    def search(self, query: str, where: SearchFilter, limit: int) -> Found:
        params: _Params = [("q", query), *_common(where, limit)]
        since_s = where.since(time.time())
        if since_s is not None:
            params.append(("since", f"{since_s:.3f}"))
        if where.until_s is not None:
            params.append(("until", f"{where.until_s:.3f}"))
        return self._get("/search", Found, params)

    def newest(self, where: SearchFilter, limit: int) -> Found:
        """Latest first. The node does not limit this by time: that part of `where` is not sent."""
        return self._get("/moments/newest", Found, _common(where, limit))

    def sources(self) -> Sources:
        return self._get("/sources", Sources)

    def encoders(self) -> Encoders:
        return self._get("/encoders", Encoders)

    def speakers(self) -> Sequence[Speaker]:
        return self._get("/speakers", Speakers).speakers

    def name_speaker(self, id: str, name: str) -> Speaker:
        return self._send("PATCH", f"/speakers/{id}", Speaker, {"name": name})

    def merge_speakers(self, id: str, into: str) -> Speaker:
        """The two are one voice; the second one's name stays."""
        return self._send("POST", f"/speakers/{id}/merge", Speaker, {"into": into})

    def _get(self, path: str, shape: type[_T], params: _Params | None = None) -> _T:
        answer = self._ask("GET", path, params=params)
        if answer.status_code == 404:  # something else answers at this address
            raise ApiDown(f"it answered {answer.status_code}: {_reason(answer)}")
        return _read(path, answer, shape)

    def _send(self, method: str, path: str, shape: type[_T], change: dict[str, str]) -> _T:
        return _read(path, self._ask(method, path, change=change), shape)

    def _ask(
        self, method: str, path: str, params: _Params | None = None, change: dict[str, str] | None = None
    ) -> httpx.Response:
        try:
            # No proxy from the environment: the node is on this machine or on a network of one's own.
            answer = httpx.request(
                method, self.url + path, params=params, json=change, timeout=self._timeout_s, verify=self._tls,
                trust_env=False,
            )  # fmt: skip
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiDown(_ERRNO.sub("", str(error)) or type(error).__name__) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise ApiDown(f"it answered {answer.status_code}: {_reason(answer)}")
        return answer


def _read(path: str, answer: httpx.Response, shape: type[_T]) -> _T:
    if answer.status_code >= 400:
        raise ApiRefused(_reason(answer))
    try:
        return shape.model_validate_json(answer.content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the answer"
        raise ApiDown(f"{path} answered something else than expected: {where}: {first['msg']}") from error


def _common(where: SearchFilter, limit: int) -> _Params:
    return [
        ("limit", limit),
        *(("source", source) for source in where.sources),
        *(("kind", kind) for kind in where.kinds),
        *(("speaker", id) for id in where.speakers),
        *(("mood", mood) for mood in where.moods),
        *(("language", language) for language in where.languages),
    ]


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return answer.reason_phrase
