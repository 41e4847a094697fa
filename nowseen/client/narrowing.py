"""What moments a question is about beside its words: the names in Python, and the parameters the node knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from domain.errors import BadRequest
from nowseen.client.answers import Speaker
from nowseen.client.moments import Evidence, Heard, Moment

if TYPE_CHECKING:  # importing these brings numpy, which a client has no use for
    from domain.events import Modality
    from domain.mood import MoodLabel

Params: TypeAlias = tuple[tuple[str, str], ...]
Instant: TypeAlias = float | datetime | str
Bounds: TypeAlias = tuple[float | None, float | None]
Who: TypeAlias = str | Speaker | Heard
Likes: TypeAlias = str | Moment | Evidence | Iterable[str | Moment | Evidence]


class Narrowed(TypedDict, total=False):
    """All must hold; of several values of one, any may. A single value needs no list. None is as if not given.

    `since` and `until` are Unix seconds, a datetime with a time zone, or text as the node reads it: ISO 8601, or how
    long ago by the node's clock ("10m", "2h", "3d", "yesterday"). `valence` and `arousal` are the lowest and the
    highest, from -1 to 1; None leaves one of them open. `final` leaves out text that may still change.
    """

    sources: str | Iterable[str] | None
    kinds: Modality | Iterable[Modality] | None
    speakers: Who | Iterable[Who] | None
    moods: MoodLabel | Iterable[MoodLabel] | None
    languages: str | Iterable[str] | None
    valence: Bounds | None
    arousal: Bounds | None
    since: Instant | None
    until: Instant | None
    final: bool


def parameters(where: Narrowed) -> Params:
    """Raises TypeError for a name that is none of Narrowed, as a call would, and BadRequest for a naive datetime."""
    if unknown := where.keys() - Narrowed.__annotations__.keys():
        known = ", ".join(Narrowed.__annotations__)
        raise TypeError(f"{', '.join(sorted(unknown))}: there is no such argument; there are {known}")
    return tuple(_parameters(where))


def example_ids(likes: Likes) -> tuple[str, ...]:
    """A moment stands for the best that was found in it. Raises BadRequest for one without an id."""
    many = (likes,) if isinstance(likes, str | Moment | Evidence) else likes
    return tuple(_example_id(each) for each in many)


def speaker_id(who: Who) -> str:
    return who if isinstance(who, str) else who.id


def _parameters(where: Narrowed) -> Iterator[tuple[str, str]]:
    yield from _repeated("source", where.get("sources"))
    yield from _repeated("kind", where.get("kinds"))
    yield from _repeated("mood", where.get("moods"))
    yield from _repeated("language", where.get("languages"))
    people = where.get("speakers")
    people = (people,) if isinstance(people, str | Speaker | Heard) else people or ()
    yield from (("speaker", speaker_id(who)) for who in people)
    for name, bounds in (("valence", where.get("valence")), ("arousal", where.get("arousal"))):
        for end, bound in zip(("min", "max"), bounds or (), strict=False):
            if bound is not None:
                yield f"{name}_{end}", repr(float(bound))
    for name, instant in (("since", where.get("since")), ("until", where.get("until"))):
        if instant is not None:
            yield name, _instant(instant)
    if where.get("final"):
        yield "final", "true"


def _repeated(parameter: str, values: str | Iterable[str] | None) -> Iterator[tuple[str, str]]:
    yield from ((parameter, value) for value in ((values,) if isinstance(values, str) else values or ()))


def _instant(instant: Instant) -> str:
    if isinstance(instant, str):
        return instant
    if not isinstance(instant, datetime):
        return repr(float(instant))
    if instant.utcoffset() is None:
        raise BadRequest(f"{instant} has no time zone: give it one, such as datetime.now(UTC) has")
    return repr(instant.timestamp())


def _example_id(example: str | Moment | Evidence) -> str:
    if isinstance(example, str):
        return example
    if isinstance(example, Evidence):
        return example.moment_id
    if not example.evidence:
        raise BadRequest("this moment has no id, because nothing was searched for: take one that a search found")
    return example.evidence[0].moment_id
