"""The client for programs that wait for many things at once, with asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar, Unpack

import httpx

from nowseen.client import questions
from nowseen.client.answers import Answer, CitedAnswer, Encoder, Forgotten, Health, Source, Speaker
from nowseen.client.connection import FAILURES, LOCAL_NODE, PATIENCE_S, Connection, reply_of, request_of
from nowseen.client.errors import NodeDown
from nowseen.client.following import Pages, Watch
from nowseen.client.moments import Moment
from nowseen.client.narrowing import Likes, Narrowed, Who
from nowseen.client.questions import By, Question, Search

T = TypeVar("T")


class AsyncNowseen:
    """Nowseen, with every answer awaited: the same methods with the same arguments, and its words hold here. Files are
    read and written in threads. For one event loop."""

    def __init__(
        self,
        url: str = LOCAL_NODE,
        *,
        timeout_s: float = PATIENCE_S,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Asks nothing yet. Raises BadRequest when the URL is none."""
        self._connection = Connection(url, timeout_s, headers or {})
        self._http = httpx.AsyncClient(transport=transport, **self._connection.options())

    async def __aenter__(self) -> AsyncNowseen:
        return self

    async def __aexit__(
        self, type: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def search(
        self,
        query: str = "",
        *,
        like: Likes = (),
        unlike: Likes = (),
        weak: bool = False,
        limit: int = 10,
        offset: int = 0,
        **where: Unpack[Narrowed],
    ) -> Answer:
        return await self._ask(Search.of(query, like, unlike, where, weak).page(offset, limit))

    def pages(
        self,
        query: str = "",
        *,
        like: Likes = (),
        unlike: Likes = (),
        weak: bool = False,
        limit: int = 100,
        **where: Unpack[Narrowed],
    ) -> AsyncIterator[Answer]:
        return self._pages(Pages(Search.of(query, like, unlike, where, weak), limit))

    async def search_by_picture(
        self, picture: bytes | Path, query: str = "", *, limit: int = 10, **where: Unpack[Narrowed]
    ) -> Answer:
        return await self._search_by("picture", picture, query, limit, where)

    async def search_by_clip(
        self, clip: bytes | Path, query: str = "", *, limit: int = 10, **where: Unpack[Narrowed]
    ) -> Answer:
        return await self._search_by("clip", clip, query, limit, where)

    async def search_by_voice(
        self, recording: bytes | Path, query: str = "", *, limit: int = 10, **where: Unpack[Narrowed]
    ) -> Answer:
        return await self._search_by("voice", recording, query, limit, where)

    async def search_by_speech(
        self, recording: bytes | Path, query: str = "", *, limit: int = 10, **where: Unpack[Narrowed]
    ) -> Answer:
        return await self._search_by("speech", recording, query, limit, where)

    async def answer(self, question: str, *, limit: int = 8, **where: Unpack[Narrowed]) -> CitedAnswer:
        return await self._ask(questions.answer(question, limit=limit, **where))

    async def newest(self, *, limit: int = 20, **where: Unpack[Narrowed]) -> Answer:
        return await self._ask(questions.newest(limit=limit, **where))

    def watch(
        self,
        query: str = "",
        *,
        like: Likes = (),
        unlike: Likes = (),
        every_s: float = 2.0,
        patience_s: float = 60.0,
        with_earlier: bool = False,
        **where: Unpack[Narrowed],
    ) -> AsyncIterator[Moment]:
        return self._watch(
            Watch(query, like, unlike, where, every_s=every_s, patience_s=patience_s, with_earlier=with_earlier)
        )

    async def sources(self) -> tuple[Source, ...]:
        return await self._ask(questions.sources())

    async def encoders(self) -> tuple[Encoder, ...]:
        return await self._ask(questions.encoders())

    async def health(self) -> Health:
        return await self._ask(questions.health())

    async def clip(self, moment: Moment) -> bytes:
        return await self._ask(questions.clip(moment))

    async def save_clip(self, moment: Moment, path: Path) -> Path:
        clip = await self.clip(moment)
        await asyncio.to_thread(path.write_bytes, clip)
        return path

    async def thumbnail(self, moment: Moment) -> bytes:
        return await self._ask(questions.thumbnail(moment))

    async def speakers(self) -> tuple[Speaker, ...]:
        return await self._ask(questions.speakers())

    async def enrol(self, name: str, recording: bytes | Path, *, consent: str) -> Speaker:
        return await self._ask(questions.enrol(name, await _bytes(recording), consent))

    async def rename(self, who: Who, name: str) -> Speaker:
        return await self._ask(questions.rename(who, name))

    async def merge(self, who: Who, into: Who) -> Speaker:
        return await self._ask(questions.merge(who, into))

    async def split(self, who: Who) -> tuple[Speaker, ...]:
        return await self._ask(questions.split(who))

    async def forget(self, who: Who, *, rules: bool = False) -> Forgotten:
        return await self._ask(questions.forget(who, rules=rules))

    async def _ask(self, question: Question[T]) -> T:
        try:
            response = await self._http.request(**request_of(question))
        except FAILURES as error:
            raise self._connection.down(error) from error
        return question.answer(reply_of(response))

    async def _search_by(self, by: By, media: bytes | Path, query: str, limit: int, where: Narrowed) -> Answer:
        return await self._ask(questions.search_by(by, await _bytes(media), query, limit=limit, **where))

    async def _pages(self, pages: Pages) -> AsyncIterator[Answer]:
        while pages.question is not None:
            yield pages.take(await self._ask(pages.question))

    async def _watch(self, watch: Watch) -> AsyncIterator[Moment]:
        while True:
            try:
                answer = await self._ask(watch.question)
            except NodeDown as error:
                watch.fail(error)
            else:
                for moment in watch.take(answer):
                    yield moment
            await asyncio.sleep(watch.wait_s)


async def _bytes(media: bytes | Path) -> bytes:
    return await asyncio.to_thread(media.read_bytes) if isinstance(media, Path) else media
