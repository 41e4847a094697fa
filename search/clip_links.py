"""Where a moment can be looked at: the addresses of its thumbnail and its clip."""

from __future__ import annotations

import math
from urllib.parse import quote, urlencode

from domain.events import Kind
from domain.ports import ArchivedChunk, MomentStore
from search.clips import MAX_CLIP_S, BadClip, ChunkList, plan_clip
from search.seen_meanwhile import seen_meanwhile

_LISTED_S = 3600.0  # listed at once: moments found together often lie together
_SHORTEST_S = 4.0  # a text has no length, and a clip of it should show what was going on


def thumbnail_path(key: str) -> str:
    return f"/thumbnails/{quote(key)}"


def clip_path(source: str, start_s: float, end_s: float) -> str:
    asked = urlencode({"source": source, "start_s": f"{start_s:.3f}", "end_s": f"{end_s:.3f}"})
    return f"/clip?{asked}"


class Links:
    """Links for the moments of one answer; the archive is listed once for those that lie close together.

    Not for keeping: what is archived later is not seen.
    """

    def __init__(self, archive: ChunkList, base_url: str, store: MomentStore | None = None) -> None:
        self._archive, self._store = archive, store
        self._base_url = base_url.rstrip("/")
        self._listed: dict[tuple[str, Kind, int], list[ArchivedChunk]] = {}

    def thumbnail_url(self, key: str | None) -> str | None:
        return None if key is None else self._base_url + thumbnail_path(key)

    def picture_url(self, key: str | None, source: str, start_s: float, end_s: float) -> str | None:
        """Of what has a picture, or was said while something was seen."""
        if key is None and self._store is not None:
            key = seen_meanwhile(self._store, source, start_s, end_s)
        return self.thumbnail_url(key)

    def clip_url(self, source: str, start_s: float, end_s: float) -> str | None:
        """With `#t=`, so that a player goes to the start asked for; None when nothing is archived then."""
        end_s = min(max(end_s, start_s + _SHORTEST_S), start_s + MAX_CLIP_S)
        try:
            plan = plan_clip(self, source, start_s, end_s)
        except BadClip:
            return None
        if plan is None:
            return None
        return f"{self._base_url}{clip_path(source, start_s, end_s)}#t={plan.start_offset_s:.3f}"

    def overlapping(self, source: str, kind: Kind, start_s: float, end_s: float) -> list[ArchivedChunk]:
        """As the archive's own."""
        found: dict[str, ArchivedChunk] = {}
        for window in range(math.floor(start_s / _LISTED_S), math.ceil(end_s / _LISTED_S)):
            key = (source, kind, window)
            if key not in self._listed:
                first_s = window * _LISTED_S
                self._listed[key] = self._archive.overlapping(source, kind, first_s, first_s + _LISTED_S)
            found |= {chunk.key: chunk for chunk in self._listed[key]}
        return [chunk for chunk in found.values() if chunk.start_s < end_s and chunk.end_s > start_s]
