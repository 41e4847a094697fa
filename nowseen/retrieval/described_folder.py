"""Our own format: a folder with dataset.json beside the media (docs/evaluation.md describes it).

The description may come from anywhere, so it is checked whole before a file is opened, and it reaches nothing outside
its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nowseen.retrieval.dataset import Item, Media, Query, RetrievalDataset, raise_mistakes
from nowseen.retrieval.reading import read_text

DESCRIPTION = "dataset.json"

_Id = Annotated[str, Field(min_length=1, max_length=200)]
_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Grade = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FindFile: TypeAlias = Callable[[str], Path]  # raises ValueError, saying why, for a name that is none


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: _Id
    part_s: Annotated[list[_Seconds], Field(min_length=2, max_length=2)] | None = None
    speaker: str = ""

    @model_validator(mode="after")
    def _forwards(self) -> _Described:
        if self.part_s is not None and not self.part_s[0] < self.part_s[1]:
            raise ValueError("part_s is [start, end] in seconds, and the end comes after the start")
        return self

    def media(self, name: str | None, find: FindFile) -> Media | None:
        part_s = (self.part_s[0], self.part_s[1]) if self.part_s is not None else None
        return None if name is None else Media(find(name), part_s)


class _Item(_Described):
    kind: Literal["scene", "speech"]
    file: str | None = None
    text: str = ""

    @model_validator(mode="after")
    def _of_its_kind(self) -> _Item:
        if self.kind == "scene" and (self.text or self.speaker):
            raise ValueError("a scene has a file, and no text or speaker")
        return self


class _Query(_Described):
    text: str | None = None
    picture: str | None = None
    sound: str | None = None
    relevant: list[_Id] | dict[_Id, _Grade] = []

    @model_validator(mode="after")
    def _one_question(self) -> _Query:
        if sum(asked is not None for asked in (self.text, self.picture, self.sound)) != 1:
            raise ValueError("a query has one of text, picture and sound")
        if self.speaker and (self.sound is None or self.relevant):
            raise ValueError("speaker stands in the place of relevant, and with a sound only")
        return self

    def wanted(self, items: list[_Item]) -> Mapping[str, float]:
        if isinstance(self.relevant, dict):
            return self.relevant
        spoken = [item.id for item in items if item.speaker and item.speaker == self.speaker]
        return dict.fromkeys([*self.relevant, *spoken], 1.0)

    def query(self, items: list[_Item], find: FindFile) -> Query:
        relevant = self.wanted(items)
        if self.text is not None:
            return Query(self.id, "text", relevant, self.text)
        by: Literal["picture", "sound"] = "picture" if self.picture is not None else "sound"
        return Query(self.id, by, relevant, media=self.media(self.picture or self.sound, find))


class _Description(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    items: list[_Item]
    queries: list[_Query]


def described_folder(folder: Path) -> RetrievalDataset:
    """Raises ConfigError for what is missing, malformed, or outside the folder."""
    path = folder / DESCRIPTION
    return described(read_text(path), str(path), lambda name: _inside(folder, name))


def described(description: str, where: str, find: FindFile) -> RetrievalDataset:
    """The data set of a description whose files `find` finds. `where` stands in error messages."""
    try:
        found = _Description.model_validate_json(description)
    except ValidationError as error:
        raise_mistakes(where, [_told(mistake["loc"], mistake["msg"]) for mistake in error.errors(include_url=False)])
    mistakes: list[str] = []
    items: list[Item] = []
    queries: list[Query] = []
    for item in found.items:
        try:
            items.append(Item(item.id, item.kind, item.media(item.file, find), item.text.strip(), item.speaker))
        except ValueError as error:
            mistakes.append(f"item {item.id!r}: {error}")
    for query in found.queries:
        try:
            queries.append(query.query(found.items, find))
        except ValueError as error:
            mistakes.append(f"query {query.id!r}: {error}")
    if mistakes:
        raise_mistakes(where, mistakes)
    return RetrievalDataset(found.name, tuple(items), tuple(queries))


def _inside(folder: Path, name: str) -> Path:
    inner = PurePosixPath(name)
    if not name or "\0" in name or inner.is_absolute() or ".." in inner.parts:
        raise ValueError(f"{name!r} is no file in the folder: give its path from there, without '..'")
    path = folder / inner
    if not path.is_file():
        raise ValueError(f"the file {name!r} is missing")
    return path


def _told(place: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, place)) or 'the file'}: {message}"
