"""Labels as rules compare them: a rule may know a voice by an id that was merged into another since."""

from __future__ import annotations

from collections.abc import Callable

from domain.ports import Labels

SameSpeaker = Callable[[str], tuple[str, ...]]  # every id of the speaker of an id


def widened(labels: Labels, same_speaker: SameSpeaker) -> Labels:
    """With every id of the speakers."""
    ids = dict.fromkeys(each for id in labels.speakers for each in (id, *same_speaker(id)))
    return Labels(tuple(ids), labels.moods)
