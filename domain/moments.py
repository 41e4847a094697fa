"""A moment's identity: a function of its content, so that a replay overwrites instead of doubling."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid5

from domain.events import MomentDescribed, MomentWithdrawn

_NAMESPACE = UUID("6f0b0f5e-7d6c-5e0c-9b5e-2f6d0c9a4e11")


def moment_id(moment: MomentDescribed | MomentWithdrawn) -> str:
    """UUIDv5 of source, modality, start and encoder.

    Two texts of one source may share a millisecond (a burst of chat), so a text's words belong to its id; a scene's or
    an utterance's start is unique in its source, and its words may improve without making it another moment.
    """
    name = f"{moment.source}|{moment.modality}|{round(moment.start_s * 1000)}|{moment.encoder}"
    if isinstance(moment, MomentDescribed) and moment.modality == "text":
        name += "|" + hashlib.sha256(moment.text.encode()).hexdigest()
    return str(uuid5(_NAMESPACE, name))


def share_time(one: MomentDescribed, other: MomentDescribed) -> bool:
    """Whether they overlap in their own source. One that begins as the other ends does not."""
    return one.source == other.source and one.start_s < other.end_s and other.start_s < one.end_s
