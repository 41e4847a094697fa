"""The real API over a real store, asked through both faces of the client: one waits, over TCP; one in process."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import isawaitable
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from domain.errors import BadRequest
from domain.events import Modality, MomentDescribed, Vector
from domain.moments import moment_id
from domain.ports import EncoderInfo, Image, Labels, Matrix, SentenceEncoder
from domain.speakers import Speaker
from encoders.options import EncoderOptions
from encoders.sentences import load_minilm
from nowseen.client import AsyncNowseen, Nowseen
from search.api import ApiParts, create_api
from search.clips import ClipOptions
from search.collections import CollectionSpec
from search.metrics import NodeMetrics
from search.service import SearchService
from search.speakers import Speakers
from search.stores import EdgeFolder, open_store
from search.watermarks import Watermarks
from streams.archive import FsspecArchive

START_S = 1_790_000_000.0
NOW_S = START_S + 100
SIZE = 384
SPECS = (
    CollectionSpec("scenes", "scene", {"image": SIZE}, words=False, encoder="described"),
    CollectionSpec("speech", "speech", {"text": SIZE, "voice": 4}, words=True, encoder="minilm", others={"voice": "v"}),
    CollectionSpec("texts", "text", {"text": SIZE}, words=True, encoder="minilm"),
    CollectionSpec("speakers", None, {"voice": 4, "enrolled": 4}, words=False, encoder="v"),
)
ANA, BEA = (f"00000000-0000-4000-8000-0000000000{each}" for each in ("a1", "b1"))
WHO = (
    Speaker(ANA, 1, (1.0, 0.0, 0.0, 0.0), 9, 30.0, START_S, START_S + 9, ("cam",), name="Ana"),
    Speaker(BEA, 2, (0.0, 1.0, 0.0, 0.0), 9, 30.0, START_S, START_S + 9, ("cam",)),
)
STAND_IN = EncoderInfo("pictures", "concept", "here", "MIT", SIZE, "cpu", "open_clip:ViT-B-32", "knows no people")


class DescribedPictures:
    """Pictures by their descriptions, in the space of the sentences."""

    def __init__(self, sentences: SentenceEncoder) -> None:
        self.info = STAND_IN
        self._sentences = sentences

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return self._sentences.encode_texts(texts)

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        raise NotImplementedError("the API never looks at pictures")


class DescribedMedia:
    """Media of these tests are their own descriptions; a recording of a voice is its vector."""

    def __init__(self, sentences: SentenceEncoder) -> None:
        self._sentences = sentences

    def picture(self, media: bytes) -> Vector:
        if not media.isascii():
            raise BadRequest("the picture can't be read")
        return tuple(self._sentences.encode_texts([media.decode()])[0].tolist())

    clip = picture

    def voice(self, media: bytes) -> Vector:
        return tuple(map(float, media.split()))

    def speech(self, media: bytes) -> str:
        return media.decode()


class Remembering:
    """A real encoder that does the same work once: every node of these tests begins with the same sentences."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.info = encoder.info
        self._encoder = encoder
        self._made: dict[tuple[str, ...], Matrix] = {}

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        if tuple(texts) not in self._made:
            self._made[tuple(texts)] = self._encoder.encode_texts(texts)
        return self._made[tuple(texts)]


@pytest.fixture(scope="session")
def sentences() -> SentenceEncoder:
    return Remembering(load_minilm(EncoderOptions(Path())))


@dataclass
class Node:
    """A node, and what can be done to it while it runs."""

    parts: ApiParts
    sentences: SentenceEncoder
    is_ready: bool = True
    requests: list[str] = field(default_factory=list)

    def put(
        self,
        modality: Modality,
        text: str,
        at_s: float = 0.0,
        *,
        source: str = "cam",
        labels: Labels | None = None,
        voice: Vector | None = None,
        thumbnail_key: str | None = None,
        is_final: bool = True,
    ) -> str:
        """Two seconds, searchable when this returns. Gives the id."""
        vector: Vector = tuple(self.sentences.encode_texts([text])[0].tolist())
        name, encoder = ("image", "described") if modality == "scene" else ("text", "minilm")
        moment = MomentDescribed(
            source, modality, START_S + at_s, START_S + at_s + 2, encoder,
            {name: vector} | ({} if voice is None else {"voice": voice}),
            text="" if modality == "scene" else text, thumbnail_key=thumbnail_key, is_final=is_final,
            attributes={} if modality == "scene" else {"language": "en"},
        )  # fmt: skip
        self.parts.store.upsert([moment], START_S + at_s + 3, {moment_id(moment): labels or Labels()})
        return moment_id(moment)


@pytest.fixture
def node(tmp_path: Path, sentences: SentenceEncoder) -> Iterator[Node]:
    stores = open_store(EdgeFolder(tmp_path / "store"), SPECS)
    store = stores.moments
    stores.speakers.save(WHO)
    watermarks = Watermarks()
    parts = ApiParts(
        SearchService(store, sentences, DescribedPictures(sentences)), store, FsspecArchive(str(tmp_path / "archive")),
        watermarks, NodeMetrics(watermarks, lambda: NOW_S), (STAND_IN, sentences.info), ClipOptions(tmp_path / "clips"),
        ready=lambda: (made.is_ready, "" if made.is_ready else "still reading"), lag=dict,
        speakers=Speakers(store, stores.speakers, 4), examples=DescribedMedia(sentences), clock=lambda: NOW_S,
        public_url="https://elsewhere.example/nowseen",
    )  # fmt: skip
    made = Node(parts, sentences)
    yield made
    store.close()


class Asker:
    """One face of the client, its answers awaited whichever it is."""

    def __init__(self, client: Nowseen | AsyncNowseen) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        async def ask(*args: Any, **named: Any) -> Any:
            if isinstance(self.client, Nowseen):
                return await asyncio.to_thread(method, *args, **named)
            answer = method(*args, **named)
            return await answer if isawaitable(answer) else answer

        return ask

    async def next_of(self, iterator: Any) -> Any:
        """None at the end."""
        if isinstance(self.client, Nowseen):
            return await asyncio.to_thread(next, iterator, None)
        return await anext(iterator, None)

    async def all_of(self, iterator: Any) -> list[Any]:
        found = []
        while (each := await self.next_of(iterator)) is not None:
            found.append(each)
        return found


@pytest.fixture(params=["sync", "async"])
async def ask(request: pytest.FixtureRequest, node: Node) -> AsyncIterator[Asker]:
    api = recorded(create_api(node.parts), node.requests)
    if request.param == "async":
        transport = httpx.ASGITransport(api, raise_app_exceptions=False)
        async with AsyncNowseen("http://127.0.0.1:8600/", transport=transport) as client:
            yield Asker(client)
    else:
        with served(api) as url, Nowseen(url) as client:
            yield Asker(client)


def recorded(api: Any, requests: list[str]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        requests.append(f"{scope['method']} {scope['path']}?{scope['query_string'].decode()}")
        await api(scope, receive, send)

    return app


@contextmanager
def served(app: Any) -> Iterator[str]:
    """A real server on a free port, in a thread. Gives its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()
