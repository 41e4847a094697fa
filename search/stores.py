"""The one door to what is kept: moments and speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from domain.errors import ConfigError
from domain.ports import MomentStore, SpeakerStore
from search.collection_store import CollectionStore
from search.collections import Collection, CollectionSpec
from search.edge_options import EdgeOptions
from search.speaker_store import CollectionSpeakerStore


@dataclass(frozen=True, slots=True)
class EdgeFolder:
    """Qdrant Edge in this process, which alone may open the folder."""

    path: Path
    options: EdgeOptions = field(default_factory=EdgeOptions)


@dataclass(frozen=True, slots=True)
class QdrantServer:
    """A Qdrant server, or ":memory:" for one that lives and dies with the store."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    prefix: str = ""


StoreLocation: TypeAlias = EdgeFolder | QdrantServer


@dataclass(frozen=True, slots=True)
class Stores:
    moments: MomentStore
    speakers: SpeakerStore

    def close(self) -> None:
        self.moments.close()


def open_store(location: StoreLocation, specs: Sequence[CollectionSpec]) -> Stores:
    """The stores at `location`, with these collections, made when they are not there.

    Raises ConfigError when not exactly one collection has no modality, and when the place can't be this process's:
    another owner, another encoder, damaged files, a refused key. Raises ConnectionError when a server does not answer.
    """
    if sum(spec.modality is None for spec in specs) != 1:
        raise ConfigError("exactly one collection, that of the speakers, must have no modality: see topology.yaml")
    collections: Sequence[Collection]
    is_shared = False
    match location:
        case EdgeFolder():
            from search.edge_folder import open_edge_collections

            collections, opened = open_edge_collections(location.path, specs, location.options)
        case QdrantServer():
            from search.server_store import IN_MEMORY, open_server_collections

            is_shared = location.url != IN_MEMORY
            collections, opened = open_server_collections(
                location.url, specs, api_key=location.api_key, prefix=location.prefix
            )
    (voices,) = (each for each in collections if each.spec.modality is None)
    opened.callback(voices.close)
    moments = CollectionStore([each for each in collections if each is not voices], opened, is_shared=is_shared)
    return Stores(moments, CollectionSpeakerStore(voices))
