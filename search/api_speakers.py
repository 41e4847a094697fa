"""Endpoints about the voices that were told apart: who they are, and what people decide of them."""

from __future__ import annotations

from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from domain.errors import BadRequest
from domain.events import Vector
from domain.speakers import Speaker
from search.api_body import MEDIA_BODY, read_body
from search.api_models import NOT_FOUND
from search.api_parts import ApiParts

LARGEST_RECORDING_BYTES = 20_000_000
_READING_RECORDINGS = 1  # thread: a minute of sound keeps a processor busy for seconds


class SpeakerModel(BaseModel):
    id: str = Field(description="stays, whatever the speaker is called")
    label: str = Field(description='the name, else "speaker 7"')
    name: str | None
    number: int
    utterances: int
    spoken_s: float
    first_heard_s: float
    last_heard_s: float
    sources: list[str]
    is_enrolled: bool = Field(description="known from a recording given on purpose")
    consent: str | None

    @staticmethod
    def of(speaker: Speaker) -> SpeakerModel:
        return SpeakerModel(
            id=speaker.id,
            label=speaker.label,
            name=speaker.name,
            number=speaker.number,
            utterances=speaker.utterances,
            spoken_s=round(speaker.spoken_s, 3),
            first_heard_s=speaker.first_heard_s,
            last_heard_s=speaker.last_heard_s,
            sources=list(speaker.sources),
            is_enrolled=speaker.enrolled is not None,
            consent=speaker.consent,
        )


class SpeakersModel(BaseModel):
    speakers: list[SpeakerModel]

    @staticmethod
    def of(speakers: list[Speaker]) -> SpeakersModel:
        return SpeakersModel(speakers=[SpeakerModel.of(speaker) for speaker in speakers])


class NameModel(BaseModel):
    name: str


class MergeModel(BaseModel):
    into: str = Field(description="id, name or label of the speaker that stays")


def speaker_routes(parts: ApiParts) -> APIRouter:
    """`who` is an id, a name or a label. Blocking endpoints run in the server's own threads."""
    routes = APIRouter(prefix="/speakers", tags=["speakers"])
    limiter = CapacityLimiter(_READING_RECORDINGS)
    speakers = parts.speakers

    @routes.get("")
    def known() -> SpeakersModel:
        """Every voice that was told apart, by number."""
        return SpeakersModel.of(speakers.all())

    @routes.post("", status_code=201, openapi_extra={"requestBody": MEDIA_BODY})
    async def enrol(
        request: Request,
        name: str,
        consent: Annotated[str, Query(description="who allowed this recording to be used, and when")] = "",
    ) -> SpeakerModel:
        """The body is a recording of one person speaking for at least 3 s, at most 60 s and 20 MB.

        Only a vector made of it is kept. Send it as audio/... or application/octet-stream.
        """
        if not consent.strip():
            raise BadRequest(
                "no consent is given: a voice identifies a person. Ask the one who speaks, and say in 'consent' who "
                "agreed and when"
            )
        recording = await read_body(request, LARGEST_RECORDING_BYTES, "the recording")

        def listen() -> Speaker:
            voice: Vector = parts.examples.voice(recording)
            return speakers.enrol(name, voice, consent.strip(), parts.clock())

        return SpeakerModel.of(await to_thread.run_sync(listen, limiter=limiter))

    @routes.patch("/{who}", responses=NOT_FOUND)
    def name(who: str, change: NameModel) -> SpeakerModel:
        """Gives a name, which holds for everything heard before too."""
        return SpeakerModel.of(speakers.rename(who, change.name))

    @routes.post("/{who}/merge", responses=NOT_FOUND)
    def merge(who: str, change: MergeModel) -> SpeakerModel:
        """Two that are one voice become one. The answer is the one that stays."""
        return SpeakerModel.of(speakers.merge(who, change.into))

    @routes.post("/{who}/split", responses=NOT_FOUND)
    def split(who: str) -> SpeakersModel:
        """One that is two voices becomes two. Send it with the content type application/json."""
        return SpeakersModel.of(speakers.split(who))

    return routes
