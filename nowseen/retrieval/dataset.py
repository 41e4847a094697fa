"""What a retrieval data set is, wherever it was read from: items to be found, and queries that know what they want."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from domain.errors import ConfigError

ItemKind: TypeAlias = Literal["scene", "speech"]
AskedBy: TypeAlias = Literal["text", "picture", "sound"]

MOST_MISTAKES = 5  # told at once


@dataclass(frozen=True, slots=True)
class Media:
    """A file, or the part of it between two times in seconds."""

    path: Path
    part_s: tuple[float, float] | None = None

    def overlaps(self, other: Media) -> bool:
        if self.path != other.path:
            return False
        if self.part_s is None or other.part_s is None:
            return True
        return self.part_s[0] < other.part_s[1] and other.part_s[0] < self.part_s[1]


@dataclass(frozen=True, slots=True)
class Item:
    """A scene is a picture or a film; speech is a recording, ready-made words, or both."""

    id: str
    kind: ItemKind
    media: Media | None = None
    text: str = ""  # of speech: ready-made; empty: heard in the recording
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    id: str
    by: AskedBy
    relevant: Mapping[str, float]  # grade by item id
    text: str = ""
    media: Media | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Queries of one kind against the items of one kind: scenes and speech never compete."""

    name: str
    by: AskedBy
    kind: ItemKind


TASKS = (
    Task("text->scene", "text", "scene"),
    Task("image->scene", "picture", "scene"),
    Task("text->speech", "text", "speech"),
    Task("speaker", "sound", "speech"),
)


@dataclass(frozen=True, slots=True)
class RetrievalDataset:
    """Raises ConfigError, with the mistakes, when ids are not unique, queries want what is not there, or nothing can be
    measured."""

    name: str
    items: tuple[Item, ...]
    queries: tuple[Query, ...]

    def __post_init__(self) -> None:
        if mistakes := list(_mistakes(self)):
            raise_mistakes(f"the data set {self.name!r}", mistakes)

    def of_kind(self, kind: ItemKind) -> list[Item]:
        return [item for item in self.items if item.kind == kind]

    def asked(self, task: Task) -> list[Query]:
        """The task's queries, each with the relevant items of the task's kind."""
        kinds = {item.id: item.kind for item in self.items}
        found = []
        for query in self.queries:
            wanted = {id: grade for id, grade in query.relevant.items() if kinds[id] == task.kind}
            if query.by == task.by and wanted:
                found.append(Query(query.id, query.by, wanted, query.text, query.media))
        return found


def raise_mistakes(what: str, mistakes: list[str]) -> None:
    more = len(mistakes) - MOST_MISTAKES
    raise ConfigError(
        [f"{what}: {mistake}" for mistake in mistakes[:MOST_MISTAKES]]
        + ([f"{what}: and {more} mistakes more"] if more > 0 else [])
    )


def _mistakes(dataset: RetrievalDataset) -> Iterable[str]:
    for what, ids in (("item", [i.id for i in dataset.items]), ("query", [q.id for q in dataset.queries])):
        yield from (f"two of the {what} ids are {id!r}" for id, count in Counter(ids).items() if count > 1)
        if not ids:
            yield f"it holds no {what}: there is nothing to measure"
    items = {item.id: item for item in dataset.items}
    for item in dataset.items:
        if item.media is None and not (item.kind == "speech" and item.text.strip()):
            yield f"item {item.id!r} has nothing to look at or to listen to"
    for query in dataset.queries:
        unknown = sorted(set(query.relevant) - set(items))
        if unknown:
            yield f"query {query.id!r} wants {unknown[0]!r}, which is no item"
        elif not query.relevant:
            yield f"query {query.id!r} wants nothing: name the items that are relevant"
        elif not all(math.isfinite(grade) and grade > 0 for grade in query.relevant.values()):
            yield f"query {query.id!r} grades an item with what is no number above 0"
        elif query.by != "text" and not _answerable(query, items):
            kind = "scenes" if query.by == "picture" else "speech"
            yield f"query {query.id!r} is a {query.by}; what it wants should be {kind} other than itself"
        if query.by == "text" and not query.text.strip():
            yield f"query {query.id!r} has no words"


def _answerable(query: Query, items: Mapping[str, Item]) -> bool:
    kind = next(task.kind for task in TASKS if task.by == query.by)
    wanted = [items[id] for id in query.relevant]
    return all(item.kind == kind for item in wanted) and any(not is_itself(query, item) for item in wanted)


def is_itself(query: Query, item: Item) -> bool:
    """Whether the query's picture or sound is also the item's: to find that is no merit, so it is left out."""
    return query.media is not None and item.media is not None and query.media.overlaps(item.media)
