"""Endpoints that show a moment: its clip and its thumbnail."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import FileResponse, Response

from domain.errors import BadEvent
from domain.events import MODALITIES, check_source
from domain.instants import format_instant
from search.api_models import NOT_FOUND, ErrorModel
from search.api_parts import ApiParts
from search.clip_links import clip_path, thumbnail_path
from search.clips import Clip, Clips, NothingPlayable, plan_clip
from search.signed_media import judge_link

_WAITING_FOR_CLIPS = 8  # threads; more requests than that queue without one
_THUMBNAIL_ENDING = ".jpg"  # as MediaArchive.put_thumbnail names them; no chunk ends in it
_JPEG = b"\xff\xd8\xff"
_FORBIDDEN: dict[int | str, dict[str, Any]] = {403: {"model": ErrorModel}}
Seconds = Annotated[float, Query(description="Unix seconds (UTC)")]
Expires = Annotated[int | None, Query(description="of a signed link: until when it holds, Unix seconds")]
Signature = Annotated[str | None, Query(description="of a signed link")]


def media_routes(parts: ApiParts, clips: Clips) -> APIRouter:
    """A signed link is served while it holds and is whole; one that is not signed to whoever reaches the API, like the
    rest of it."""
    routes = APIRouter(tags=["media"], responses=NOT_FOUND | _FORBIDDEN)
    limiter = CapacityLimiter(_WAITING_FOR_CLIPS)

    def check_link(path: str, expires_s: int | None, signature: str | None) -> None:
        match judge_link(parts.signer, path, expires_s, signature, parts.clock()):
            case "expired":
                raise HTTPException(403, "this link has expired: search for the moment to see it")
            case "forged":
                raise HTTPException(403, "this link was not made here, or was changed, or its key was replaced")

    def make(source: str, start_s: float, end_s: float) -> Clip:
        check_source(source)
        plan = plan_clip(parts.archive, source, start_s, end_s)
        if plan is None:
            raise HTTPException(404, _why_nothing(parts, source, start_s))
        try:
            return clips.make(plan)
        except NothingPlayable as error:
            raise HTTPException(404, str(error)) from error

    @routes.head("/clip", include_in_schema=False)
    @routes.get(
        "/clip",
        response_class=FileResponse,
        responses={
            200: {"content": {"video/mp4": {}}, "headers": {"X-Clip-Start-Offset-S": {"schema": {"type": "number"}}}},
            206: {"description": "the bytes of the Range asked for"},
            416: {"description": "the Range lies outside the clip"},
        },
    )
    async def clip(
        source: str, start_s: Seconds, end_s: Seconds, expires: Expires = None, signature: Signature = None
    ) -> FileResponse:
        """MP4 (H.264, AAC) of the whole chunks around the time asked for; serves ranges.

        The header X-Clip-Start-Offset-S tells where `start_s` lies in it.
        """
        check_link(clip_path(source, start_s, end_s), expires, signature)
        made = await to_thread.run_sync(make, source, start_s, end_s, limiter=limiter)
        headers = {
            "X-Clip-Start-Offset-S": f"{made.start_offset_s:.3f}",
            "Cache-Control": "no-cache",  # a chunk that arrives late makes it another clip: ask again, by its ETag
            "X-Content-Type-Options": "nosniff",
        }
        return FileResponse(made.path, media_type="video/mp4", headers=headers)

    @routes.head("/thumbnails/{key:path}", include_in_schema=False)
    @routes.get("/thumbnails/{key:path}", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
    def thumbnail(key: str, expires: Expires = None, signature: Signature = None) -> Response:
        """A picture of the archive, by the key that a moment's thumbnail_url holds."""
        check_link(thumbnail_path(key), expires, signature)
        if not key.endswith(_THUMBNAIL_ENDING):  # a chunk may be large: it is not read to find that out
            raise HTTPException(404, f"{key!r} is no thumbnail")
        try:
            picture = parts.archive.get(key)
        except BadEvent as error:
            raise HTTPException(404, str(error)) from error
        if not picture.startswith(_JPEG):
            raise HTTPException(404, f"{key!r} is no thumbnail")
        # A key is a function of what it names: the same address never shows another picture.
        kept = "public, max-age=31536000, immutable"
        if expires is not None:  # nobody between here and there keeps it for longer than the link holds
            kept = f"private, max-age={max(0, expires - int(parts.clock()))}"
        headers = {"Cache-Control": kept, "X-Content-Type-Options": "nosniff"}
        return Response(picture, media_type="image/jpeg", headers=headers)

    return routes


def _why_nothing(parts: ApiParts, source: str, start_s: float) -> str:
    until_s = max(parts.watermarks.complete_until((source,))[source].values(), default=None)
    if until_s is not None and start_s < until_s:
        return f"no media of {source!r} is archived at {format_instant(start_s)}: none was published, or it was deleted"
    if until_s is not None:
        return (
            f"{source!r} is not indexed up to {format_instant(start_s)} yet, only to {format_instant(until_s)}: "
            "try again in a few seconds"
        )
    if any(source in parts.store.sources(modality) for modality in MODALITIES):
        asked = format_instant(start_s)
        return f"no media of {source!r} is archived at {asked}, and how far it is indexed is not known yet"
    return f"nothing is archived or indexed of source {source!r}: /sources lists those there are"
