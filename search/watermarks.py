"""Up to when the index is complete, so that "no match" can be told from "not indexed yet".

The store agent pushes, the API and the metrics read, each from threads of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from domain.events import Modality, WatermarkAdvanced


class Watermarks:
    """The furthest watermark seen of every source and modality. Thread-safe.

    An older one that comes late, or again after a restart, changes nothing: what is complete stays complete.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._furthest: dict[tuple[str, Modality], WatermarkAdvanced] = {}

    def advance(self, watermark: WatermarkAdvanced) -> None:
        key = (watermark.source, watermark.modality)
        with self._lock:
            known = self._furthest.get(key)
            if known is None or watermark.until_s > known.until_s:
                self._furthest[key] = watermark

    def complete_until(self, sources: Iterable[str] = ()) -> dict[str, dict[Modality, float]]:
        """Unix seconds by source and modality; every source known when `sources` is empty.

        A source asked for of which nothing is known has an empty entry: nothing of it is indexed yet.
        """
        wanted = tuple(sources)
        complete: dict[str, dict[Modality, float]] = {source: {} for source in wanted}
        for watermark in self.snapshot():
            if not wanted or watermark.source in complete:
                complete.setdefault(watermark.source, {})[watermark.modality] = watermark.until_s
        return complete

    def snapshot(self) -> tuple[WatermarkAdvanced, ...]:
        """One per source and modality, in their order."""
        with self._lock:
            return tuple(self._furthest[key] for key in sorted(self._furthest))
