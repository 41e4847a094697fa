"""A search node over the filled store: `python -m bench.scale_node FOLDER PORT`.

The product's store, search service and HTTP API, in a process of its own; its encoders look vectors up instead of
making them, so that what is measured is search. On standard input it takes "write POINTS_PER_S SECONDS", stores as the
node's agent does, and says of each batch which word can be found now; and "rebuild NUMBER", which forgets the voice
of that utterance, so that a child process builds its shard anew.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import NoReturn

import numpy as np
import psutil
import uvicorn

from bench.scale_data import SOURCES, SPEAKERS, SPECS, VOICE_SIZE, Kind, moments, query_vectors
from domain.events import MomentDescribed
from domain.moments import moment_id
from domain.ports import EncoderInfo, Image, Matrix
from nowseen.native_libraries import tune_native_libraries
from search.api import ApiParts, create_api
from search.clips import ClipOptions
from search.collections import CollectionSpec
from search.metrics import NodeMetrics
from search.service import SearchService
from search.speakers import Speakers
from search.stores import EdgeFolder, Stores, open_store
from search.watermarks import Watermarks
from streams.archive import FsspecArchive
from streams.on_disk import FLUSHED_EVERY_S

TEXTS = CollectionSpec("texts", "text", {"text": 384}, words=True, encoder="made-sentences")
BATCHES_PER_S = 5
_NEXT = "next.json"


class LookedUp:
    """Any text is somewhere among the moments: always in the same place."""

    def __init__(self, role: str, kind: Kind) -> None:
        spec = SPECS[kind]
        self.info = EncoderInfo(role, spec.encoder, "made", "-", spec.vectors[spec.searched_by], "cpu")
        self._kind: Kind = kind

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return np.concatenate([query_vectors(self._kind, 1, zlib.crc32(text.encode())) for text in texts])

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        raise NotImplementedError("no picture is looked at")


class NoMedia:
    """Nobody searches by a picture or a recording."""

    def _read(self, media: bytes) -> NoReturn:
        raise NotImplementedError

    picture = clip = voice = speech = _read


def serve(folder: Path, port: int) -> None:
    tune_native_libraries(threads=1)
    program = psutil.Process().memory_info()
    print("program", program.rss, program.rss - program.shared, flush=True)
    began = time.monotonic()
    stores = open_store(EdgeFolder(folder), [*SPECS.values(), TEXTS, SPEAKERS])
    print("open after", round(time.monotonic() - began, 3), "s", flush=True)
    speakers = Speakers(stores.moments, stores.speakers, VOICE_SIZE)
    watermarks = Watermarks()
    sentences, pictures = LookedUp("sentences", "speech"), LookedUp("pictures", "scene")
    api = create_api(
        ApiParts(
            service=SearchService(stores.moments, sentences, pictures),
            store=stores.moments,
            archive=FsspecArchive(str(folder / "archive")),
            watermarks=watermarks,
            metrics=NodeMetrics(watermarks),
            encoders=(sentences.info, pictures.info),
            clips=ClipOptions(folder / "clips"),
            ready=lambda: (True, ""),
            lag=dict,
            speakers=speakers,
            examples=NoMedia(),
        )
    )
    gc.freeze()  # as the node does
    Thread(target=_obey, args=(folder, stores, speakers), daemon=True).start()
    try:
        uvicorn.run(api, port=port, log_level="warning", access_log=False)
    finally:
        stores.close()


def _obey(folder: Path, stores: Stores, speakers: Speakers) -> None:
    for line in sys.stdin:
        match line.split():
            case ["write", per_s, seconds]:
                for word in _write(folder, speakers, int(per_s), float(seconds)):
                    print("found now:", word, flush=True)
                print("written", flush=True)
            case ["rebuild", number]:
                (old,) = (moment for moment, _ in moments("speech", np.array([int(number)])))
                stores.moments.delete_voices([moment_id(old)])
                print("rebuilding", flush=True)


def _write(folder: Path, speakers: Speakers, per_s: int, seconds: float) -> Iterator[str]:
    """Half scenes, half utterances, of the times that follow those in the store; a word of its own in each batch."""
    kept = folder / _NEXT
    first = int(json.loads(kept.read_text())) if kept.exists() else 100 * 10**6 // SOURCES * SOURCES
    each, began, flushed_s = per_s // (2 * BATCHES_PER_S), time.monotonic(), time.monotonic()
    for batch in range(round(seconds * BATCHES_PER_S)):
        time.sleep(max(0.0, began + batch / BATCHES_PER_S - time.monotonic()))
        numbers = np.arange(first, first + each)
        word = f"z{first}"
        facts: list[MomentDescribed] = [moment for moment, _ in moments("scene", numbers)]
        facts += [replace(moment, text=f"{moment.text} {word}") for moment, _ in moments("speech", numbers)]
        speakers.store(facts, time.time())
        if time.monotonic() - flushed_s >= FLUSHED_EVERY_S:
            speakers.flush()
            flushed_s = time.monotonic()
        first += each
        kept.write_text(json.dumps(first))
        yield word
    speakers.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
