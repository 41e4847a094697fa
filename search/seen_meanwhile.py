"""A picture for what has none of its own: words that were said, with what was seen of that source meanwhile."""

from __future__ import annotations

from domain.ports import MomentFilter, MomentStore

_LOOKED_AT = 3  # scenes, the latest; one may be without a picture


def seen_meanwhile(store: MomentStore, source: str, start_s: float, end_s: float) -> str | None:
    """The archive's key of the picture; None where nothing was seen."""
    scenes = store.newest("scene", MomentFilter((source,), start_s, end_s), _LOOKED_AT)
    return next((each.moment.thumbnail_key for each in scenes if each.moment.thumbnail_key is not None), None)
