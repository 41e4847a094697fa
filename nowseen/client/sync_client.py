"""The client for programs that wait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
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


class Nowseen:
    """A search node. A context manager, or to be closed; threads may share one.

    Every method raises NodeDown or NodeRefused when there is no answer, BadRequest (a ValueError) for an argument that
    can't be sent, and OSError for a file that can't be read or written. What `where` may hold: see Narrowed.

    `timeout_s` bounds each wait for the node, not a whole answer that keeps coming. `headers` are sent along, such as
    a login for a proxy before the node. No proxy of the environment is used.
    """

    def __init__(
        self,
        url: str = LOCAL_NODE,
        *,
        timeout_s: float = PATIENCE_S,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Asks nothing yet. Raises BadRequest when the URL is none."""
        self._connection = Connection(url, timeout_s, headers or {})
        self._http = httpx.Client(transport=transport, **self._connection.options())

    def __enter__(self) -> Nowseen:
        return self

    def __exit__(self, type: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def search(
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
        """Moments that fit the query, written as in docs/api.md, and are like the ones given, best first.

        Without either, all that passes `where`, the newest first. `weak`: what is too weak to be evidence follows.
        """
        return self._ask(Search.of(query, like, unlike, where, weak).page(offset, limit))

    def pages(
        self,
        query: str = "",
        *,
        like: Likes = (),
        unlike: Likes = (),
        weak: bool = False,
        limit: int = 100,
        **where: Unpack[Narrowed],
    ) -> Iterator[Answer]:
        """The same search, `limit` moments at a time, each asked for when it is wanted: 1000 moments at most."""
        return self._pages(Pages(Search.of(query, like, unlike, where, weak), limit))

    def search_by_picture(
        self, picture: bytes | Path, query: str = "", *, limit: int = 10, **where: Unpack[Narrowed]
    ) -> Answer:
        """Scenes like an encoded picture, such as a JPEG file, of at most 20 MB."""
        return self._search_by("picture", picture, query, limit, where)

    def search_by_clip(
        self, clip: bytes | Path, query: str = "", *, limit: int = 10, **where: Unpack[Narrowed]
    ) -> Answer:
        """Scenes like what a film shows, of at most 60 s and 100 MB."""
        return self._search_by("clip", clip, query, limit, where)

    def search_by_voice(
        self, recording: bytes | Path, query: str = "", *, limit: int = 10, **where: Unpack[Narrowed]
    ) -> Answer:
        """Speech of the one who speaks in a recording, of at most 60 s and 20 MB."""
        return self._search_by("voice", recording, query, limit, where)

    def search_by_speech(
        self, recording: bytes | Path, query: str = "", *, limit: int = 10, **where: Unpack[Narrowed]
    ) -> Answer:
        """Moments about what is said in a recording, of at most 30 s and 20 MB."""
        return self._search_by("speech", recording, query, limit, where)

    def answer(self, question: str, *, limit: int = 8, **where: Unpack[Narrowed]) -> CitedAnswer:
        """A few sentences of the node's language model about the best moments, at most 12, each citing some of them.

        Where there is no model, or it fails, the moments alone, and a `note` that says why.
        """
        return self._ask(questions.answer(question, limit=limit, **where))

    def newest(self, *, limit: int = 20, **where: Unpack[Narrowed]) -> Answer:
        """Of the latest event times, the latest first. They have no evidence, so no ids."""
        return self._ask(questions.newest(limit=limit, **where))

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
    ) -> Iterator[Moment]:
        """New moments as they become searchable, without end: leave the loop to stop.

        Asks every `every_s`. What was there at the start is left out unless `with_earlier`. Each picture, utterance and
        text is given once: a moment that grew comes again with only what is new in it. One whose text may still change
        does not come again when it is final: `final=True` waits for that.

        Only event times since `since` are looked at, ten minutes ago unless given. Of more than 1000 moments since then
        the best are seen. A node that is down is asked again until the waits add up to `patience_s`.
        """
        return self._watch(
            Watch(query, like, unlike, where, every_s=every_s, patience_s=patience_s, with_earlier=with_earlier)
        )

    def sources(self) -> tuple[Source, ...]:
        """Everything that is or was indexed: how much of it, and up to when."""
        return self._ask(questions.sources())

    def encoders(self) -> tuple[Encoder, ...]:
        """The models in use, and which only stand in for others."""
        return self._ask(questions.encoders())

    def health(self) -> Health:
        """An answer from a node that is not ready too; NodeDown from none at all."""
        return self._ask(questions.health())

    def clip(self, moment: Moment) -> bytes:
        """MP4 of the moment and a little around it. NodeRefused when nothing of it is archived."""
        return self._ask(questions.clip(moment))

    def save_clip(self, moment: Moment, path: Path) -> Path:
        """The clip in a file, which is not touched when there is none. Returns the path."""
        path.write_bytes(self.clip(moment))
        return path

    def thumbnail(self, moment: Moment) -> bytes:
        """JPEG. NodeRefused when there is no picture of the moment."""
        return self._ask(questions.thumbnail(moment))

    def speakers(self) -> tuple[Speaker, ...]:
        """Every voice that was told apart."""
        return self._ask(questions.speakers())

    def enrol(self, name: str, recording: bytes | Path, *, consent: str) -> Speaker:
        """From a recording of one person speaking, 3 to 60 s. `consent` says who agreed, and when."""
        return self._ask(questions.enrol(name, _bytes(recording), consent))

    def rename(self, who: Who, name: str) -> Speaker:
        """`who` is an id, a name or a label. The name holds for all that was said before, too."""
        return self._ask(questions.rename(who, name))

    def merge(self, who: Who, into: Who) -> Speaker:
        """Two that are one voice become one. Returns the one that stays."""
        return self._ask(questions.merge(who, into))

    def split(self, who: Who) -> tuple[Speaker, ...]:
        """One that is two voices becomes two."""
        return self._ask(questions.split(who))

    def forget(self, who: Who, *, rules: bool = False) -> Forgotten:
        """Deletes name, voice vectors and labels, for good. What was said stays; rules that know the speaker do too,
        unless `rules`, and the answer names them."""
        return self._ask(questions.forget(who, rules=rules))

    def _ask(self, question: Question[T]) -> T:
        try:
            response = self._http.request(**request_of(question))
        except FAILURES as error:
            raise self._connection.down(error) from error
        return question.answer(reply_of(response))

    def _search_by(self, by: By, media: bytes | Path, query: str, limit: int, where: Narrowed) -> Answer:
        return self._ask(questions.search_by(by, _bytes(media), query, limit=limit, **where))

    def _pages(self, pages: Pages) -> Iterator[Answer]:
        while pages.question is not None:
            yield pages.take(self._ask(pages.question))

    def _watch(self, watch: Watch) -> Iterator[Moment]:
        while True:
            try:
                answer = self._ask(watch.question)
            except NodeDown as error:
                watch.fail(error)
            else:
                yield from watch.take(answer)
            time.sleep(watch.wait_s)


def _bytes(media: bytes | Path) -> bytes:
    return media.read_bytes() if isinstance(media, Path) else media
