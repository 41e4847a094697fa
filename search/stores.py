"""The one door to a store of moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from domain.ports import MomentStore
from search.collections import CollectionSpec


@dataclass(frozen=True, slots=True)
class EdgeFolder:
    """Qdrant Edge in this process, which alone may open the folder."""

    path: Path


@dataclass(frozen=True, slots=True)
class QdrantServer:
    """A Qdrant server, or ":memory:" for one that lives and dies with the store."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    prefix: str = ""


StoreLocation: TypeAlias = EdgeFolder | QdrantServer


def open_store(location: StoreLocation, specs: Sequence[CollectionSpec]) -> MomentStore:
    """The store at `location`, with these collections, made when they are not there.

    Raises ConfigError when it can't be this process's: another owner, another encoder, damaged files, a refused key.
    Raises ConnectionError when a server does not answer.
    """
    match location:
        case EdgeFolder():
            from search.edge_store import open_edge_store

            return open_edge_store(location.path, specs)
        case QdrantServer():
            from search.server_store import open_server_store

            return open_server_store(location.url, specs, api_key=location.api_key, prefix=location.prefix)
