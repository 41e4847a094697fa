"""Moments with their labels, as rules compare them: a rule may know a voice by an id that was merged into another."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from domain.moment_reading import LabelledMoment
from domain.ports import Labels, StoredMoment

SameSpeaker = Callable[[str], tuple[str, ...]]  # every id of the speaker of an id


def labelled(rows: Iterable[StoredMoment], same_speaker: SameSpeaker) -> list[LabelledMoment]:
    """In order of time."""
    in_order = sorted(rows, key=lambda row: (row.moment.start_s, row.id))
    return [LabelledMoment(row.moment, widened(row.labels, same_speaker)) for row in in_order]


def widened(labels: Labels, same_speaker: SameSpeaker) -> Labels:
    """With every id of the speakers."""
    ids = dict.fromkeys(each for id in labels.speakers for each in (id, *same_speaker(id)))
    return Labels(tuple(ids), labels.moods)
