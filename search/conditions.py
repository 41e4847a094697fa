"""A filter of moments in the few shapes that every engine has, and the payload fields it looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from domain.events import Modality
from domain.ports import MomentFilter

_ALWAYS = {"source": "keyword", "start_s": "float", "end_s": "float"}
_LABELS = {
    "speakers": "keyword",
    "moods[].speaker": "keyword",
    "moods[].label": "keyword",
    "moods[].valence": "float",
    "moods[].arousal": "float",
}
_LANGUAGE = {"attributes.language": "keyword"}

# What is filtered, ordered or counted by, without what a modality never has. Exact match for keywords, ranges for
# floats; `[]` is each of a list. A collection of speakers has none.
INDEXED: Mapping[Modality | None, Mapping[str, str]] = {
    "scene": {**_ALWAYS, **_LABELS},
    "speech": {**_ALWAYS, **_LABELS, **_LANGUAGE, "state": "keyword"},
    "text": {**_ALWAYS, **_LANGUAGE},
    None: {},
}


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field, or one of its values where it is a list, is one of these."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The field, or one of its values, lies in the range; both ends are included, and none is no limit."""

    field: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class OneWithAll:
    """One object of the list `field` meets all the conditions, whose fields are the object's own."""

    field: str
    conditions: tuple[AnyOf | Between, ...]


@dataclass(frozen=True, slots=True)
class NotAll:
    """At least one of the conditions does not hold."""

    conditions: tuple[Condition, ...]


Condition: TypeAlias = AnyOf | Between | OneWithAll | NotAll


def conditions(where: MomentFilter) -> list[Condition]:
    """All of them must hold."""
    found: list[Condition] = [NotAll(tuple(conditions(each))) for each in where.excluded]
    for field, values in (
        ("source", where.sources),
        ("speakers", where.speakers),
        ("attributes.language", where.languages),
        ("state", ("final",) if where.only_final else ()),
        ("state", ("provisional",) if where.only_provisional else ()),
    ):
        if values:
            found.append(AnyOf(field, values))
    if where.since_s is not None:
        found.append(Between("end_s", where.since_s, None))
    if where.until_s is not None:
        found.append(Between("start_s", None, where.until_s))
    mood: list[AnyOf | Between] = [AnyOf("label", where.moods)] if where.moods else []
    mood += [
        Between(name, *bounds) for name, bounds in (("valence", where.valence), ("arousal", where.arousal)) if bounds
    ]
    for each in mood:
        at = f"moods[].{each.field}"
        found.append(AnyOf(at, each.values) if isinstance(each, AnyOf) else Between(at, each.low, each.high))
    # Else the pleasant voice of one and the excited voice of another would make a happy one, and Ana calm beside Bob
    # angry an angry Ana.
    if mood and where.speakers:
        mood.append(AnyOf("speaker", where.speakers))
    if len(mood) > 1:
        found.append(OneWithAll("moods", tuple(mood)))
    return found
