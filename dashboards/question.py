"""What the page asks of the search node: words, filters, examples. Pure: the time is an argument.

The node's own names and spelling, so that an address of this page reads like one of the node's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from domain.events import Modality
from domain.mood import MoodLabel

By: TypeAlias = Literal["picture", "clip", "voice", "speech"]
Params: TypeAlias = list[tuple[str, str | int | float | bool | None]]


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

    def params(self, limit: int) -> Params:
        """All but the time."""
        return [
            ("limit", limit),
            *(("source", source) for source in self.sources),
            *(("kind", kind) for kind in self.kinds),
            *(("speaker", id) for id in self.speakers),
            *(("mood", mood) for mood in self.moods),
            *(("language", language) for language in self.languages),
        ]


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """Something to search by, and what of it is looked for."""

    by: By
    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """Moments named by id are to be like, or unlike. With a file the node takes no such moments beside it."""

    query: str = ""
    where: SearchFilter = field(default_factory=SearchFilter)
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    file: ExampleFile | None = None
    weak: bool = False  # also what is too weak to be a match; of words alone

    @property
    def is_empty(self) -> bool:
        return not (self.query or self.like or self.file)

    def params(self, limit: int, now_s: float) -> Params:
        params: Params = [("q", self.query)] if self.query else []
        if self.file is None:
            params += [*(("like", id) for id in self.like), *(("unlike", id) for id in self.unlike)]
        else:
            params.append(("by", self.file.by))
        if self.weak:
            params.append(("weak", True))
        params += self.where.params(limit)
        if (since_s := self.where.since(now_s)) is not None:
            params.append(("since", f"{since_s:.3f}"))
        if self.where.until_s is not None:
            params.append(("until", f"{self.where.until_s:.3f}"))
        return params
