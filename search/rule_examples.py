"""What a rule is to be like: something that somebody shows or plays, or a moment that is stored."""

from __future__ import annotations

from typing import Literal, TypeAlias
from uuid import UUID

from domain.conditions import Graded, Meaning, Picture
from domain.events import MODALITIES
from search.api_parts import ApiParts, RuleParts
from search.request import BadQuery

ExampleKind: TypeAlias = Literal["picture", "voice"]


def example_of_media(parts: ApiParts, rules: RuleParts, by: ExampleKind, media: bytes) -> Graded:
    """Blocks. Raises BadRequest for media that can't be read."""
    match by:
        case "picture":
            return rules.encoding.picture(parts.examples.picture(media))
        case "voice":
            return rules.encoding.voice(parts.examples.voice(media))


def example_of_moment(parts: ApiParts, moment_id: UUID | None) -> Graded | None:
    """As searches take a moment for an example: a scene by its picture, speech and texts by their meaning. None of
    none. Blocks. Raises BadQuery for a moment that is not there."""
    if moment_id is None:
        return None
    for modality in MODALITIES:
        for stored in parts.store.get(modality, [str(moment_id)], with_vectors=True):
            if modality == "scene":
                return Picture(vector=next(iter(stored.moment.vectors.values())), encoder=stored.moment.encoder)
            return Meaning(stored.moment.text)
    raise BadQuery(f"there is no moment {moment_id}: it may have been deleted, or replaced by another")
