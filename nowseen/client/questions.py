"""Every question there is: what is sent, and how its reply is read. No I/O, so that both faces ask the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Generic, Literal, TypeAlias, TypeVar, Unpack, cast
from urllib.parse import parse_qsl, quote, urlsplit

from domain.errors import BadRequest
from nowseen.client.answers import (
    Answer,
    CitedAnswer,
    Encoder,
    Encoders,
    Forgotten,
    Health,
    Source,
    Sources,
    Speaker,
    Speakers,
)
from nowseen.client.errors import NodeDown, NodeRefused
from nowseen.client.moments import Moment
from nowseen.client.narrowing import Likes, Narrowed, Params, Who, example_ids, parameters, speaker_id
from nowseen.client.replies import Reply, media, model

MOST_MOMENTS = 100  # in one answer
DEEPEST = 1000  # moments that can be paged through
T = TypeVar("T")
By: TypeAlias = Literal["picture", "clip", "voice", "speech"]

_JSON = "application/json"  # without it the node changes nothing: any web page could have sent the request
_MEDIA = "application/octet-stream"
_THUMBNAILS = "/thumbnails/"
_LISTS = frozenset(("source", "kind", "speaker", "mood", "language"))  # of the filters, those with several values


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """`answer` raises NodeDown and NodeRefused."""

    method: str
    path: str  # escaped
    answer: Callable[[Reply], T]
    params: Params = ()
    body: bytes | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for; its pages are the questions."""

    params: Params

    @staticmethod
    def of(query: str, like: Likes, unlike: Likes, where: Narrowed, weak: bool = False) -> Search:
        """Raises BadRequest, TypeError. Iterables are read here, once."""
        likes = (*(("like", id) for id in example_ids(like)), *(("unlike", id) for id in example_ids(unlike)))
        also = (("weak", "true"),) if weak else ()
        return Search((*_words(query), *likes, *parameters(where), *also))

    def page(self, offset: int, limit: int) -> Question[Answer]:
        return Question("GET", "/search", _answer, (*self.params, ("limit", str(limit)), ("offset", str(offset))))


def search_by(by: By, body: bytes, query: str, *, limit: int, **where: Unpack[Narrowed]) -> Question[Answer]:
    asked = (("by", by), *_words(query), ("limit", str(limit)), *parameters(where))
    return Question("POST", "/search/by-example", _answer, asked, body, _MEDIA)


def answer(question: str, *, limit: int, **where: Unpack[Narrowed]) -> Question[CitedAnswer]:
    asked: dict[str, object] = {"q": question, "limit": limit}
    for name, value in parameters(where):
        if name in _LISTS:
            asked[name] = [*cast(list[str], asked.get(name, [])), value]
        else:
            asked[name] = value == "true" if name == "final" else value
    return Question("POST", "/answer", lambda reply: model(reply, CitedAnswer), body=_json(**asked), content_type=_JSON)


def newest(*, limit: int, **where: Unpack[Narrowed]) -> Question[Answer]:
    return Question("GET", "/moments/newest", _answer, (("limit", str(limit)), *parameters(where)))


def sources() -> Question[tuple[Source, ...]]:
    return Question("GET", "/sources", lambda reply: model(reply, Sources).sources)


def encoders() -> Question[tuple[Encoder, ...]]:
    return Question("GET", "/encoders", lambda reply: model(reply, Encoders).encoders)


def health() -> Question[Health]:
    return Question("GET", "/health", _health)


def clip(moment: Moment) -> Question[bytes]:
    """Raises NodeRefused for a moment without one."""
    if moment.clip_url is None:
        raise NodeRefused("no media of this moment is archived: there is no clip of it")
    # The span is the node's, the address ours: behind a proxy its links may lead elsewhere.
    span = tuple(parse_qsl(urlsplit(moment.clip_url).query))
    return Question("GET", "/clip", partial(media, kind="video"), span)


def thumbnail(moment: Moment) -> Question[bytes]:
    """Raises NodeRefused for a moment without one."""
    _, found, key = urlsplit(moment.thumbnail_url or "").path.partition(_THUMBNAILS)
    if not found:
        raise NodeRefused("there is no picture of this moment")
    return Question("GET", _THUMBNAILS + key, partial(media, kind="image"))


def speakers() -> Question[tuple[Speaker, ...]]:
    return Question("GET", "/speakers", _speakers)


def enrol(name: str, recording: bytes, consent: str) -> Question[Speaker]:
    return Question("POST", "/speakers", _speaker, (("name", name), ("consent", consent)), recording, _MEDIA)


def rename(who: Who, name: str) -> Question[Speaker]:
    return Question("PATCH", _path(who), _speaker, body=_json(name=name), content_type=_JSON)


def merge(who: Who, into: Who) -> Question[Speaker]:
    return Question("POST", f"{_path(who)}/merge", _speaker, body=_json(into=speaker_id(into)), content_type=_JSON)


def split(who: Who) -> Question[tuple[Speaker, ...]]:
    return Question("POST", f"{_path(who)}/split", _speakers, content_type=_JSON)


def forget(who: Who, *, rules: bool = False) -> Question[Forgotten]:
    asked = (("rules", "true"),) if rules else ()
    return Question("DELETE", _path(who), lambda reply: model(reply, Forgotten), asked)


def _words(query: str) -> Params:
    return (("q", query),) if query else ()


def _json(**change: object) -> bytes:
    return json.dumps(change).encode()


def _path(who: Who) -> str:
    """Raises BadRequest for what a path can't name."""
    id = speaker_id(who)
    if not id.strip(". ") or "/" in id:
        raise BadRequest(f"{id!r} can't be asked for by name: give the id that speakers() tells")
    return f"/speakers/{quote(id, safe='')}"


def _answer(reply: Reply) -> Answer:
    return model(reply, Answer)


def _speaker(reply: Reply) -> Speaker:
    return model(reply, Speaker)


def _speakers(reply: Reply) -> tuple[Speaker, ...]:
    return model(reply, Speakers).speakers


def _health(reply: Reply) -> Health:
    """A node that is not ready says so with 503: that is its answer, and no failure."""
    if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
        with suppress(NodeDown):  # without health in it, it is a failure after all
            return model(replace(reply, status=HTTPStatus.OK), Health)
    return model(reply, Health)
